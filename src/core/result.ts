import type { Challenge } from '../wire/challenges.ts'
import type { AuthenticationFailedCause } from './cause.ts'
import type { RequiredAuthentication } from './checks.ts'
import type { Entry, RenderedChallenge } from './entry.ts'
import type { OnAccept, Principal } from './provider.ts'
import type { AuthenticationFailure, Refused } from './who.ts'

/** A provider's success as the decision keeps it. */
export interface Granted {
  readonly entry: Entry
  readonly principal: Principal
  readonly expiresAt: number | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
  readonly onAccept: OnAccept | undefined
}

/** A provider's failure as the decision keeps it. `entry` is missing when a `select` itself failed. */
export interface Failed extends AuthenticationFailure {
  readonly entry: Entry | undefined
  readonly challenges: readonly Challenge[] | undefined
  /** Taken from the cause before anybody else saw it, so that no listener changes the answer. */
  readonly retryable: boolean
  readonly retryAfterSeconds: number | undefined
}

/** A requirement's no to somebody who is authenticated. */
export interface Denied {
  readonly requirement: string
  readonly providers: readonly string[]
  readonly status: 401 | 403
  readonly error: string | undefined
  readonly challenges: readonly RenderedChallenge[]
  /** What would be enough, and who is known, for whoever can send the person to show it. */
  readonly unmet?: Unmet | undefined
}

/** A demand on how somebody logged in, and those who do not meet it. */
export interface Unmet {
  readonly demand: RequiredAuthentication
  readonly grants: readonly Granted[]
}

/** What one node of a requirement came to. */
export interface Result {
  readonly kind: 'authenticated' | 'anonymous' | 'skipped' | 'failed'
  /** The principals, in order; empty unless authenticated. */
  readonly grants: readonly Granted[]
  /** Everything that failed inside, in order, also what was forgiven. */
  readonly failures: readonly Failed[]
  /** What a refusal answers to. */
  readonly counted: readonly Failed[]
  readonly denials: readonly Denied[]
  /** The providers inside that succeeded, also those whose success did not suffice. */
  readonly succeeded: readonly Entry[]
  /** Whether an `attempt` inside makes an `anyOf` around it pass in any case. */
  readonly attempted: boolean
  /** The refusal that an `attempt` swallowed. */
  readonly refused: Refused | undefined
}

const none: readonly never[] = Object.freeze([])

export const skipped: Result = Object.freeze({
  kind: 'skipped',
  grants: none,
  failures: none,
  counted: none,
  denials: none,
  succeeded: none,
  attempted: false,
  refused: undefined,
})

export function authenticated(
  grants: readonly Granted[],
  failures: readonly Failed[],
  succeeded: readonly Entry[],
): Result {
  return {
    kind: 'authenticated',
    grants,
    failures,
    counted: none,
    denials: none,
    succeeded,
    attempted: false,
    refused: undefined,
  }
}

export function anonymous(
  failures: readonly Failed[],
  succeeded: readonly Entry[],
  attempted: boolean,
  refused?: Refused,
): Result {
  return {
    kind: 'anonymous',
    grants: none,
    failures,
    counted: none,
    denials: none,
    succeeded,
    attempted,
    refused,
  }
}

export function failed(
  failures: readonly Failed[],
  counted: readonly Failed[],
  denials: readonly Denied[],
  succeeded: readonly Entry[],
): Result {
  return { kind: 'failed', grants: none, failures, counted, denials, succeeded, attempted: false, refused: undefined }
}

/** The result of one failed provider. */
export function failedOnce(failure: Failed): Result {
  const list = [failure]
  return failed(list, list, none, none)
}

export function failure(
  entry: Entry | undefined,
  provider: string,
  cause: AuthenticationFailedCause,
  challenges?: readonly Challenge[],
): Failed {
  return {
    entry,
    provider,
    cause,
    challenges,
    retryable: cause.kind === 'Error' && cause.retryable,
    retryAfterSeconds: cause.kind === 'NoCredentials' ? undefined : cause.retryAfterSeconds,
  }
}
