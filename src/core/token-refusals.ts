import type { Challenge } from '../wire/challenges.ts'
import { AuthenticationFailedCause } from './cause.ts'
import type { FailureVerdict, Principal, Verdict } from './provider.ts'
import { repeated, unreadable } from './token-readers.ts'

/** The refusals of one provider, made once. */
export interface TokenRefusals {
  /** What is sent when nothing better is there, and where no token came. */
  readonly challenge: Challenge
  readonly repeated: FailureVerdict
  readonly unreadable: FailureVerdict
  readonly plain: FailureVerdict
  readonly invalidToken: readonly Challenge[]
  readonly invalidRequest: readonly Challenge[]
}

/** Makes the refusals of one provider. */
export function tokenRefusals(scheme: string, realm: string | undefined): TokenRefusals {
  const invalidToken = Object.freeze([challengeOf(scheme, realm, 'invalid_token')])
  const invalidRequest = Object.freeze([challengeOf(scheme, realm, 'invalid_request')])
  return {
    challenge: challengeOf(scheme, realm),
    repeated: Object.freeze({ cause: repeated, challenges: invalidRequest }),
    unreadable: Object.freeze({ cause: unreadable, challenges: invalidToken }),
    plain: Object.freeze({ cause: AuthenticationFailedCause.InvalidCredentials, challenges: invalidToken }),
    invalidToken,
    invalidRequest,
  }
}

function challengeOf(scheme: string, realm: string | undefined, error?: string): Challenge {
  const parameters: (readonly [string, string])[] = []
  if (realm !== undefined) parameters.push(['realm', realm])
  if (error !== undefined) parameters.push(['error', error])
  return { scheme, parameters }
}

/** RFC 6750, section 3.1: no error code without a token, one with a token that was refused. */
export function explained<P extends Principal>(verdict: Verdict<P>, refusals: TokenRefusals): Verdict<P> {
  const { cause } = verdict
  if (cause?.kind !== 'InvalidCredentials') return verdict
  if (cause === AuthenticationFailedCause.InvalidCredentials) return refusals.plain
  const challenges = cause.reason === 'malformed-request' ? refusals.invalidRequest : refusals.invalidToken
  return { cause, challenges }
}
