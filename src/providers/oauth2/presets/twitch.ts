import type { TokenAnswer } from '../options.ts'
import {
  type ClientOptions,
  type OidcPreset,
  type PresetRow,
  settingsFrom,
  standardPerson,
  withError,
} from './preset.ts'

/** @see https://id.twitch.tv/oauth2/.well-known/openid-configuration */
const row = {
  issuer: 'https://id.twitch.tv/oauth2',
  scopes: ['openid', 'user:read:email'],
  secret: 'client_secret_post',
  // Twitch does not check it; the nonce of `oidc()` makes a stolen code useless.
  assumesS256: true,
  // Without it the id_token says nothing but `sub`.
  authorizationParameters: {
    claims: '{"id_token":{"email":null,"email_verified":null,"picture":null,"preferred_username":null}}',
  },
  normalize,
} as const satisfies PresetRow

/**
 * Makes the preset of Twitch, for `oidc()`.
 *
 * @see https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/
 */
export function twitch(options: ClientOptions): OidcPreset {
  return { settings: settingsFrom(row, options), validate: standardPerson }
}

/** Scopes are a list, and errors have a `message` in the place of an `error`. */
function normalize(answer: TokenAnswer): TokenAnswer {
  const { status, body } = answer
  const { message, scope } = body
  if (status >= 400 && typeof message === 'string') {
    if (/invalid authorization code|invalid refresh token/i.test(message)) return withError('invalid_grant', message)
    return withError(/client/i.test(message) ? 'invalid_client' : 'invalid_request', message)
  }
  return { status, body: Array.isArray(scope) ? { ...body, scope: scope.join(' ') } : body }
}
