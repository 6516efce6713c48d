import { hexDigit, hexPairs, type LdapTemplate, ldapTemplate, type TemplateFault } from './ldap-template.ts'
import { decodeUtf8, encodeUtf8, isWellFormed } from './text.ts'

/** One `type=value` of a distinguished name. */
interface DnAttribute {
  /** The attribute type as written: `uid`, `2.5.4.3`. */
  readonly type: string
  /** The value without its escapes, or the BER octets of one that is written as `#` and hexadecimal digits. */
  readonly value: string | Uint8Array
}

/** One step of a distinguished name; nearly always of one attribute. */
export type Rdn = readonly DnAttribute[]

const TYPE = /^(?:[A-Za-z][A-Za-z0-9-]*|(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+)$/
// All but printable ASCII without what section 2.4 wants escaped, and without "=", which some servers stumble over.
const SPECIAL = /[^ !#-*\--:?-[\]-~]+|^[ #]| $/g
const ESCAPABLE = ' "#+,;<=>\\'

interface Cursor {
  readonly text: string
  position: number
}

/**
 * Escapes a text so that it stands for itself as an attribute value in a distinguished name, wherever in the value. All
 * that is not plain ASCII is written as `\` and two hexadecimal digits for each octet of UTF-8. Answers `undefined` for a
 * lone surrogate.
 *
 * @see RFC 4514, section 2.4
 */
export function escapeDnValue(text: string): string | undefined {
  return isWellFormed(text) ? text.replace(SPECIAL, hexPairs) : undefined
}

/**
 * Reads a distinguished name: its steps from the entry up to the root, none for the empty name. Answers `undefined` for
 * anything that RFC 4514 does not allow, and for escapes that are not UTF-8. Never throws.
 *
 * @see RFC 4514, section 3
 */
export function parseDn(text: string): readonly Rdn[] | undefined {
  if (!isWellFormed(text)) return undefined
  if (text === '') return []
  const cursor = { text, position: 0 }
  const rdns: DnAttribute[][] = [[]]
  for (;;) {
    const attribute = readAttribute(cursor)
    if (attribute === undefined) return undefined
    rdns.at(-1)?.push(attribute)
    if (cursor.position === text.length) return rdns
    if (text.charAt(cursor.position) === ',') rdns.push([])
    cursor.position++
  }
}

/**
 * Makes a text that is the same for two ways to write one distinguished name, whose values are compared as directories
 * compare names: without regard to case, and with runs of spaces as one. A text that is none is only lowercased.
 *
 * @see RFC 4517, section 4.2.15
 */
export function dnKey(text: string): string {
  const rdns = parseDn(text)
  if (rdns === undefined) return text.toLowerCase()
  return rdns.map((rdn) => rdn.map(attributeKey).sort().join('+')).join(',')
}

/**
 * Reads a template of a distinguished name, such as `uid={username},ou=people,dc=example`, in which values are named. They
 * may stand in attribute values only, and whatever they are, `fill` writes the name that the author meant.
 *
 * @param known the names of the values that there are.
 * @see RFC 4514, section 2.4
 */
export function parseDnTemplate(text: string, known: readonly string[]): LdapTemplate | TemplateFault {
  return ldapTemplate(text, known, dnFault, escapeDnValue)
}

function dnFault(text: string): string | undefined {
  return parseDn(text)?.length ? undefined : 'is not a distinguished name with names in its values alone'
}

function attributeKey({ type, value }: DnAttribute): string {
  const text = typeof value === 'string' ? value.toLowerCase().replace(/ +/g, ' ').trim() : undefined
  const written = text === undefined ? `#${[...encodeValue(value)].join('.')}` : escapeDnValue(text)
  return `${type.toLowerCase()}=${written}`
}

function encodeValue(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? encodeUtf8(value) : value
}

/** Reads one `type=value`, up to the unescaped comma or plus sign behind it, or the end. */
function readAttribute(cursor: Cursor): DnAttribute | undefined {
  const { text, position } = cursor
  const equals = text.indexOf('=', position)
  const type = text.slice(position, Math.max(equals, position))
  if (!TYPE.test(type)) return undefined
  cursor.position = equals + 1
  const value = text.charAt(equals + 1) === '#' ? readHexString(cursor) : readString(cursor)
  return value === undefined ? undefined : { type, value }
}

function readHexString(cursor: Cursor): Uint8Array | undefined {
  const { text } = cursor
  const octets: number[] = []
  cursor.position++
  for (let octet = hexAt(text, cursor.position); octet !== undefined; octet = hexAt(text, cursor.position)) {
    octets.push(octet)
    cursor.position += 2
  }
  return octets.length > 0 && isEnd(text, cursor.position) ? Uint8Array.from(octets) : undefined
}

/** What stands between two runs of escapes is well-formed, so each run must be UTF-8 by itself. */
function readString(cursor: Cursor): string | undefined {
  const { text } = cursor
  let value = ''
  let start = cursor.position
  if (text.charAt(start) === ' ') return undefined
  while (!isEnd(text, cursor.position)) {
    const character = text.charAt(cursor.position)
    if (character === '\\') {
      value += text.slice(start, cursor.position)
      const run = readEscapes(cursor)
      if (run === undefined) return undefined
      value += run
      start = cursor.position
    } else if (character === '"' || character === ';' || character === '<' || character === '>' || character === '\0') {
      return undefined
    } else {
      cursor.position++
      if (character === ' ' && isEnd(text, cursor.position)) return undefined
    }
  }
  return value + text.slice(start, cursor.position)
}

function readEscapes(cursor: Cursor): string | undefined {
  const { text } = cursor
  const octets: number[] = []
  while (text.charAt(cursor.position) === '\\') {
    const octet = hexAt(text, cursor.position + 1)
    const one = text.charAt(cursor.position + 1)
    if (octet === undefined && (one === '' || !ESCAPABLE.includes(one))) return undefined
    octets.push(octet ?? one.charCodeAt(0))
    cursor.position += octet === undefined ? 2 : 3
  }
  return decodeUtf8(Uint8Array.from(octets))
}

function isEnd(text: string, position: number): boolean {
  const character = text.charAt(position)
  return character === '' || character === ',' || character === '+'
}

function hexAt(text: string, position: number): number | undefined {
  const high = hexDigit(text.charCodeAt(position))
  const low = hexDigit(text.charCodeAt(position + 1))
  return high === undefined || low === undefined ? undefined : high * 16 + low
}
