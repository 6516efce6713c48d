import type { AuthenticationProvider, Principal } from '../../core/provider.ts'
import type { PrincipalFrom } from '../../core/validate.ts'
import { OAuth2Client } from '../oauth2/client.ts'
import { type RedirectOptions, redirectProvider } from '../oauth2/login/redirect-provider.ts'
import type { OAuth2ClientOptions } from '../oauth2/options.ts'
import type { OAuth2Credential, OidcCredential } from '../oauth2/tokens.ts'

export {
  type LoginRoutes,
  type LoginRoutesOptions,
  loginRoutes,
} from '../oauth2/login/routes.ts'
export type { SessionMaker, SessionToMake } from '../oauth2/login/session-start.ts'
export type {
  IssuerLogout,
  LogoutRoute,
  LogoutRoutes,
  LogoutRoutesOptions,
  LogoutSettings,
  SessionEnder,
  StoredLogoutRoutes,
  StoredLogoutRoutesOptions,
  TaggedSessionEnder,
} from '../oauth2/logout/logout-options.ts'
export { logoutRoutes } from '../oauth2/logout/logout-routes.ts'
export {
  type SessionAccessToken,
  type SessionTokens,
  sessionTokens,
  type TakenTokens,
} from '../oauth2/session-tokens/session-tokens.ts'
export type { SessionTokensOptions } from '../oauth2/session-tokens/session-tokens-options.ts'
export type { TokenSessions } from '../oauth2/session-tokens/token-writer.ts'
export type { IdTokenClaims, OAuth2Tokens, OidcCredential } from '../oauth2/tokens.ts'

/** What `oidc()` is told: a client, or what makes one. */
export type OidcOptions<P extends Principal> = RedirectOptions<OidcCredential, P> &
  (OAuth2ClientOptions | { readonly client: OAuth2Client })

/**
 * Makes a client of OpenID Connect by itself, where something beside the provider uses it: tokens of a session, logout.
 *
 * @throws TypeError when an option cannot be used.
 */
export function oidcClient(options: OAuth2ClientOptions): OAuth2Client {
  return new OAuth2Client(options, true, 'oidcClient()')
}

/**
 * Logs people in by an OpenID Connect provider. A refused navigation is redirected there; when the browser comes back to
 * `redirectUri`, the verified id_token is what `validate` gets.
 *
 * Every login is bound to the browser that began it, comes back once, and uses PKCE and a nonce; the signature of the id_token
 * is verified. The service starts while the issuer is down, and logs people in a moment after it comes up.
 *
 * @example
 * import { authentication } from 'becauth'
 * import { memorySessionStore } from 'becauth/memory'
 * import { loginRoutes, oidc } from 'becauth/oidc'
 * import { session, sessions } from 'becauth/session'
 * import { z } from 'zod'
 *
 * declare const secret: string
 * declare const key: string
 *
 * const stored = sessions({ store: memorySessionStore(), schema: z.object({ account: z.string() }) })
 * export const auth = authentication({
 *   office: oidc({
 *     settings: {
 *       issuer: 'https://id.example',
 *       clientId: 'orders',
 *       clientAuthentication: { method: 'client_secret_basic', secret },
 *     },
 *     redirectUri: 'https://orders.example/callback/office',
 *     keys: [{ id: '2026', key }],
 *   }),
 *   visitor: session({ sessions: stored, challenge: { redirect: '/login' } }),
 * })
 * export const routes = loginRoutes(auth.require('office'), {
 *   sessions: stored,
 *   session: ({ principal }) => ({ subject: principal.claims.sub, data: { account: principal.claims.sub } }),
 *   signedIn: auth.require('visitor'),
 * })
 *
 * @throws TypeError when an option cannot be used.
 * @see OpenID Connect Core 1.0; RFC 9700
 */
export function oidc<P extends Principal = OidcCredential>(
  options: OidcOptions<P>,
): AuthenticationProvider<PrincipalFrom<P>> {
  const client = 'client' in options ? options.client : new OAuth2Client(options, true, 'oidc()')
  if (!(client instanceof OAuth2Client) || !client.shared.openid) {
    throw new TypeError('oidc(): "client" must be made by oidcClient()')
  }
  return redirectProvider(client, options, isCredential, 'oidc()')
}

function isCredential(credential: OAuth2Credential): credential is OidcCredential {
  return 'claims' in credential
}
