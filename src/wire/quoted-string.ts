import { decodeLatin1 } from './text.ts'
import { BACKSLASH, type Cursor, DOUBLE_QUOTE, isFieldCode, scanToken } from './tokens.ts'

/**
 * Reads the `quoted-string` whose opening quote is at the cursor, and unescapes it. Answers `undefined` for one that is
 * unterminated or has a character that may not be sent.
 *
 * @see RFC 9110, section 5.6.4
 */
function readQuotedString(cursor: Cursor): string | undefined {
  const { text, end } = cursor
  const from = cursor.position + 1
  let escapes = 0
  for (let index = from; index < end; index++) {
    let code = text.charCodeAt(index)
    if (code === DOUBLE_QUOTE) {
      cursor.position = index + 1
      return escapes === 0 ? text.slice(from, index) : unescapePairs(text, from, index, escapes)
    }
    if (code === BACKSLASH) {
      escapes++
      index++
      if (index === end) return undefined
      code = text.charCodeAt(index)
    }
    if (!isFieldCode(code)) return undefined
  }
  return undefined
}

// Every character is known to fit in an octet, which keeps a value of nothing but escapes linear and cheap.
function unescapePairs(text: string, from: number, to: number, escapes: number): string {
  const octets = new Uint8Array(to - from - escapes)
  let length = 0
  for (let index = from; index < to; index++) {
    if (text.charCodeAt(index) === BACKSLASH) index++
    octets[length++] = text.charCodeAt(index)
  }
  return decodeLatin1(octets)
}

/** Reads the `token` or `quoted-string` at the cursor. */
export function readValue(cursor: Cursor): string | undefined {
  const { text, end, position } = cursor
  if (position < end && text.charCodeAt(position) === DOUBLE_QUOTE) return readQuotedString(cursor)
  const valueEnd = scanToken(text, position, end)
  if (valueEnd === position) return undefined
  cursor.position = valueEnd
  return text.slice(position, valueEnd)
}

/** Writes a `quoted-string`; the text must be a field value (`isFieldValue`). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
