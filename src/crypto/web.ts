import { decodeBase64Url } from '../wire/base64.ts'
import { encodeUtf8 } from '../wire/text.ts'
import { type AesGcm, TAG_BYTES } from './aes-gcm.ts'
import type { DigestHash } from './digest-hash.ts'

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

/**
 * Hashes octets, or a text as UTF-8, by a function of HTTP Digest, into lower-case hexadecimal digits, which is what Digest
 * goes on with. A promise here, synchronous on Node. Rejects where `hasDigestHash` is false.
 *
 * @see RFC 7616, section 3.3
 */
export async function digestHash(hash: DigestHash, data: Uint8Array | string): Promise<string> {
  if (!hasDigestHash(hash)) throw new TypeError(`digestHash(): Web Crypto has no ${hash}`)
  let digits = ''
  for (const byte of await sha256(data)) digits += byte.toString(16).padStart(2, '0')
  return digits
}

/** Tells whether `digestHash` can do it here: Web Crypto has neither MD5 nor SHA-512/256. */
export function hasDigestHash(hash: DigestHash): boolean {
  return hash === 'SHA-256'
}

/**
 * Decodes base64url strictly.
 *
 * @see RFC 4648, section 5
 */
export function base64UrlOctets(text: string): Uint8Array | undefined {
  return decodeBase64Url(text)
}

/**
 * Derives a key of 32 octets by HKDF-SHA-256. A promise here, synchronous on Node.
 *
 * @see RFC 5869
 */
export async function hkdfSha256(key: Uint8Array, salt: Uint8Array, info: Uint8Array | string): Promise<Uint8Array> {
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: octets(salt), info: octets(info) }
  const imported = await crypto.subtle.importKey('raw', octets(key), 'HKDF', false, ['deriveBits'])
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, imported, 256))
}

/**
 * Makes a key of 32 octets ready for AES-256-GCM. A promise here, synchronous on Node.
 *
 * @see NIST SP 800-38D
 */
export async function aesGcm(key: Uint8Array): Promise<AesGcm> {
  return new WebAesGcm(await crypto.subtle.importKey('raw', octets(key), 'AES-GCM', false, ['encrypt', 'decrypt']))
}

class WebAesGcm implements AesGcm {
  readonly #key: CryptoKey

  constructor(key: CryptoKey) {
    this.#key = key
  }

  async encrypt(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.encrypt(gcm(iv, additional), this.#key, octets(plaintext)))
  }

  async decrypt(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Promise<Uint8Array | undefined> {
    if (sealed.length < TAG_BYTES) return undefined
    try {
      return new Uint8Array(await crypto.subtle.decrypt(gcm(iv, additional), this.#key, octets(sealed)))
    } catch (error) {
      // That is what Web Crypto says of a tag that is not right.
      if (error instanceof DOMException && error.name === 'OperationError') return undefined
      throw error
    }
  }
}

function gcm(iv: Uint8Array, additional: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: octets(iv), additionalData: octets(additional), tagLength: TAG_BYTES * 8 }
}

/** A copy, since Web Crypto reads later and takes no shared memory. */
function octets(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof data === 'string' ? encodeUtf8(data) : new Uint8Array(data)
}
