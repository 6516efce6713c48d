import { AuthenticationError, invalidCredentials } from '../../core/cause.ts'
import type { UserPasswordCredential } from '../../core/credential.ts'
import type { AuthenticationContext, Awaitable, Principal } from '../../core/provider.ts'
import { isThenable, type Validated } from '../../core/validate.ts'
import { type FileOptions, followedFile, lookUp } from './file-options.ts'
import { fieldsOf, significantLines } from './lines.ts'

/** What `htpasswd()` needs from a hasher of passwords; `passwords()` gives it. */
export interface HashVerifier {
  verify(
    password: string,
    stored: string | null | undefined,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<{ readonly ok: boolean }>
}

/** Somebody who stands in a file of Apache's. */
export interface FileUser {
  readonly name: string
}

/** A `validate` for `basic()` and `form()`. */
export type FileVerifier<P extends Principal> = (
  credential: UserPasswordCredential,
  context: Pick<AuthenticationContext, 'signal'>,
) => Promise<Validated<P>>

export interface HtpasswdOptions extends FileOptions {
  /** Verifies the hashes: `passwords({ …, formats: legacyFormats() })`, since Apache writes none that is new. */
  readonly passwords: HashVerifier
}

/** Turns the name of somebody whose password is right into the principal. */
export interface PrincipalOption<P extends Principal> {
  /** May answer `null` or a cause to refuse. Default: `{ name }`. */
  readonly principal: (name: string) => Awaitable<Validated<P>>
}

/** Both overloads in one. */
export interface AnyPrincipalOption {
  readonly principal?: PrincipalOption<Principal>['principal'] | undefined
}

interface Entries {
  readonly byName: ReadonlyMap<string, string>
  /** What an unknown user's password is verified against. */
  readonly decoy: string | undefined
}

const unknown = invalidCredentials('unknown')
const wrongSecret = invalidCredentials('wrong-secret')

/**
 * Verifies usernames and passwords against a file of Apache's `htpasswd`, to be used as `validate`.
 *
 * Read as Apache reads it: UTF-8, one `name:hash` a line, `#` comments, the first line of a name counts. Looked at once a
 * second at most, when somebody logs in; after a change it is read again, and a version that is broken or gone never
 * replaces a good one. As long as there is none, the answer is an `Error` (503). An unknown user costs what the first one
 * in the file costs, so that time does not tell who exists, unless the file mixes formats.
 *
 * @example
 * import { basic } from 'becauth/basic'
 * import { htpasswd } from 'becauth/htpasswd'
 * import { legacyFormats, passwords } from 'becauth/password'
 *
 * const hasher = passwords({ algorithm: 'scrypt', formats: legacyFormats() })
 *
 * export const staff = basic({ realm: 'staff', validate: htpasswd('/etc/shop/htpasswd', { passwords: hasher }) })
 *
 * @throws TypeError when an option is missing or cannot be used. The file is not touched before it is needed.
 * @see https://httpd.apache.org/docs/2.4/programs/htpasswd.html
 */
export function htpasswd(
  file: string | URL,
  options: HtpasswdOptions & { readonly principal?: undefined },
): FileVerifier<FileUser>
export function htpasswd<P extends Principal>(
  file: string | URL,
  options: HtpasswdOptions & PrincipalOption<P>,
): FileVerifier<P>
export function htpasswd(file: string | URL, options: HtpasswdOptions & AnyPrincipalOption): FileVerifier<Principal> {
  const { passwords, principal = userOf } = options ?? {}
  if (typeof passwords?.verify !== 'function') {
    throw new TypeError('htpasswd(): "passwords" must be what passwords() gives')
  }
  if (typeof principal !== 'function') throw new TypeError('htpasswd(): "principal" must be a function')
  const followed = followedFile('htpasswd', file, options, parseHtpasswd)
  return async ({ username, password }, { signal }) => {
    const current = followed.current()
    const { byName, decoy } = isThenable(current) ? await current : current
    const entry = lookUp(username, (name) => byName.get(name))
    if (entry === undefined) {
      await pretend(passwords, password, decoy, signal)
      return unknown
    }
    const { ok } = await passwords.verify(password, entry.found, { signal })
    return ok ? principal(entry.name) : wrongSecret
  }
}

/** Reads the file, or answers the number of the first line that is wrong. */
export function parseHtpasswd(text: string): Entries | number {
  const byName = new Map<string, string>()
  let decoy: string | undefined
  for (const line of significantLines(text)) {
    const [name, stored] = fieldsOf(line, 2) ?? []
    if (name === undefined || stored === undefined) return line.number
    if (!byName.has(name)) byName.set(name, stored)
    decoy ??= stored
  }
  return { byName, decoy }
}

async function pretend(
  passwords: HashVerifier,
  password: string,
  decoy: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    await passwords.verify(password, decoy, { signal })
  } catch (error) {
    // That the first user's hash cannot be computed is not this user's matter.
    if (!(error instanceof AuthenticationError && error.code === 'hash-unsupported')) throw error
    await passwords.verify(password, undefined, { signal })
  }
}

function userOf(name: string): FileUser {
  return { name }
}
