import type { Awaitable } from '../core/provider.ts'
import { isThenable } from '../core/validate.ts'

/** How long a limiter may take for one call. */
const DEADLINE_MILLISECONDS = 250

/** Gives what a limiter answers, or rejects when it takes too long. What comes later is ignored. */
export function withinDeadline<T>(answer: Awaitable<T>): Awaitable<T> {
  if (!isThenable(answer)) return answer
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the limiter did not answer within ${DEADLINE_MILLISECONDS} ms`)),
      DEADLINE_MILLISECONDS,
    )
    Promise.resolve(answer).then(
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
