import * as crypto from 'node:crypto'
import { type AesGcm, TAG_BYTES } from './aes-gcm.ts'
import type { DigestHash } from './digest-hash.ts'

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
  // A short text and a pooled buffer are cheaper than memory of its own for every digest.
  return Buffer.from(crypto.createHmac('sha256', key).update(data).digest('binary'), 'binary')
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

const digestHashes: Readonly<Record<DigestHash, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
}

/**
 * Hashes octets, or a text as UTF-8, by a function of HTTP Digest, into lower-case hexadecimal digits, which is what Digest
 * goes on with. Synchronous here, a promise on Web Crypto.
 *
 * @see RFC 7616, section 3.3
 */
export function digestHash(hash: DigestHash, data: Uint8Array | string): string | Promise<string> {
  const name = digestHashes[hash]
  return oneCall === undefined ? crypto.createHash(name).update(data).digest('hex') : oneCall(name, data, 'hex')
}

/** Tells whether `digestHash` can do it here: a Node in FIPS mode, say, has no MD5. */
export function hasDigestHash(hash: DigestHash): boolean {
  try {
    crypto.createHash(digestHashes[hash])
    return true
  } catch {
    return false
  }
}

/**
 * Decodes base64url as strictly as the grammar's `decodeBase64Url`, faster: Node's decoder takes anything, and only what
 * an encoder writes comes out as it went in.
 *
 * @see RFC 4648, section 5
 */
export function base64UrlOctets(text: string): Uint8Array | undefined {
  const octets = Buffer.from(text, 'base64url')
  return octets.toString('base64url') === text ? octets : undefined
}

/**
 * Derives a key of 32 octets by HKDF-SHA-256. Synchronous here, a promise on Web Crypto.
 *
 * @see RFC 5869
 */
export function hkdfSha256(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array | string,
): Uint8Array | Promise<Uint8Array> {
  return new Uint8Array(crypto.hkdfSync('sha256', key, salt, info, 32))
}

/**
 * Makes a key of 32 octets ready for AES-256-GCM. Synchronous here, a promise on Web Crypto.
 *
 * @see NIST SP 800-38D
 */
export function aesGcm(key: Uint8Array): AesGcm | Promise<AesGcm> {
  return new NodeAesGcm(key)
}

const tagLength = { authTagLength: TAG_BYTES }

class NodeAesGcm implements AesGcm {
  readonly #key: crypto.KeyObject

  constructor(key: Uint8Array) {
    this.#key = crypto.createSecretKey(key)
  }

  encrypt(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
    const cipher = crypto.createCipheriv('aes-256-gcm', this.#key, iv, tagLength)
    cipher.setAAD(additional)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  }

  decrypt(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - TAG_BYTES
    if (length < 0) return undefined
    const decipher = crypto.createDecipheriv('aes-256-gcm', this.#key, iv, tagLength)
    decipher.setAAD(additional)
    decipher.setAuthTag(sealed.subarray(length))
    const plaintext = decipher.update(sealed.subarray(0, length))
    try {
      // Nothing comes of it but the tag's verdict: until then the plaintext is the word of a stranger.
      decipher.final()
    } catch {
      return undefined
    }
    return plaintext
  }
}
