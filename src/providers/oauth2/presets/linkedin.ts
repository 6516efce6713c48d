import type { InvalidCredentials } from '../../../core/cause.ts'
import type { TokenAnswer } from '../options.ts'
import { secretWithoutVerifier } from './client-secret.ts'
import type { Person } from './person.ts'
import {
  type OAuth2Preset,
  type PlainCredential,
  type PresetRow,
  personOf,
  type SecretOptions,
  settingsFrom,
  withError,
} from './preset.ts'

/** @see https://www.linkedin.com/oauth/.well-known/openid-configuration */
const row = {
  endpoints: {
    authorization: 'https://www.linkedin.com/oauth/v2/authorization',
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
    userInfo: 'https://api.linkedin.com/v2/userinfo',
  },
  scopes: ['openid', 'profile', 'email'],
  secret: 'client_secret_post',
  userInfo: true,
  normalize,
} as const satisfies PresetRow

/**
 * Makes the preset of "Sign In with LinkedIn using OpenID Connect", for `oauth2()`: its id_token leaves out the nonce, which
 * `oidc()` needs, so that UserInfo says who it is.
 *
 * LinkedIn refuses a `code_verifier` of clients that have a secret, so that none is sent: a code that somebody stole on its way
 * can be used in another browser while it is fresh.
 *
 * @throws TypeError when `secret` is empty.
 * @see https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2
 * @see https://github.com/linkedin-developers/linkedin-api-js-client/issues/34, on the nonce
 * @see https://github.com/nextauthjs/next-auth/issues/8831, on the verifier
 */
export function linkedin(options: SecretOptions): OAuth2Preset {
  const { secret, ...others } = options
  const clientAuthentication = secretWithoutVerifier(options.clientId, secret, 'linkedin()')
  return { settings: settingsFrom(row, { ...others, clientAuthentication }), validate }
}

function validate({ userInfo = {} }: PlainCredential): Person | InvalidCredentials {
  return personOf({
    issuer: 'https://www.linkedin.com/oauth',
    subject: userInfo.sub,
    email: userInfo.email,
    isEmailVerified: userInfo.email_verified === true,
    name: userInfo.name,
    picture: userInfo.picture,
  })
}

/** A code that is no good is told in words only, and scopes come with commas between them. */
function normalize(answer: TokenAnswer): TokenAnswer {
  const { status, body } = answer
  const { error, error_description: words, scope } = body
  const isCode = error === 'invalid_request' && typeof words === 'string' && /authorization code/i.test(words)
  if (isCode) return withError('invalid_grant', words)
  return { status, body: typeof scope === 'string' ? { ...body, scope: scope.replaceAll(',', ' ') } : body }
}
