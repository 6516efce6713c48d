const TCHAR = 1
const TOKEN68 = 2
const FIELD = 4
const PRINTABLE = 8

const TAB = 0x09
const SPACE = 0x20
export const DOUBLE_QUOTE = 0x22
export const COMMA = 0x2c
export const SLASH = 0x2f
export const SEMICOLON = 0x3b
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c

/** The place of a parser in its text; parsers move `position`, never past `end`. */
export interface Cursor {
  readonly text: string
  readonly end: number
  position: number
}

// Filled once and only read afterwards; a code above 0xFF has no entry, hence no class.
const CLASSES: Uint8Array = characterClasses()

function characterClasses(): Uint8Array {
  const classes = new Uint8Array(256)
  const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const add = (text: string, flag: number): void => {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      classes[code] = (classes[code] ?? 0) | flag
    }
  }
  classes.fill(FIELD | PRINTABLE, 0x20, 0x7f)
  classes.fill(FIELD, 0x80, 0x100)
  classes[TAB] = FIELD
  add(`${alphanumeric}!#$%&'*+-.^_\`|~`, TCHAR)
  add(`${alphanumeric}-._~+/`, TOKEN68)
  return classes
}

function consistsOf(text: string, flag: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (((CLASSES[text.charCodeAt(index)] ?? 0) & flag) === 0) return false
  }
  return true
}

/**
 * Tells whether a text is a `token`: one or more of the 77 characters that names in HTTP are made of.
 *
 * @see RFC 9110, section 5.6.2
 */
export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(text, TCHAR)
}

/**
 * Tells whether a text is a `token68`: the form in which schemes such as Basic and Bearer carry one opaque value.
 *
 * @see RFC 9110, section 11.2
 */
export function isToken68(text: string): boolean {
  return text.length > 0 && scanToken68(text, 0, text.length) === text.length
}

/** Tells whether a text has only printable US-ASCII characters, SP (0x20) to `~` (0x7E). The empty text has. */
export function isPrintableAscii(text: string): boolean {
  return consistsOf(text, PRINTABLE)
}

/**
 * Tells whether a text has only characters that a field value may have: HTAB, SP, visible US-ASCII and obs-text
 * (0x80 to 0xFF), so neither CR, LF, NUL and other controls nor anything that does not fit in one octet.
 *
 * @see RFC 9110, section 5.5
 */
export function isFieldValue(text: string): boolean {
  return consistsOf(text, FIELD)
}

/** Tells whether a character code may be part of a `token`. */
export function isTokenCode(code: number): boolean {
  return ((CLASSES[code] ?? 0) & TCHAR) !== 0
}

/** Gives the end of the `token` that starts at `from`; equal to `from` when none does. */
export function scanToken(text: string, from: number, end: number): number {
  let index = from
  while (index < end && ((CLASSES[text.charCodeAt(index)] ?? 0) & TCHAR) !== 0) index++
  return index
}

/** Gives the end of the `token68`, padding included, that starts at `from`; equal to `from` when none does. */
export function scanToken68(text: string, from: number, end: number): number {
  let index = from
  while (index < end && ((CLASSES[text.charCodeAt(index)] ?? 0) & TOKEN68) !== 0) index++
  if (index === from) return from
  while (index < end && text.charCodeAt(index) === EQUALS) index++
  return index
}

/** Gives the first place from `from` on that is not a space. */
export function skipSpaces(text: string, from: number, end: number): number {
  let index = from
  while (index < end && text.charCodeAt(index) === SPACE) index++
  return index
}

/** Gives the first place from `from` on that is neither SP nor HTAB, the optional whitespace of HTTP. */
export function skipWhitespace(text: string, from: number, end: number): number {
  let index = from
  while (index < end && isWhitespace(text.charCodeAt(index))) index++
  return index
}

/** Gives the first place from `from` on that is neither whitespace nor the separator: the next element of a list. */
export function skipEmptyElements(text: string, from: number, end: number, separator: number): number {
  let index = from
  while (index < end && (text.charCodeAt(index) === separator || isWhitespace(text.charCodeAt(index)))) index++
  return index
}

/** Gives the end of the list element that starts at `from`: a comma outside quotes, or the end of the text. */
export function elementEnd(text: string, from: number): number {
  let quoted = false
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === DOUBLE_QUOTE) quoted = !quoted
    else if (code === COMMA && !quoted) return index
    else if (code === BACKSLASH && quoted) index++
  }
  return text.length
}

/**
 * Gives the place of the closing quote of the `quoted-string` whose content starts at `from`; `end` when it is unterminated
 * or has a character that may not be sent.
 */
export function closingQuote(text: string, from: number, end: number): number {
  for (let index = from; index < end; index++) {
    let code = text.charCodeAt(index)
    if (code === DOUBLE_QUOTE) return index
    if (code === BACKSLASH && ++index < end) code = text.charCodeAt(index)
    if (((CLASSES[code] ?? 0) & FIELD) === 0) return end
  }
  return end
}

/** Gives the end of a text without the SP and HTAB before `end`, never lower than `from`. */
export function trimmedEnd(text: string, from: number, end: number): number {
  let index = end
  while (index > from && isWhitespace(text.charCodeAt(index - 1))) index--
  return index
}

function isWhitespace(code: number): boolean {
  return code === SPACE || code === TAB
}
