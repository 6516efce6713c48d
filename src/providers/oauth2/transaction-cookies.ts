import { sha256 } from '#crypto'
import { type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import type { HeaderField } from '../../core/request.ts'
import type { SealingKey } from '../../crypto/key-ring.ts'
import { createSealer, type Sealer } from '../../crypto/seal.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import { cookieValues } from '../../wire/cookies.ts'
import { type JsonObject, parseJsonObject } from '../../wire/json.ts'
import { decodeUtf8, encodeUtf8 } from '../../wire/text.ts'

/** How long a login may be under way, in seconds. */
export const TRANSACTION_SECONDS = 600

const KIND = 'oauth-tx'
const NAME_DIGITS = 16
/** A browser keeps at most so many logins under way at once. */
const MOST = 5
/** More are not opened to see which is the oldest: an honest browser has no such number. */
const MOST_OPENED = 20
const LONGEST = 1536

/** What the cookies of logins under way are made from. */
export interface TransactionCookieOptions {
  readonly keys: readonly SealingKey[]
  readonly insecure: boolean
  /** Who errors name. */
  readonly owner: string
}

/** What can tell the cookies of a request. */
export interface CookieRequest {
  header(name: string): string | undefined
}

/** A login under way as its cookie has it, and the field that deletes the cookie. */
export interface OpenedTransaction {
  readonly content: JsonObject
  readonly deletion: HeaderField
}

const unknown = invalidCredentials('unknown', {
  detail: 'no login of this state was begun in this browser, or it came back before',
})
const twice = invalidCredentials('malformed-credential', { detail: 'the cookie of a login comes twice' })
const expired = invalidCredentials('expired', { detail: 'the login took longer than ten minutes' })
const unopened = {
  'malformed-credential': invalidCredentials('malformed-credential', { detail: 'the cookie of a login is ill-formed' }),
  'unknown-key': invalidCredentials('unknown-key', { detail: 'the cookie of a login is sealed by a key that is gone' }),
  'bad-signature': invalidCredentials('bad-signature', { detail: 'the cookie of a login was not sealed here' }),
} as const

/**
 * Cookies of logins under way: one for each, named by its state and sealed for that name, so that a login comes back only to
 * the browser that began it, and several tabs do not disturb each other.
 */
export class TransactionCookies {
  readonly #sealer: Sealer
  readonly #prefix: string
  readonly #attributes: string

  /** @throws TypeError, in the name of `owner`, when the keys cannot be used. */
  constructor({ keys, insecure, owner }: TransactionCookieOptions) {
    this.#sealer = createSealer(keys, { owner })
    this.#prefix = insecure ? 'becauth-tx-' : '__Host-becauth-tx-'
    this.#attributes = `; Path=/; HttpOnly${insecure ? '' : '; Secure'}; SameSite=`
  }

  /**
   * Makes the fields that keep a login in the browser, and that drop the oldest where there are five already. `undefined`
   * when it is too large.
   */
  async begin(
    request: CookieRequest,
    state: string,
    content: JsonObject & { readonly createdAt: number },
    sameSite: 'Lax' | 'None',
  ): Promise<readonly HeaderField[] | undefined> {
    const name = await this.#nameOf(state)
    const value = await this.#sealer.seal(KIND, name, encodeUtf8(JSON.stringify(content)))
    if (name.length + 1 + value.length > LONGEST) return undefined
    const set = `${name}=${value}; Max-Age=${TRANSACTION_SECONDS}${this.#attributes}${sameSite}`
    const surplus = await this.#surplus(request, content.createdAt)
    return [...surplus.map((one) => this.#deletion(one)), ['Set-Cookie', set]]
  }

  /** Finds the login of a state in the browser that a request comes from. What it says beyond its age is not judged. */
  async open(request: CookieRequest, state: string, now: number): Promise<OpenedTransaction | InvalidCredentials> {
    const name = await this.#nameOf(state)
    const values = cookieValues(request.header('cookie'), name)
    const value = values[0]
    if (value === undefined) return unknown
    if (values.length > 1) return twice
    const content = await this.#contentOf(name, value)
    if (content === undefined) return unopened[this.#sealer.reasonOf(value)]
    return isCurrent(content, now) ? { content, deletion: this.#deletion(name) } : expired
  }

  async #contentOf(name: string, value: string): Promise<(JsonObject & { readonly createdAt: number }) | undefined> {
    const opened = await this.#sealer.open(KIND, name, value)
    const text = opened && decodeUtf8(opened.bytes)
    const content = text === undefined ? undefined : parseJsonObject(text)
    return hasAge(content) ? content : undefined
  }

  /** The names to drop so that one more has room: what is over or cannot be read, then the oldest. */
  async #surplus(request: CookieRequest, now: number): Promise<readonly string[]> {
    const pairs = this.#pairs(request.header('cookie') ?? '')
    if (pairs.length < MOST) return []
    const aged = await Promise.all(
      pairs.map(async ([name, value], index) => {
        const content = index < MOST_OPENED ? await this.#contentOf(name, value) : undefined
        return { name, createdAt: content !== undefined && isCurrent(content, now) ? content.createdAt : 0 }
      }),
    )
    return aged
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .slice(0, pairs.length - MOST + 1)
      .map(({ name }) => name)
  }

  #pairs(header: string): readonly (readonly [name: string, value: string])[] {
    return header.split(';').flatMap((pair): readonly (readonly [string, string])[] => {
      const [name = '', value = ''] = pair.trim().split('=', 2)
      const isOwn = name.startsWith(this.#prefix) && /^[\w-]{16}$/.test(name.slice(this.#prefix.length))
      return isOwn ? [[name, value]] : []
    })
  }

  #deletion(name: string): HeaderField {
    return ['Set-Cookie', `${name}=; Max-Age=0${this.#attributes}Lax`]
  }

  async #nameOf(state: string): Promise<string> {
    return this.#prefix + (await stateKey(state)).slice(0, NAME_DIGITS)
  }
}

/** The hash of a state, by which it is named and remembered. */
export async function stateKey(state: string): Promise<string> {
  return encodeBase64Url(await sha256(state))
}

function hasAge(content: JsonObject | undefined): content is JsonObject & { readonly createdAt: number } {
  return typeof content?.createdAt === 'number'
}

function isCurrent({ createdAt }: { readonly createdAt: number }, now: number): boolean {
  // Another process may be a few seconds ahead.
  return createdAt > now - TRANSACTION_SECONDS && createdAt <= now + 60
}
