import type { InvalidCredentials } from '../../../core/cause.ts'
import type { AuthenticationContext } from '../../../core/provider.ts'
import { type JsonValue, parseJson } from '../../../wire/json.ts'
import { OAuth2Unavailable } from '../errors.ts'
import { guardedText } from '../issuer-fetch.ts'
import type { TokenAnswer } from '../options.ts'
import type { Person } from './person.ts'
import {
  baseOf,
  type ClientOptions,
  type OAuth2Preset,
  type PlainCredential,
  personOf,
  settingsFrom,
  withError,
} from './preset.ts'

/** What `github()` is told. */
export type GithubOptions = ClientOptions & {
  /** Where GitHub is: its own address, that of a tenant of `ghe.com`, or of an Enterprise Server. Default: `https://github.com`. */
  readonly url?: string | undefined
}

/** Where the parts of a GitHub are. */
interface Place {
  readonly url: string
  readonly api: string
}

/** @see https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api */
function placeOf(options: { readonly url?: string | undefined }): Place {
  const url = baseOf(options.url ?? 'https://github.com', 'url', 'github()')
  const { host } = new URL(url)
  const isHosted = host === 'github.com' || host.endsWith('.ghe.com')
  return { url, api: isHosted ? `https://api.${host}` : `${url}/api/v3` }
}

/**
 * Makes the preset of GitHub, for `oauth2()`: of OAuth apps and of GitHub Apps.
 *
 * People are known by the number of their account, never by `login`, which can be given up and taken by somebody else. `email`
 * is the address of the public profile; verified ones are at another place, where `githubEmails()` looks.
 *
 * @throws TypeError when `url` is not the https URL of a GitHub.
 * @see https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export function github(options: GithubOptions): OAuth2Preset {
  const { url, api } = placeOf(options)
  const row = {
    endpoints: {
      authorization: `${url}/login/oauth/authorize`,
      token: `${url}/login/oauth/access_token`,
      userInfo: `${api}/user`,
    },
    scopes: ['user:email'],
    secret: 'client_secret_post',
    userInfo: true,
    normalize,
  } as const
  return { settings: settingsFrom(row, options), validate: (credential) => validated(credential, url) }
}

function validated({ userInfo }: PlainCredential, issuer: string): Person | InvalidCredentials {
  return personOf({
    issuer,
    subject: userInfo?.id,
    email: userInfo?.email,
    name: userInfo?.name ?? userInfo?.login,
    username: userInfo?.login,
    picture: userInfo?.avatar_url,
  })
}

/** @see https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors */
const errors: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ['bad_verification_code', 'invalid_grant'],
  ['bad_refresh_token', 'invalid_grant'],
  ['incorrect_client_credentials', 'invalid_client'],
])

/** Errors come with the status 200, and scopes with commas between them. */
function normalize({ status, body }: TokenAnswer): TokenAnswer {
  const { error, scope } = body
  if (typeof error === 'string') {
    return withError(errors.get(error) ?? error, body.error_description)
  }
  return { status, body: typeof scope === 'string' ? { ...body, scope: scope.replaceAll(',', ' ') } : body }
}

/** One of the addresses of an account of GitHub. */
export interface GithubEmail {
  readonly email: string
  /** Whether GitHub says that the person showed that it is theirs. */
  readonly isVerified: boolean
  /** Whether it is the one that GitHub writes to. */
  readonly isPrimary: boolean
}

/**
 * Asks GitHub for all addresses of an account that logged in, within a `validate` of one's own. Needs the scope `user:email`,
 * which `github()` asks for; a GitHub App needs the permission "Email addresses".
 *
 * @example
 * import { isCause } from 'becauth'
 * import { oauth2 } from 'becauth/oauth2'
 * import { github, githubEmails } from 'becauth/presets'
 *
 * declare const secret: string
 * declare const key: string
 *
 * const preset = github({ clientId: 'Iv1.0123456789abcdef', secret })
 * export const provider = oauth2({
 *   ...preset,
 *   redirectUri: 'https://shop.example/callback/github',
 *   keys: [{ id: '2026', key }],
 *   validate: async (credential, context) => {
 *     const person = preset.validate(credential)
 *     if (isCause(person)) return person
 *     const primary = (await githubEmails(credential, context)).find(({ isPrimary }) => isPrimary)
 *     return { ...person, email: primary?.email, isEmailVerified: primary?.isVerified === true }
 *   },
 * })
 *
 * @throws OAuth2Unavailable (rejects) when GitHub does not answer with a list.
 * @see https://docs.github.com/rest/users/emails
 */
export async function githubEmails(
  { tokens }: Pick<PlainCredential, 'tokens'>,
  context: Pick<AuthenticationContext, 'fetch' | 'signal' | 'now'>,
  options: Pick<GithubOptions, 'url'> = {},
): Promise<readonly GithubEmail[]> {
  const headers = new Headers({
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${tokens.accessToken}`,
    // Who says no name is not answered.
    'user-agent': 'becauth',
  })
  const guards = { scope: context, allowHttp: 'never' } as const
  const { api } = placeOf(options)
  const { status, text } = await guardedText(`${api}/user/emails`, { method: 'GET', headers }, guards, context.signal)
  const list = status === 200 ? parseJson(text) : undefined
  if (!Array.isArray(list)) throw new OAuth2Unavailable('user-info', 'GitHub answers with no list of addresses')
  return list.flatMap(emailOf)
}

function emailOf(value: JsonValue): readonly GithubEmail[] {
  if (typeof value !== 'object' || value === null || !('email' in value) || typeof value.email !== 'string') return []
  return [{ email: value.email, isVerified: value.verified === true, isPrimary: value.primary === true }]
}
