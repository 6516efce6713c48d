import { encodeUtf8, isWellFormed } from './text.ts'

/** The text of a name or filter with places for values, checked once and filled for each login. */
export interface LdapTemplate {
  /** The names of the values that occur in it, each once, in the order in which they occur. */
  readonly names: readonly string[]
  /**
   * Writes the text with every value escaped for its place. Answers `undefined` when a value is missing or empty, which
   * could make a substring match anything, and when it has a lone surrogate.
   */
  fill(values: TemplateValues): string | undefined
}

/** The values of a template by name. */
type TemplateValues = Readonly<Record<string, string | undefined>>

/** Why a text is no template. */
export interface TemplateFault {
  /** What is wrong, to follow a subject: `has {user}, and …`. */
  readonly fault: string
}

/** Texts and names by turns: there is a name at every odd index. */
type Pieces = readonly string[]

/** Stands for a value while a template is checked. A private character, which no template has. */
export const PLACE = '\u{f8ff}'

const PAIRS = Array.from({ length: 256 }, (_, octet) => `\\${octet.toString(16).padStart(2, '0')}`)
const NAME = /\{([A-Za-z][A-Za-z0-9]*)\}/

/** Makes a template. `fault` looks at its text with `PLACE` for each value, `write` writes a value. */
export function ldapTemplate(
  text: string,
  known: readonly string[],
  fault: (text: string) => string | undefined,
  write: (value: string) => string | undefined,
): LdapTemplate | TemplateFault {
  const pieces = text.split(NAME)
  const found = faultOf(text, pieces, known) ?? fault(pieces.map(piece).join(''))
  if (found !== undefined) return { fault: found }
  return {
    names: [...new Set(pieces.filter((_, index) => isName(index)))],
    fill: (values) => fill(pieces, values, write),
  }
}

function faultOf(text: string, pieces: Pieces, known: readonly string[]): string | undefined {
  const names = known.map((name) => `{${name}}`).join(', ')
  if (!isWellFormed(text) || text.includes(PLACE)) return 'has a character that cannot be sent'
  for (const [index, part] of pieces.entries()) {
    if (isName(index) && !known.includes(part)) return `has {${part}}, and the names known here are ${names}`
    if (!isName(index) && /[{}]/.test(part)) return 'has a brace outside {name}; write \\7b for { and \\7d for }'
  }
  return undefined
}

function fill(
  pieces: Pieces,
  values: TemplateValues,
  write: (value: string) => string | undefined,
): string | undefined {
  let text = ''
  for (const [index, part] of pieces.entries()) {
    if (!isName(index)) {
      text += part
      continue
    }
    const value = Object.hasOwn(values, part) ? values[part] : undefined
    const escaped = value === undefined || value === '' ? undefined : write(value)
    if (escaped === undefined) return undefined
    text += escaped
  }
  return text
}

function piece(part: string, index: number): string {
  return isName(index) ? PLACE : part
}

function isName(index: number): boolean {
  return index % 2 === 1
}

/** Writes each octet of a text's UTF-8 as `\` and two hexadecimal digits. */
export function hexPairs(text: string): string {
  // Nearly always it is one character of ASCII.
  const code = text.charCodeAt(0)
  if (text.length === 1 && code < 0x80) return PAIRS[code] ?? ''
  let pairs = ''
  for (const octet of encodeUtf8(text)) pairs += PAIRS[octet]
  return pairs
}

/** The value of the hexadecimal digit with this code. */
export function hexDigit(code: number | undefined): number | undefined {
  if (code === undefined) return undefined
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined
}
