import { hmacSha256, timingSafeEqual } from '#crypto'
import { all, chain } from '../../core/awaitable.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import { decodeBase64Url, encodeBase64Url } from '../../wire/base64.ts'

/** A nonce of ours whose time is not over. */
export interface LiveNonce {
  /** Seconds since 1970. */
  readonly expiresAt: number
  /** Whether it has lived for more than half of its time, so that the client should have another. */
  readonly aged: boolean
}

/** A key with what names it in nonces. */
interface RingKey {
  readonly id: Uint8Array
  readonly key: Uint8Array
}

// version, key id, seconds since 1970, and the authentication code over all that.
const VERSION = 1
const ID_AT = 1
const TIME_AT = 5
const CODE_AT = 10
const LENGTH = 26
const KEY_BYTES = 32
/** By how much the clocks of processes that share a key may be apart. */
const SKEW_SECONDS = 30

/**
 * Makes nonces and knows them again, without remembering any: a nonce is the time, authenticated by a key that all
 * processes share. Within one second all clients get the same one.
 *
 * @see RFC 9449, sections 8 and 9
 */
export class Nonces {
  readonly #given: readonly Uint8Array[]
  readonly #lifetimeSeconds: number
  #ring: Awaitable<readonly RingKey[]> | undefined
  #newest: { readonly second: number; readonly nonce: Awaitable<string> } | undefined

  constructor(keys: readonly Uint8Array[], lifetimeSeconds: number) {
    this.#given = keys
    this.#lifetimeSeconds = lifetimeSeconds
  }

  /** The nonce of this second. */
  create(context: AuthenticationContext): Awaitable<string> {
    const second = Math.floor(context.now())
    if (this.#newest?.second === second) return this.#newest.nonce
    const nonce = chain(this.#keys(context), ([current]) => (current === undefined ? '' : made(second, current)))
    this.#newest = { second, nonce }
    return nonce
  }

  /** Judges a nonce that came back: `undefined` when it is not ours or its time is over. */
  read(text: string, context: AuthenticationContext): Awaitable<LiveNonce | undefined> {
    const nonce = text.length < 2 * LENGTH ? decodeBase64Url(text) : undefined
    if (nonce === undefined || nonce.length !== LENGTH || nonce[0] !== VERSION) return undefined
    return chain(this.#keys(context), (ring) => {
      const own = ring.find(({ id }) => id.every((octet, index) => octet === nonce[ID_AT + index]))
      if (own === undefined) return undefined
      return chain(codeOf(nonce, own), (code) =>
        timingSafeEqual(code, nonce.subarray(CODE_AT)) ? this.#judge(nonce, context.now()) : undefined,
      )
    })
  }

  #judge(nonce: Uint8Array, now: number): LiveNonce | undefined {
    const issuedAt = nonce.subarray(TIME_AT, CODE_AT).reduce((time, octet) => time * 256 + octet, 0)
    const age = now - issuedAt
    // Written so that no comparison with NaN, of a broken clock, lets it live.
    if (!(age >= -SKEW_SECONDS && age < this.#lifetimeSeconds)) return undefined
    return { expiresAt: issuedAt + this.#lifetimeSeconds, aged: age > this.#lifetimeSeconds / 2 }
  }

  /** Made when they are first needed: some runtimes have no randomness while a program is loaded. */
  #keys(context: AuthenticationContext): Awaitable<readonly RingKey[]> {
    if (this.#ring !== undefined) return this.#ring
    const keys = this.#given.length === 0 ? [context.random(KEY_BYTES)] : this.#given
    const ring = all(keys.map(ringKey))
    this.#ring = ring
    return chain(ring, (settled) => {
      this.#ring = settled
      return settled
    })
  }
}

function made(second: number, key: RingKey): Awaitable<string> {
  const nonce = new Uint8Array(LENGTH)
  nonce[0] = VERSION
  nonce.set(key.id, ID_AT)
  let rest = second
  for (let index = CODE_AT - 1; index >= TIME_AT; index--) {
    nonce[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return chain(codeOf(nonce, key), (code) => {
    nonce.set(code, CODE_AT)
    return encodeBase64Url(nonce)
  })
}

function codeOf(nonce: Uint8Array, { key }: RingKey): Awaitable<Uint8Array> {
  return chain(hmacSha256(key, nonce.slice(0, CODE_AT)), (code) => code.subarray(0, LENGTH - CODE_AT))
}

/** The id says nothing about the key, and is no authentication code of any nonce: those begin with their version. */
function ringKey(key: Uint8Array): Awaitable<RingKey> {
  return chain(hmacSha256(key, 'becauth dpop nonce key'), (code) => ({ id: code.slice(0, TIME_AT - ID_AT), key }))
}
