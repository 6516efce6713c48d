import { InvalidCredentials } from '../../core/cause.ts'
import type { AuthenticationContext } from '../../core/provider.ts'
import type { HeaderField } from '../../core/request.ts'
import type { SealingKey } from '../../crypto/key-ring.ts'
import { type NoTransaction, TransactionCookies } from '../../crypto/transaction-cookies.ts'
import type { JsonObject } from '../../wire/json.ts'

/** A login that was begun in this browser, until it comes back. */
export interface Transaction {
  readonly v: 1
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

const unreadable = new InvalidCredentials('malformed-credential', { detail: 'the transaction cookie cannot be opened' })
const foreign = new InvalidCredentials('wrong-issuer', {
  detail: 'the login was begun with another server or provider',
})
const causes: Readonly<Record<NoTransaction, InvalidCredentials>> = {
  absent: new InvalidCredentials('unknown', { detail: 'this browser began no login with that token' }),
  twice: new InvalidCredentials('malformed-credential', { detail: 'the transaction cookie comes twice' }),
  expired: new InvalidCredentials('expired', { detail: 'the login took too long' }),
  'malformed-credential': unreadable,
  'unknown-key': unreadable,
  'bad-signature': unreadable,
}

/** Keeps each login in a sealed cookie of its own, whose name is made of the request token that it is good for. */
export class Transactions {
  readonly #cookies: TransactionCookies

  /** @throws TypeError when the keys cannot be used. */
  constructor(keys: readonly SealingKey[], insecure: boolean) {
    const [prefix, kind, owner] = ['becauth-tx1-', 'oauth1-tx', 'oauth1()']
    this.#cookies = new TransactionCookies({ keys, insecure, prefix, kind, owner })
  }

  /**
   * Gives the fields that put a transaction into the browser and take those away for which there is no room; `undefined` when
   * it is too large for a cookie.
   */
  begin(transaction: Transaction, { request }: AuthenticationContext): Promise<readonly HeaderField[] | undefined> {
    return this.#cookies.begin(request, transaction.token, { ...transaction }, 'Lax')
  }

  /** The transaction that was begun with this token in this browser. */
  async open(token: string, server: string, context: AuthenticationContext): Promise<OpenedTransaction> {
    const opened = await this.#cookies.open(context.request, token, context.now())
    const { deletion } = opened
    if (opened.content === undefined) return { cause: causes[opened.reason], deletion }
    const transaction = transactionOf(opened.content)
    if (transaction?.token !== token) return { cause: unreadable, deletion }
    const isOurs = transaction.provider === context.name && transaction.server === server
    return isOurs ? { transaction, deletion: opened.deletion } : { cause: foreign, deletion }
  }
}

function transactionOf(content: JsonObject): Transaction | undefined {
  const { v, provider, server, token, tokenSecret, returnTo, createdAt } = content
  if (v !== 1 || typeof createdAt !== 'number') return undefined
  if (typeof provider !== 'string' || typeof server !== 'string' || typeof returnTo !== 'string') return undefined
  if (typeof token !== 'string' || typeof tokenSecret !== 'string') return undefined
  return { v, provider, server, token, tokenSecret, returnTo, createdAt }
}
