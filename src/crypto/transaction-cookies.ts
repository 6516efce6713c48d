import { sha256 } from '#crypto'
import { encodeBase64Url } from '../wire/base64.ts'
import { cookieValues } from '../wire/cookies.ts'
import { type JsonObject, parseJsonObject } from '../wire/json.ts'
import { decodeUtf8, encodeUtf8 } from '../wire/text.ts'
import type { SealingKey } from './key-ring.ts'
import { createSealer, type Sealer } from './seal.ts'

/** How long a login may be under way, in seconds. */
export const TRANSACTION_SECONDS = 600

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
  /** What their names begin with, after `__Host-`. */
  readonly prefix: string
  /** For what they are sealed: what was sealed for anything else does not open. */
  readonly kind: string
  /** Who errors name. */
  readonly owner: string
}

/** What can tell the cookies of a request. */
interface CookieRequest {
  header(name: string): string | undefined
}

/** What a login is kept as: plain data, and when it was begun, in whole seconds since 1970. */
interface TransactionContent extends JsonObject {
  readonly createdAt: number
}

type CookieField = readonly [name: 'Set-Cookie', value: string]

/** Why a browser has no login of a state: none was begun there, it comes twice, is over, or does not open. */
export type NoTransaction = 'absent' | 'twice' | 'expired' | ReturnType<Sealer['reasonOf']>

/** A login under way as its cookie has it, or why there is none; and the field that deletes the cookie, where one came. */
export type OpenedTransaction =
  | { readonly content: JsonObject; readonly deletion: CookieField }
  | { readonly content?: undefined; readonly reason: NoTransaction; readonly deletion: CookieField | undefined }

/**
 * Cookies of logins under way: one for each, named by its state and sealed for that name, so that a login comes back only to
 * the browser that began it, and several tabs do not disturb each other.
 */
export class TransactionCookies {
  readonly #sealer: Sealer
  readonly #kind: string
  readonly #prefix: string
  readonly #attributes: string

  /** @throws TypeError, in the name of `owner`, when the keys cannot be used. */
  constructor({ keys, insecure, prefix, kind, owner }: TransactionCookieOptions) {
    this.#sealer = createSealer(keys, { owner })
    this.#kind = kind
    this.#prefix = insecure ? prefix : `__Host-${prefix}`
    this.#attributes = `; Path=/; HttpOnly${insecure ? '' : '; Secure'}; SameSite=`
  }

  /**
   * Makes the fields that keep a login in the browser, and that drop the oldest where there are five already. `undefined`
   * when it is too large.
   */
  async begin(
    request: CookieRequest,
    state: string,
    content: TransactionContent,
    sameSite: 'Lax' | 'None',
  ): Promise<readonly CookieField[] | undefined> {
    const name = await this.#nameOf(state)
    const value = await this.#sealer.seal(this.#kind, name, encodeUtf8(JSON.stringify(content)))
    if (name.length + 1 + value.length > LONGEST) return undefined
    const set = `${name}=${value}; Max-Age=${TRANSACTION_SECONDS}${this.#attributes}${sameSite}`
    const surplus = await this.#surplus(request, content.createdAt)
    return [...surplus.map((one) => this.#deletion(one)), ['Set-Cookie', set]]
  }

  /** Finds the login of a state in the browser that a request comes from. What it says beyond its age is not judged. */
  async open(request: CookieRequest, state: string, now: number): Promise<OpenedTransaction> {
    const name = await this.#nameOf(state)
    const values = cookieValues(request.header('cookie'), name)
    const value = values[0]
    if (value === undefined) return { reason: 'absent', deletion: undefined }
    const deletion = this.#deletion(name)
    if (values.length > 1) return { reason: 'twice', deletion }
    const content = await this.#contentOf(name, value)
    if (content === undefined) return { reason: this.#sealer.reasonOf(value), deletion }
    return isCurrent(content, now) ? { content, deletion } : { reason: 'expired', deletion }
  }

  async #contentOf(name: string, value: string): Promise<TransactionContent | undefined> {
    const opened = await this.#sealer.open(this.#kind, name, value)
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

  #deletion(name: string): CookieField {
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

function hasAge(content: JsonObject | undefined): content is TransactionContent {
  return typeof content?.createdAt === 'number'
}

function isCurrent({ createdAt }: TransactionContent, now: number): boolean {
  // Another process may be a few seconds ahead.
  return createdAt > now - TRANSACTION_SECONDS && createdAt <= now + 60
}
