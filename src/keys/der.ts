/** One element of DER: its tag, what is in it, and the element whole. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
  readonly whole: Uint8Array
}

const LONG_FORM = 0x80
const MAXIMUM_LENGTH_OCTETS = 3

/**
 * Reads the elements that stand one after the other in some octets, or answers `undefined` for octets that are not such.
 *
 * @see ITU-T X.690, sections 8.1 and 10.1
 */
export function readDer(octets: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = []
  let at = 0
  while (at < octets.length) {
    const element = elementAt(octets, at)
    if (element === undefined) return undefined
    elements.push(element)
    at += element.whole.length
  }
  return elements
}

/** Reads octets that are one element of this tag, and answers the elements in it. */
export function readInside(octets: Uint8Array | undefined, tag: number): readonly DerElement[] | undefined {
  const elements = octets === undefined ? undefined : readDer(octets)
  const [only] = elements ?? []
  return only?.tag === tag && elements?.length === 1 ? readDer(only.content) : undefined
}

/** Writes octets as hexadecimal digits: how object identifiers are compared here. */
export function hexOf(octets: Uint8Array): string {
  let digits = ''
  for (const octet of octets) digits += octet.toString(16).padStart(2, '0')
  return digits
}

function elementAt(octets: Uint8Array, start: number): DerElement | undefined {
  const tag = octets[start]
  const first = octets[start + 1]
  if (tag === undefined || first === undefined) return undefined
  let from = start + 2
  let length = first
  if (first >= LONG_FORM) {
    const count = first - LONG_FORM
    if (count === 0 || count > MAXIMUM_LENGTH_OCTETS) return undefined
    length = 0
    for (; from < start + 2 + count; from++) length = length * 256 + (octets[from] ?? Number.NaN)
  }
  const end = from + length
  // Also false for what ends within its length.
  if (!(end <= octets.length)) return undefined
  return { tag, content: octets.subarray(from, end), whole: octets.subarray(start, end) }
}
