import type { Awaitable } from './provider.ts'
import { isThenable } from './validate.ts'

/** Goes on with a value, at once when it is there already. */
export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  // A hand-made `then` is not believed on what it returns.
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value)
}

/** Collects values, at once when all are there already. Rejects with the first that does. */
export function all<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  const ready: T[] = []
  for (const value of values) {
    if (isThenable(value)) return Promise.all(values)
    ready.push(value)
  }
  return ready
}
