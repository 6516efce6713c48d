import type { AuthenticationContext, Awaitable } from './provider.ts'
import type { HeaderField } from './request.ts'
import type { StoreContext } from './session-store.ts'

/** `fresh`: seen for the first time. `seen`: a replay. `full`: the store has no room and could not say. */
export type Freshness = 'fresh' | 'seen' | 'full'

/**
 * Remembers which counts of which Digest nonce were used (RFC 7616, section 3.4, `nc`).
 *
 * Asked only after a response verified, so that a flood of strangers stores nothing.
 */
export interface NonceStore {
  /**
   * Records a count and says whether it is new. `window` accepts counts out of order, within the last 128, each once;
   * `strict` only the last one plus 1. `stale`: the nonce is one of those that were dropped for want of room, so the
   * client must take a new one.
   */
  accept(
    nonceKey: string,
    nc: number,
    expiresAt: number,
    mode: 'window' | 'strict',
    signal: AbortSignal,
  ): Awaitable<Freshness | 'stale'>
}

/**
 * Remembers what may be used once: the ids of DPoP proofs, authorization states, one-time passwords.
 *
 * Asked only after everything else was right, so that a flood of strangers stores nothing. A throw or a rejection means
 * that nobody knows: 503, never a yes.
 */
export interface OneTimeStore {
  /**
   * Takes a key out of circulation and says whether it was still in it. Of parallel calls one is `fresh`.
   *
   * @param namespace what the key belongs to, such as `dpop`; 1 to 32 letters, digits or `-`
   * @param key a hash, 43 characters of base64url
   * @param expiresAt seconds since 1970; from then on the caller refuses the key by itself, and the store may forget it
   */
  consume(namespace: string, key: string, expiresAt: number, context: StoreContext): Awaitable<Freshness>
}

/** Who is trying to log in, as a throttle counts it. */
export interface Attempt {
  /** The account's name as the client sent it. Throttles keep only a keyed hash of it. */
  readonly account: string
  /** The client's address, seen through the trusted proxies; `undefined` where it is not known. */
  readonly address: string | undefined
  /** What a device that logged in before has to show for it, when it has. */
  readonly device?: string | undefined
}

/** The answer of a throttle before anything is verified. */
export type Reservation =
  | {
      readonly ok: true
      /** Says how it ended: a success gives back what was reserved, a failure costs it. Called once. */
      settle(success: boolean): Awaitable<void>
      /** Gives back what was reserved, instead of `settle`: nobody learned whether the secret is right. Called once. */
      release(): Awaitable<void>
    }
  | { readonly ok: false; readonly retryAfterSeconds: number }

/** A cookie that a browser gets at a login, and that its next attempt shows for it. */
export interface DeviceCookie {
  /** The cookie's name. Its value is an `Attempt`'s `device`. */
  readonly name: string
  /** Makes the `Set-Cookie` field for somebody who just logged in to this account. */
  issue(account: string, context: Pick<AuthenticationContext, 'now' | 'random'>): Awaitable<HeaderField>
}

/**
 * Slows down guessing.
 *
 * An attempt is reserved before the secret is looked at, so that a thousand parallel guesses count as a thousand. A
 * throw is an `Error` for the caller.
 */
export interface Throttle {
  /** Where it can tell devices on which somebody logged in before; `form` sets and reads their cookie. Default: not. */
  readonly deviceCookie?: DeviceCookie | undefined
  reserve(attempt: Attempt, signal: AbortSignal): Awaitable<Reservation>
}
