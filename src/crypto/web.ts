import { encodeUtf8 } from '../wire/text.ts'

// crypto.getRandomValues gives no more at once.
const QUOTA = 65_536

/**
 * Hashes octets, or a text as UTF-8, with SHA-256. A promise here, synchronous on Node.
 *
 * @see FIPS 180-4, section 6.2
 */
export async function sha256(data: Uint8Array | string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', octets(data)))
}

/**
 * Authenticates octets, or a text as UTF-8, with HMAC-SHA-256. A promise here, synchronous on Node.
 *
 * @see RFC 2104
 */
export async function hmacSha256(key: Uint8Array, data: Uint8Array | string): Promise<Uint8Array> {
  // Web Crypto imports no empty key; HMAC fills keys up with zeros, so that one zero is the same key.
  const raw = key.length === 0 ? new Uint8Array(1) : octets(key)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, octets(data)))
}

/** Compares octets in a time that says nothing about where they differ. Other lengths are `false`, at once. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}

/**
 * Gives octets from the system's random source.
 *
 * @throws RangeError when `count` is not a whole number from 0 to 2³¹ − 1.
 */
export function randomBytes(count: number): Uint8Array {
  if (!Number.isInteger(count) || count < 0 || count >= 2 ** 31) {
    throw new RangeError('randomBytes(): "count" must be a whole number from 0 to 2147483647')
  }
  const bytes = new Uint8Array(count)
  for (let from = 0; from < count; from += QUOTA) crypto.getRandomValues(bytes.subarray(from, from + QUOTA))
  return bytes
}

/** A copy, since Web Crypto reads later and takes no shared memory. */
function octets(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof data === 'string' ? encodeUtf8(data) : new Uint8Array(data)
}
