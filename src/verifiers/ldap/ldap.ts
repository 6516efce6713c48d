import type { UserPasswordCredential } from '../../core/credential.ts'
import type { AuthenticationContext, Principal } from '../../core/provider.ts'
import type { Validated } from '../../core/validate.ts'
import { BindPool } from './bind-pool.ts'
import type { Connection } from './connection.ts'
import { closed, DirectoryUnavailable, ServiceAccountRefused, UnexpectedResult } from './errors.ts'
import { type Ldapts, loadLdapts } from './ldapts.ts'
import { within } from './limits.ts'
import { type LoginTools, login } from './login.ts'
import { openConnection, type Prepare } from './open.ts'
import type { DirectoryUser, LdapOptions, LdapPrincipalOption, ServiceAccount } from './options.ts'
import { Pace } from './pace.ts'
import { Remembered } from './remembered.ts'
import { Servers } from './servers.ts'
import { ServicePool } from './service-pool.ts'
import { type LdapSettings, settingsOf } from './settings.ts'
import { type AnyPrincipalOption, type AnyUser, mapperOf } from './user.ts'

export type { StandardSchema } from '../../core/standard-schema.ts'
export type { DirectoryGroup, GroupOptions, GroupRoles } from './groups.ts'
export type {
  BindName,
  DirectoryAttributes,
  DirectoryUser,
  LdapOptions,
  LdapPool,
  LdapPrincipalOption,
  LdapTls,
  PasswordWarnings,
  RememberedBinds,
  ServiceAccount,
  UserMapper,
  UserSearch,
} from './options.ts'

/** A `validate` for `basic()` and `form()` that asks a directory. */
export interface LdapVerifier<P extends Principal> {
  (credential: UserPasswordCredential, context: Pick<AuthenticationContext, 'signal'>): Promise<Validated<P>>
  /** Closes the connections and forgets remembered binds. Whoever logs in afterwards gets an `Error`. */
  close(): void
}

/** The result codes with which a server says that it is not the account's fault: busy, unavailable. */
const NOT_NOW: ReadonlySet<number> = new Set([51, 52])

/**
 * Verifies usernames and passwords by binding to a directory (LDAP, Active Directory), to be used as `validate`.
 *
 * A password is never compared here: the directory says yes or no, and its password policy says why. A directory that is
 * down, slow or not configured right is an `Error` (503), never a wrong password. Needs the package `ldapts`.
 *
 * @example
 * import { basic } from 'becauth/basic'
 * import { ldap } from 'becauth/ldap'
 *
 * declare const servicePassword: string
 *
 * export const staff = basic({
 *   realm: 'staff',
 *   validate: ldap({
 *     url: ['ldaps://ldap1.example.com', 'ldaps://ldap2.example.com'],
 *     service: { dn: 'cn=web,ou=services,dc=example,dc=com', password: servicePassword },
 *     search: { base: 'ou=people,dc=example,dc=com', filter: '(&(objectClass=person)(uid={username}))' },
 *     attributes: ['mail'],
 *     principal: ({ name, attributes }) => ({ name, mail: attributes.mail[0] }),
 *   }),
 * })
 *
 * @throws TypeError when an option is missing or cannot be used. Nothing is connected before it is needed.
 * @see RFC 4511; RFC 4513; RFC 4514; RFC 4515; draft-behera-ldap-password-policy-10
 */
export function ldap<const A extends string = never, const B extends string = never>(
  options: LdapOptions<A, B> & { readonly principal?: undefined },
): LdapVerifier<DirectoryUser<A, B>>
export function ldap<P extends Principal, const A extends string = never, const B extends string = never>(
  options: LdapOptions<A, B> & LdapPrincipalOption<A, B, P>,
): LdapVerifier<P>
export function ldap(
  options: LdapOptions<string, string> & { readonly principal?: AnyPrincipalOption },
): LdapVerifier<Principal> {
  const settings = settingsOf(options)
  const map = mapperOf(options.principal)
  const { remember, clock } = settings
  const tools = toolsOf(settings)
  const remembered = remember && new Remembered<AnyUser>(remember.seconds, remember.entries, clock)
  let isClosed = false

  async function verify(
    credential: UserPasswordCredential,
    { signal }: Pick<AuthenticationContext, 'signal'>,
  ): Promise<Validated<Principal>> {
    if (isClosed) throw closed()
    const { username, password } = credential
    const known = remembered?.find(username, password)
    if (known !== undefined) return map(known, { signal })
    const { user, cause } = await login(tools, credential, signal)
    if (user === undefined) return cause
    if (!isClosed) remembered?.keep(username, password, user)
    return map(user, { signal })
  }

  function close(): void {
    isClosed = true
    tools.directory.close()
    tools.binds.close()
    remembered?.clear()
  }

  return Object.assign(verify, { close })
}

function toolsOf(settings: LdapSettings): LoginTools {
  const { clock, idleSeconds, timeoutSeconds, deadSeconds, service } = settings
  const servers = new Servers(settings.servers, deadSeconds, clock)
  let library: Promise<Ldapts> | undefined
  const open = async (signal: AbortSignal, prepare?: Prepare): Promise<Connection> => {
    library ??= loadLdapts(() => import('ldapts'))
    const loaded = await library
    return servers.open((server) => openConnection(loaded, server, settings, signal, prepare), signal)
  }
  const common = {
    idleSeconds,
    timeoutSeconds,
    clock,
    onTimeout: ({ server }: Connection) => servers.markDead(server),
  }
  const openService = async (signal: AbortSignal): Promise<Connection> => {
    if (typeof service !== 'object') return open(signal)
    const password = await secretOf(service, settings.connectTimeoutSeconds, signal)
    return open(signal, (connection) => bindAs(service.dn, password, connection, settings, signal))
  }
  return {
    settings,
    directory: new ServicePool({ ...common, size: settings.services, open: openService }, deadSeconds),
    binds: new BindPool({ ...common, size: settings.binds, open }),
    pace: new Pace(clock, timeoutSeconds),
  }
}

/** Binds as the service, before anybody searches. */
async function bindAs(
  dn: string,
  password: string,
  connection: Connection,
  { connectTimeoutSeconds: seconds }: LdapSettings,
  signal: AbortSignal,
): Promise<void> {
  const { resultCode } = await connection.bind(dn, password, { seconds, signal })
  if (NOT_NOW.has(resultCode)) throw new UnexpectedResult('bind', resultCode)
  if (resultCode !== 0) throw new ServiceAccountRefused(resultCode)
}

async function secretOf({ password }: ServiceAccount, seconds: number, signal: AbortSignal): Promise<string> {
  if (typeof password === 'string') return password
  const secret = await within(async () => password(), { what: '"service.password"', seconds, signal })
  if (typeof secret === 'string' && secret !== '') return secret
  throw new DirectoryUnavailable('"service.password" must answer a non-empty string')
}
