import { hmacSha256 } from '#crypto'
import { encodeBase64 } from '../wire/base64.ts'
import { encodeUtf8 } from '../wire/text.ts'
import { pepperUnknown } from './errors.ts'

/** Secrets that go into every hash and that the database does not hold: a stolen table alone cannot be guessed at. */
export interface PepperOptions {
  /** The id of the key for new hashes. A hash under another key of `keys` is right and `needsRehash`. */
  readonly current: string
  /**
   * The keys by id. An id is 1 to 8 letters, digits, `.`, `_` or `-`, and stands in the hash as `keyid`. A key has at
   * least 32 bytes; a text counts as its UTF-8, so `openssl rand -base64 32` can be used as it is. Keep a key for as
   * long as a hash names it: without it nobody can tell whether the password is right (`pepper-unknown`, 503).
   */
  readonly keys: Readonly<Record<string, Uint8Array | string>>
}

const MIN_KEY_BYTES = 32
const keyIdGrammar = /^[A-Za-z0-9._-]{1,8}$/

/** The keys, checked and copied. */
export class Pepper {
  readonly current: string
  readonly #keys: ReadonlyMap<string, Uint8Array>

  /** @throws TypeError when an id or a key cannot be used. */
  constructor({ current, keys }: PepperOptions) {
    if (typeof keys !== 'object' || keys === null) {
      throw new TypeError('passwords(): "pepper.keys" must be an object of keys by id')
    }
    this.#keys = new Map(Object.entries(keys).map(([id, key]) => [id, keyOf(id, key)]))
    if (!this.#keys.has(current)) throw new TypeError('passwords(): "pepper.current" must be an id of "pepper.keys"')
    this.current = current
  }

  /**
   * What is hashed instead of the password. Base64, so that no hash stops at a zero byte.
   *
   * Rejects with code `pepper-unknown` when there is no such key.
   */
  async apply(keyId: string, password: Uint8Array): Promise<Uint8Array> {
    const key = this.#keys.get(keyId)
    if (key === undefined) throw pepperUnknown()
    return encodeUtf8(encodeBase64(await hmacSha256(key, password)))
  }
}

function keyOf(id: string, key: unknown): Uint8Array {
  if (!keyIdGrammar.test(id)) {
    throw new TypeError('passwords(): an id in "pepper.keys" must be 1 to 8 letters, digits, ".", "_" or "-"')
  }
  const bytes = typeof key === 'string' ? encodeUtf8(key) : key instanceof Uint8Array ? Uint8Array.from(key) : undefined
  if (bytes === undefined || bytes.length < MIN_KEY_BYTES) {
    throw new TypeError('passwords(): a key in "pepper.keys" must be a string or Uint8Array of at least 32 bytes')
  }
  return bytes
}
