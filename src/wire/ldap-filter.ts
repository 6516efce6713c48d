import { hexDigit, hexPairs, type LdapTemplate, ldapTemplate, PLACE, type TemplateFault } from './ldap-template.ts'
import { encodeUtf8, isWellFormed } from './text.ts'

interface Cursor {
  readonly text: string
  position: number
}

const AND = 0xa0
const OR = 0xa1
const NOT = 0xa2
const EQUAL = 0xa3
const SUBSTRINGS = 0xa4
const PRESENT = 0x87
const EXTENSIBLE = 0xa9
const OCTET_STRING = 0x04
const SEQUENCE = 0x30
const comparisons: ReadonlyMap<string, number> = new Map([
  ['>=', 0xa5],
  ['<=', 0xa6],
  ['~=', 0xa8],
])

/** Deeper filters than anybody writes are refused, so that no text can exhaust the stack. */
const MAX_DEPTH = 32

const OID = '(?:[A-Za-z][A-Za-z0-9-]*|(?:0|[1-9][0-9]*)(?:\\.(?:0|[1-9][0-9]*))+)'
const DESCRIPTION = `${OID}(?:;[A-Za-z0-9-]+)*`
const SIMPLE = new RegExp(`^(${DESCRIPTION})([~<>]?=)`)
const EXTENDED = new RegExp(`^(${DESCRIPTION})?(:[Dd][Nn])?(?::(${OID}))?:=`)
// All but printable ASCII without ( ) * and \.
const SPECIAL = /[^ -'+-[\]-~]+/g
const BACKSLASH = 0x5c

/**
 * Escapes a text so that it stands for itself as a value in a search filter. Every backslash is escaped, also one that
 * looks like an escape already. All that is not plain ASCII is written as `\` and two hexadecimal digits for each octet of
 * UTF-8. Answers `undefined` for a lone surrogate.
 *
 * @see RFC 4515, section 3
 */
export function escapeFilterValue(text: string): string | undefined {
  return isWellFormed(text) ? text.replace(SPECIAL, hexPairs) : undefined
}

/**
 * Reads a template of a search filter, such as `(&(objectClass=person)(uid={username}))`, in which values are named. They
 * may stand in assertion values only, and whatever they are, `fill` writes the filter that the author meant. A
 * distinguished name is one value, `(member={dn})`: inside one that the template writes out, a name would need two kinds
 * of escapes, and is refused.
 *
 * @param known the names of the values that there are.
 * @see RFC 4515, section 3
 */
export function parseFilterTemplate(text: string, known: readonly string[]): LdapTemplate | TemplateFault {
  return ldapTemplate(text, known, filterFault, escapeFilterValue)
}

/**
 * Encodes a search filter as it is sent. Answers `undefined` for a text that is none, and for one that is nested more than
 * 32 deep. Never throws.
 *
 * @see RFC 4511, section 4.5.1; RFC 4515, section 3
 */
export function encodeFilter(text: string): Uint8Array | undefined {
  if (!isWellFormed(text)) return undefined
  const cursor = { text, position: 0 }
  const filter = encodeAt(cursor, 0)
  return cursor.position === text.length ? filter : undefined
}

function filterFault(text: string): string | undefined {
  if (encodeFilter(text) === undefined) return 'is not a search filter with names in its values alone'
  const inside = text.split(/[()]/).some((item) => {
    const value = item.slice(item.indexOf('=') + 1)
    return value.includes('=') && value.includes(PLACE)
  })
  return inside ? 'has a name inside a distinguished name; write all of that as one value' : undefined
}

function encodeAt(cursor: Cursor, depth: number): Uint8Array | undefined {
  if (depth > MAX_DEPTH || cursor.text.charAt(cursor.position) !== '(') return undefined
  cursor.position++
  const filter = encodeComponent(cursor, depth)
  if (filter === undefined || cursor.text.charAt(cursor.position) !== ')') return undefined
  cursor.position++
  return filter
}

function encodeComponent(cursor: Cursor, depth: number): Uint8Array | undefined {
  const operator = cursor.text.charAt(cursor.position)
  if (operator !== '&' && operator !== '|' && operator !== '!') return encodeItem(cursor)
  cursor.position++
  const parts: Uint8Array[] = []
  do {
    const part = encodeAt(cursor, depth + 1)
    if (part === undefined) return undefined
    parts.push(part)
  } while (operator !== '!' && cursor.text.charAt(cursor.position) === '(')
  return element(operator === '&' ? AND : operator === '|' ? OR : NOT, parts)
}

function encodeItem(cursor: Cursor): Uint8Array | undefined {
  const close = cursor.text.indexOf(')', cursor.position)
  if (close === -1) return undefined
  const item = cursor.text.slice(cursor.position, close)
  cursor.position = close
  const [simple, attribute, operator] = SIMPLE.exec(item) ?? []
  if (simple === undefined || attribute === undefined) return encodeExtensible(item)
  const text = item.slice(simple.length)
  if (operator === '=' && text === '*') return element(PRESENT, encodeUtf8(attribute))
  if (operator === '=' && text.includes('*')) return encodeSubstrings(attribute, text.split('*'))
  const value = decodeValue(text)
  if (value === undefined) return undefined
  const tag = comparisons.get(operator ?? '') ?? EQUAL
  return element(tag, [element(OCTET_STRING, encodeUtf8(attribute)), element(OCTET_STRING, value)])
}

function encodeSubstrings(attribute: string, texts: readonly string[]): Uint8Array | undefined {
  const parts: Uint8Array[] = []
  const last = texts.length - 1
  for (const [index, text] of texts.entries()) {
    const isEdge = index === 0 || index === last
    if (text === '' && isEdge) continue
    const value = text === '' ? undefined : decodeValue(text)
    if (value === undefined) return undefined
    parts.push(element(index === 0 ? 0x80 : index === last ? 0x82 : 0x81, value))
  }
  if (parts.length === 0) return undefined
  return element(SUBSTRINGS, [element(OCTET_STRING, encodeUtf8(attribute)), element(SEQUENCE, parts)])
}

function encodeExtensible(item: string): Uint8Array | undefined {
  const [head, attribute, dn, rule] = EXTENDED.exec(item) ?? []
  if (head === undefined || (attribute === undefined && rule === undefined)) return undefined
  const value = decodeValue(item.slice(head.length))
  if (value === undefined) return undefined
  const parts = [element(0x83, value)]
  if (attribute !== undefined) parts.unshift(element(0x82, encodeUtf8(attribute)))
  if (rule !== undefined) parts.unshift(element(0x81, encodeUtf8(rule)))
  if (dn !== undefined) parts.push(element(0x84, Uint8Array.of(0xff)))
  return element(EXTENSIBLE, parts)
}

/** The octets of an assertion value, which need not be text. */
function decodeValue(text: string): Uint8Array | undefined {
  if (/[\0()*]/.test(text)) return undefined
  const octets = encodeUtf8(text)
  if (!text.includes('\\')) return octets
  let length = 0
  for (let index = 0; index < octets.length; index++) {
    let octet = octets[index] ?? 0
    if (octet === BACKSLASH) {
      const [high, low] = [hexDigit(octets[index + 1]), hexDigit(octets[index + 2])]
      if (high === undefined || low === undefined) return undefined
      octet = high * 16 + low
      index += 2
    }
    octets[length++] = octet
  }
  return octets.subarray(0, length)
}

function element(tag: number, content: Uint8Array | readonly Uint8Array[]): Uint8Array {
  const contents = content instanceof Uint8Array ? [content] : content
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  const header = length < 128 ? [tag, length] : [tag, 0x80 + octets.length, ...octets]
  return concatenate([Uint8Array.from(header), ...contents])
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    all.set(part, position)
    position += part.length
  }
  return all
}
