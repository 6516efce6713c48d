import { type ClientOptions, hostOf, type OidcPreset, settingsFrom, standardPerson } from './preset.ts'

/** What `zitadel()` is told. */
export type ZitadelOptions = ClientOptions & {
  /** The domain of the instance, such as `shop-a1b2c3.zitadel.cloud`. */
  readonly domain: string
}

/**
 * Makes the preset of an instance of Zitadel, for `oidc()`. Name and address come from UserInfo: the id_token has them only where
 * the application's settings say so.
 *
 * @throws TypeError when `domain` is none.
 * @see https://zitadel.com/docs/apis/openidoauth/claims
 */
export function zitadel(options: ZitadelOptions): OidcPreset {
  const row = {
    issuer: `https://${hostOf(options.domain, 'domain', 'zitadel()')}`,
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_basic',
    userInfo: true,
  } as const
  return { settings: settingsFrom(row, options), validate: standardPerson }
}
