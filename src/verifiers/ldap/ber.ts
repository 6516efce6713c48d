/** One value of BER. */
export interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/**
 * Takes BER apart at its top level, or answers `undefined` for octets that are none or are not all there. Tags have one
 * octet, lengths up to five, which Active Directory always sends.
 *
 * @see ITU-T X.690, section 8.1
 */
export function elements(octets: Uint8Array): readonly Element[] | undefined {
  const found: Element[] = []
  for (let position = 0; position < octets.length; ) {
    const tag = octets[position] ?? 0
    const first = octets[position + 1]
    if (first === undefined || first === 0x80 || first > 0x84) return undefined
    const start = position + 2 + (first > 0x80 ? first - 0x80 : 0)
    let length = first > 0x80 ? 0 : first
    for (let index = position + 2; index < start; index++) length = length * 256 + (octets[index] ?? Number.NaN)
    if (!(start + length <= octets.length)) return undefined
    found.push({ tag, content: octets.subarray(start, start + length) })
    position = start + length
  }
  return found
}
