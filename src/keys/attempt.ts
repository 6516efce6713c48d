import { AuthenticationError } from '../core/cause.ts'
import type { ReadKeySet } from './key-set.ts'

/** Keys as an issuer gave them, and for how many seconds it says that they are fresh. */
export interface LoadedKeys extends ReadKeySet {
  readonly maxAgeSeconds: number | undefined
}

export interface AttemptParts {
  readonly beganAt: number
  readonly timeoutSeconds: number
  load(signal: AbortSignal): Promise<LoadedKeys>
  onLoaded(loaded: LoadedKeys): void
  onFailed(cause: AuthenticationError): void
}

/** One attempt to fetch keys. Several requests may wait for it; it ends in time whatever the network does. */
export class Attempt {
  readonly beganAt: number
  /** Whether other requests may wait for it: a Worker is not told what another request of it fetches. */
  readonly isShared: boolean
  /** Resolved when it ended, well or badly. */
  readonly settled: Promise<void>
  #isPending = true
  #failure: AuthenticationError | undefined
  #failedAt = 0

  constructor(parts: AttemptParts) {
    this.beganAt = parts.beganAt
    this.isShared = !('navigator' in globalThis && globalThis.navigator.userAgent === 'Cloudflare-Workers')
    this.settled = this.#run(parts)
  }

  get isPending(): boolean {
    return this.#isPending
  }

  get failure(): AuthenticationError | undefined {
    return this.#failure
  }

  get failedAt(): number {
    return this.#failedAt
  }

  fail(at: number, failure: AuthenticationError): void {
    this.#failedAt = at
    this.#failure = failure
  }

  /** Waits until it ended, or until `signal` aborts, which is `false`. */
  settledOr(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const leave = () => resolve(false)
      signal.addEventListener('abort', leave, { once: true })
      this.settled.then(() => {
        signal.removeEventListener('abort', leave)
        resolve(true)
      })
    })
  }

  async #run(parts: AttemptParts): Promise<void> {
    const controller = new AbortController()
    let stop = () => {}
    try {
      const late = new Promise<never>((_resolve, reject) => {
        stop = after(parts.timeoutSeconds, () => reject(tooLate(parts.timeoutSeconds)))
      })
      // A `fetch` of somebody's own may not heed the signal.
      const loaded = await Promise.race([parts.load(controller.signal), late])
      this.#isPending = false
      parts.onLoaded(loaded)
    } catch (error) {
      this.#isPending = false
      parts.onFailed(error instanceof AuthenticationError ? error : unexpected(error))
    } finally {
      stop()
      // Also ends a body that nobody reads on.
      controller.abort()
    }
  }
}

/** Calls back later, without keeping the process alive for it. */
function after(seconds: number, callback: () => void): () => void {
  const timer: unknown = setTimeout(callback, seconds * 1000)
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
  return () => {
    if (isTimer(timer)) clearTimeout(timer)
  }
}

function isTimer(timer: unknown): timer is ReturnType<typeof setTimeout> {
  return timer !== undefined
}

function tooLate(seconds: number): AuthenticationError {
  return new AuthenticationError(`There is no complete answer within ${seconds} seconds.`, { code: 'keys-timeout' })
}

function unexpected(cause: unknown): AuthenticationError {
  return new AuthenticationError('Fetching ended with an unexpected error.', { code: 'keys-unreachable', cause })
}
