import { aesGcm, hkdfSha256 } from '#crypto'
import { encodeUtf8 } from '../wire/text.ts'
import type { AesGcm } from './aes-gcm.ts'
import { chain } from './chain.ts'

/** One key of a ring. To rotate, put a new one first; take the old one out when nothing sealed under it is needed. */
export interface SealingKey {
  /** What names the key in everything sealed under it: 1 to 16 letters, digits, `_` or `-`. Never give one id to two keys. */
  readonly id: string
  /** The secret: at least 32 random bytes, a text counting as its UTF-8. */
  readonly key: Uint8Array | string
}

/** What every sealed text begins with, before a dot. */
export const FORMAT = 'e1'

const idGrammar = /^[\w-]{1,16}$/
const MINIMUM_BYTES = 32
const INFO = `becauth ${FORMAT} AES-256-GCM`
/** How many subkeys are kept for each key: one for every process whose seals are about. */
const KEPT = 1024

/** What the tag of a seal vouches for beside the ciphertext, as octets. */
interface Bound {
  readonly kind: string
  readonly name: string
  readonly octets: Uint8Array
}

/** A key of the ring, used for nothing but deriving a subkey from each salt. */
export class RingKey {
  readonly id: string
  readonly #secret: Uint8Array
  readonly #kept: Map<string, AesGcm> = new Map()
  #bound: Bound | undefined

  constructor(id: string, secret: Uint8Array) {
    this.id = id
    this.#secret = secret
  }

  /** The subkey of a salt, where it was kept. */
  kept(salt: string): AesGcm | undefined {
    return this.#kept.get(salt)
  }

  derive(salt: Uint8Array): AesGcm | Promise<AesGcm> {
    return chain(hkdfSha256(this.#secret, salt, INFO), aesGcm)
  }

  /** What every seal is bound to. A sealer mostly has one kind and name, so that the last is remembered. */
  additional(kind: string, name: string): Uint8Array {
    if (this.#bound?.kind === kind && this.#bound.name === name) return this.#bound.octets
    // The length keeps apart where the kind ends and the name begins.
    const octets = encodeUtf8(`${FORMAT}.${this.id}.${kind.length}.${kind}${name}`)
    this.#bound = { kind, name, octets }
    return octets
  }

  /** Keeps a subkey that opened something, or is about to seal: made-up salts push nothing out. */
  keep(salt: string, subkey: AesGcm): void {
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < KEPT) break
      this.#kept.delete(oldest)
    }
    this.#kept.set(salt, subkey)
  }
}

/** @throws TypeError, in the name of `owner`, when the ring cannot be used. */
export function ringOf(keys: readonly SealingKey[], owner: string): readonly [RingKey, ...RingKey[]] {
  const [first, ...others] = Array.isArray(keys) ? keys.map((key) => ringKeyOf(key, owner)) : []
  if (first === undefined) throw new TypeError(`${owner}: "keys" must be a list of at least one { id, key }`)
  if (new Set([first, ...others].map(({ id }) => id)).size <= others.length) {
    throw new TypeError(`${owner}: every "id" in "keys" must be there once`)
  }
  return [first, ...others]
}

function ringKeyOf(candidate: SealingKey, owner: string): RingKey {
  const { id, key } = candidate ?? {}
  if (typeof id !== 'string' || !idGrammar.test(id)) {
    throw new TypeError(`${owner}: every "id" in "keys" must be 1 to 16 letters, digits, "_" or "-"`)
  }
  const secret =
    typeof key === 'string' ? encodeUtf8(key) : key instanceof Uint8Array ? Uint8Array.from(key) : undefined
  if (secret === undefined || secret.length < MINIMUM_BYTES) {
    throw new TypeError(`${owner}: every "key" in "keys" must have at least ${MINIMUM_BYTES} bytes`)
  }
  return new RingKey(id, secret)
}
