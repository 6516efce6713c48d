import { type ClientOptions, hostOf, type OidcPreset, settingsFrom, standardPerson } from './preset.ts'

/** What `auth0()` is told. */
export type Auth0Options = ClientOptions & {
  /** The domain of the tenant, such as `shop.eu.auth0.com`, or its own domain. */
  readonly domain: string
}

/**
 * Makes the preset of a tenant of Auth0, for `oidc()`.
 *
 * @throws TypeError when `domain` is none.
 * @see https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery
 */
export function auth0(options: Auth0Options): OidcPreset {
  const row = {
    // With the slash: it is part of the name.
    issuer: `https://${hostOf(options.domain, 'domain', 'auth0()')}/`,
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_post',
  } as const
  return { settings: settingsFrom(row, options), validate: standardPerson }
}
