import type { AuthenticationFailedCause } from '../../../core/cause.ts'
import type { OneTimeStore } from '../../../core/ports.ts'
import type { Awaitable } from '../../../core/provider.ts'
import type { HeaderField } from '../../../core/request.ts'
import type { Requirement } from '../../../core/requirement.ts'
import type { SessionRequest } from '../../../sessions/types.ts'
import type { OAuth2Client } from '../client.ts'
import type { SessionTokens } from '../session-tokens/session-tokens.ts'

/** What ends the session of a request, and no other: `sealedSessions()` does. */
export interface SessionEnder {
  logout(request: SessionRequest): Promise<{ readonly headers: readonly HeaderField[] }>
  readonly revokeTagged?: undefined
}

/** What ends sessions that others ask to end, as well: `sessions()` does. */
export interface TaggedSessionEnder extends Pick<SessionEnder, 'logout'> {
  revokeTagged(tag: string, options: { readonly holdLogins?: boolean | undefined }): Promise<number>
}

/** The route by which something failed. */
export type LogoutRoute = 'logout' | 'backChannel' | 'frontChannel'

/** What `logoutRoutes()` is told beside the sessions. */
export interface LogoutSettings {
  /** By which the logins were made: `oidcClient()`'s, given to `oidc()` as well. */
  readonly client: OAuth2Client
  /**
   * Where the login's tokens are kept: the server is told by its id_token who logs out, and the tokens are revoked. Default: the
   * server asks the person whether they want to log out, and tokens live until they are over.
   */
  readonly tokens?: Pick<SessionTokens, 'take'> | undefined
  /**
   * Where the server sends the browser back to, as it is registered there: the URL of `afterLogout`, or its path where the
   * client's `redirectUri` is an absolute URL. Default: the person stays at the server.
   */
  readonly postLogoutRedirectUri?: string | undefined
  /** Where people end up who wanted nothing special: a path. Default: `/`. */
  readonly home?: string | undefined
  /** The query parameter of `logout` that says where to go afterwards. Default: `returnTo`. */
  readonly returnToParameter?: string | undefined
  /**
   * Hears what was refused or could not be done, and why: the server hears only that its request is no good, and a person who
   * logs out is logged out here all the same. Default: nobody.
   */
  readonly onFailure?: ((failure: AuthenticationFailedCause, route: LogoutRoute) => Awaitable<void>) | undefined
}

/** What `logoutRoutes()` is told where nobody stores the sessions. */
export interface LogoutRoutesOptions extends LogoutSettings {
  readonly sessions: SessionEnder
}

/** A logout that an issuer asked for. */
export interface IssuerLogout {
  readonly issuer: string
  /** The tenant's key, with `resolve`. */
  readonly tenant: string | undefined
  /** The session at the issuer that ended; `undefined` when all of the person's did. */
  readonly sid: string | undefined
  /** The person, as the issuer names them, where it says so. */
  readonly subject: string | undefined
  /** How many sessions ended here. */
  readonly sessions: number
}

/** What `logoutRoutes()` is told where sessions are stored. */
export interface StoredLogoutRoutesOptions extends LogoutSettings {
  readonly sessions: TaggedSessionEnder
  /** Remembers which logout tokens came. Several processes need one that they share. Default: the `store` of the client. */
  readonly store?: OneTimeStore | undefined
  /** Hears of a logout that an issuer asked for, after its sessions ended: to close their WebSockets, say. Default: nobody. */
  readonly onLogout?: ((logout: IssuerLogout) => Awaitable<void>) | undefined
}

/** Requirements that answer every request themselves: give them to the `authenticate()` of any adapter. */
export interface LogoutRoutes {
  /**
   * Ends the session, for POST only: then sends the browser to the server, so that its session ends as well, or where it has
   * no such endpoint or cannot be reached, to where the person wanted to go. 503 when the store could not end the session.
   */
  readonly logout: Requirement<never>
  /** Takes the browser back that was sent to the server, at `postLogoutRedirectUri`. */
  readonly afterLogout: Requirement<never>
}

/** What is possible only where sessions are stored: the issuer ends them. With `resolve`, each on a path that ends in the tenant's key. */
export interface StoredLogoutRoutes extends LogoutRoutes {
  /** Takes logout tokens from the issuer itself, at the client's registered `backchannel_logout_uri`. */
  readonly backChannel: Requirement<never>
  /** Takes logouts from a frame in the issuer's page, at the client's registered `frontchannel_logout_uri`. */
  readonly frontChannel: Requirement<never>
}
