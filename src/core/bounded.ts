import { AuthenticationError } from './cause.ts'
import type { Call } from './state.ts'

/** The cause of a call that took longer than `timeoutSeconds`. */
class TimedOut extends AuthenticationError {
  constructor(seconds: number) {
    super(`no answer within ${seconds} seconds`, { code: 'timed-out' })
  }
}

/**
 * Gives a promise as long as the engine allows, then rejects with `TimedOut` and aborts the call's signal. What comes
 * later is ignored.
 */
export function bounded<T>(promise: PromiseLike<T>, call: Call): Promise<T> {
  const { deadlines, timeoutSeconds } = call.request.engine
  return new Promise((resolve, reject) => {
    const done = deadlines.start(() => {
      const error = new TimedOut(timeoutSeconds)
      reject(error)
      call.abort(error)
    })
    Promise.resolve(promise).then(
      (value) => {
        done()
        resolve(value)
      },
      (error: unknown) => {
        done()
        reject(error)
      },
    )
  })
}

/** The cause of something thrown: itself when it is an `Error` cause already, else one that carries it. */
export function causeOfThrown(thrown: unknown, what: string): AuthenticationError {
  if (typeof thrown === 'object' && thrown !== null && AuthenticationError.has(thrown)) return thrown
  return new AuthenticationError(`${what} threw`, { code: 'threw', cause: thrown })
}
