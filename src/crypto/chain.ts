/** Goes on with a value, at once when it is there already, which on Node it always is. */
export function chain<T extends Uint8Array | object | undefined, U>(
  value: T | Promise<T>,
  next: (value: T) => U | Promise<U>,
): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}
