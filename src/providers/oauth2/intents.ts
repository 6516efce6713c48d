import type { BodyReading, Peer, RequestSource } from '../../core/request.ts'
import type { Who } from '../../core/who.ts'
import type { OAuth2Credential } from './tokens.ts'

/** What somebody must show at a login. */
export interface LoginDemand {
  readonly acrValues?: readonly string[] | undefined
  readonly amr?: readonly string[] | undefined
  readonly maxAgeSeconds?: number | undefined
}

/**
 * A request that begins a login whatever else it is. It stands where the runtime's request object would, so that only a
 * route of ours can say so, and so that nothing is remembered of the request itself.
 */
export class LoginIntent {
  readonly native: object
  readonly returnTo: string
  readonly demand: LoginDemand

  constructor(native: object, returnTo: string, demand: LoginDemand) {
    this.native = native
    this.returnTo = returnTo
    this.demand = demand
  }
}

/** A callback that a route of ours turns into a session: the provider leaves here what it got. */
export class CallbackIntent {
  readonly native: object
  isStepUp = false
  isOld = false
  #completed: { readonly credential: OAuth2Credential; readonly provider: string } | undefined

  constructor(native: object) {
    this.native = native
  }

  /** Notes a login that a provider takes for good. */
  complete(credential: OAuth2Credential, isStepUp: boolean, provider: string): void {
    this.#completed = { credential, provider }
    this.isStepUp = isStepUp
  }

  /** The login, if the decision let its provider's principal in. */
  completedIn({ principals }: Pick<Who, 'principals'>): OAuth2Credential | undefined {
    const done = this.#completed
    return done !== undefined && Object.hasOwn(principals, done.provider) ? done.credential : undefined
  }
}

/** A request under another native object. */
export class IntentSource implements RequestSource {
  readonly native: object
  readonly #source: RequestSource

  constructor(source: RequestSource, intent: LoginIntent | CallbackIntent) {
    this.#source = source
    this.native = intent
  }

  get method(): string {
    return this.#source.method
  }

  get target(): string {
    return this.#source.target
  }

  get absoluteUrl(): string | undefined {
    return this.#source.absoluteUrl
  }

  get peer(): Peer {
    return this.#source.peer
  }

  get gone(): boolean {
    return this.#source.gone
  }

  get signal(): AbortSignal {
    return this.#source.signal
  }

  header(name: string): string | undefined {
    return this.#source.header(name)
  }

  body(limitBytes: number): Promise<BodyReading> {
    return this.#source.body(limitBytes)
  }
}
