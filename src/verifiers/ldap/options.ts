import type { AuthenticationContext, Awaitable, Principal } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { Validated } from '../../core/validate.ts'
import type { GroupOptions } from './groups.ts'

/** A template in which `{username}` stands for what the user typed, escaped for its place. */
type LdapTemplateText = string

/** The name with which a user binds is made from the username alone. */
export type BindName =
  /** A distinguished name: `uid={username},ou=people,dc=example,dc=com`. */
  | { readonly dn: LdapTemplateText; readonly name?: undefined }
  /**
   * A name of Active Directory's: `{username}@corp.example` (the user principal name), `CORP\{username}`, or `{username}`
   * where people type one of the two in full. Usernames with a character that no such account has are `unknown`.
   */
  | { readonly name: LdapTemplateText; readonly dn?: undefined }

/** How the entry of a user is found. */
export interface UserSearch {
  /** The distinguished name below which it stands. */
  readonly base: string
  /** Matches this user alone: `(&(objectClass=person)(uid={username}))`. Two matches are an `Error`. */
  readonly filter: LdapTemplateText
  /** `one`: right below the base. `sub`: anywhere below. Default: `sub`. */
  readonly scope?: 'one' | 'sub' | undefined
}

/** The account with which the service searches. */
export interface ServiceAccount {
  readonly dn: string
  /** Or a function that is asked before each bind, for secrets that rotate. */
  readonly password: string | (() => Awaitable<string>)
}

/** How TLS is spoken, in the words of `node:tls`. The server's certificate is always checked. */
export interface LdapTls {
  /** Certificates to trust instead of those that Node brings. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** The service's own certificate, in PEM, where the directory asks for one. */
  readonly cert?: string | Uint8Array | undefined
  /** Its private key, in PEM. */
  readonly key?: string | Uint8Array | undefined
  readonly passphrase?: string | undefined
  /** Default: Node's own, TLS 1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** The name that the certificate must have. Default: the host of the URL. */
  readonly servername?: string | undefined
}

/** How many connections there are. */
export interface LdapPool {
  /** Connections that search, many searches at a time. Default: 2. */
  readonly services?: number | undefined
  /** Connections that users bind on, one at a time. 0 opens one for each bind. Default: 10. */
  readonly binds?: number | undefined
  /** After how many seconds without use a connection is closed, 1 to 3600. Default: 60. */
  readonly idleSeconds?: number | undefined
}

/** That a right password is not asked about again for a while. */
export interface RememberedBinds {
  /**
   * For how many seconds, 1 to 300. As long as that, a password that was changed and an account that was locked are good
   * still, and roles stay as they were.
   */
  readonly seconds: number
  /** How many at most, 1 to 1,000,000; the oldest goes first. Default: 1000. */
  readonly entries?: number | undefined
}

/** What the directory said beside its yes. */
export interface PasswordWarnings {
  /** In how many seconds the password expires, where the server says it. */
  readonly expiresInSeconds?: number | undefined
  /** How many more times an expired password may be used, where the server says it. */
  readonly graceLogins?: number | undefined
}

/** The attributes that were asked for: each is there, with no values when the entry has none. */
export type DirectoryAttributes<A extends string, B extends string> = {
  readonly [K in A | B]: K extends B ? readonly Uint8Array[] : readonly string[]
}

/** Somebody who proved a password. */
export interface DirectoryUser<A extends string = string, B extends string = never> {
  /** The username as it was typed. */
  readonly name: string
  /** The distinguished name of the entry; where it was not looked up, the name of the bind. */
  readonly dn: string
  /** By the names of the options `attributes` and `binaryAttributes`. */
  readonly attributes: DirectoryAttributes<A, B>
  /** The roles that the groups give, without doubles; none without the option `groups`. */
  readonly roles: readonly string[]
  readonly warnings: PasswordWarnings
}

/** Turns somebody whose password is right into the principal, or into `null` or a cause to refuse. */
export type UserMapper<A extends string, B extends string, P extends Principal> = (
  user: DirectoryUser<A, B>,
  context: Pick<AuthenticationContext, 'signal'>,
) => Awaitable<Validated<P>>

/** What `ldap()` is told, apart from `principal`. */
export interface LdapOptions<A extends string = string, B extends string = never> {
  /**
   * `ldaps://host:port`, or `ldap://host:port` with `startTls`. Several are asked in this order; one that does not answer
   * is asked last for some seconds.
   */
  readonly url: string | readonly [string, ...string[]]
  /** Whether a connection of `ldap://` is upgraded to TLS before anything else is sent. Default: `false`. */
  readonly startTls?: boolean | undefined
  readonly tls?: LdapTls | undefined
  /**
   * Sends passwords in the clear over `ldap://` without `startTls`. Between processes of one machine (`localhost`,
   * `127.0.0.1`, `[::1]`) that is allowed without this. Default: `false`.
   */
  readonly dangerouslyAllowPlaintext?: boolean | undefined
  /**
   * What the user binds with. Default: the name of the one entry that `search` finds, which needs `search` and `service`.
   */
  readonly bind?: BindName | undefined
  /** How the user's entry is found. With `bind: { dn }` it is the entry of that name. */
  readonly search?: UserSearch | undefined
  /**
   * Who searches. Needed by whatever is read of the directory: `search`, `attributes`, `groups`. Default: nobody. Search
   * rights of users are never used.
   */
  readonly service?: ServiceAccount | 'anonymous' | undefined
  /** What is read of the user's entry as text. Default: nothing. */
  readonly attributes?: readonly A[] | undefined
  /** What is read of the user's entry as octets: `objectGUID`, `jpegPhoto`. Default: nothing. */
  readonly binaryAttributes?: readonly B[] | undefined
  /** How groups become roles. Default: there are none. */
  readonly groups?: GroupOptions | undefined
  /**
   * The entry of an account that nobody uses, with a password hashed as everybody's. When the user is unknown, a wrong
   * password is tried on it, so that this takes as long. Its lock-out must be off. Default: the answer waits instead, as
   * long as wrong passwords took lately.
   */
  readonly decoyDn?: string | undefined
  /** Default: each login asks the directory. */
  readonly remember?: RememberedBinds | undefined
  readonly pool?: LdapPool | undefined
  /** How long connecting, TLS and the service's bind may take together, in seconds, up to 60. Default: 3. */
  readonly connectTimeoutSeconds?: number | undefined
  /** How long one bind or search may take, in seconds, up to 60. Default: 5. */
  readonly timeoutSeconds?: number | undefined
  /** For how many seconds a server that failed is asked last, and a service account that was refused is not tried, 1 to 600.
   * Default: 10. */
  readonly deadSeconds?: number | undefined
  /** Seconds that go on evenly, for everything that takes time or ends. Default: the system's. */
  readonly clock?: (() => number) | undefined
}

/** How somebody whose password is right becomes a principal. */
export interface LdapPrincipalOption<A extends string, B extends string, P extends Principal> {
  /**
   * A function, or a Standard Schema of `DirectoryUser` whose output is the principal; whoever does not fit it is refused
   * with an `Error` that is not retryable. Default: the `DirectoryUser` itself.
   */
  readonly principal: UserMapper<A, B, P> | StandardSchema<P>
}
