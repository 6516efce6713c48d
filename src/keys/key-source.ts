import type { AuthenticationFailedCause } from '../core/cause.ts'
import type { Awaitable } from '../core/provider.ts'
import type { VerificationKey } from './verification-key.ts'

/** What a key is for: `sig` checks signatures, `enc` decrypts. */
export type KeyUse = 'sig' | 'enc'

/** The key that a token asks for. Nothing of it is trusted: it only chooses among keys that are. */
export interface KeyWant {
  /** The algorithm in the token's header. The caller has checked that it is one of those allowed. */
  readonly alg: string
  /** The key id in the token's header, when it has one. */
  readonly kid?: string | undefined
  readonly use: KeyUse
}

/**
 * Where a provider has its keys from: `staticKeys()`, `jwks()`, `discoveredKeys()` or one's own.
 *
 * Whatever a source answers was checked when it was imported, so that a caller tries each key and asks no more.
 */
export interface KeySource {
  /**
   * Answers the keys that fit: one, or several of the same id, each of which may be the right one. Never an empty list.
   * Synchronous whenever the keys are at hand.
   *
   * A cause says that there is none: `InvalidCredentials` with `unknown-key` when that is certain, a retryable `Error`
   * when nobody can say because keys are unreachable. It neither throws nor rejects, also when `signal` aborts, which
   * ends the waiting of this caller and not what others wait for.
   */
  find(want: KeyWant, signal: AbortSignal): Awaitable<readonly VerificationKey[] | AuthenticationFailedCause>
  /**
   * A number that changes whenever the keys change, so that whoever remembers that a token verified can forget it. Keys
   * that stay in the set stay the same objects.
   *
   * To be read each time such a memory is used: reading it starts a refresh that is due and drops keys past their limit.
   */
  readonly generation: number
  /**
   * Writes down the public keys as they are now, for the next start. `jwks()` and `discoveredKeys()` take the text back as
   * `warmStart`, so that a process that starts while the issuer is down knows its keys. They fetch when they have none.
   *
   * Never holds a secret or a private key.
   *
   * @throws AuthenticationFailedCause.Error when there are no keys and none can be fetched.
   */
  export(): Promise<string>
}
