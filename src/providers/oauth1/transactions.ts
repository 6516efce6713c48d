import { type SetCookie, stringifySetCookie } from 'cookie'
import { sha256 } from '#crypto'
import { InvalidCredentials } from '../../core/cause.ts'
import type { AuthenticationContext } from '../../core/provider.ts'
import type { HeaderField } from '../../core/request.ts'
import type { Sealer } from '../../crypto/seal.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import { cookieValues } from '../../wire/cookies.ts'
import { decodeUtf8, encodeUtf8 } from '../../wire/text.ts'

/** A login that was begun in this browser, until it comes back. */
export interface Transaction {
  /** The name of the provider that began it. */
  readonly provider: string
  /** Whose temporary credentials they are. */
  readonly server: string
  readonly token: string
  readonly tokenSecret: string
  readonly returnTo: string
  /** In whole seconds since 1970. */
  readonly createdAt: number
}

/** A transaction that the browser has, or why it has none; in any case the field that takes its cookie away. */
export type OpenedTransaction =
  | { readonly transaction: Transaction; readonly deletion: HeaderField }
  | { readonly cause: InvalidCredentials; readonly deletion: HeaderField | undefined }

/** How long a person may take at the other side, in seconds. */
export const TRANSACTION_SECONDS = 600
const MOST = 5
const MAXIMUM_COOKIE_BYTES = 1536
const KIND = 'oauth1-tx'
const FORMAT = 1

const nowhere = new InvalidCredentials('unknown', { detail: 'this browser began no login with that token' })
const twice = new InvalidCredentials('malformed-credential', { detail: 'the transaction cookie comes twice' })
const unreadable = new InvalidCredentials('malformed-credential', { detail: 'the transaction cookie cannot be opened' })
const expired = new InvalidCredentials('expired', { detail: 'the login took too long' })
const foreign = new InvalidCredentials('wrong-issuer', {
  detail: 'the login was begun with another server or provider',
})

/** Keeps each login in a sealed cookie of its own, whose name is made of the request token that it is good for. */
export class Transactions {
  readonly #sealer: Sealer
  readonly #prefix: string
  readonly #attributes: Omit<SetCookie, 'name' | 'value'>

  constructor(sealer: Sealer, insecure: boolean) {
    this.#sealer = sealer
    this.#prefix = insecure ? 'becauth-tx1-' : '__Host-becauth-tx1-'
    this.#attributes = { path: '/', secure: !insecure, httpOnly: true, sameSite: 'lax' }
  }

  /**
   * Gives the fields that put a transaction into the browser and take those away for which there is no room; `undefined` when
   * it is too large for a cookie.
   */
  async begin(transaction: Transaction, context: AuthenticationContext): Promise<readonly HeaderField[] | undefined> {
    const name = await this.#nameOf(transaction.token)
    const { provider, server, token, tokenSecret, returnTo, createdAt } = transaction
    const text = JSON.stringify([FORMAT, provider, server, token, tokenSecret, returnTo, createdAt])
    const value = await this.#sealer.seal(KIND, name, encodeUtf8(text))
    if (name.length + value.length + 1 > MAXIMUM_COOKIE_BYTES) return undefined
    const dropped = await this.#dropped(context)
    return [...dropped.map((old) => this.#deletion(old)), this.#field(name, value, TRANSACTION_SECONDS)]
  }

  /** The transaction that was begun with this token in this browser. */
  async open(token: string, server: string, context: AuthenticationContext): Promise<OpenedTransaction> {
    const name = await this.#nameOf(token)
    const [value, ...more] = cookieValues(context.request.header('cookie'), name)
    if (value === undefined) return { cause: nowhere, deletion: undefined }
    const deletion = this.#deletion(name)
    if (more.length > 0) return { cause: twice, deletion }
    const transaction = await this.#read(name, value)
    if (transaction === undefined || transaction.token !== token) return { cause: unreadable, deletion }
    if (!(context.now() < transaction.createdAt + TRANSACTION_SECONDS)) return { cause: expired, deletion }
    const isOurs = transaction.provider === context.name && transaction.server === server
    return isOurs ? { transaction, deletion } : { cause: foreign, deletion }
  }

  async #read(name: string, value: string): Promise<Transaction | undefined> {
    const opened = await this.#sealer.open(KIND, name, value)
    const list: unknown = opened === undefined ? undefined : JSON.parse(decodeUtf8(opened.bytes) ?? 'null')
    if (!Array.isArray(list)) return undefined
    const [format, provider, server, token, tokenSecret, returnTo, createdAt]: readonly unknown[] = list
    if (format !== FORMAT || typeof createdAt !== 'number') return undefined
    if (typeof provider !== 'string' || typeof server !== 'string' || typeof returnTo !== 'string') return undefined
    if (typeof token !== 'string' || typeof tokenSecret !== 'string') return undefined
    return { provider, server, token, tokenSecret, returnTo, createdAt }
  }

  /** The names of cookies that are of no use, and of the oldest ones beyond what a browser may have. */
  async #dropped(context: AuthenticationContext): Promise<readonly string[]> {
    const header = context.request.header('cookie')
    const live: { readonly name: string; readonly createdAt: number }[] = []
    const dropped: string[] = []
    for (const name of namesIn(header, this.#prefix)) {
      const [value = '', ...more] = cookieValues(header, name)
      const transaction = more.length > 0 ? undefined : await this.#read(name, value)
      const isLive = transaction !== undefined && context.now() < transaction.createdAt + TRANSACTION_SECONDS
      if (isLive) live.push({ name, createdAt: transaction.createdAt })
      else dropped.push(name)
    }
    live.sort((a, b) => a.createdAt - b.createdAt)
    return [...dropped, ...live.slice(0, Math.max(0, live.length - MOST + 1)).map(({ name }) => name)]
  }

  async #nameOf(token: string): Promise<string> {
    return this.#prefix + encodeBase64Url(await sha256(token)).slice(0, 16)
  }

  #deletion(name: string): HeaderField {
    return this.#field(name, '', 0)
  }

  #field(name: string, value: string, maxAge: number): HeaderField {
    return ['Set-Cookie', stringifySetCookie({ ...this.#attributes, name, value, maxAge })]
  }
}

function namesIn(header: string | undefined, prefix: string): ReadonlySet<string> {
  const names = (header ?? '').split(';').map((pair) => pair.split('=', 1)[0]?.trim() ?? '')
  return new Set(names.filter((name) => name.startsWith(prefix) && /^[\w-]{1,64}$/.test(name)))
}
