import type { Awaitable, Principal } from '../core/provider.ts'
import type { Passwords } from './passwords.ts'

/** Who has logged in with a password whose hash is to be replaced. */
export interface RehashedUser<out P extends Principal> {
  readonly username: string
  readonly principal: P
}

/** The hash that was there when the password was verified, and the one to put in its place. */
export interface RehashedPassword {
  readonly oldHash: string
  readonly newHash: string
}

/** What to do with hashes that are weaker than configured. */
export interface RehashOptions<in P extends Principal> {
  /**
   * Stores a new hash after a login whose hash `needsRehash`. Must be a compare-and-set (`update … set hash = newHash
   * where name = … and hash = oldHash`): written without the comparison it can undo a password change made meanwhile.
   *
   * It runs after the login has been decided and is not waited for: the new hash takes its place in the queue behind
   * logins that wait already, and one user is rehashed once at a time. A failure leaves the old hash for the next login.
   * Default: hashes stay as they are.
   */
  readonly rehashOnLogin?: ((user: RehashedUser<P>, hashes: RehashedPassword) => Awaitable<unknown>) | undefined
  /** Receives what hashing or `rehashOnLogin` threw. Default: the class name on `console.error`. */
  readonly onRehashError?: ((error: unknown) => void) | undefined
}

/** Replaces hashes behind the back of logins. */
export class Rehasher<in P extends Principal> {
  readonly #passwords: Passwords
  readonly #store: RehashOptions<P>['rehashOnLogin']
  readonly #report: (error: unknown) => void
  /** By old hash: a client that sends a password with every request would otherwise have it rehashed in parallel. */
  readonly #pending = new Set<string>()

  /** @throws TypeError when an option is not a function. */
  constructor(passwords: Passwords, { rehashOnLogin, onRehashError = reportToConsole }: RehashOptions<P>) {
    if (rehashOnLogin !== undefined && typeof rehashOnLogin !== 'function') {
      throw new TypeError('passwordTable(): "rehashOnLogin" must be a function')
    }
    if (typeof onRehashError !== 'function') throw new TypeError('passwordTable(): "onRehashError" must be a function')
    this.#passwords = passwords
    this.#store = rehashOnLogin
    this.#report = onRehashError
  }

  /** Returns at once and never throws. */
  start(user: RehashedUser<P>, password: string, oldHash: string): void {
    const store = this.#store
    if (store === undefined || this.#pending.has(oldHash)) return
    this.#pending.add(oldHash)
    void this.#passwords
      .hash(password)
      .then((newHash) => store(user, { oldHash, newHash }))
      .catch((error: unknown) => this.#tell(error))
      .finally(() => this.#pending.delete(oldHash))
  }

  #tell(error: unknown): void {
    try {
      this.#report(error)
    } catch {
      console.error('becauth: onRehashError threw')
    }
  }
}

function reportToConsole(error: unknown): void {
  console.error(`becauth: a password was not rehashed: ${error instanceof Error ? error.name : typeof error}`)
}
