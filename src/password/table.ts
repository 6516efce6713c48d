import { AuthenticationError, invalidCredentials } from '../core/cause.ts'
import type { UserPasswordCredential } from '../core/credential.ts'
import type { Awaitable, Principal } from '../core/provider.ts'
import type { Validated } from '../core/validate.ts'
import type { Passwords } from './passwords.ts'
import { Rehasher, type RehashOptions } from './rehash.ts'

/** What is stored for one user. */
export interface PasswordRecord<out P extends Principal> {
  /** As `hash()` gave it; `null` for somebody who has no password and logs in by other means. */
  readonly hash: string | null
  readonly principal: P
}

/** Finds a user by name; `null` or `undefined` when there is none. */
export type PasswordLookup<P extends Principal> = (
  username: string,
  signal: AbortSignal | undefined,
) => Awaitable<PasswordRecord<P> | null | undefined>

/** The principal of a table that holds nothing but hashes. */
export interface UsernamePrincipal {
  readonly username: string
}

/** What `passwordTable()` is told beside the table. */
export interface PasswordTableOptions<P extends Principal> extends RehashOptions<P> {
  /** Verifies the passwords; one for the process. */
  readonly passwords: Passwords
}

/** What `passwordTable()` is told beside a map of hashes, when it has principals of its own. */
export interface PasswordTableWithPrincipal<P extends Principal> extends PasswordTableOptions<P> {
  /** Makes the principal once the password was right. */
  readonly principal: (username: string) => P
}

/** A verifier for `validate` of `basic()` and `form()`: the principal, or a cause with reason `unknown` or `wrong-secret`. */
export type PasswordVerifier<P extends Principal> = (
  credential: UserPasswordCredential,
  context?: { readonly signal?: AbortSignal | undefined },
) => Promise<Validated<P>>

const unknown = invalidCredentials('unknown')
const wrongSecret = invalidCredentials('wrong-secret')

/**
 * Makes a verifier of a table of usernames and password hashes, to be used as `validate`.
 *
 * The table is a `Map` of hashes, a `Map` of records, or a function that asks a database. An unknown user costs one hash,
 * as a wrong password does, so that the time does not tell which names exist; nor does the answer, as long as
 * `exposeReason` is off. A password is compared with a real hash in constant time.
 *
 * @example
 * import { basic } from 'becauth/basic'
 * import { passwords, passwordTable } from 'becauth/password'
 *
 * declare const database: {
 *   find(name: string): Promise<{ hash: string; principal: { id: number } } | null>
 *   replaceHash(name: string, oldHash: string, newHash: string): Promise<void>
 * }
 *
 * const hasher = passwords({ algorithm: 'scrypt' })
 *
 * export const staff = basic({
 *   realm: 'staff',
 *   validate: passwordTable((username) => database.find(username), {
 *     passwords: hasher,
 *     // update … set hash = newHash where name = … and hash = oldHash
 *     rehashOnLogin: ({ username }, { oldHash, newHash }) => database.replaceHash(username, oldHash, newHash),
 *   }),
 * })
 *
 * @throws TypeError when the table is neither a `Map` nor a function, or an option cannot be used.
 */
export function passwordTable<P extends Principal>(
  table: PasswordLookup<P> | ReadonlyMap<string, PasswordRecord<P>>,
  options: PasswordTableOptions<P>,
): PasswordVerifier<P>
export function passwordTable<P extends Principal>(
  table: ReadonlyMap<string, string>,
  options: PasswordTableWithPrincipal<P>,
): PasswordVerifier<P>
export function passwordTable(
  table: ReadonlyMap<string, string>,
  options: PasswordTableOptions<UsernamePrincipal>,
): PasswordVerifier<UsernamePrincipal>
export function passwordTable<P extends Principal>(
  table: PasswordLookup<P> | ReadonlyMap<string, PasswordRecord<P> | string>,
  options: PasswordTableOptions<P | UsernamePrincipal> & { readonly principal?: (username: string) => P },
): PasswordVerifier<P | UsernamePrincipal> {
  if (typeof options?.passwords?.verify !== 'function') {
    throw new TypeError('passwordTable(): "passwords" must be what passwords() made')
  }
  const { passwords, principal = (username) => ({ username }) } = options
  if (typeof principal !== 'function') throw new TypeError('passwordTable(): "principal" must be a function')
  const find = lookupOf<P, P | UsernamePrincipal>(table, principal)
  const rehasher = new Rehasher(passwords, options)
  return async ({ username, password }, { signal } = {}) => {
    const record = await find(username, signal)
    if (!isRecord(record)) throw notARecord()
    const hash = record?.hash ?? null
    const { ok, needsRehash } = await passwords.verify(password, hash, { signal })
    if (record === null || record === undefined) return unknown
    if (!ok || hash === null) return wrongSecret
    const { principal } = record
    if (needsRehash) rehasher.start({ username, principal }, password, hash)
    return principal
  }
}

function lookupOf<P extends Principal, Q extends Principal>(
  table: PasswordLookup<P> | ReadonlyMap<string, PasswordRecord<P> | string>,
  principal: (username: string) => Q,
): PasswordLookup<P | Q> {
  if (typeof table === 'function') return table
  if (typeof table?.get !== 'function') throw new TypeError('passwordTable(): the table must be a Map or a function')
  return (username) => {
    const entry = table.get(username)
    return typeof entry === 'string' ? lazyRecord(entry, () => principal(username)) : entry
  }
}

/** A principal is made when the password was right, and for nobody else. */
function lazyRecord<P extends Principal>(hash: string, principal: () => P): PasswordRecord<P> {
  return {
    hash,
    get principal() {
      return principal()
    },
  }
}

/** What types promise and JavaScript does not keep. */
function isRecord(record: unknown): boolean {
  if (record === null || record === undefined) return true
  return typeof record === 'object' && 'hash' in record && (record.hash === null || typeof record.hash === 'string')
}

function notARecord(): AuthenticationError {
  return new AuthenticationError(
    'passwordTable(): the table must answer an object with "hash" and "principal", or null',
    {
      code: 'invalid-answer',
    },
  )
}
