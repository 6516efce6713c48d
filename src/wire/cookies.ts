import { DOUBLE_QUOTE, EQUALS, isToken, SEMICOLON, skipWhitespace, trimmedEnd } from './tokens.ts'

/**
 * Gives every value that a `Cookie` field has for a name, in order, as sent: nothing is decoded, one pair of surrounding
 * double quotes is taken off. More than one means that somebody set a second cookie for another path or domain. Names are
 * compared exactly.
 *
 * @see RFC 6265, section 4.2
 */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  const values: string[] = []
  if (header === undefined || !isToken(name)) return values
  // Searching for the name costs less than cutting up the pairs of everybody else.
  let found = header.indexOf(name)
  while (found !== -1) {
    let next = found + name.length
    const equals = skipWhitespace(header, next, header.length)
    if (startsPair(header, found) && equals < header.length && header.charCodeAt(equals) === EQUALS) {
      const semicolon = header.indexOf(';', equals)
      next = semicolon === -1 ? header.length : semicolon
      values.push(unquote(header, skipWhitespace(header, equals + 1, next), next))
    }
    found = header.indexOf(name, next)
  }
  return values
}

function startsPair(header: string, position: number): boolean {
  const before = trimmedEnd(header, 0, position)
  return before === 0 || header.charCodeAt(before - 1) === SEMICOLON
}

function unquote(header: string, from: number, to: number): string {
  const end = trimmedEnd(header, from, to)
  const quoted =
    end - from >= 2 && header.charCodeAt(from) === DOUBLE_QUOTE && header.charCodeAt(end - 1) === DOUBLE_QUOTE
  return quoted ? header.slice(from + 1, end - 1) : header.slice(from, end)
}
