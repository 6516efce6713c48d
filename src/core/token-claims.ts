import type { JsonObject, JsonValue } from '../wire/json.ts'

// The end of the year 9999. What lies beyond are milliseconds, or the wish for a token that never ends.
const LATEST = 253_402_300_799

/** Whether a member is there and says something. */
export function hasClaim(claims: JsonObject, name: string): boolean {
  return Object.hasOwn(claims, name) && claims[name] !== null
}

/** Whether a member is a text, or left out. */
export function isText(value: JsonValue | undefined): boolean {
  return value === undefined || typeof value === 'string'
}

/**
 * Whether a member is a NumericDate, fractions included, or left out.
 *
 * @see RFC 7519, section 2
 */
export function isDate(value: JsonValue | undefined): boolean {
  return value === undefined || (typeof value === 'number' && value >= 0 && value <= LATEST)
}

/**
 * Whether a member is a text or a list of texts.
 *
 * @see RFC 7519, section 4.1.3
 */
export function isAudience(aud: JsonValue | undefined): aud is string | readonly string[] {
  return typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'))
}

/** Whether a token is for one of these. */
export function isFor(aud: string | readonly string[], audiences: ReadonlySet<string>): boolean {
  return typeof aud === 'string' ? audiences.has(aud) : aud.some((one) => audiences.has(one))
}
