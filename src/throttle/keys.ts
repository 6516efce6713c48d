import { hmacSha256 } from '#crypto'
import { chain } from '../core/awaitable.ts'
import type { Awaitable } from '../core/provider.ts'
import { encodeBase64Url } from '../wire/base64.ts'
import { encodeUtf8 } from '../wire/text.ts'

const MIN_KEY_BYTES = 32
/** Enough that no two names ever meet; 24 characters. */
const HASH_BYTES = 18

/** Hashes what is counted, so that whoever reads the limiter learns neither names nor addresses. */
export class Keys {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** The key under which a thing of this kind is counted. */
  of(kind: string, text: string): Awaitable<string> {
    return chain(hmacSha256(this.#key, `${kind}\0${text}`), (hash) => encodeBase64Url(hash.subarray(0, HASH_BYTES)))
  }
}

/**
 * Reads a key that was given as octets or as a text, which counts as its UTF-8.
 *
 * @throws TypeError when it has fewer than 32 bytes.
 */
export function secretOf(name: string, key: unknown): Uint8Array {
  const bytes = typeof key === 'string' ? encodeUtf8(key) : key instanceof Uint8Array ? Uint8Array.from(key) : undefined
  if (bytes !== undefined && bytes.length >= MIN_KEY_BYTES) return bytes
  throw new TypeError(`throttle(): "${name}" must be a key of at least ${MIN_KEY_BYTES} bytes`)
}

/** How an account's name is counted: whatever most services take for the same name is the same here. */
export function canonicalName(account: string): string {
  return account.normalize('NFC').toLowerCase().normalize('NFC')
}
