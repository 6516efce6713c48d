import { type Challenge, formatChallenge } from '../wire/challenges.ts'
import { isToken } from '../wire/tokens.ts'
import type { AuthenticationError, AuthenticationFailedCause } from './cause.ts'
import type { RequiredAuthentication } from './checks.ts'
import type { HeaderField, RequestView } from './request.ts'

export type Awaitable<T> = T | Promise<T>

/** Any object but a promise: an un-awaited promise must never pass as a principal. */
export type Principal = object & { readonly then?: never }

/**
 * That a browser attached the credential by itself, so that another site could have caused the request.
 *
 * `true`: only browsers send it (cookies); without any origin information it is refused on unsafe methods.
 * `'browser-or-tool'`: curl and friends send it as well (Basic, Digest); without origin information it passes.
 */
export type Ambient = true | 'browser-or-tool'

/** The response whose head is about to be written, for `onAccept`. */
export interface AcceptedResponse {
  readonly status: number
  /** A response header field as set so far. */
  header(name: string): string | undefined
  /** The whole body, where the adapter has it. */
  readonly body?: Uint8Array | undefined
}

/** Header fields for the answer to an accepted request, or a function asked right before the head is written. */
export type OnAccept = readonly HeaderField[] | ((response: AcceptedResponse) => readonly HeaderField[])

/** What goes with a principal. */
export interface Grant {
  /** When the principal stops being valid, in seconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined
  /** Whether a browser attached the credential by itself. Default: it did not. */
  readonly ambient?: Ambient | undefined
  /**
   * What the credential states: `scope`, `acr`, `auth_time`. `requireScopes` and its like read it where the principal
   * has no member of that name. Default: nothing.
   */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Header fields for the answer, sent only when the whole decision passes. */
  readonly onAccept?: OnAccept | undefined
  /** Header fields for every answer, whatever the decision. */
  readonly always?: readonly HeaderField[] | undefined
}

/** A provider's yes. */
export interface SuccessVerdict<out P extends Principal = Principal> extends Grant {
  readonly principal: P
  readonly cause?: never
}

/** A provider's no, with the reason. */
export interface FailureVerdict {
  readonly cause: AuthenticationFailedCause
  /** What to send instead of the default challenge. A `realm` that is left out is filled in. */
  readonly challenges?: readonly Challenge[] | undefined
  /** Header fields for every answer, whatever the decision. `Set-Cookie` is withheld from a 503. */
  readonly always?: readonly HeaderField[] | undefined
  readonly principal?: never
}

export type Verdict<P extends Principal = Principal> = SuccessVerdict<P> | FailureVerdict

/** What a provider is given for one request. */
export interface AuthenticationContext {
  /** The name under which the provider is registered. */
  readonly name: string
  readonly request: RequestView
  /** Aborted on time-out and when the client goes away. */
  readonly signal: AbortSignal
  /** The injected `fetch`. */
  readonly fetch: typeof globalThis.fetch
  /** Seconds since 1970, by the injected clock. */
  now(): number
  /** Random bytes from the injected source. */
  random(bytes: number): Uint8Array
  /**
   * Tells listeners, as a `provider-fault`, that something is not as it should be while the request is decided all the
   * same. The message is static text; of what was thrown only the class name is told.
   */
  fault(message: string, thrown?: unknown): void
}

/** What a `challenge` override answers: challenges, or for browsers a redirect or a page. Never a status. */
export interface ChallengeAnswer {
  /** Replaces the provider's challenges. */
  readonly challenges?: readonly Challenge[] | undefined
  /** Where to send a navigation: an absolute path or URL, in ASCII. 302 after GET and HEAD, else 303. */
  readonly redirect?: string | undefined
  /** The HTML body of the 401 for a navigation. */
  readonly page?: string | undefined
  /** Redirects every refused request, not just navigations, as Ktor's form does. Default: `false`. */
  readonly always?: boolean | undefined
  /** Header fields that go with the redirect or the page, such as a cookie that remembers why. Default: none. */
  readonly headers?: readonly HeaderField[] | undefined
  /** Why nobody can be sent to log in now: a 503, for a navigation or with `always` for every request. Default: one can. */
  readonly unavailable?: AuthenticationError | undefined
}

/** Decides what to send when this provider refused; `null` means the default challenge. */
export type ChallengeFunction = (
  cause: AuthenticationFailedCause,
  context: AuthenticationContext,
) => Awaitable<ChallengeAnswer | null>

/** Somebody who is known, to whom a check said no. */
export interface KnownPrincipal {
  readonly principal: Principal
  /** What the credential states, as in the verdict. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/**
 * Sends a person who is known to log in again, in the way that `requireAuthentication` demands; `null` when it cannot. An
 * answer with neither redirect nor page ends it: the plain refusal is sent, with its header fields.
 */
export type RaiseFunction = (
  demand: RequiredAuthentication,
  context: AuthenticationContext,
  known: KnownPrincipal,
) => Awaitable<ChallengeAnswer | null>

export interface ProviderOptions<P extends Principal> {
  /** The challenge sent when nothing better is there. A `realm` that is left out becomes the provider's name. */
  readonly challenge: Challenge
  /** Turns the request into a verdict. A throw is a retryable `Error`. */
  readonly authenticate: (context: AuthenticationContext) => Awaitable<Verdict<P>>
  /** Chooses another answer for a refusal. A throw or an ill-formed answer falls back to `challenge`. */
  readonly override?: ChallengeFunction | undefined
  /**
   * Answers a navigation of somebody this provider knows to whom `requireAuthentication` said no (step-up). The first
   * provider used that answers is heard. A throw falls back to the plain 401. Default: it cannot.
   */
  readonly raise?: RaiseFunction | undefined
  /** One line for documentation. */
  readonly description?: string | undefined
  /**
   * The challenges that tell a client what its credential lacks: `requireScopes` and its like add `error` and what goes
   * with it (RFC 6750, section 3.1; RFC 9470). Default: none, so that a 403 has no challenge and a 401 has `challenge`.
   */
  readonly denialChallenges?: readonly Challenge[] | undefined
  /** Request header fields other than `Authorization` that the verdict depends on, for `Vary`. Default: none. */
  readonly readsHeaders?: readonly string[] | undefined
  /** Whether the credential is a session: answers are then `no-store` instead of `private`. Default: `false`. */
  readonly session?: boolean | undefined
  /** The status that this scheme's RFC gives to `malformed-request`. Default: 401. */
  readonly malformedRequestStatus?: 400 | 401 | undefined
  /**
   * Whether it guards a proxy: challenges are `Proxy-Authenticate` fields of a 407. It may stand only in a requirement
   * whose providers all do. Default: `false`.
   */
  readonly proxy?: boolean | undefined
}

/** One way to turn a request into a principal. Made by `provider()` and by the factories; registered under one name. */
export class AuthenticationProvider<out P extends Principal> {
  #registered = false
  #forget: ((native: object) => void) | undefined
  readonly challenge: Challenge
  readonly authenticate: (context: AuthenticationContext) => Awaitable<Verdict<P>>
  readonly override: ChallengeFunction | undefined
  readonly raise: RaiseFunction | undefined
  readonly description: string | undefined
  readonly denialChallenges: readonly Challenge[]
  readonly readsHeaders: readonly string[]
  readonly session: boolean
  readonly malformedRequestStatus: 400 | 401
  readonly proxy: boolean

  constructor(options: ProviderOptions<P>) {
    this.challenge = options.challenge
    this.authenticate = options.authenticate
    this.override = options.override
    this.raise = options.raise
    this.description = options.description
    this.denialChallenges = options.denialChallenges ?? []
    this.readsHeaders = options.readsHeaders ?? []
    this.session = options.session === true
    this.malformedRequestStatus = options.malformedRequestStatus ?? 401
    this.proxy = options.proxy === true
    Object.freeze(this)
  }

  /** Takes the provider for one name of one registry; `false` when it has been taken before. */
  static register(provider: AuthenticationProvider<Principal>, forget?: (native: object) => void): boolean {
    if (provider.#registered) return false
    provider.#registered = true
    provider.#forget = forget
    return true
  }

  /**
   * Forgets what it said of a request, by the runtime's or framework's request object, so that it is asked anew when the
   * same request is decided again. For what logs in and out.
   */
  forget(native: object): void {
    this.#forget?.(native)
  }
}

// `undefined` is in P because, without `exactOptionalPropertyTypes`, the compiler also infers from the `principal` that
// a failure leaves out; `NonNullable` takes it away again, and no verdict may have it.
/**
 * Makes a provider of one's own, with the same powers as becauth's.
 *
 * @example
 * import { AuthenticationFailedCause, provider } from 'becauth'
 *
 * export const office = provider({
 *   challenge: { scheme: 'Network' },
 *   authenticate: ({ request }) =>
 *     request.peer.address === '10.0.0.7'
 *       ? { principal: { desk: 7 } }
 *       : { cause: AuthenticationFailedCause.NoCredentials },
 * })
 *
 * @throws TypeError when `authenticate` is missing, or the challenge is not valid or not printable US-ASCII.
 */
export function provider<P extends Principal | undefined>(
  options: ProviderOptions<NonNullable<P>>,
): AuthenticationProvider<NonNullable<P>> {
  if (typeof options?.authenticate !== 'function') throw new TypeError('provider(): "authenticate" must be a function')
  if (!canBeSent(options.challenge)) {
    throw new TypeError(
      'provider(): "challenge" must have a token as "scheme" and "parameters" of printable US-ASCII, each name once',
    )
  }
  if (options.override !== undefined && typeof options.override !== 'function') {
    throw new TypeError('provider(): "override" must be a function')
  }
  if (options.raise !== undefined && typeof options.raise !== 'function') {
    throw new TypeError('provider(): "raise" must be a function')
  }
  const { readsHeaders = [], denialChallenges = [] } = options
  if (!Array.isArray(denialChallenges) || !denialChallenges.every(canBeSent)) {
    throw new TypeError('provider(): "denialChallenges" must be a list of challenges as "challenge" is one')
  }
  if (!Array.isArray(readsHeaders) || readsHeaders.some((name) => typeof name !== 'string' || !isToken(name))) {
    throw new TypeError('provider(): "readsHeaders" must be a list of header field names')
  }
  return new AuthenticationProvider(options)
}

function canBeSent(value: unknown): boolean {
  return isChallenge(value) && formatChallenge(value) !== undefined
}

function isChallenge(value: unknown): value is Challenge {
  if (typeof value !== 'object' || value === null || !('scheme' in value) || typeof value.scheme !== 'string')
    return false
  if ('token68' in value && value.token68 !== undefined && typeof value.token68 !== 'string') return false
  if (!('parameters' in value) || value.parameters === undefined) return true
  return Array.isArray(value.parameters) && value.parameters.every(isPair)
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
}
