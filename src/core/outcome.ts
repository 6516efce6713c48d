import type { Principal } from './provider.ts'
import type { Granted, Result } from './result.ts'
import type {
  Anonymous,
  AnyAuthenticated,
  AuthenticationFailure,
  Outcome,
  Refused,
  ResponseAmendments,
  Who,
} from './who.ts'

const nobody = Object.freeze({})
const nothing: readonly never[] = Object.freeze([])

/** Rule 10: whatever is neither `authenticated` nor `anonymous` does not reach the handler. */
export function isRefused<W extends Who>(outcome: Outcome<W>): outcome is Refused {
  return outcome.kind !== 'authenticated' && outcome.kind !== 'anonymous'
}

/** What a handler receives for an authenticated result. */
export function whoOf(result: Result, amendments?: ResponseAmendments): AnyAuthenticated {
  const first = result.grants[0]
  if (first === undefined) throw new TypeError('an authenticated result has a principal')
  return {
    kind: 'authenticated',
    provider: first.entry.name,
    principal: first.principal,
    principals: principalsOf(result.grants, first),
    failures: failuresOf(result),
    expiresAt: earliest(result.grants),
    amendments,
  }
}

/** What a handler receives for a result without a principal. */
export function nobodyOf(result: Result, amendments: ResponseAmendments | undefined): Anonymous {
  return {
    kind: 'anonymous',
    principals: nobody,
    failures: failuresOf(result),
    amendments,
    ...(result.kind === 'skipped' ? { skipped: true } : {}),
    ...(result.refused === undefined ? {} : { refused: result.refused }),
  }
}

export function failuresOf(result: Result): readonly AuthenticationFailure[] {
  if (result.failures.length === 0) return nothing
  return result.failures.map(({ provider, cause }) => ({ provider, cause }))
}

function principalsOf(grants: readonly Granted[], first: Granted): Readonly<Record<string, Principal>> {
  if (grants.length === 1) return { [first.entry.name]: first.principal }
  return Object.fromEntries(grants.map(({ entry, principal }) => [entry.name, principal]))
}

function earliest(grants: readonly Granted[]): number | undefined {
  let soonest: number | undefined
  for (const { expiresAt } of grants) {
    if (expiresAt !== undefined && (soonest === undefined || expiresAt < soonest)) soonest = expiresAt
  }
  return soonest
}
