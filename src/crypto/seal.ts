import { base64UrlOctets, randomBytes } from '#crypto'
import { encodeBase64Url } from '../wire/base64.ts'
import { type AesGcm, TAG_BYTES } from './aes-gcm.ts'
import { chain } from './chain.ts'
import { FORMAT, type RingKey, ringOf, type SealingKey } from './key-ring.ts'

/** What was sealed, and whether under a key that is no longer the first, so that it is time to seal it again. */
export interface Opened {
  readonly bytes: Uint8Array
  readonly stale: boolean
}

/** Why a text did not open, by the names that failed causes have for it. */
type NotOpened = 'malformed-credential' | 'unknown-key' | 'bad-signature'

/**
 * Seals octets into a text that only the holders of the keys can read or make, and that is good for one kind of thing
 * under one name: a session sealed for one cookie is refused in every other. Synchronous on Node, a promise on Web Crypto.
 */
export interface Sealer {
  /** Gives `e1.<key id>.<salt>.<IV, ciphertext, tag>`: characters of base64url and dots. */
  seal(kind: string, name: string, bytes: Uint8Array): string | Promise<string>
  /** Gives what was sealed for this kind and name; `undefined` for any other text. Throws at no text. */
  open(kind: string, name: string, text: string): Opened | undefined | Promise<Opened | undefined>
  /** Tells why a text did not open. */
  reasonOf(text: string): NotOpened
}

interface SealerSettings {
  /** Who is named in errors. Default: `createSealer()`. */
  readonly owner?: string | undefined
  /** After how many seals another salt is taken. Default: 2³⁰, a quarter of what random IVs bear. */
  readonly sealsPerSalt?: number | undefined
}

const PREFIX = `${FORMAT}.`
const SALT_BYTES = 16
const SALT_DIGITS = 22
const IV_BYTES = 12
const DOT = 0x2e

/**
 * Makes a sealer over a key ring: the first key seals, all of them open.
 *
 * Each process takes a salt of its own when it first seals, and seals under the subkey of that salt. So however many
 * processes seal for however long, none comes near the number of random IVs under one key at which two could meet.
 *
 * @throws TypeError when the ring is empty, an id ill-formed or there twice, or a key shorter than 32 bytes.
 * @see NIST SP 800-38D, section 8.3; RFC 5869
 */
export function createSealer(keys: readonly SealingKey[], settings: SealerSettings = {}): Sealer {
  const { owner = 'createSealer()', sealsPerSalt = 2 ** 30 } = settings
  return new RingSealer(ringOf(keys, owner), sealsPerSalt)
}

/** The salt in use, as it is written, and its subkey. */
interface Current {
  readonly salt: string
  readonly subkey: AesGcm
  left: number
}

interface Parsed {
  readonly key: RingKey
  /** As it is written, which is not looked at yet. */
  readonly salt: string
  readonly payload: Uint8Array
}

class RingSealer implements Sealer {
  readonly #ring: ReadonlyMap<string, RingKey>
  readonly #first: RingKey
  readonly #sealsPerSalt: number
  #current: Current | undefined

  constructor(ring: readonly [RingKey, ...RingKey[]], sealsPerSalt: number) {
    this.#ring = new Map(ring.map((key) => [key.id, key]))
    this.#first = ring[0]
    this.#sealsPerSalt = sealsPerSalt
  }

  seal(kind: string, name: string, bytes: Uint8Array): string | Promise<string> {
    return chain(this.#usable(), (current) => {
      current.left -= 1
      // Fresh from the system each time: a pool of random octets would repeat itself in copies of a virtual machine.
      const iv = randomBytes(IV_BYTES)
      const sealed = current.subkey.encrypt(iv, bytes, this.#first.additional(kind, name))
      return chain(sealed, (ciphertext) => {
        const payload = new Uint8Array(IV_BYTES + ciphertext.length)
        payload.set(iv)
        payload.set(ciphertext, IV_BYTES)
        return `${PREFIX}${this.#first.id}.${current.salt}.${encodeBase64Url(payload)}`
      })
    })
  }

  open(kind: string, name: string, text: string): Opened | undefined | Promise<Opened | undefined> {
    const parsed = this.#parse(text)
    if (typeof parsed === 'string') return undefined
    const { key, salt, payload } = parsed
    const kept = key.kept(salt)
    if (kept !== undefined) {
      return chain(decrypt(kept, payload, key.additional(kind, name)), (bytes) => this.#opened(key, bytes))
    }
    const octets = base64UrlOctets(salt)
    if (octets === undefined) return undefined
    return chain(key.derive(octets), (subkey) =>
      chain(decrypt(subkey, payload, key.additional(kind, name)), (bytes) => {
        if (bytes !== undefined) key.keep(salt, subkey)
        return this.#opened(key, bytes)
      }),
    )
  }

  #opened(key: RingKey, bytes: Uint8Array | undefined): Opened | undefined {
    return bytes && { bytes, stale: key !== this.#first }
  }

  reasonOf(text: string): NotOpened {
    const parsed = this.#parse(text)
    if (typeof parsed === 'string') return parsed
    return base64UrlOctets(parsed.salt) === undefined ? 'malformed-credential' : 'bad-signature'
  }

  #parse(text: string): Parsed | NotOpened {
    const idEnd = text.indexOf('.', PREFIX.length)
    const saltEnd = idEnd + 1 + SALT_DIGITS
    if (!text.startsWith(PREFIX) || idEnd === -1 || text.charCodeAt(saltEnd) !== DOT) return 'malformed-credential'
    const payload = base64UrlOctets(text.slice(saltEnd + 1))
    if (payload === undefined || payload.length < IV_BYTES + TAG_BYTES) return 'malformed-credential'
    const key = this.#ring.get(text.slice(PREFIX.length, idEnd))
    return key === undefined ? 'unknown-key' : { key, salt: text.slice(idEnd + 1, saltEnd), payload }
  }

  /** The subkey to seal under. Whoever asks while it is being derived takes a salt too: nothing can be stuck on a promise. */
  #usable(): Current | Promise<Current> {
    if (this.#current !== undefined && this.#current.left > 0) return this.#current
    const salt = randomBytes(SALT_BYTES)
    const digits = encodeBase64Url(salt)
    return chain(this.#first.derive(salt), (subkey) => {
      this.#first.keep(digits, subkey)
      this.#current = { salt: digits, subkey, left: this.#sealsPerSalt }
      return this.#current
    })
  }
}

function decrypt(subkey: AesGcm, payload: Uint8Array, additional: Uint8Array): ReturnType<AesGcm['decrypt']> {
  return subkey.decrypt(payload.subarray(0, IV_BYTES), payload.subarray(IV_BYTES), additional)
}
