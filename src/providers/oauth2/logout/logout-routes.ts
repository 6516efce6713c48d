import { AuthenticationError, isCause } from '../../../core/cause.ts'
import type { Requirement } from '../../../core/requirement.ts'
import { TransactionCookies } from '../../../crypto/transaction-cookies.ts'
import { trustedUrl } from '../../../keys/options.ts'
import { safeReturnTo } from '../../../wire/return-to.ts'
import { OAuth2Client } from '../client.ts'
import { route } from '../login/route.ts'
import { KeptSessionTokens } from '../session-tokens/session-tokens.ts'
import { backChannel, frontChannel, type LogoutChannelSettings } from './logout-channels.ts'
import type {
  LogoutRoute,
  LogoutRoutes,
  LogoutRoutesOptions,
  LogoutSettings,
  StoredLogoutRoutes,
  StoredLogoutRoutesOptions,
} from './logout-options.ts'
import { afterLogout, type LogoutRequestSettings, logout } from './logout-request.ts'

/**
 * Makes the routes of a logout: by the person, who is logged out at the server as well, and where sessions are stored also by
 * the server, which ends them here when its own session ends.
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { authenticate } from 'becauth/fetch'
 * import { logoutRoutes, oidcClient } from 'becauth/oidc'
 * import type { Sessions } from 'becauth/session'
 *
 * declare const auth: Authentication<{ visitor: { account: string } }>
 * declare const stored: Sessions<{ account: string }>
 * declare const client: ReturnType<typeof oidcClient>
 *
 * const routes = logoutRoutes(auth.optional('visitor'), {
 *   client,
 *   sessions: stored,
 *   postLogoutRedirectUri: 'https://orders.example/logged-out',
 * })
 * export const logout = authenticate(routes.logout)
 * export const loggedOut = authenticate(routes.afterLogout)
 * export const backChannel = authenticate(routes.backChannel)
 *
 * @param requirement what knows the session: by it, other sites cannot log anybody out.
 * @throws TypeError when an option cannot be used.
 * @see OpenID Connect RP-Initiated Logout 1.0; OpenID Connect Back-Channel Logout 1.0; OpenID Connect Front-Channel Logout 1.0
 */
export function logoutRoutes(requirement: Requirement, options: StoredLogoutRoutesOptions): StoredLogoutRoutes
export function logoutRoutes(requirement: Requirement, options: LogoutRoutesOptions): LogoutRoutes
export function logoutRoutes(
  requirement: Requirement,
  options: LogoutRoutesOptions | StoredLogoutRoutesOptions,
): LogoutRoutes {
  const telling = tellingOf(requirement, options)
  const settings = settingsOf(options, telling('logout'))
  const { client } = settings
  const byPerson: LogoutRoutes = {
    logout: route(requirement, (source) => logout(source, requirement, settings)),
    afterLogout: route(requirement, (source) => afterLogout(source, settings)),
  }
  if (!isStored(options)) return Object.freeze(byPerson)
  const { sessions, store = client.shared.store, onLogout } = options
  if (typeof store?.consume !== 'function') throw new TypeError('logoutRoutes(): "store" must be a OneTimeStore')
  if (onLogout !== undefined && typeof onLogout !== 'function') {
    throw new TypeError('logoutRoutes(): "onLogout" must be a function')
  }
  const common = { client, sessions, store, onLogout: onLogout ?? (() => undefined) }
  const back: LogoutChannelSettings = { ...common, tell: telling('backChannel') }
  const front: LogoutChannelSettings = { ...common, tell: telling('frontChannel') }
  const stored: StoredLogoutRoutes = {
    ...byPerson,
    backChannel: route(requirement, (source) => backChannel(source, back)),
    frontChannel: route(requirement, (source) => frontChannel(source, front)),
  }
  return Object.freeze(stored)
}

/** @throws TypeError when an option cannot be used. */
function settingsOf(
  {
    client,
    sessions,
    tokens,
    home = '/',
    returnToParameter = 'returnTo',
    postLogoutRedirectUri,
  }: LogoutRoutesOptions | StoredLogoutRoutesOptions,
  tell: LogoutRequestSettings['tell'],
): LogoutRequestSettings {
  if (!(client instanceof OAuth2Client) || !client.shared.openid) {
    throw new TypeError('logoutRoutes(): "client" must be made by oidcClient()')
  }
  if (typeof sessions?.logout !== 'function') {
    throw new TypeError('logoutRoutes(): "sessions" must be made by sessions() or sealedSessions()')
  }
  if (tokens !== undefined && typeof tokens?.take !== 'function') {
    throw new TypeError('logoutRoutes(): "tokens" must be made by sessionTokens()')
  }
  if (tokens instanceof KeptSessionTokens && !Object.is(tokens.sessions, sessions)) {
    throw new TypeError('logoutRoutes(): "tokens" must be made by sessionTokens() with the same "sessions"')
  }
  if (safeReturnTo(home, 'https://home.invalid') !== home) throw new TypeError('logoutRoutes(): "home" must be a path')
  const cookies = new TransactionCookies({
    keys: client.options.keys,
    insecure: client.options.dangerouslyAllowInsecureCookie === true,
    prefix: 'becauth-out-',
    kind: 'oauth-logout',
    owner: 'logoutRoutes()',
  })
  const returnUri = postLogoutRedirectUri === undefined ? undefined : returnUriOf(postLogoutRedirectUri, client)
  return { client, sessions, tokens, home, returnToParameter, returnUri, cookies, tell }
}

function returnUriOf(given: unknown, { shared }: OAuth2Client): string {
  const { origin } = shared.redirect
  const isPath = typeof given === 'string' && given.startsWith('/')
  const url = isPath && origin === undefined ? '' : trustedUrl(isPath ? origin + given : given, shared.anywhere)
  if (typeof url !== 'string' && url.hash === '') return url.href
  throw new TypeError(
    'logoutRoutes(): "postLogoutRedirectUri" must be an https URL without fragment, or a path where "redirectUri" is a URL',
  )
}

/** Makes what tells the application of what fails on a route. */
function tellingOf(
  { reportRoute }: Requirement,
  { onFailure }: LogoutSettings,
): (route: LogoutRoute) => LogoutRequestSettings['tell'] {
  if (onFailure !== undefined && typeof onFailure !== 'function') {
    throw new TypeError('logoutRoutes(): "onFailure" must be a function')
  }
  return (route) => async (source, thrown) => {
    const failure = isCause(thrown) ? thrown : failed(thrown)
    try {
      await onFailure?.(failure, route)
    } catch (error) {
      reportRoute?.(source, error)
    }
  }
}

function failed(cause: unknown): AuthenticationError {
  return new AuthenticationError('a logout could not be done', { code: 'logout-failed', cause })
}

function isStored(options: LogoutRoutesOptions | StoredLogoutRoutesOptions): options is StoredLogoutRoutesOptions {
  return typeof options.sessions.revokeTagged === 'function'
}
