// Readers of names and filters that share nothing with src/wire: whatever was written is read back by these.

/** One `type=value` of a name: the type in lower case, the value as octets in hexadecimal. */
export type ReadAttribute = readonly [type: string, hex: string]

/** A filter as a tree; every value is in hexadecimal. */
export type ReadFilter =
  | { readonly all: readonly ReadFilter[] }
  | { readonly any: readonly ReadFilter[] }
  | { readonly not: ReadFilter }
  | { readonly present: string }
  | { readonly attribute: string; readonly operator: string; readonly value: string }
  | { readonly attribute: string; readonly parts: readonly string[] }
  | { readonly attribute: string; readonly rule: string; readonly dn: boolean; readonly value: string }

export function hex(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex')
}

/** Reads a name octet by octet: each octet of UTF-8 is plain, or the result of an escape. */
export function readDn(text: string): readonly (readonly ReadAttribute[])[] {
  const octets = Buffer.from(text, 'utf8')
  const rdns: ReadAttribute[][] = [[]]
  let type: string | undefined
  let pending = ''
  const finish = () => {
    if (type === undefined || type === '') throw new Error('no type')
    rdns.at(-1)?.push([type.toLowerCase(), pending])
    type = undefined
    pending = ''
  }
  for (let at = 0; at < octets.length; at++) {
    const character = String.fromCharCode(octets[at] ?? 0)
    if (type === undefined) {
      if (character !== '=') {
        if (!/[A-Za-z0-9.-]/.test(character)) throw new Error('bad type')
        pending += character
      } else {
        type = pending
        pending = ''
      }
    } else if (character === '\\') {
      const pair = octets.toString('latin1', at + 1, at + 3)
      if (/^[0-9a-f]{2}$/i.test(pair)) {
        pending += pair.toLowerCase()
        at += 2
      } else {
        pending += octets.toString('hex', at + 1, at + 2)
        at += 1
      }
    } else if (character === ',') {
      finish()
      rdns.push([])
    } else if (character === '+') {
      finish()
    } else if ('";<>\0'.includes(character) || (pending === '' && ' #'.includes(character))) {
      throw new Error('must be escaped')
    } else {
      if (character === ' ' && (at + 1 === octets.length || ',+'.includes(String.fromCharCode(octets[at + 1] ?? 0)))) {
        throw new Error('trailing space')
      }
      pending += octets.toString('hex', at, at + 1)
    }
  }
  finish()
  return rdns
}

/** Reads a filter as it is sent: the tag-length-value octets of RFC 4511, section 4.5.1. */
export function readFilter(octets: Uint8Array): ReadFilter {
  const { tag, content, rest } = takeElement(octets)
  if (rest.length > 0) throw new Error('octets after the filter')
  const parts = tag === 0x87 ? [] : elements(content)
  const text = (index: number) => Buffer.from(parts[index]?.content ?? []).toString('latin1')
  const value = (index: number) => Buffer.from(parts[index]?.content ?? []).toString('hex')
  switch (tag) {
    case 0xa0:
      return { all: parts.map((part) => readFilter(part.whole)) }
    case 0xa1:
      return { any: parts.map((part) => readFilter(part.whole)) }
    case 0xa2:
      if (parts[0] === undefined || parts.length !== 1) throw new Error('not one filter')
      return { not: readFilter(parts[0].whole) }
    case 0x87:
      return { present: Buffer.from(content).toString('latin1') }
    case 0xa4: {
      const substrings = elements(parts[1]?.content ?? new Uint8Array())
      const names = ['initial', 'any', 'final']
      return {
        attribute: text(0),
        parts: substrings.map((part) => `${names[part.tag - 0x80]}:${Buffer.from(part.content).toString('hex')}`),
      }
    }
    case 0xa9: {
      const at = (wanted: number) => parts.find((part) => part.tag === wanted)?.content ?? new Uint8Array()
      const latin1 = (wanted: number) => Buffer.from(at(wanted)).toString('latin1')
      return {
        attribute: latin1(0x82),
        rule: latin1(0x81),
        dn: at(0x84)[0] === 0xff,
        value: Buffer.from(at(0x83)).toString('hex'),
      }
    }
    case 0xa3:
    case 0xa5:
    case 0xa6:
    case 0xa8:
      if (parts.length !== 2) throw new Error('not an assertion')
      return { attribute: text(0), operator: ['=', '', '>=', '<=', '', '~='][tag - 0xa3] ?? '', value: value(1) }
    default:
      throw new Error(`unknown tag ${tag}`)
  }
}

interface Element {
  readonly tag: number
  readonly content: Uint8Array
  readonly whole: Uint8Array
  readonly rest: Uint8Array
}

function takeElement(octets: Uint8Array): Element {
  const [tag, first] = octets
  if (tag === undefined || first === undefined) throw new Error('too short')
  const more = first < 0x80 ? 0 : first - 0x80
  const length = more === 0 ? first : Buffer.from(octets.subarray(2, 2 + more)).readUIntBE(0, more)
  const start = 2 + more
  if (octets.length < start + length) throw new Error('too short')
  return {
    tag,
    content: octets.subarray(start, start + length),
    whole: octets.subarray(0, start + length),
    rest: octets.subarray(start + length),
  }
}

function elements(octets: Uint8Array): readonly Element[] {
  const found: Element[] = []
  for (let rest = octets; rest.length > 0; rest = found.at(-1)?.rest ?? new Uint8Array()) found.push(takeElement(rest))
  return found
}
