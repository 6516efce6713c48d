/** Whether two types are the same one, also where they are merely assignable to each other. */
export type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/**
 * Compiles only when the value's static type is exactly `Expected`: `any`, `unknown` and `never` satisfy nothing else.
 *
 * A mismatch reads "Expected 2 arguments, but got 1"; the missing second argument's type shows both types.
 */
export function expectType<Expected>(): <Actual>(
  value: Actual,
  ...proof: Equals<Actual, Expected> extends true ? [] : [{ expected: Expected; actual: Actual }]
) => void {
  return () => {}
}
