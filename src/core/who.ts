import type { AuthenticationFailedCause } from './cause.ts'
import type { AcceptedResponse, Principal } from './provider.ts'
import type { HeaderField } from './request.ts'

/** Why one provider did not yield a principal. One for each provider that ran, in order. */
export interface AuthenticationFailure<out N extends string = string> {
  readonly provider: N
  readonly cause: AuthenticationFailedCause
}

/** A requirement's no to somebody who is authenticated. */
export interface Denial {
  /** What denied: `allow`, `cross-site`, or the name of the check. */
  readonly requirement: string
  /** The providers whose principals were denied. */
  readonly providers: readonly string[]
  readonly status: 401 | 403
  /** The error code of the scheme, where there is one: `insufficient_scope`. */
  readonly error: string | undefined
  /** Challenges that belong to the denial itself, as field values. */
  readonly challenges: readonly string[]
}

/** What the answer to a request that goes on must carry. Adapters write it. */
export interface ResponseAmendments {
  /** Names to merge into `Vary`. */
  readonly vary: readonly string[]
  /** The `Cache-Control` to set unless the handler set its own. */
  readonly cacheControl: 'private' | 'no-store' | undefined
  /**
   * Header fields to append, asked right before the head is written; `undefined` when there are none.
   * A field that the response already has with the same value is not appended again.
   */
  readonly headers: ((response: AcceptedResponse) => readonly HeaderField[]) | undefined
}

/** A refusal as plain data: what an adapter, an upgrade handler or a page of one's own writes. */
export interface Refusal {
  readonly status: number
  /** In order; `WWW-Authenticate` and `Set-Cookie` may come several times. */
  readonly headers: readonly HeaderField[]
  readonly body: string | null
}

interface Carried {
  /** What failed on the way, also on the way to a yes. */
  readonly failures: readonly AuthenticationFailure[]
}

interface Passed extends Carried {
  /** What the answer must carry; `undefined` when nothing. */
  readonly amendments: ResponseAmendments | undefined
}

export interface AnyAuthenticated extends Passed {
  readonly kind: 'authenticated'
  readonly provider: string
  readonly principal: Principal
  readonly principals: object
  /** The earliest expiry of the principals used, in seconds since 1970; `undefined` when none has one. */
  readonly expiresAt: number | undefined
}

export type PrincipalMap<N extends string = string> = { readonly [K in N]: Principal }

/** Somebody is known. `provider` and `principal` are the first child's that yielded one; `principals` has all. */
export interface Authenticated<out N extends string, out S extends PrincipalMap<N>> extends AnyAuthenticated {
  readonly provider: N
  readonly principal: S[N]
  readonly principals: S
}

interface WithoutPrincipal {
  readonly provider?: undefined
  readonly principal?: undefined
  readonly principals: { readonly [name: string]: undefined }
}

/** The request goes on without a principal: `optional`, `skipWhen` or `attempt` said that it may. */
export interface Anonymous extends WithoutPrincipal, Passed {
  readonly kind: 'anonymous'
  readonly skipped?: true
  readonly refused?: Refused
}

export interface Skipped extends Anonymous {
  readonly skipped: true
}

export interface Attempted extends Anonymous {
  /** The answer that would have been sent without `attempt`. */
  readonly refused: Refused
}

/** Nobody may pass: 400, 401, 403, 413, 429, or a redirect to where one logs in. */
export interface Rejected extends WithoutPrincipal, Carried {
  readonly kind: 'rejected'
  readonly denials: readonly Denial[]
  readonly response: Refusal
}

/** It could not be decided: 503. */
export interface Unavailable extends WithoutPrincipal, Carried {
  readonly kind: 'unavailable'
  readonly denials: readonly Denial[]
  readonly response: Refusal
  readonly retryAfterSeconds: number
  /** Whether the client went away, so that nobody is there to read the answer. */
  readonly gone: boolean
}

export type Refused = Rejected | Unavailable

/** What a handler receives. */
export type Who = AnyAuthenticated | Anonymous

export type Outcome<W extends Who = Who> = W | Refused
