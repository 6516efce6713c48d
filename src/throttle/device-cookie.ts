import { hmacSha256, timingSafeEqual } from '#crypto'
import { chain } from '../core/awaitable.ts'
import type { DeviceCookie } from '../core/ports.ts'
import type { AuthenticationContext, Awaitable } from '../core/provider.ts'
import type { HeaderField } from '../core/request.ts'
import { decodeBase64Url, encodeBase64Url } from '../wire/base64.ts'
import { secretOf } from './keys.ts'

/** How devices are recognised on which somebody logged in before. */
export interface DeviceCookieOptions {
  /** The id of the key for new cookies; must be there when `keys` is. */
  readonly current?: string | undefined
  /**
   * The keys by id: 1 to 16 letters, digits, `_` or `-`, and at least 32 bytes, a text counting as its UTF-8. Cookies
   * under a key that was taken out are ignored. Default: the throttle's own `key` under the id `0`.
   */
  readonly keys?: Readonly<Record<string, Uint8Array | string>> | undefined
  /** For how many seconds after a login a device is recognised: at most 400 days, as browsers have it. Default: 90 days. */
  readonly ttlSeconds?: number | undefined
}

const NAME = '__Host-device'
const DAY = 86_400
const LONGEST_TTL = 400 * DAY
const ID_BYTES = 16
const grammar = /^1\.([\w-]{1,16})\.(\d{1,12})\.([\w-]{22})\.([\w-]{43})$/
const keyIdGrammar = /^[\w-]{1,16}$/

/**
 * OWASP's device cookie: `1.<key id>.<end>.<device>.<MAC>`. The account is in the MAC and nowhere else, so that a cookie
 * for another account is as good as none, and nobody who finds one learns whose it is.
 *
 * @see OWASP, Slow Down Online Guessing Attacks with Device Cookies
 */
export class Devices implements DeviceCookie {
  readonly name: string = NAME
  readonly #keys: ReadonlyMap<string, Uint8Array>
  readonly #current: readonly [id: string, key: Uint8Array]
  readonly #ttlSeconds: number
  readonly #canonical: (account: string) => string

  /** @throws TypeError when a key, an id or the time cannot be used. */
  constructor(options: DeviceCookieOptions, key: Uint8Array, canonical: (account: string) => string) {
    const { keys = { 0: key }, current = options.keys === undefined ? '0' : undefined, ttlSeconds = 90 * DAY } = options
    if (typeof keys !== 'object' || keys === null) {
      throw new TypeError('throttle(): "deviceCookie.keys" must be an object of keys by id')
    }
    this.#keys = new Map(Object.entries(keys).map(([id, secret]) => [id, keyOf(id, secret)]))
    const secret = this.#keys.get(current ?? '')
    if (current === undefined || secret === undefined) {
      throw new TypeError('throttle(): "deviceCookie.current" must be an id of "deviceCookie.keys"')
    }
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > LONGEST_TTL) {
      throw new TypeError(`throttle(): "deviceCookie.ttlSeconds" must be a whole number from 1 to ${LONGEST_TTL}`)
    }
    this.#current = [current, secret]
    this.#ttlSeconds = ttlSeconds
    this.#canonical = canonical
  }

  /** Answers the device that a cookie's value proves for an account; `undefined` for any other value. */
  read(value: string | undefined, account: string, now: number): Awaitable<string | undefined> {
    const [, id = '', ends = '', device = '', mac = ''] = (value === undefined ? null : grammar.exec(value)) ?? []
    const key = this.#keys.get(id)
    const given = decodeBase64Url(mac)
    if (key === undefined || given === undefined || Number(ends) <= now) return undefined
    return chain(macOf(key, `1.${id}.${ends}.${device}`, this.#canonical(account)), (expected) =>
      timingSafeEqual(given, expected) ? device : undefined,
    )
  }

  issue(account: string, context: Pick<AuthenticationContext, 'now' | 'random'>): Awaitable<HeaderField> {
    const [id, key] = this.#current
    const ends = Math.floor(context.now()) + this.#ttlSeconds
    const value = `1.${id}.${ends}.${encodeBase64Url(context.random(ID_BYTES))}`
    return chain(macOf(key, value, this.#canonical(account)), (mac) => [
      'Set-Cookie',
      `${NAME}=${value}.${encodeBase64Url(mac)}; Path=/; Max-Age=${this.#ttlSeconds}; Secure; HttpOnly; SameSite=Strict`,
    ])
  }
}

function macOf(key: Uint8Array, value: string, account: string): Awaitable<Uint8Array> {
  return hmacSha256(key, `device-cookie\0${value}\0${account}`)
}

function keyOf(id: string, key: unknown): Uint8Array {
  if (!keyIdGrammar.test(id)) {
    throw new TypeError('throttle(): an id in "deviceCookie.keys" must be 1 to 16 letters, digits, "_" or "-"')
  }
  return secretOf(`deviceCookie.keys.${id}`, key)
}
