import { type DeviceAuthorizationResponse, initiateDeviceAuthorization } from 'openid-client'
import { trustedUrl } from '../../../keys/options.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { OAuth2ConfigurationError, OAuth2Unavailable } from '../errors.ts'
import { asked } from '../grants.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { searchParams, type TokenWish } from '../settings.ts'

/** A login under way, judged. */
export interface DeviceCode {
  /** What the service shows to the server. */
  readonly code: string
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string | undefined
  readonly lifeSeconds: number
  readonly expiresAt: number
  readonly intervalSeconds: number
}

/** What it is where the server does not say. */
const USUAL_INTERVAL = 5
const LONGEST_LIFE = 86_400

/**
 * Asks for the code of a new login.
 *
 * @throws AuthenticationFailedCause (rejects) when there is none that can be shown to somebody.
 * @see RFC 8628, sections 3.1 and 3.2
 */
export async function codeFor(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  { scopes = settings.scopes, resources = settings.resources, parameters }: TokenWish,
  outer: CallScope,
): Promise<DeviceCode> {
  return asked(client, outer, async (scope) => {
    const { device_authorization_endpoint: endpoint } = await issuer.metadata(scope)
    if (endpoint === undefined) {
      throw new OAuth2ConfigurationError('no-device-login', 'the issuer names no "device_authorization_endpoint"')
    }
    const configuration = await issuer.configuration({ settings, scope })
    const form = searchParams(parameters, resources)
    if (scopes.length > 0) form.set('scope', scopes.join(' '))
    return codeOf(await initiateDeviceAuthorization(configuration, form), client, scope)
  })
}

function codeOf(answer: DeviceAuthorizationResponse, { shared }: OAuth2Client, { now }: CallScope): DeviceCode {
  const { device_code: code, user_code: userCode, expires_in: life, interval = USUAL_INTERVAL } = answer
  // It is shown to somebody, who follows it.
  const place = trustedUrl(answer.verification_uri, shared.anywhere)
  const complete = answer.verification_uri_complete
  const whole = complete === undefined ? undefined : trustedUrl(complete, shared.anywhere)
  if (typeof place === 'string' || typeof whole === 'string') {
    throw new OAuth2Unavailable('malformed', 'the issuer sends people to a place that nobody can trust')
  }
  if (!/^[^\p{C}]{1,64}$/u.test(userCode)) {
    throw new OAuth2Unavailable('malformed', 'the issuer answers with a code that nobody can type in')
  }
  const lifeSeconds = Math.min(life, LONGEST_LIFE)
  return {
    code,
    userCode,
    verificationUri: place.href,
    verificationUriComplete: whole?.href,
    lifeSeconds,
    expiresAt: Math.floor(now() + lifeSeconds),
    intervalSeconds: Math.max(1, interval),
  }
}
