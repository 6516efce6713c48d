import { decodeLatin1 } from './text.ts'

const STANDARD = encodingTable('+/')
const URL_SAFE = encodingTable('-_')
const STANDARD_VALUES = decodingTable(STANDARD)
const URL_SAFE_VALUES = decodingTable(URL_SAFE)

const INVALID = 0x40
const PADDING = 0x3d

// Filled once and only read afterwards.
function encodingTable(lastTwo: string): Uint8Array {
  const alphabet = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${lastTwo}`
  return Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
}

function decodingTable(alphabet: Uint8Array): Uint8Array {
  const values = new Uint8Array(256).fill(0x40)
  alphabet.forEach((code, value) => {
    values[code] = value
  })
  return values
}

/**
 * Decodes base64 and accepts only what an encoder writes: no whitespace or other foreign character, complete padding,
 * unused bits zero. So no two texts decode to the same octets. Anything else is `undefined`.
 *
 * @see RFC 4648, sections 3.2 to 3.5 and 4
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const { length } = text
  if (length % 4 !== 0) return undefined
  if (length === 0 || text.charCodeAt(length - 1) !== PADDING) return decode(text, length, STANDARD_VALUES)
  return decode(text, text.charCodeAt(length - 2) === PADDING ? length - 2 : length - 1, STANDARD_VALUES)
}

const LONGEST_SHORT = 256
const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

/**
 * Decodes what stands from `from` on as strictly as `decodeBase64`, where it is short and all its octets are printable
 * US-ASCII. `undefined` for everything else, right or wrong: the quick way for what is usual, without octets in between.
 */
export function decodeShortAscii(text: string, from: number): string | undefined {
  const length = text.length - from
  if (length % 4 !== 0 || length > LONGEST_SHORT) return undefined
  let end = text.length
  while (text.charCodeAt(end - 1) === PADDING && text.length - end < 2) end--
  const codes: number[] = []
  let bits = 0
  let count = 0
  for (let index = from; index < end; index++) {
    const value = STANDARD_VALUES[text.charCodeAt(index)] ?? INVALID
    if (value === INVALID) return undefined
    bits = ((bits << 6) | value) & 0x3fff
    count += 6
    if (count < 8) continue
    count -= 8
    const code = (bits >> count) & 0xff
    if (code < FIRST_PRINTABLE || code > LAST_PRINTABLE) return undefined
    codes.push(code)
  }
  const unused = bits & ((1 << count) - 1)
  return unused === 0 ? String.fromCharCode(...codes) : undefined
}

/**
 * Decodes base64url without padding, the form of JOSE, as strictly as `decodeBase64`.
 *
 * @see RFC 4648, section 5; RFC 7515, section 2
 */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decode(text, text.length, URL_SAFE_VALUES)
}

/** Tells whether a text is base64url as an encoder writes it, so that `decodeBase64Url` would answer octets. */
export function isBase64Url(text: string): boolean {
  const rest = text.length % 4
  let seen = 0
  let last = 0
  for (let index = 0; index < text.length; index++) {
    last = URL_SAFE_VALUES[text.charCodeAt(index)] ?? INVALID
    seen |= last
  }
  const unused = rest === 0 ? 0 : rest === 3 ? last & 0x03 : last & 0x0f
  return rest !== 1 && seen < INVALID && unused === 0
}

function decode(text: string, digits: number, values: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const rest = digits % 4
  if (rest === 1) return undefined
  const bytes = new Uint8Array(((digits - rest) / 4) * 3 + (rest === 0 ? 0 : rest - 1))
  const valueAt = (index: number): number => values[text.charCodeAt(index)] ?? INVALID
  let seen = 0
  let index = 0
  let at = 0
  for (; index < digits - rest; index += 4) {
    const a = valueAt(index)
    const b = valueAt(index + 1)
    const c = valueAt(index + 2)
    const d = valueAt(index + 3)
    seen |= a | b | c | d
    bytes[at++] = (a << 2) | (b >> 4)
    bytes[at++] = (b << 4) | (c >> 2)
    bytes[at++] = (c << 6) | d
  }
  if (rest !== 0) {
    const a = valueAt(index)
    const b = valueAt(index + 1)
    const c = rest === 3 ? valueAt(index + 2) : 0
    const unused = rest === 3 ? c & 0x03 : b & 0x0f
    seen |= a | b | c | (unused === 0 ? 0 : INVALID)
    bytes[at++] = (a << 2) | (b >> 4)
    if (rest === 3) bytes[at] = (b << 4) | (c >> 2)
  }
  return seen < INVALID ? bytes : undefined
}

/**
 * Encodes octets as base64 with padding.
 *
 * @see RFC 4648, section 4
 */
export function encodeBase64(bytes: Uint8Array): string {
  return encode(bytes, STANDARD) + '='.repeat((3 - (bytes.length % 3)) % 3)
}

/**
 * Encodes octets as base64url without padding.
 *
 * @see RFC 4648, section 5; RFC 7515, section 2
 */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE)
}

function encode(bytes: Uint8Array, alphabet: Uint8Array): string {
  const { length } = bytes
  const digits = new Uint8Array(Math.ceil((length * 4) / 3))
  let at = 0
  for (let index = 0; index < length; index += 3) {
    // Past the end there are zero bits, and assignments past the last digit have no effect on a typed array.
    const a = bytes[index] ?? 0
    const b = bytes[index + 1] ?? 0
    const c = bytes[index + 2] ?? 0
    digits[at++] = alphabet[a >> 2] ?? 0
    digits[at++] = alphabet[((a & 0x03) << 4) | (b >> 4)] ?? 0
    digits[at++] = alphabet[((b & 0x0f) << 2) | (c >> 6)] ?? 0
    digits[at++] = alphabet[c & 0x3f] ?? 0
  }
  return decodeLatin1(digits)
}
