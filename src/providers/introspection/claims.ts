import type { AuthenticationFailedCause, InvalidCredentials } from '../../core/cause.ts'
import { hasClaim, isAudience, isDate, isFor, isText } from '../../core/token-claims.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts'
import { expired, failure, notYetValid, wrongAudience, wrongIssuer, wrongType } from './refusals.ts'

/**
 * What an issuer says of an active token, once its issuer, audience and time are right. Frozen, all the way down.
 *
 * @see RFC 7662, section 2.2
 */
export interface IntrospectionClaims {
  readonly active: true
  /** The scopes, with a space between two. */
  readonly scope?: string
  readonly client_id?: string
  readonly username?: string
  readonly token_type?: string
  /** When it expires, in seconds since 1970. */
  readonly exp?: number
  /** When it was made, in seconds since 1970. */
  readonly iat?: number
  /** When it begins to count, in seconds since 1970. */
  readonly nbf?: number
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly iss?: string
  readonly jti?: string
  readonly [claim: string]: JsonValue | undefined
}

/** By what answers are judged. */
export interface ClaimRules {
  readonly issuer: string
  /** `undefined` where any will do. */
  readonly audiences: ReadonlySet<string> | undefined
  readonly required: readonly (readonly [claim: string, missing: InvalidCredentials])[]
  readonly toleranceSeconds: number
}

/** Judges everything but time of an answer that says `active: true`. */
export function judgeClaims(
  answer: JsonObject,
  { issuer, audiences, required }: ClaimRules,
): IntrospectionClaims | AuthenticationFailedCause {
  for (const [name, missing] of required) if (!hasClaim(answer, name)) return missing
  if (!isClaims(answer)) {
    return failure('malformed', 'in the answer, "cnf" is no object, a date no number of seconds, or a text none')
  }
  if (answer.iss !== undefined && answer.iss !== issuer) return wrongIssuer
  if (audiences !== undefined && (answer.aud === undefined || !isFor(answer.aud, audiences))) return wrongAudience
  return ['token_type', 'token_use', 'typ'].some((name) => isOtherToken(answer[name])) ? wrongType : answer
}

function isClaims(answer: JsonObject): answer is JsonObject & IntrospectionClaims {
  const {
    active,
    scope,
    client_id: client,
    username,
    token_type: type,
    exp,
    iat,
    nbf,
    sub,
    aud,
    iss,
    jti,
    cnf,
  } = answer
  return (
    active === true &&
    [scope, client, username, type, sub, iss, jti].every(isText) &&
    [exp, iat, nbf].every(isDate) &&
    (aud === undefined || isAudience(aud)) &&
    (cnf === undefined || isJsonObject(cnf))
  )
}

/** Issuers are asked about refresh tokens as well, and have several ways to say that a token is one. */
function isOtherToken(type: JsonValue | undefined): boolean {
  return typeof type === 'string' && /^(?:refresh|id)(?:[_ -]?token)?$/i.test(type)
}

/**
 * What a token is bound to. One that is to be sent with a proof, and of which the issuer does not say by which key, is bound
 * to a key that nobody has.
 *
 * @see RFC 9449, sections 6.2 and 7.1
 */
export function confirmationOf({ cnf, token_type: type }: IntrospectionClaims): JsonValue | undefined {
  if (type?.toLowerCase() !== 'dpop' || (isJsonObject(cnf) && Object.hasOwn(cnf, 'jkt'))) return cnf
  return { ...(isJsonObject(cnf) ? cnf : {}), jkt: null }
}

/** When a token stops counting, tolerance included, in seconds since 1970; infinite when the issuer does not say. */
export function endOf({ exp }: IntrospectionClaims, { toleranceSeconds }: ClaimRules): number {
  return (exp ?? Number.POSITIVE_INFINITY) + toleranceSeconds
}

/** Judges the time; `undefined` when it is right. */
export function judgeTime(claims: IntrospectionClaims, rules: ClaimRules, now: number): InvalidCredentials | undefined {
  // Written so that no comparison with NaN, of a broken clock, lets it pass.
  if (!(now < endOf(claims, rules))) return expired
  return now >= Math.max(claims.nbf ?? 0, claims.iat ?? 0) - rules.toleranceSeconds ? undefined : notYetValid
}
