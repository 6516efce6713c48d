import {
  authorizationCodeGrant,
  fetchProtectedResource,
  fetchUserInfo,
  type TokenEndpointResponse,
} from 'openid-client'
import { invalidCredentials } from '../../core/cause.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../../wire/json.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import type { Connection, OAuth2Client } from './client.ts'
import { dpopOptions } from './dpop.ts'
import { OAuth2StepUpError, OAuth2Unavailable } from './errors.ts'
import { failureOf } from './failures.ts'
import { type CallScope, wantsOf } from './issuer-fetch.ts'
import type { AuthorizationAnswer } from './login/answer.ts'
import type { Transaction } from './login/transaction.ts'
import { type Settings, searchParams } from './settings.ts'
import type { IdTokenClaims, OAuth2Tokens } from './tokens.ts'

/** What a token endpoint gave, and the verified claims of its id_token. */
export interface Granted {
  readonly tokens: OAuth2Tokens
  readonly claims: IdTokenClaims | undefined
}

/** Whatever lives longer lives for ever. */
const LONGEST_SECONDS = 2 ** 31

const wrongHash = invalidCredentials('bad-signature', {
  detail: 'the access token is not the one that the id_token was made with',
})
const wrongParty = invalidCredentials('wrong-audience', { detail: 'the id_token was made for another client' })

/**
 * Exchanges the code of an answer for tokens, and verifies them against the login that it belongs to.
 *
 * @throws AuthenticationFailedCause (rejects) whatever goes wrong.
 * @see RFC 6749, section 4.1.3; OpenID Connect Core 1.0, section 3.1.3.7
 */
export async function exchangeCode(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  transaction: Transaction,
  answer: AuthorizationAnswer,
  outer: CallScope,
): Promise<Granted> {
  return asked(client, outer, async (scope) => {
    const { options, shared } = client
    const signedAnswer = answer.response === undefined ? undefined : wantsOf(answer.response)[0]
    const configuration = await issuer.configuration({
      settings,
      scope,
      onTokenRequest: options.onTokenRequest,
      signedAnswer,
    })
    const parameters = searchParams(settings.tokenParameters, settings.resources)
    const response = await authorizationCodeGrant(
      configuration,
      callbackUrl(transaction, answer, settings),
      {
        expectedState: transaction.state,
        pkceCodeVerifier: transaction.verifier,
        ...(shared.openid ? { expectedNonce: transaction.nonce, idTokenExpected: true } : {}),
        ...(shared.openid && transaction.maxAge !== undefined ? { maxAge: transaction.maxAge } : {}),
      },
      parameters,
      await dpopOptions(client, configuration, scope),
    )
    const granted = await grantedBy(response, settings, scope)
    mustMeet(transaction, granted.claims)
    return granted
  })
}

/**
 * Asks for what the server knows of a person: as OpenID Connect has it where there is an id_token, whose subject it must then
 * be about, else as a JSON object.
 *
 * @throws AuthenticationFailedCause (rejects) whatever goes wrong.
 * @see OpenID Connect Core 1.0, section 5.3
 */
export async function userInfoOf(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  { tokens, claims }: Granted,
  outer: CallScope,
): Promise<JsonObject> {
  return asked(client, outer, async (scope) => {
    const configuration = await issuer.configuration({ settings, scope })
    const proofs = await dpopOptions(client, configuration, scope)
    if (claims !== undefined) {
      return plainJson(await fetchUserInfo(configuration, tokens.accessToken, claims.sub, proofs))
    }
    const { userinfo_endpoint: endpoint } = await issuer.metadata(scope)
    if (typeof endpoint !== 'string' || !URL.canParse(endpoint))
      throw new OAuth2Unavailable('malformed', 'the issuer names no "userinfo_endpoint"')
    const url = new URL(endpoint)
    const headers = new Headers({ accept: 'application/json' })
    const response = await fetchProtectedResource(
      configuration,
      tokens.accessToken,
      url,
      'GET',
      undefined,
      headers,
      proofs,
    )
    const answer = response.status === 200 ? parseJsonObject(await response.text()) : undefined
    if (answer === undefined) throw new OAuth2Unavailable('user-info', 'the issuer answers with no JSON object')
    return answer
  })
}

/**
 * Asks a server within the time that is allowed.
 *
 * @throws AuthenticationFailedCause (rejects) whatever goes wrong.
 */
export async function asked<T>(
  client: OAuth2Client,
  outer: CallScope,
  ask: (scope: CallScope) => Promise<T>,
): Promise<T> {
  try {
    return await client.inTime(outer, ask)
  } catch (error) {
    throw failureOf(error)
  }
}

/** The URL that the browser came to, as it must have been: with what was read of the answer and nothing else. */
function callbackUrl(
  { redirectUri }: Transaction,
  { state, code, iss, response }: AuthorizationAnswer,
  { issuer }: Settings,
): URL {
  const url = new URL(redirectUri)
  if (response !== undefined) {
    url.searchParams.set('response', response)
    return url
  }
  url.searchParams.set('state', state)
  if (code !== undefined) url.searchParams.set('code', code)
  // A server that has no name here cannot be compared by it; its own path tells it from others.
  if (iss !== undefined && issuer !== undefined) url.searchParams.set('iss', iss)
  return url
}

/**
 * Judges what a token endpoint gave beyond what openid-client does.
 *
 * @throws AuthenticationFailedCause (rejects) when its id_token is not for this client, or not of the access token.
 */
export async function grantedBy(
  response: TokenEndpointResponse & { claims(): unknown },
  { clientId }: Settings,
  scope: CallScope,
): Promise<Granted> {
  const claims = claimsOf(response.claims())
  if (claims?.azp !== undefined && claims.azp !== clientId) throw wrongParty
  if (claims !== undefined && response.id_token !== undefined) {
    await mustHash(response.id_token, response.access_token, claims)
  }
  return { tokens: tokensOf(response, scope), claims }
}

/** What a token endpoint gave, as plain data. */
export function tokensOf(response: TokenEndpointResponse, scope: Pick<CallScope, 'now'>): OAuth2Tokens {
  const { access_token, token_type, expires_in, refresh_token, id_token, scope: scopes, ...extra } = response
  return Object.freeze({
    accessToken: access_token,
    tokenType: token_type,
    expiresAt: expires_in === undefined ? undefined : Math.floor(scope.now() + Math.min(expires_in, LONGEST_SECONDS)),
    refreshToken: refresh_token,
    idToken: id_token,
    scopes: scopes === undefined ? undefined : scopes.split(' ').filter((one) => one !== ''),
    extra: plainJson(extra),
  })
}

/** OpenID Connect Core 1.0, section 3.1.3.6: openid-client leaves this to whoever wants it. */
async function mustHash(idToken: string, accessToken: string, claims: IdTokenClaims): Promise<void> {
  const { at_hash: expected } = claims
  if (expected === undefined) return
  const alg = wantsOf(idToken)[0]?.alg ?? ''
  const bits = /(256|384|512)$/.exec(alg)?.[1] ?? '512'
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${bits}`, encodeUtf8(accessToken)))
  if (encodeBase64Url(digest.subarray(0, digest.length / 2)) !== expected) throw wrongHash
}

/** `auth_time` was judged before, by openid-client. Without an id_token nobody says when or how somebody logged in. */
function mustMeet({ acr, amr, maxAge }: Transaction, claims: IdTokenClaims | undefined): void {
  if (maxAge !== undefined && claims === undefined) throw new OAuth2StepUpError()
  if (acr !== undefined && (claims?.acr === undefined || !acr.includes(claims.acr))) throw new OAuth2StepUpError()
  const methods = Array.isArray(claims?.amr) ? claims.amr : []
  if (amr !== undefined && !amr.every((method) => methods.includes(method))) throw new OAuth2StepUpError()
}

function claimsOf(claims: unknown): IdTokenClaims | undefined {
  return isIdToken(claims) ? claims : undefined
}

/** openid-client answers the claims only when they were judged. */
function isIdToken(claims: unknown): claims is IdTokenClaims {
  return typeof claims === 'object' && claims !== null && 'sub' in claims && typeof claims.sub === 'string'
}

/** What came as JSON, as the plain data that it is. */
function plainJson(value: object): JsonObject {
  const plain = parseJsonObject(JSON.stringify(value))
  return isJsonObject(plain) ? plain : {}
}
