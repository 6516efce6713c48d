import type { InvalidCredentials } from '../../../core/cause.ts'
import { isJsonObject } from '../../../wire/json.ts'
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

/**
 * Makes the preset of X, for `oauth2()`. People are known by the `id` of their account, never by `username`.
 *
 * An address comes only to apps that may ask for it: then give `scopes: ['users.email']`. X tells confirmed ones only.
 *
 * @see https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
 * @see https://docs.x.com/x-api/users/user-lookup-me
 */
export function x(options: ClientOptions): OAuth2Preset {
  const isEmailWanted = options.scopes?.includes('users.email') === true
  const fields = isEmailWanted ? 'profile_image_url,confirmed_email' : 'profile_image_url'
  const row = {
    endpoints: {
      authorization: 'https://x.com/i/oauth2/authorize',
      token: 'https://api.x.com/2/oauth2/token',
      userInfo: `https://api.x.com/2/users/me?user.fields=${fields}`,
      revocation: 'https://api.x.com/2/oauth2/revoke',
    },
    // Nobody is told who it is without the second one.
    scopes: ['users.read', 'tweet.read'],
    secret: 'client_secret_basic',
    userInfo: true,
    normalize,
  } as const
  return { settings: settingsFrom(row, options), validate }
}

function validate({ userInfo }: PlainCredential): Person | InvalidCredentials {
  const data = isJsonObject(userInfo?.data) ? userInfo.data : {}
  return personOf({
    issuer: 'https://x.com',
    subject: textOf(data.id),
    email: data.confirmed_email,
    isEmailVerified: true,
    name: data.name,
    username: data.username,
    picture: data.profile_image_url,
  })
}

/** A code that is no good is told in words only. */
function normalize(answer: TokenAnswer): TokenAnswer {
  const { error, error_description: words } = answer.body
  const isCode =
    error === 'invalid_request' && typeof words === 'string' && /authorization code was invalid/i.test(words)
  return isCode ? withError('invalid_grant', words) : answer
}
