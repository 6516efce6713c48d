import { type InvalidCredentials, isCause } from '../../../core/cause.ts'
import type { OidcCredential } from '../tokens.ts'
import type { Person } from './person.ts'
import { type ClientOptions, hostOf, type OidcPreset, segmentOf, settingsFrom, standardPerson } from './preset.ts'

/** What `okta()` is told. */
export type OktaOptions = ClientOptions & {
  /** The domain of the organization, such as `shop.okta.com`, or its own domain. */
  readonly domain: string
  /** The custom authorization server, such as `default`. Default: that of the organization. */
  readonly authorizationServer?: string | undefined
}

/**
 * Makes the preset of an organization of Okta, for `oidc()`. Name and address come from UserInfo: with an access token, the
 * id_token is a thin one.
 *
 * An address is never taken for verified: Okta tells services not to rely on its `email_verified`.
 *
 * @throws TypeError when `domain` is none, or `authorizationServer` no name.
 * @see https://developer.okta.com/docs/concepts/auth-servers/
 * @see https://support.okta.com/help/s/article/how-to-return-the-email-verified-claim
 */
export function okta(options: OktaOptions): OidcPreset {
  const { domain, authorizationServer } = options
  const org = `https://${hostOf(domain, 'domain', 'okta()')}`
  const row = {
    issuer:
      authorizationServer === undefined
        ? org
        : `${org}/oauth2/${segmentOf(authorizationServer, 'authorizationServer', 'okta()')}`,
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_basic',
    userInfo: true,
  } as const
  return { settings: settingsFrom(row, options), validate }
}

function validate(credential: OidcCredential): Person | InvalidCredentials {
  const person = standardPerson(credential)
  return isCause(person) ? person : { ...person, isEmailVerified: false }
}
