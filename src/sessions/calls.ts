import { Deadlines } from '../core/deadlines.ts'
import type { StoreContext } from '../core/session-store.ts'
import { SessionUnavailable, Thrown, unavailable } from './errors.ts'

/** Bounds what is done outside a decision, where no engine does. */
export class Calls {
  readonly #clock: () => number
  readonly #deadlines: Deadlines

  constructor(clock: () => number, timeoutSeconds: number) {
    this.#clock = clock
    this.#deadlines = new Deadlines(timeoutSeconds * 1000)
  }

  /**
   * Does some work within the time-out. What the work throws is an error of ours, but what the application threw inside it,
   * given as `Thrown`, stays as it is.
   */
  async run<T>(outer: AbortSignal | undefined, work: (context: StoreContext) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const follow = (): void => controller.abort(outer?.reason)
    if (outer?.aborted === true) follow()
    else outer?.addEventListener('abort', follow, { once: true })
    try {
      return await this.#bounded(controller, work({ signal: controller.signal, now: this.#clock }))
    } catch (thrown) {
      throw thrown instanceof Thrown ? thrown.thrown : unavailable(thrown)
    } finally {
      outer?.removeEventListener('abort', follow)
    }
  }

  #bounded<T>(controller: AbortController, working: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = this.#deadlines.start(() => {
        const error = new SessionUnavailable('the session store did not answer in time', { code: 'timed-out' })
        reject(error)
        controller.abort(error)
      })
      working.then(resolve, reject).finally(done)
    })
  }
}

/** Runs a callback of the application's; what it throws comes through as it is. */
export async function ofApplication<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    throw new Thrown(thrown)
  }
}
