import { hmacSha256, timingSafeEqual } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import { decodeBase64Url, encodeBase64Url } from '../../wire/base64.ts'
import { encodeUtf8 } from '../../wire/text.ts'

/** A nonce of ours whose time is not over. */
export interface LiveNonce {
  /** Stands for the nonce in a `NonceStore`. */
  readonly key: string
  /** Seconds since 1970. */
  readonly expiresAt: number
  /** Whether it has lived for more than half of its time, so that the client should have another. */
  readonly aged: boolean
}

export interface NonceOptions {
  /** The current one first. None: one is made at random when it is first needed. */
  readonly keys: readonly Uint8Array[]
  readonly realm: string
  readonly lifetimeSeconds: number
  /** Whether a nonce is good for one client address only. */
  readonly perAddress: boolean
}

interface RingKey {
  /** 32 bits. */
  readonly id: number
  readonly key: Uint8Array
}

/** The current key, then those whose nonces are still good. */
type Ring = readonly [RingKey, ...RingKey[]]

// version, key id, milliseconds since 1970, random octets, and the authentication code over all that.
const VERSION = 1
const ID_AT = 1
const TIME_AT = 5
const RANDOM_AT = 11
const CODE_AT = 23
const LENGTH = 39
const RANDOM_BYTES = CODE_AT - RANDOM_AT
const KEY_BYTES = 32
const POOLED_NONCES = 64
/** How far the clocks of processes that share a key may be apart. */
const SKEW_MILLISECONDS = 30_000

/**
 * Makes nonces and knows them again, without remembering any: who asks for a million of them costs no memory.
 *
 * @see RFC 7616, section 3.3
 */
export class Nonces {
  readonly #options: NonceOptions
  readonly #realm: Uint8Array
  readonly #lifetime: number
  #ring: Awaitable<Ring> | undefined
  #pool: Uint8Array = new Uint8Array()
  #pooled = 0

  constructor(options: NonceOptions) {
    this.#options = options
    this.#realm = encodeUtf8(`${options.realm}\0`)
    this.#lifetime = Math.floor(options.lifetimeSeconds * 1000)
  }

  /** Makes a nonce for whoever sent this request. */
  create(context: AuthenticationContext): Awaitable<string> {
    return chain(this.#keys(context), ([current]) => {
      const nonce = new Uint8Array(LENGTH)
      nonce[0] = VERSION
      write(nonce, ID_AT, TIME_AT, current.id)
      write(nonce, TIME_AT, RANDOM_AT, Math.floor(context.now() * 1000))
      nonce.set(this.#random(context), RANDOM_AT)
      return chain(this.#code(nonce, current, context), (code) => {
        nonce.set(code, CODE_AT)
        return encodeBase64Url(nonce)
      })
    })
  }

  /** Judges a nonce that came back: `undefined` when it is not ours or its time is over. */
  read(text: string, context: AuthenticationContext): Awaitable<LiveNonce | undefined> {
    const nonce = decodeBase64Url(text)
    if (nonce === undefined || nonce.length !== LENGTH || nonce[0] !== VERSION) return undefined
    return chain(this.#keys(context), (ring) => {
      const id = read(nonce, ID_AT, TIME_AT)
      const key = ring.find((one) => one.id === id)
      if (key === undefined) return undefined
      return chain(this.#code(nonce, key, context), (code) =>
        timingSafeEqual(code, nonce.subarray(CODE_AT)) ? this.#judge(nonce, context) : undefined,
      )
    })
  }

  #judge(nonce: Uint8Array, context: AuthenticationContext): LiveNonce | undefined {
    const issued = read(nonce, TIME_AT, RANDOM_AT)
    const age = Math.floor(context.now() * 1000) - issued
    // Written so that no comparison with NaN, of a broken clock, lets it live.
    if (!(age >= -SKEW_MILLISECONDS && age < this.#lifetime)) return undefined
    return {
      key: encodeBase64Url(nonce.subarray(TIME_AT, CODE_AT)),
      expiresAt: (issued + this.#lifetime) / 1000,
      aged: age > this.#lifetime / 2,
    }
  }

  #code(nonce: Uint8Array, { key }: RingKey, context: AuthenticationContext): Awaitable<Uint8Array> {
    const address = this.#options.perAddress ? encodeUtf8(context.request.peer.address ?? '') : undefined
    const signed = new Uint8Array(CODE_AT + this.#realm.length + (address?.length ?? 0))
    signed.set(nonce.subarray(0, CODE_AT))
    signed.set(this.#realm, CODE_AT)
    if (address !== undefined) signed.set(address, CODE_AT + this.#realm.length)
    return chain(hmacSha256(key, signed), (code) => code.subarray(0, LENGTH - CODE_AT))
  }

  /** Made when they are first needed: some runtimes have no randomness while a program is loaded. */
  #keys(context: AuthenticationContext): Awaitable<Ring> {
    if (this.#ring !== undefined) return this.#ring
    const [current = context.random(KEY_BYTES), ...older] = this.#options.keys
    const ring = ringOf(current, older)
    this.#ring = ring
    return chain(ring, (settled) => {
      this.#ring = settled
      return settled
    })
  }

  /** A few octets of many: asking the system each time costs more than everything else. */
  #random(context: AuthenticationContext): Uint8Array {
    if (this.#pooled + RANDOM_BYTES > this.#pool.length) {
      this.#pool = context.random(RANDOM_BYTES * POOLED_NONCES)
      this.#pooled = 0
    }
    this.#pooled += RANDOM_BYTES
    return this.#pool.subarray(this.#pooled - RANDOM_BYTES, this.#pooled)
  }
}

function ringOf(current: Uint8Array, older: readonly Uint8Array[]): Awaitable<Ring> {
  const first = chain(ringKey(current), (one): Ring => [one])
  return older.reduce<Awaitable<Ring>>(
    (ring, key) => chain(ring, (known) => chain(ringKey(key), (one): Ring => [...known, one])),
    first,
  )
}

/** The id says nothing about the key, and is no authentication code of any nonce: those begin with their version. */
function ringKey(key: Uint8Array): Awaitable<RingKey> {
  return chain(hmacSha256(key, 'becauth digest nonce key'), (code) => ({ id: read(code, 0, TIME_AT - ID_AT), key }))
}

/** Writes a whole number into the octets before `to`, the highest first. Numbers of six octets are beyond bit operations. */
function write(bytes: Uint8Array, from: number, to: number, value: number): void {
  let rest = value
  for (let index = to - 1; index >= from; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

function read(bytes: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let index = from; index < to; index++) value = value * 256 + (bytes[index] ?? 0)
  return value
}
