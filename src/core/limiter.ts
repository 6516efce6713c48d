import type { Awaitable } from './provider.ts'

/** What a limiter has under a key. */
export interface Count {
  readonly count: number
  /** Seconds until the limiter forgets the key. */
  readonly expiresInSeconds: number
}

/**
 * Counts under keys that expire: where a throttle keeps its figures. Shared by all processes that must count together.
 *
 * Keys are hashes and may be stored as they are. A throw or a rejection means that nobody knows, and is the throttle's
 * `onStoreFailure`. It never answers before the count is kept, and parallel calls never see the same count.
 */
export interface Limiter {
  /**
   * Adds to a key's count, or takes away when `points` is negative, in one step, and answers the new count. A key that
   * is absent starts at 0 and is forgotten `windowSeconds` later, however often it is added to in between.
   *
   * @throws TypeError when `windowSeconds` is not a whole number from 1 to 2,073,600, which is 24 days.
   */
  add(key: string, points: number, windowSeconds: number, signal: AbortSignal): Awaitable<Count>
  /** Answers what is kept under a key, or `undefined`. */
  read(key: string, signal: AbortSignal): Awaitable<Count | undefined>
  /** Forgets a key. */
  remove(key: string, signal: AbortSignal): Awaitable<void>
}
