import { AuthenticationError, type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import type { KnownReason } from '../../core/reasons.ts'

function refusal(reason: KnownReason, detail: string): InvalidCredentials {
  return invalidCredentials(reason, { detail: `introspection(): ${detail}` })
}

export const tooLong: InvalidCredentials = refusal('malformed-credential', 'the token has more than 16,384 characters')

export const unknown: InvalidCredentials = refusal(
  'unknown',
  'the issuer calls the token not active: it never was one, expired, or was revoked',
)

export const revoked: InvalidCredentials = refusal('revoked', 'the token was active, and the issuer revoked it')

export const expired: InvalidCredentials = refusal('expired', 'the "exp" of the token is past')

export const notYetValid: InvalidCredentials = refusal(
  'not-yet-valid',
  'the "nbf" or "iat" of the token is in the future',
)

export const wrongIssuer: InvalidCredentials = refusal('wrong-issuer', 'the "iss" of the answer is not "issuer"')

export const wrongAudience: InvalidCredentials = refusal(
  'wrong-audience',
  'no "aud" of the answer is one of "audience"',
)

export const wrongType: InvalidCredentials = refusal('wrong-type', 'the token is a refresh token or an ID token')

export const schemaRefused: InvalidCredentials = refusal(
  'missing-claim',
  'the answer does not fit the schema of "claims"',
)

/** A member that must be there and is not. The name is the developer's, not the answer's. */
export function claimMissing(name: string, because: string): InvalidCredentials {
  return refusal('missing-claim', `the answer has no "${name}", which ${because}`)
}

/** What the world did, so that nobody can say whether a token is good. */
export function failure(code: string, message: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError(`introspection(): ${message}`, {
    code: `introspection-${code}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
