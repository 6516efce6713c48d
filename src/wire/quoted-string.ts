import { decodeLatin1 } from './text.ts'
import { BACKSLASH, type Cursor, closingQuote, DOUBLE_QUOTE, scanToken } from './tokens.ts'

/**
 * Reads the `token` or `quoted-string` at the cursor, the latter unescaped. Answers `undefined` when there is none, or one
 * that is unterminated or has a character that may not be sent.
 *
 * @see RFC 9110, sections 5.6.2 and 5.6.4
 */
export function readValue(cursor: Cursor): string | undefined {
  const { text, end, position } = cursor
  if (position < end && text.charCodeAt(position) === DOUBLE_QUOTE) {
    const close = closingQuote(text, position + 1, end)
    if (close === end) return undefined
    cursor.position = close + 1
    return unescapePairs(text.slice(position + 1, close))
  }
  const valueEnd = scanToken(text, position, end)
  if (valueEnd === position) return undefined
  cursor.position = valueEnd
  return text.slice(position, valueEnd)
}

// Every character is known to fit in an octet, which keeps a value of nothing but escapes cheap.
function unescapePairs(text: string): string {
  if (!text.includes('\\')) return text
  const octets = new Uint8Array(text.length)
  let length = 0
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) === BACKSLASH) index++
    octets[length++] = text.charCodeAt(index)
  }
  return decodeLatin1(octets.subarray(0, length))
}

/** Writes a `quoted-string`; the text must be a field value (`isFieldValue`). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
