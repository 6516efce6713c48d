import { baseOf, type ClientOptions, type OidcPreset, segmentOf, settingsFrom, standardPerson } from './preset.ts'

/** What `keycloak()` is told. */
export type KeycloakOptions = ClientOptions & {
  /** Where Keycloak is, such as `https://id.example`; before version 17 with `/auth` at its end. */
  readonly url: string
  readonly realm: string
}

/**
 * Makes the preset of a realm of Keycloak, for `oidc()`.
 *
 * @throws TypeError when `url` is not an https URL without a slash at its end, or `realm` no name.
 * @see https://www.keycloak.org/securing-apps/oidc-layers
 */
export function keycloak(options: KeycloakOptions): OidcPreset {
  const row = {
    issuer: `${baseOf(options.url, 'url', 'keycloak()')}/realms/${segmentOf(options.realm, 'realm', 'keycloak()')}`,
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_basic',
  } as const
  return { settings: settingsFrom(row, options), validate: standardPerson }
}
