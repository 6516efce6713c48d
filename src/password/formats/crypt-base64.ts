const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Writes octets as crypt(3) does: in the order given, three at a time, the last one in the lowest bits, which come first. */
export function encodeCrypt(bytes: Uint8Array, order: readonly number[]): string {
  let text = ''
  const rest = order.length % 3
  for (let at = 0; at < order.length - rest; at += 3) text += digits(word(bytes, order.slice(at, at + 3)), 4)
  if (rest > 0) text += digits(word(bytes, order.slice(-rest)), rest + 1)
  return text
}

function word(bytes: Uint8Array, indices: readonly number[]): number {
  return indices.reduce((value, index) => (value << 8) | (bytes[index] ?? 0), 0)
}

function digits(value: number, count: number): string {
  let text = ''
  for (let index = 0; index < count; index++) text += ALPHABET.charAt((value >> (6 * index)) & 0x3f)
  return text
}
