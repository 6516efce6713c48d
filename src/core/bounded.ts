import { AuthenticationError } from './cause.ts'
import type { Call } from './state.ts'

/** The cause of a call that took longer than `timeoutSeconds`. */
export class TimedOut extends AuthenticationError {
  constructor(seconds: number) {
    super(`no answer within ${seconds} seconds`, { code: 'timed-out' })
  }
}

/**
 * Gives a promise as long as the engine allows, then rejects with `TimedOut` and aborts the call's signal. What comes
 * later is ignored.
 */
export function bounded<T>(promise: PromiseLike<T>, call: Call): Promise<T> {
  const { timeoutSeconds } = call.request.engine
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new TimedOut(timeoutSeconds)
      call.abort(error)
      reject(error)
    }, timeoutSeconds * 1000)
    promise.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** The cause of something thrown: itself when it is an `Error` cause already, else one that carries it. */
export function causeOfThrown(thrown: unknown, what: string): AuthenticationError {
  if (thrown instanceof AuthenticationError) return thrown
  return new AuthenticationError(`${what} threw`, { code: 'threw', cause: thrown })
}
