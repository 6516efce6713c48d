import type { InvalidCredentials } from '../../core/cause.ts'
import { hasClaim, isAudience, isDate, isFor, isText } from '../../core/token-claims.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts'
import { expired, notClaims, notYetValid, tooOld, wrongAudience, wrongIssuer } from './refusals.ts'
import type { Rules } from './rules.ts'

/**
 * What a token says, once its signature, issuer, audience and time are right. Frozen, all the way down.
 *
 * @see RFC 7519, section 4.1; RFC 9068, section 2.2
 */
export interface JwtClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  /** When it expires, in seconds since 1970. */
  readonly exp?: number
  /** When it begins to count, in seconds since 1970. */
  readonly nbf?: number
  /** When it was made, in seconds since 1970. */
  readonly iat?: number
  readonly sub?: string
  readonly jti?: string
  readonly client_id?: string
  readonly [claim: string]: JsonValue | undefined
}

/** From when until when a token counts by the rules of its issuer, in seconds since 1970. */
export interface Validity {
  readonly from: number
  readonly until: number
  /** What is said after `until`. */
  readonly over: InvalidCredentials
}

/**
 * Judges everything but time: what must be there, its types, who made the token, for whom, and what it must not have.
 *
 * @see RFC 7519, section 4.1; RFC 9068, section 4; RFC 8725, sections 3.8 to 3.12
 */
export function judgeClaims(claims: JsonObject, rules: Rules): JwtClaims | InvalidCredentials {
  for (const [name, missing] of rules.required) if (!hasClaim(claims, name)) return missing
  if (!isClaims(claims)) return notClaims
  if (claims.iss !== rules.issuer) return wrongIssuer
  if (!isFor(claims.aud, rules.audiences)) return wrongAudience
  for (const [name, foreign] of rules.forbidden) if (hasClaim(claims, name)) return foreign
  // What it binds the token to is proved for each request.
  return claims.cnf === undefined || isJsonObject(claims.cnf) ? claims : notClaims
}

function isClaims(claims: JsonObject): claims is JsonObject & JwtClaims {
  const { iss, aud, sub, jti, client_id: client, exp, nbf, iat } = claims
  return (
    typeof iss === 'string' &&
    isAudience(aud) &&
    isText(sub) &&
    isText(jti) &&
    isText(client) &&
    isDate(exp) &&
    isDate(nbf) &&
    isDate(iat)
  )
}

/** Works out when a token counts, tolerance included. */
export function validityOf({ exp, nbf, iat }: JwtClaims, { toleranceSeconds, maxAgeSeconds }: Rules): Validity {
  const from = Math.max(nbf ?? 0, iat ?? 0) - toleranceSeconds
  const end = exp ?? Number.POSITIVE_INFINITY
  const age = maxAgeSeconds === undefined || iat === undefined ? Number.POSITIVE_INFINITY : iat + maxAgeSeconds
  return age < end
    ? { from, until: age + toleranceSeconds, over: tooOld }
    : { from, until: end + toleranceSeconds, over: expired }
}

/** Judges the time; `undefined` when it is right. */
export function judgeTime({ from, until, over }: Validity, now: number): InvalidCredentials | undefined {
  if (now >= until) return over
  return now < from ? notYetValid : undefined
}
