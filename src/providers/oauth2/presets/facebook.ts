import type { InvalidCredentials } from '../../../core/cause.ts'
import { isJsonObject, type JsonValue } from '../../../wire/json.ts'
import type { TokenAnswer } from '../options.ts'
import type { Person } from './person.ts'
import {
  type ClientOptions,
  type OAuth2Preset,
  type PlainCredential,
  personOf,
  settingsFrom,
  textOf,
  withError,
} from './preset.ts'

/** What `facebook()` is told. */
export type FacebookOptions = ClientOptions & {
  /** The version of the Graph API, each of which is good for two years. Default: `v23.0`. */
  readonly version?: `v${number}.0` | undefined
}

/**
 * Makes the preset of Facebook Login, for `oauth2()`. People are known by an id that is theirs for this app only. Facebook says
 * of no address that it was verified.
 *
 * @throws TypeError when `version` is none.
 * @see https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
 * @see https://developers.facebook.com/docs/graph-api/reference/user/
 */
export function facebook(options: FacebookOptions): OAuth2Preset {
  const { version = 'v23.0' } = options
  if (!/^v\d{1,3}\.0$/.test(version)) throw new TypeError('facebook(): "version" must be a version such as "v23.0"')
  const graph = `https://graph.facebook.com/${version}`
  const row = {
    endpoints: {
      authorization: `https://www.facebook.com/${version}/dialog/oauth`,
      token: `${graph}/oauth/access_token`,
      userInfo: `${graph}/me?fields=id,name,email,picture`,
    },
    scopes: ['public_profile', 'email'],
    secret: 'client_secret_post',
    userInfo: true,
    normalize,
  } as const
  return { settings: settingsFrom(row, options), validate }
}

function validate({ userInfo = {} }: PlainCredential): Person | InvalidCredentials {
  const { id, picture } = userInfo
  const data = isJsonObject(picture) ? picture.data : undefined
  return personOf({
    issuer: 'https://www.facebook.com',
    subject: textOf(id),
    email: userInfo.email,
    name: userInfo.name,
    picture: isJsonObject(data) ? data.url : undefined,
  })
}

/** @see https://developers.facebook.com/docs/graph-api/guides/error-handling/ */
const errors: ReadonlyMap<JsonValue | undefined, string> = new Map([
  [1, 'invalid_client'],
  [2, 'temporarily_unavailable'],
  [4, 'temporarily_unavailable'],
  [100, 'invalid_grant'],
  [101, 'invalid_client'],
])

/** Errors are objects, with a number that says what happened. */
function normalize(answer: TokenAnswer): TokenAnswer {
  const { error } = answer.body
  if (!isJsonObject(error)) return answer
  const name = error.is_transient === true ? 'temporarily_unavailable' : (errors.get(error.code) ?? 'invalid_request')
  return withError(name, error.message)
}
