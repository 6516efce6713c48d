import { quote, readValue } from './quoted-string.ts'
import { COMMA, type Cursor, EQUALS, isToken, scanToken, skipEmptyElements, skipWhitespace } from './tokens.ts'

/**
 * Reads the comma-separated `auth-param`s at the cursor, passing over empty elements, and leaves it after the last one (at
 * the end, when only commas follow). Answers `undefined` when a value is malformed or a name comes twice, and
 * `none` when there is no parameter.
 *
 * @see RFC 9110, sections 5.6.1.2 and 11.2
 */
export function readParameters(
  cursor: Cursor,
  none: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> | undefined {
  const { text, end } = cursor
  let parameters: Map<string, string> | undefined
  let position = skipWhitespace(text, cursor.position, end)
  // Whitespace may stand before a comma, not before the first parameter: 1*SP ended where the list starts.
  let separated = position === cursor.position
  while (position < end) {
    if (text.charCodeAt(position) === COMMA) {
      position = skipEmptyElements(text, position, end, COMMA)
      separated = true
    } else {
      const equals = separated ? equalsOfParameter(text, position, end) : end
      if (equals === end) return parameters ?? none
      const name = text.slice(position, scanToken(text, position, end)).toLowerCase()
      cursor.position = skipWhitespace(text, equals + 1, end)
      const value = readValue(cursor)
      parameters ??= new Map()
      if (value === undefined || parameters.has(name)) return undefined
      parameters.set(name, value)
      position = skipWhitespace(text, cursor.position, end)
      separated = false
    }
  }
  cursor.position = end
  return parameters ?? none
}

/** Gives the place of the `=` when a parameter starts at `position`, else `end`. */
function equalsOfParameter(text: string, position: number, end: number): number {
  const nameEnd = scanToken(text, position, end)
  const equals = skipWhitespace(text, nameEnd, end)
  return nameEnd > position && equals < end && text.charCodeAt(equals) === EQUALS ? equals : end
}

/**
 * Writes `auth-param`s, every value quoted but those of the names in `bare`, which are written as tokens when they are.
 * Answers `undefined` when a name is not a token or comes twice, or when `accepts` refuses a value.
 */
export function formatParameters(
  parameters: Iterable<readonly [name: string, value: string]>,
  bare: readonly string[],
  accepts: (value: string) => boolean,
): string | undefined {
  const names = new Set<string>()
  const written: string[] = []
  for (const [name, value] of parameters) {
    if (!isToken(name) || !accepts(value)) return undefined
    const key = name.toLowerCase()
    if (names.has(key)) return undefined
    names.add(key)
    written.push(`${name}=${bare.includes(key) && isToken(value) ? value : quote(value)}`)
  }
  return written.join(', ')
}
