import { hasScheme } from './authorization.ts'
import { parseForm } from './form.ts'
import { percentDecode, percentEncode } from './percent.ts'
import { quote, readValue } from './quoted-string.ts'
import {
  COMMA,
  type Cursor,
  EQUALS,
  isPrintableAscii,
  scanToken,
  skipEmptyElements,
  skipSpaces,
  skipWhitespace,
  trimmedEnd,
} from './tokens.ts'

/** A name and a value of a request that is signed, both decoded. */
export type Oauth1Pair = readonly [name: string, value: string]

/** What an `Authorization` field value of the scheme `OAuth` says, in the order received, repeated names included. */
export interface Oauth1Credentials {
  /** Names the protected area. It belongs to no signature. */
  readonly realm: string | undefined
  readonly parameters: readonly Oauth1Pair[]
}

/** What a signature is made over. */
export interface SignedRequest {
  /** In any case. */
  readonly method: string
  /** An absolute http or https URL. Its query is signed, its fragment is not. */
  readonly url: string
  /** The parameters of the `Authorization` field and of a form in the body. `oauth_signature` among them is passed over. */
  readonly parameters: readonly Oauth1Pair[]
}

const SCHEME = 'oauth'

/**
 * Parses an `Authorization` field value of the scheme `OAuth`. Names keep their case, since they are signed. A value without
 * a parameter, another scheme and everything outside the grammar give `undefined`. Never throws; takes time linear in the
 * length.
 *
 * @see RFC 5849, section 3.5.1
 */
export function parseOauth1Credentials(value: string): Oauth1Credentials | undefined {
  if (!hasScheme(value, SCHEME)) return undefined
  const end = trimmedEnd(value, 0, value.length)
  const schemeEnd = skipWhitespace(value, 0, end) + SCHEME.length
  const cursor: Cursor = { text: value, end, position: skipSpaces(value, schemeEnd, end) }
  if (cursor.position === schemeEnd) return undefined
  const parameters: Oauth1Pair[] = []
  let realm: string | undefined
  cursor.position = skipEmptyElements(value, cursor.position, end, COMMA)
  while (cursor.position < end) {
    const pair = readPair(cursor)
    if (pair === undefined) return undefined
    const [name, text] = pair
    if (name.toLowerCase() === 'realm') {
      if (realm !== undefined) return undefined
      realm = text
    } else {
      const decoded = decodedPair(name, text)
      if (decoded === undefined) return undefined
      parameters.push(decoded)
    }
    const after = skipWhitespace(value, cursor.position, end)
    if (after < end && value.charCodeAt(after) !== COMMA) return undefined
    cursor.position = skipEmptyElements(value, after, end, COMMA)
  }
  return parameters.length === 0 ? undefined : { realm, parameters }
}

/** Reads `name="value"` as it is written. */
function readPair(cursor: Cursor): Oauth1Pair | undefined {
  const { text, end, position } = cursor
  const nameEnd = scanToken(text, position, end)
  const equals = skipWhitespace(text, nameEnd, end)
  if (nameEnd === position || equals === end || text.charCodeAt(equals) !== EQUALS) return undefined
  cursor.position = skipWhitespace(text, equals + 1, end)
  const value = readValue(cursor)
  return value === undefined ? undefined : [text.slice(position, nameEnd), value]
}

function decodedPair(name: string, value: string): Oauth1Pair | undefined {
  const decodedName = percentDecode(name)
  const decodedValue = percentDecode(value)
  return decodedName === undefined || decodedValue === undefined ? undefined : [decodedName, decodedValue]
}

/**
 * Writes an `Authorization` field value of the scheme `OAuth`. Answers `undefined` when a name is empty, a name or value has
 * a lone surrogate, or the realm is not printable US-ASCII.
 *
 * @see RFC 5849, section 3.5.1
 */
export function formatOauth1Credentials(parameters: Iterable<Oauth1Pair>, realm?: string): string | undefined {
  const written: string[] = []
  if (realm !== undefined) {
    if (!isPrintableAscii(realm)) return undefined
    written.push(`realm=${quote(realm)}`)
  }
  for (const [name, value] of parameters) {
    const encodedName = percentEncode(name)
    const encodedValue = percentEncode(value)
    if (encodedName === undefined || encodedName === '' || encodedValue === undefined) return undefined
    written.push(`${encodedName}="${encodedValue}"`)
  }
  return written.length === 0 ? undefined : `OAuth ${written.join(', ')}`
}

/**
 * Gives the base string URI: scheme and host in lower case, no default port, the path, neither query nor fragment. Answers
 * `undefined` for anything but an absolute http or https URL that a request can be sent to.
 *
 * @see RFC 5849, section 3.4.1.2
 */
export function baseStringUri(url: string): string | undefined {
  const parsed = parseUrl(url)
  return parsed === undefined ? undefined : parsed.origin + parsed.pathname
}

function parseUrl(text: string): URL | undefined {
  // The URL Standard passes over spaces and line breaks, which stand in no URL that was sent.
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && url.port !== '0' ? url : undefined
}

/**
 * Encodes and sorts parameters as they are signed: by encoded name, then by encoded value, in the order of octets. Answers
 * `undefined` when one has a lone surrogate.
 *
 * @see RFC 5849, section 3.4.1.3.2
 */
export function normalizeParameters(parameters: Iterable<Oauth1Pair>): string | undefined {
  const encoded: Oauth1Pair[] = []
  for (const [name, value] of parameters) {
    const encodedName = percentEncode(name)
    const encodedValue = percentEncode(value)
    if (encodedName === undefined || encodedValue === undefined) return undefined
    encoded.push([encodedName, encodedValue])
  }
  // Encoded, everything is US-ASCII, so that the order of code units is that of octets.
  encoded.sort(([a, aValue], [b, bValue]) => order(a, b) || order(aValue, bValue))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Gives the text that is signed. Answers `undefined` when the URL is none, its query is not well encoded, or a parameter has
 * a lone surrogate. Never throws.
 *
 * @see RFC 5849, section 3.4.1
 */
export function signatureBaseString({ method, url, parameters }: SignedRequest): string | undefined {
  const parsed = parseUrl(url)
  const query = parsed === undefined ? undefined : parseForm(parsed.search.slice(1))
  const encodedMethod = percentEncode(method.toUpperCase())
  if (parsed === undefined || query === undefined || encodedMethod === undefined) return undefined
  const signed = [...query, ...parameters].filter(([name]) => name !== 'oauth_signature')
  const uri = percentEncode(parsed.origin + parsed.pathname)
  const normalized = normalizeParameters(signed)
  const encoded = normalized === undefined ? undefined : percentEncode(normalized)
  return uri === undefined || encoded === undefined ? undefined : `${encodedMethod}&${uri}&${encoded}`
}

/**
 * Gives the key of HMAC signatures, which is the signature itself by `PLAINTEXT`. Answers `undefined` when a secret has a
 * lone surrogate.
 *
 * @param tokenSecret empty when there is no token
 * @see RFC 5849, sections 3.4.2 and 3.4.4
 */
export function signatureKey(consumerSecret: string, tokenSecret: string): string | undefined {
  const consumer = percentEncode(consumerSecret)
  const token = percentEncode(tokenSecret)
  return consumer === undefined || token === undefined ? undefined : `${consumer}&${token}`
}
