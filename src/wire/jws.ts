import { decodeBase64Url, isBase64Url } from './base64.ts'
import { type JsonObject, type JsonValue, parseJsonObject } from './json.ts'
import { decodeUtf8 } from './text.ts'

/** The header of a signed token. What it says of keys (`jwk`, `jku`, `x5u`, `x5c`) proves nothing. */
export interface JwsHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
  readonly [name: string]: JsonValue | undefined
}

/** A token in parts: the header is read, and frozen; the payload is not read. */
export interface CompactJws {
  readonly header: JwsHeader
  /** The header's segment as sent. */
  readonly segment: string
  /** Whether the header was known, and need not be remembered again. */
  readonly isKnown: boolean
  /** The payload as sent: base64url, or so it seems. */
  readonly payload: string
  /** What was signed: header and payload as sent. */
  readonly signed: string
  /** The signature as sent: base64url as an encoder writes it. */
  readonly signature: string
}

/**
 * Why a text is no JWS that can be read: longer than allowed; not three segments in their strictest form; an `alg`, `kid`
 * or `typ` that is no text; an extension that must be understood and is not (`crit`, `b64`); a JWE.
 */
export type JwsProblem = 'too-long' | 'not-compact' | 'bad-header' | 'critical' | 'encrypted'

/** How segments are decoded: as strictly as here, and faster where a runtime has something of its own. */
export interface SegmentDecoder {
  /** `undefined` unless it is base64url, as an encoder writes it, of UTF-8. A byte order mark is kept. */
  text(segment: string): string | undefined
}

/** Headers by their segment, of tokens whose signature was right: an issuer writes few different ones. */
export interface KnownHeaders {
  get(segment: string): JwsHeader | undefined
}

/** Decodes segments on every runtime. */
export const portableDecoder: SegmentDecoder = {
  text: (segment) => {
    const bytes = decodeBase64Url(segment)
    return bytes && decodeUtf8(bytes)
  },
}

/**
 * Cuts up a JWS in compact serialization and reads its header. Never throws; takes time linear in the length.
 *
 * @see RFC 7515, sections 3.1, 4.1, 5.2 and 7.1; RFC 8725, section 2
 */
export function parseCompactJws(
  token: string,
  maxLength: number,
  decoder: SegmentDecoder = portableDecoder,
  known?: KnownHeaders,
): CompactJws | JwsProblem {
  if (token.length > maxLength) return 'too-long'
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first === -1 || second === -1) return 'not-compact'
  if (token.includes('.', second + 1)) return token.split('.').length === 5 ? 'encrypted' : 'not-compact'
  const segment = token.slice(0, first)
  const remembered = known?.get(segment)
  const header = remembered ?? parseHeader(segment, decoder)
  if (typeof header === 'string') return header
  const signature = token.slice(second + 1)
  if (!isBase64Url(signature)) return 'not-compact'
  return {
    header,
    segment,
    isKnown: remembered !== undefined,
    payload: token.slice(first + 1, second),
    signed: token.slice(0, second),
    signature,
  }
}

/** Reads a segment: `undefined` unless it is base64url of UTF-8 of a JSON object, each in its strictest form. */
export function parseJsonSegment(segment: string, decoder: SegmentDecoder = portableDecoder): JsonObject | undefined {
  const text = decoder.text(segment)
  return text === undefined ? undefined : parseJsonObject(text)
}

function parseHeader(segment: string, decoder: SegmentDecoder): JwsHeader | JwsProblem {
  const header = parseJsonSegment(segment, decoder)
  if (header === undefined) return 'not-compact'
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return 'critical'
  return isJwsHeader(header) ? header : 'bad-header'
}

/** Tells whether `alg` is a text, and `kid` and `typ` are where they are there. */
export function isJwsHeader(header: JsonObject): header is JsonObject & JwsHeader {
  const { alg, kid, typ } = header
  return isName(alg) && (kid === undefined || isName(kid)) && (typ === undefined || isName(typ))
}

function isName(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}
