import { formatParameters, readParameters } from './auth-params.ts'
import {
  COMMA,
  type Cursor,
  isFieldValue,
  isToken,
  isToken68,
  isTokenCode,
  scanToken,
  scanToken68,
  skipSpaces,
  skipWhitespace,
  trimmedEnd,
} from './tokens.ts'

/** Credentials, or a challenge, with one opaque value after the scheme, as in Basic, Bearer and Negotiate. */
export interface Token68Credentials {
  /** The auth-scheme as received. Compare it ASCII-case-insensitively. */
  readonly scheme: string
  /** The value as received, `=` padding included. Compare it exactly. */
  readonly token68: string
  readonly parameters?: undefined
}

/** Credentials, or a challenge, with parameters after the scheme, as in Digest, or with nothing after it. */
export interface ParameterCredentials {
  /** The auth-scheme as received. Compare it ASCII-case-insensitively. */
  readonly scheme: string
  readonly token68?: undefined
  /** Unescaped values by name, the names in lower case, in the order received. Empty for a scheme alone. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * What an `Authorization` field value says.
 *
 * @see RFC 9110, section 11.4
 */
export type Credentials = Token68Credentials | ParameterCredentials

// RFC 7616, section 3.4: these must not be quoted.
const BARE_PARAMETERS = ['algorithm', 'qop', 'nc'] as const

/**
 * Tells whether a field value names an auth-scheme, whatever follows it, so that a provider can say “not mine” without
 * parsing the rest. `Basic ###` names `basic`, `basic_x` does not.
 *
 * @param scheme the scheme in lower case
 */
export function hasScheme(value: string, scheme: string): boolean {
  const start = skipWhitespace(value, 0, value.length)
  const end = start + scheme.length
  if (end > value.length || scheme === '') return false
  for (let index = 0; index < scheme.length; index++) {
    const code = value.charCodeAt(start + index)
    if ((code >= 0x41 && code <= 0x5a ? code + 0x20 : code) !== scheme.charCodeAt(index)) return false
  }
  return end === value.length || !isTokenCode(value.charCodeAt(end))
}

/**
 * Gives the place after a scheme, and the spaces behind it, of a value that begins with the scheme itself; `undefined` where
 * white space stands before it, or no space after it. For a quick look, before or instead of parsing.
 *
 * @param scheme the scheme in lower case
 */
export function afterScheme(value: string, scheme: string): number | undefined {
  if (skipWhitespace(value, 0, value.length) > 0 || !hasScheme(value, scheme)) return undefined
  const rest = skipSpaces(value, scheme.length, value.length)
  return rest > scheme.length ? rest : undefined
}

/**
 * Tells whether a value that is no single credentials, such as two field lines joined, has some of this scheme among them,
 * at whatever place.
 *
 * @param scheme the scheme in lower case
 */
export function isAmongSeveral(value: string, scheme: string): boolean {
  if (!value.includes(',') || parseAuthorization(value) !== undefined) return false
  return value.split(',').some((element) => hasScheme(element, scheme))
}

/**
 * Parses an `Authorization` or `Proxy-Authorization` field value: exactly one credentials. Two field lines joined by a
 * comma, a parameter that comes twice (in whatever case) and everything else outside the grammar give `undefined`.
 * Never throws; takes time linear in the length.
 *
 * @example
 * import { parseAuthorization } from 'becauth/wire'
 *
 * parseAuthorization('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')?.token68 // 'QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
 *
 * @see RFC 9110, section 11.4
 */
export function parseAuthorization(value: string): Credentials | undefined {
  const start = skipWhitespace(value, 0, value.length)
  const end = trimmedEnd(value, start, value.length)
  const schemeEnd = scanToken(value, start, end)
  // Basic and Bearer end here, before any cursor or map is made.
  const rest = skipSpaces(value, schemeEnd, end)
  if (rest > schemeEnd && schemeEnd > start && scanToken68(value, rest, end) === end) {
    return { scheme: value.slice(start, schemeEnd), token68: value.slice(rest, end) }
  }
  const cursor = { text: value, end, position: start }
  const credentials = readCredentials(cursor, new Map())
  return cursor.position === end ? credentials : undefined
}

/**
 * Reads a scheme and what belongs to it, and leaves the cursor after it. Credentials and challenges share this grammar:
 * `auth-scheme [ 1*SP ( token68 / #auth-param ) ]`. A scheme alone gets `none` for its parameters.
 */
export function readCredentials(cursor: Cursor, none: ReadonlyMap<string, string>): Credentials | undefined {
  const { text, end, position } = cursor
  const schemeEnd = scanToken(text, position, end)
  if (schemeEnd === position) return undefined
  const scheme = text.slice(position, schemeEnd)
  cursor.position = schemeEnd
  const rest = skipSpaces(text, schemeEnd, end)
  if (rest === schemeEnd) return { scheme, parameters: none }
  const token68End = scanToken68(text, rest, end)
  const next = skipWhitespace(text, token68End, end)
  if (token68End > rest && (next === end || text.charCodeAt(next) === COMMA)) {
    cursor.position = next
    return { scheme, token68: text.slice(rest, token68End) }
  }
  cursor.position = rest
  const parameters = readParameters(cursor, none)
  return parameters === undefined ? undefined : { scheme, parameters }
}

/**
 * Writes an `Authorization` field value, for clients and tests. All parameters are quoted but Digest's `algorithm`, `qop`
 * and `nc`. Answers `undefined` when a part cannot be written: a scheme or name that is not a token, a bad token68, a name
 * twice, a character outside HTAB, SP to `~` and 0x80 to 0xFF.
 *
 * @example
 * import { formatAuthorization } from 'becauth/wire'
 *
 * formatAuthorization({ scheme: 'Bearer', token68: 'mF_9.B5f-4.1JqM' }) // 'Bearer mF_9.B5f-4.1JqM'
 *
 * @see RFC 9110, section 11.4
 */
export function formatAuthorization(credentials: Credentials): string | undefined {
  const { scheme, token68, parameters } = credentials
  if (!isToken(scheme)) return undefined
  if (token68 !== undefined) return isToken68(token68) ? `${scheme} ${token68}` : undefined
  if (parameters.size === 0) return scheme
  const written = formatParameters(parameters, BARE_PARAMETERS, isFieldValue)
  return written === undefined ? undefined : `${scheme} ${written}`
}
