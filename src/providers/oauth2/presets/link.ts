import type { Awaitable } from '../../../core/provider.ts'
import type { Person } from './person.ts'

/** How an application knows its accounts. */
export interface LinkedAccounts<A> {
  /** Answers the account that this person is linked to; `null` when there is none. */
  readonly linked: (issuer: string, subject: string) => Awaitable<A | null>
  /**
   * Answers the account whose owner showed **to the application** that this address is theirs; `null` when there is none. An
   * account whose address nobody verified may be a trap that somebody made under the address of somebody else. Asked only
   * when the server says that the person showed it too. Default: nobody is found by an address.
   */
  readonly byVerifiedEmail?: ((email: string, person: Person) => Awaitable<A | null>) | undefined
  /** Makes an account for somebody who has none; `null` when nobody may have one so. Default: nobody gets one. */
  readonly create?: ((person: Person) => Awaitable<A | null>) | undefined
  /**
   * Remembers that the account is this person's: by issuer and subject, of which a pair is there once. Needed with
   * `byVerifiedEmail` and `create`.
   */
  readonly link?: ((account: A, person: Person) => Awaitable<void>) | undefined
}

/**
 * Answers the account of somebody who logged in at another server: the one that is linked to them, else one that is found by
 * an address that both sides verified, or made, where the application wants that; it is linked then. `null` when there is
 * none.
 *
 * An address alone never leads to an account: whoever can write any address into an account elsewhere could then take over
 * every account here.
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { loginRoutes } from 'becauth/oidc'
 * import { linkedAccount, type Person } from 'becauth/presets'
 * import type { Sessions } from 'becauth/session'
 *
 * interface Account {
 *   readonly id: string
 *   readonly name: string
 * }
 *
 * declare const auth: Authentication<{ office: Person }>
 * declare const stored: Sessions<{ readonly name: string }>
 * declare const accounts: {
 *   linked(issuer: string, subject: string): Promise<Account | null>
 *   create(person: Person): Promise<Account>
 *   link(account: Account, person: Person): Promise<void>
 * }
 *
 * export const routes = loginRoutes(auth.require('office'), {
 *   sessions: stored,
 *   session: async ({ principal }) => {
 *     const account = await linkedAccount(principal, accounts)
 *     return account && { subject: account.id, data: { name: account.name } }
 *   },
 * })
 *
 * @throws TypeError (rejects) when there is no `link` to remember an account by, and whatever the functions throw.
 */
export async function linkedAccount<A extends object>(person: Person, accounts: LinkedAccounts<A>): Promise<A | null> {
  const { issuer, subject, email, isEmailVerified } = person
  const known = await accounts.linked(issuer, subject)
  if (known !== null) return known
  const { byVerifiedEmail, create, link } = accounts
  if (byVerifiedEmail === undefined && create === undefined) return null
  if (link === undefined) throw new TypeError('linkedAccount(): wants "link" with "byVerifiedEmail" or "create"')
  const isUsable = isEmailVerified && email !== undefined
  const account = (isUsable ? await byVerifiedEmail?.(email, person) : null) ?? (await create?.(person)) ?? null
  if (account !== null) await link(account, person)
  return account
}
