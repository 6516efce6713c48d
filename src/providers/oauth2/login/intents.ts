import type { BodyReading, Peer, RequestSource } from '../../../core/request.ts'
import type { Who } from '../../../core/who.ts'
import type { OAuth2Credential } from '../tokens.ts'

/** What somebody must show at a login. */
export interface LoginDemand {
  readonly acrValues?: readonly string[] | undefined
  readonly amr?: readonly string[] | undefined
  readonly maxAgeSeconds?: number | undefined
}

/** The purpose of a request that begins a login whatever else it is. Only a route of ours can say so. */
export class LoginIntent {
  readonly returnTo: string
  readonly demand: LoginDemand

  constructor(returnTo: string, demand: LoginDemand) {
    this.returnTo = returnTo
    this.demand = demand
  }
}

/** A login that came back and that a provider takes for good. */
export interface CompletedLogin {
  readonly credential: OAuth2Credential
  /** The name under which the provider is registered. */
  readonly provider: string
  /** When it was begun, in seconds since 1970. */
  readonly begunAt: number
  /** Whether something was demanded of it. */
  readonly isStepUp: boolean
}

/** The purpose of a callback that a route of ours turns into a session: the provider leaves here what it got. */
export class CallbackIntent {
  isOld = false
  #completed: CompletedLogin | undefined

  /** Notes a login that a provider takes for good. */
  complete(login: CompletedLogin): void {
    this.#completed = login
  }

  /** The login, if the decision let its provider's principal in. */
  completedIn({ principals }: Pick<Who, 'principals'>): CompletedLogin | undefined {
    const done = this.#completed
    return done !== undefined && Object.hasOwn(principals, done.provider) ? done : undefined
  }
}

/** A request with a purpose, of which nothing is remembered beyond it. */
export class IntentSource implements RequestSource {
  readonly purpose: LoginIntent | CallbackIntent
  readonly #source: RequestSource

  constructor(source: RequestSource, intent: LoginIntent | CallbackIntent) {
    this.#source = source
    this.purpose = intent
  }

  get native(): object {
    return this.#source.native
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
