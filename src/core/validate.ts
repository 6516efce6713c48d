import { AuthenticationError, AuthenticationFailedCause, isCause } from './cause.ts'
import type { Awaitable, FailureVerdict, Grant, Principal, Verdict } from './provider.ts'

/** What `validate`, `map` and verifiers answer: the principal, `null` for a plain no, or a cause. */
export type Validated<P> = P | null | AuthenticationFailedCause

/** The principal among what `validate` may answer. */
export type PrincipalFrom<P extends Principal> = Exclude<P, AuthenticationFailedCause>

/** The verdict of a provider whose credentials are not in the request. */
export const absent: FailureVerdict = Object.freeze({ cause: AuthenticationFailedCause.NoCredentials })

export function isThenable<T>(value: Awaitable<T> | undefined | null): value is Promise<T> {
  return typeof value === 'object' && value !== null && hasThen(value)
}

// Not by `in`: of something that is not there, a property is read several times as fast as it is looked for.
function hasThen({ then }: { readonly then?: unknown }): boolean {
  return typeof then === 'function'
}

/** Keeps a promise that nobody will wait for from being an unhandled rejection. */
export function ignore(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}

/** The cause of a value that `validate` should not have answered. */
export function notAnAnswer(factory: string, callback: string): AuthenticationError {
  return new AuthenticationError(`${factory}: "${callback}" must answer an object, null or a cause`, {
    code: 'invalid-answer',
  })
}

/**
 * Turns what `validate` answered into a verdict; `grant` goes with the principal.
 *
 * Anything but an object, `null` or a cause becomes an `Error` that names the factory: nobody gets in by accident.
 */
export function verdictOf<P extends Principal>(
  answer: Awaitable<Validated<P>>,
  factory: string,
  grant: Grant = {},
): Awaitable<Verdict<PrincipalFrom<P>>> {
  // A hand-made `then` is not believed on what it returns.
  if (isThenable(answer)) return Promise.resolve(answer).then((settled) => settle(settled, factory, grant))
  return settle(answer, factory, grant)
}

function settle<P extends Principal>(answer: Validated<P>, factory: string, grant: Grant): Verdict<PrincipalFrom<P>> {
  if (answer === null) return { cause: AuthenticationFailedCause.InvalidCredentials, always: grant.always }
  if (isCause(answer)) return { cause: answer, always: grant.always }
  if (isPrincipal<P>(answer)) {
    return {
      principal: answer,
      expiresAt: grant.expiresAt,
      ambient: grant.ambient,
      claims: grant.claims,
      onAccept: grant.onAccept,
      always: grant.always,
    }
  }
  return { cause: notAnAnswer(factory, 'validate'), always: grant.always }
}

/** What types promise and JavaScript does not keep: an object, and not a promise. */
export function isPrincipal<P extends Principal>(value: unknown): value is PrincipalFrom<P> {
  return typeof value === 'object' && value !== null && !hasThen(value)
}
