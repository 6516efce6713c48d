import type { Challenge } from '../wire/challenges.ts'
import type { AuthenticationFailedCause } from './cause.ts'
import type { AuthenticationContext, Awaitable } from './provider.ts'
import type { HeaderField } from './request.ts'

/** A token whose possession must be proved, and how it came. */
export interface PresentedToken {
  readonly token: string
  /** The auth-scheme before the token, in lower case; `undefined` where it came otherwise than in `Authorization`. */
  readonly scheme: string | undefined
  /** What the issuer says of the key under the proof's `confirms`; `undefined` when the token is not bound that way. */
  readonly confirmation: unknown
}

/** A proof that is right. */
export interface ProofAccepted {
  readonly cause?: undefined
  /** Header fields for every answer, whatever the decision: a fresh nonce. */
  readonly always?: readonly HeaderField[] | undefined
}

/** A proof that is not. */
export interface ProofRefused {
  readonly cause: AuthenticationFailedCause
  /** The error code in the challenge. Default: `invalid_token`. */
  readonly error?: string | undefined
  readonly always?: readonly HeaderField[] | undefined
}

export type ProofVerdict = ProofAccepted | ProofRefused

/**
 * Proves, request by request, that whoever sends a token has the key that the token is bound to. `dpop()` and
 * `certificateBound()` make one; it is given to `jwt()`, `bearer()` or `introspection()` in `proofs`.
 *
 * @see RFC 7800, section 3.1
 */
export interface TokenProof {
  /** The member of a token's `cnf` that it confirms: `jkt`, `x5t#S256`. */
  readonly confirms: string
  /**
   * The challenge of the auth-scheme that tokens proved this way are sent with, sent after the provider's own. Such tokens
   * are read in that scheme as well. Default: they are sent in the provider's own scheme.
   */
  readonly challenge?: Challenge | undefined
  /**
   * Judges the proof of a token that is right in every other way. Asked for each request whose token is bound this way or
   * came in the scheme of `challenge`. A throw is a retryable `Error`.
   */
  prove(presented: PresentedToken, context: AuthenticationContext): Awaitable<ProofVerdict>
}
