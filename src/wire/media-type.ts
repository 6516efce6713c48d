import { readValue } from './quoted-string.ts'
import {
  type Cursor,
  EQUALS,
  SEMICOLON,
  SLASH,
  scanToken,
  skipEmptyElements,
  skipWhitespace,
  trimmedEnd,
} from './tokens.ts'

/** A media type, such as the value of `Content-Type`. */
export interface MediaType {
  /** Type and subtype in lower case: `application/json`. */
  readonly essence: string
  /** Unescaped values by name, the names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Parses a media type. Answers `undefined` for anything outside the grammar and when a parameter comes twice, so that two
 * readers cannot disagree on the charset. Never throws; takes time linear in the length.
 *
 * @see RFC 9110, sections 8.3.1 and 5.6.6
 */
export function parseMediaType(value: string): MediaType | undefined {
  const start = skipWhitespace(value, 0, value.length)
  const end = trimmedEnd(value, start, value.length)
  const typeEnd = scanToken(value, start, end)
  if (typeEnd === start || typeEnd === end || value.charCodeAt(typeEnd) !== SLASH) return undefined
  const essenceEnd = scanToken(value, typeEnd + 1, end)
  if (essenceEnd === typeEnd + 1) return undefined
  const parameters = new Map<string, string>()
  const cursor: Cursor = { text: value, end, position: essenceEnd }
  while (cursor.position < end) {
    const semicolon = skipWhitespace(value, cursor.position, end)
    if (value.charCodeAt(semicolon) !== SEMICOLON) return undefined
    cursor.position = skipEmptyElements(value, semicolon, end, SEMICOLON)
    if (cursor.position < end && !readParameter(cursor, parameters)) return undefined
  }
  return { essence: value.slice(start, essenceEnd).toLowerCase(), parameters }
}

/** Reads one `name=value`; unlike in credentials no whitespace is allowed around the `=`. */
function readParameter(cursor: Cursor, into: Map<string, string>): boolean {
  const { text, end, position } = cursor
  const nameEnd = scanToken(text, position, end)
  if (nameEnd === position || nameEnd === end || text.charCodeAt(nameEnd) !== EQUALS) return false
  cursor.position = nameEnd + 1
  const value = readValue(cursor)
  const name = text.slice(position, nameEnd).toLowerCase()
  if (value === undefined || into.has(name)) return false
  into.set(name, value)
  return true
}
