import type { AuthenticationProvider, Principal } from '../../core/provider.ts'
import type { PrincipalFrom } from '../../core/validate.ts'
import { OAuth2Client } from './client.ts'
import { type RedirectOptions, redirectProvider } from './login/redirect-provider.ts'
import type { OAuth2ClientOptions } from './options.ts'
import type { OAuth2Credential } from './tokens.ts'

export type { SealingKey } from '../../crypto/key-ring.ts'
export type { ClientAuthentication } from '../../keys/client-authentication.ts'
export type { OAuth2Client } from './client.ts'
export type { OAuth2Decryption } from './decryption.ts'
export type { OAuth2DPoP } from './dpop.ts'
export {
  OAuth2ConfigurationError,
  type OAuth2Failure,
  OAuth2InvalidGrantError,
  OAuth2RedirectError,
  OAuth2StepUpError,
  OAuth2TokenError,
  OAuth2Unavailable,
} from './errors.ts'
export type { RedirectOptions } from './login/redirect-provider.ts'
export {
  type LoginRoutes,
  type LoginRoutesOptions,
  loginRoutes,
} from './login/routes.ts'
export type { SessionMaker, SessionToMake } from './login/session-start.ts'
export type {
  OAuth2ClientAuthentication,
  OAuth2ClientOptions,
  OAuth2Endpoints,
  OAuth2ResponseMode,
  OAuth2Settings,
  OneIssuerOptions,
  ResolvingOptions,
  SharedClientOptions,
  TenantRequest,
  TokenAnswer,
  TokenRequest,
} from './options.ts'
export { type PasswordGranted, passwordGrant } from './password-grant.ts'
export {
  type ClientCredentialsOptions,
  type ClientCredentialsWish,
  clientCredentials,
  type TokenCall,
  type TokenSource,
} from './service-calls/client-credentials.ts'
export {
  type BegunDeviceLogin,
  type DeviceLogin,
  type DeviceLoginCall,
  type DeviceLoginOptions,
  type DeviceLoginWish,
  deviceLogin,
} from './service-calls/device-login.ts'
export { type AccessToken, fetchWithToken, type ServiceCall } from './service-calls/service-call.ts'
export type { GivenClient, ServiceClientOptions } from './service-calls/service-client.ts'
export {
  type SessionAccessToken,
  type SessionTokens,
  sessionTokens,
  type TakenTokens,
} from './session-tokens/session-tokens.ts'
export type { SessionTokensOptions } from './session-tokens/session-tokens-options.ts'
export type { TokenSessions } from './session-tokens/token-writer.ts'
export type { OAuth2Credential, OAuth2Tokens } from './tokens.ts'

/** What `oauth2()` is told: a client, or what makes one. */
export type OAuth2Options<P extends Principal> = RedirectOptions<OAuth2Credential, P> &
  (OAuth2ClientOptions | { readonly client: OAuth2Client })

/**
 * Makes a client of OAuth 2.0 by itself, where something beside the provider uses it: tokens of a session, device logins.
 *
 * @throws TypeError when an option cannot be used.
 */
export function oauth2Client(options: OAuth2ClientOptions): OAuth2Client {
  return new OAuth2Client(options, false, 'oauth2Client()')
}

/**
 * Logs people in by an authorization server of OAuth 2.0. A refused navigation is redirected there; when the browser comes
 * back to `redirectUri`, the tokens and, with `userInfo`, what the server knows of the person are what `validate` gets.
 *
 * Every login is bound to the browser that began it, comes back once, and uses PKCE. Where the server knows OpenID Connect use
 * `oidc()`: a token alone does not say that it was made for this service.
 *
 * @example
 * import { oauth2 } from 'becauth/oauth2'
 *
 * declare const secret: string
 * declare const key: string
 *
 * export const forge = oauth2({
 *   settings: {
 *     endpoints: {
 *       authorization: 'https://forge.example/login/oauth/authorize',
 *       token: 'https://forge.example/login/oauth/access_token',
 *       userInfo: 'https://api.forge.example/user',
 *     },
 *     clientId: 'orders',
 *     clientAuthentication: { method: 'client_secret_post', secret },
 *     userInfo: true,
 *   },
 *   redirectUri: 'https://orders.example/callback/forge',
 *   keys: [{ id: '2026', key }],
 *   validate: ({ userInfo }) => (typeof userInfo?.id === 'number' ? { forgeId: userInfo.id } : null),
 * })
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 6749; RFC 7636; RFC 9700; RFC 9207
 */
export function oauth2<P extends Principal = OAuth2Credential>(
  options: OAuth2Options<P>,
): AuthenticationProvider<PrincipalFrom<P>> {
  const client = 'client' in options ? options.client : new OAuth2Client(options, false, 'oauth2()')
  if (!(client instanceof OAuth2Client) || client.shared.openid) {
    throw new TypeError('oauth2(): "client" must be made by oauth2Client()')
  }
  return redirectProvider(client, options, isCredential, 'oauth2()')
}

function isCredential(credential: OAuth2Credential): credential is OAuth2Credential {
  return credential.tokens !== undefined
}
