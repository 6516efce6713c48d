import { baseOf, type ClientOptions, type OidcPreset, settingsFrom, standardPerson } from './preset.ts'

/** What `gitlab()` is told. */
export type GitlabOptions = ClientOptions & {
  /** Where GitLab is. Default: `https://gitlab.com`. */
  readonly url?: string | undefined
}

/**
 * Makes the preset of GitLab, its own and self-managed, for `oidc()`. Name and picture come from UserInfo only.
 *
 * @throws TypeError when `url` is not an https URL without a slash at its end.
 * @see https://docs.gitlab.com/integration/openid_connect_provider/
 */
export function gitlab(options: GitlabOptions): OidcPreset {
  const row = {
    issuer: baseOf(options.url ?? 'https://gitlab.com', 'url', 'gitlab()'),
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_basic',
    userInfo: true,
  } as const
  return { settings: settingsFrom(row, options), validate: standardPerson }
}
