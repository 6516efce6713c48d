import { AuthenticationError } from '../core/cause.ts'
import { Deadlines } from '../core/deadlines.ts'
import type { StoreContext } from '../core/session-store.ts'

/** Bounds what is done with a store. */
export class StoreCalls {
  readonly #clock: () => number
  readonly #deadlines: Deadlines

  constructor(clock: () => number, timeoutSeconds: number) {
    this.#clock = clock
    this.#deadlines = new Deadlines(timeoutSeconds * 1000)
  }

  /** @throws AuthenticationError whatever the work throws, and when it takes too long or is called off by `outer`. */
  async run<T>(outer: AbortSignal | undefined, work: (context: StoreContext) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const { signal } = controller
    const follow = (): void => controller.abort(outer?.reason)
    if (outer?.aborted === true) follow()
    else outer?.addEventListener('abort', follow, { once: true })
    const done = this.#deadlines.start(() => {
      controller.abort(new AuthenticationError('the refresh token store did not answer in time', { code: 'timed-out' }))
    })
    try {
      return await Promise.race([aborted(signal), work({ signal, now: this.#clock })])
    } catch (thrown) {
      if (typeof thrown === 'object' && thrown !== null && AuthenticationError.has(thrown)) throw thrown
      throw new AuthenticationError('the refresh token store failed', { code: 'store-failed', cause: thrown })
    } finally {
      done()
      outer?.removeEventListener('abort', follow)
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
