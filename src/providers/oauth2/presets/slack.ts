import { type InvalidCredentials, invalidCredentials, isCause } from '../../../core/cause.ts'
import type { JsonValue } from '../../../wire/json.ts'
import type { TokenAnswer } from '../options.ts'
import type { OidcCredential } from '../tokens.ts'
import { secretWithoutVerifier } from './client-secret.ts'
import type { Person } from './person.ts'
import {
  type OidcPreset,
  type PresetRow,
  personOf,
  type SecretOptions,
  settingsFrom,
  textOf,
  withError,
} from './preset.ts'

/** Who logged in at Slack. */
export interface SlackPerson extends Person {
  /** The id of the workspace that they logged in to. */
  readonly team: string
}

/** @see https://slack.com/.well-known/openid-configuration */
const row = {
  issuer: 'https://slack.com',
  scopes: ['openid', 'email', 'profile'],
  secret: 'client_secret_post',
  // Slack does not check it for clients that have a secret; the nonce of `oidc()` makes a stolen code useless.
  assumesS256: true,
  normalize,
} as const satisfies PresetRow

/**
 * Makes the preset of "Sign in with Slack", for `oidc()`. PKCE must be off in the settings of the app, as it is by default:
 * Slack takes an app with PKCE for one that has no secret.
 *
 * People are known by workspace and user id, since Slack gives out user ids for each workspace.
 *
 * @throws TypeError when `secret` is empty.
 * @see https://docs.slack.dev/authentication/sign-in-with-slack/
 * @see https://api.slack.com/methods/users.identity, on user ids
 * @see https://docs.slack.dev/authentication/using-pkce
 * @see https://github.com/paradigmxyz/centaur/pull/1101, on secrets and PKCE at `openid.connect.token`
 */
export function slack(options: SecretOptions): OidcPreset<SlackPerson> {
  const { secret, ...others } = options
  const clientAuthentication = secretWithoutVerifier(options.clientId, secret, 'slack()')
  return { settings: settingsFrom(row, { ...others, clientAuthentication }), validate }
}

const noTeam = invalidCredentials('missing-claim', { detail: 'the id_token names no workspace or no user of it' })

function validate({ claims }: OidcCredential): SlackPerson | InvalidCredentials {
  const team = textOf(claims['https://slack.com/team_id'])
  const user = textOf(claims['https://slack.com/user_id'])
  if (team === undefined || user === undefined) return noTeam
  const person = personOf({
    issuer: claims.iss,
    subject: `${team}.${user}`,
    email: claims.email,
    isEmailVerified: claims.email_verified === true,
    name: claims.name,
    picture: claims.picture,
  })
  return isCause(person) ? person : { ...person, team }
}

/** @see https://docs.slack.dev/reference/methods/openid.connect.token, "Errors" */
const errors: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ['invalid_code', 'invalid_grant'],
  ['code_already_used', 'invalid_grant'],
  ['code_expired', 'invalid_grant'],
  ['invalid_refresh_token', 'invalid_grant'],
  ['bad_client_secret', 'invalid_client'],
  ['invalid_client_id', 'invalid_client'],
  ['internal_error', 'server_error'],
  ['fatal_error', 'server_error'],
  ['service_unavailable', 'temporarily_unavailable'],
  ['ratelimited', 'temporarily_unavailable'],
])

/** Errors come with the status 200 and `ok: false`. */
function normalize(answer: TokenAnswer): TokenAnswer {
  const { ok, error } = answer.body
  if (ok !== false && error === undefined) return answer
  return withError(errors.get(error) ?? textOf(error) ?? 'invalid_request')
}
