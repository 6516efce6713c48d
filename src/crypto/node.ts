import * as crypto from 'node:crypto'

// Bun and Deno run this file too, and not every version of theirs has the one-call function.
const oneCall: typeof crypto.hash | undefined = 'hash' in crypto ? crypto.hash : undefined

/**
 * Hashes octets, or a text as UTF-8, with SHA-256. Synchronous here, a promise on Web Crypto.
 *
 * @see FIPS 180-4, section 6.2
 */
export function sha256(data: Uint8Array | string): Uint8Array | Promise<Uint8Array> {
  return oneCall === undefined ? crypto.createHash('sha256').update(data).digest() : oneCall('sha256', data, 'buffer')
}

/**
 * Authenticates octets, or a text as UTF-8, with HMAC-SHA-256. Synchronous here, a promise on Web Crypto.
 *
 * @see RFC 2104
 */
export function hmacSha256(key: Uint8Array, data: Uint8Array | string): Uint8Array | Promise<Uint8Array> {
  return crypto.createHmac('sha256', key).update(data).digest()
}

/** Compares octets in a time that says nothing about where they differ. Other lengths are `false`, at once. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && crypto.timingSafeEqual(a, b)
}

/**
 * Gives octets from the system's random source.
 *
 * @throws RangeError when `count` is not a whole number from 0 to 2³¹ − 1.
 */
export function randomBytes(count: number): Uint8Array {
  if (!Number.isInteger(count)) throw new RangeError('randomBytes(): "count" must be a whole number')
  return crypto.randomBytes(count)
}
