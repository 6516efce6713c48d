import { buildAuthorizationUrl, buildAuthorizationUrlWithPAR } from 'openid-client'
import { sha256 } from '#crypto'
import type { AuthenticationContext } from '../../../core/provider.ts'
import type { HeaderField } from '../../../core/request.ts'
import { encodeBase64Url } from '../../../wire/base64.ts'
import type { JsonObject } from '../../../wire/json.ts'
import { type Connection, isPosted, type OAuth2Client } from '../client.ts'
import { dpopOptions } from '../dpop.ts'
import { OAuth2ConfigurationError, OAuth2Unavailable } from '../errors.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { type Settings, searchParams } from '../settings.ts'
import type { LoginDemand } from './intents.ts'
import { type Transaction, toContent } from './transaction.ts'

/** What a login is begun for. */
export interface LoginWish {
  readonly returnTo: string
  readonly demand: LoginDemand
}

/** Where the browser goes, and the fields that keep the login in it. */
export interface BegunLogin {
  readonly redirect: string
  readonly headers: readonly HeaderField[]
}

/**
 * Begins a login: makes the transaction, and the URL of the authorization server that it is for.
 *
 * @throws AuthenticationError (rejects) when the server cannot be reached, or cannot be worked with.
 * @see RFC 6749, section 4.1.1; RFC 7636; RFC 9126; OpenID Connect Core 1.0, section 3.1.2.1
 */
export async function beginLogin(
  client: OAuth2Client,
  context: AuthenticationContext,
  wish: LoginWish,
): Promise<BegunLogin> {
  const { request } = context
  const connection = await client.connection(request, undefined, context)
  const { settings, issuer } = connection
  mustBeUsable(await issuer.metadata(context), settings, client)
  const random = (): string => encodeBase64Url(context.random(32))
  const transaction: Transaction = {
    v: 1,
    provider: context.name,
    issuer: settings.issuerName,
    redirectUri: client.redirectUri(request.url.origin, settings.key),
    state: random(),
    nonce: random(),
    verifier: random(),
    returnTo: wish.returnTo,
    // A login that is begun right after a logout is not one that it overtook.
    createdAt: Math.floor(context.now() * 1000) / 1000,
    ...(settings.key === undefined ? {} : { tenant: settings.key }),
    ...demandsOf(wish.demand),
  }
  const parameters = await parametersOf(transaction, client, settings)
  const wanted = [...parameters]
  await client.options.onAuthorizationRequest?.(parameters, request)
  for (const [name] of wanted) parameters.delete(name)
  for (const [name, value] of wanted) parameters.append(name, value)
  const url = await authorizationUrl(parameters, connection, client, context)
  const headers = await keep(transaction, client, settings, context)
  await client.options.onStateCreated?.(transaction.state, request)
  return { redirect: url.href, headers }
}

/** @throws AuthenticationError when nobody logs in at this server, or a login could be intercepted. */
function mustBeUsable(metadata: JsonObject, { assumesS256, endpoints }: Settings, client: OAuth2Client): void {
  if (metadata.authorization_endpoint === undefined) {
    throw new OAuth2Unavailable('malformed', 'the issuer names no "authorization_endpoint"')
  }
  const methods = metadata.code_challenge_methods_supported
  const isKnown = Array.isArray(methods) && methods.includes('S256')
  // Who gives endpoints by hand has no metadata that could say it; PKCE is used all the same.
  if (!isKnown && endpoints === undefined && (assumesS256 !== true || Array.isArray(methods))) {
    throw new OAuth2ConfigurationError('no-pkce', 'the metadata of the issuer do not name S256 for PKCE')
  }
  if (client.isPathShared && metadata.authorization_response_iss_parameter_supported !== true) {
    throw new OAuth2ConfigurationError('no-iss', 'an issuer that sends no "iss" shares its callback with others')
  }
}

function demandsOf({ acrValues, amr, maxAgeSeconds }: LoginDemand): Pick<Transaction, 'acr' | 'amr' | 'maxAge'> {
  return {
    ...(acrValues === undefined ? {} : { acr: acrValues }),
    ...(amr === undefined ? {} : { amr }),
    ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds }),
  }
}

async function parametersOf(
  transaction: Transaction,
  { shared }: OAuth2Client,
  settings: Settings,
): Promise<URLSearchParams> {
  const { state, nonce, verifier, redirectUri, acr, maxAge } = transaction
  const { clientId, scopes, responseMode, resources, authorizationParameters } = settings
  const parameters = searchParams(authorizationParameters, resources)
  parameters.set('client_id', clientId)
  parameters.set('redirect_uri', redirectUri)
  parameters.set('response_type', 'code')
  if (scopes.length > 0) parameters.set('scope', scopes.join(' '))
  parameters.set('state', state)
  if (shared.openid) parameters.set('nonce', nonce)
  parameters.set('code_challenge', encodeBase64Url(await sha256(verifier)))
  parameters.set('code_challenge_method', 'S256')
  if (responseMode !== 'query') parameters.set('response_mode', responseMode)
  if (acr !== undefined) parameters.set('acr_values', acr.join(' '))
  if (maxAge !== undefined) parameters.set('max_age', String(maxAge))
  return parameters
}

async function authorizationUrl(
  parameters: URLSearchParams,
  { settings, issuer }: Connection,
  client: OAuth2Client,
  context: CallScope,
): Promise<URL> {
  return client.inTime(context, async (scope) => {
    const configuration = await issuer.configuration({ settings, scope })
    const { require_pushed_authorization_requests: isDemanded } = await issuer.metadata(scope)
    const isPushed = settings.pushedAuthorizationRequests ?? isDemanded === true
    const proofs = await dpopOptions(client, configuration, scope)
    // RFC 9449, section 10: the code is bound as well.
    if (proofs?.DPoP !== undefined) parameters.set('dpop_jkt', await proofs.DPoP.calculateThumbprint())
    return isPushed
      ? buildAuthorizationUrlWithPAR(configuration, parameters, proofs)
      : buildAuthorizationUrl(configuration, parameters)
  })
}

/** A place that makes the cookie too large is given up: the person ends up at the start. */
async function keep(
  transaction: Transaction,
  { cookies }: OAuth2Client,
  settings: Settings,
  { request }: AuthenticationContext,
): Promise<readonly HeaderField[]> {
  const sameSite = isPosted(settings) ? 'None' : 'Lax'
  const { state } = transaction
  const kept =
    (await cookies.begin(request, state, toContent(transaction), sameSite)) ??
    (await cookies.begin(request, state, toContent({ ...transaction, returnTo: '/' }), sameSite))
  if (kept !== undefined) return kept
  throw new OAuth2ConfigurationError('too-large', 'the login does not fit into a cookie of 1.5 KB')
}
