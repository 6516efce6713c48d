import type { HeaderField, RequestSource } from '../../../core/request.ts'
import type { Requirement } from '../../../core/requirement.ts'
import type { Outcome, Refused } from '../../../core/who.ts'
import type { TransactionCookies } from '../../../crypto/transaction-cookies.ts'
import { trustedUrl } from '../../../keys/options.ts'
import type { SessionRequest } from '../../../sessions/types.ts'
import { encodeBase64Url } from '../../../wire/base64.ts'
import { askedReturnTo, safeReturnTo } from '../../../wire/return-to.ts'
import type { OAuth2Client } from '../client.ts'
import { OAuth2Unavailable } from '../errors.ts'
import type { CallScope } from '../issuer-fetch.ts'
import type { TakenTokens } from '../session-tokens/session-tokens.ts'
import { lastingRequest, methodNotAllowed, placeOf, seeOther, stillLoggedIn, tenantRequest } from './logout-answers.ts'
import type { LogoutSettings, SessionEnder } from './logout-options.ts'

/** What a logout by the person goes by, checked. */
export interface LogoutRequestSettings extends Pick<LogoutSettings, 'client' | 'tokens'> {
  readonly sessions: Pick<SessionEnder, 'logout'>
  readonly home: string
  readonly returnToParameter: string
  /** An absolute URL. */
  readonly returnUri: string | undefined
  /** Logouts under way in a browser. */
  readonly cookies: TransactionCookies
  /** Tells the application of what failed. Never rejects. */
  readonly tell: (source: RequestSource, thrown: unknown) => Promise<void>
}

/** Longer ones do not fit into every server's request line. */
const LONGEST_HINT = 4096
const ORIGIN = 'https://return-to.invalid'

/**
 * Ends the session of a request, and then sends the browser to the server that it came from.
 *
 * @see OpenID Connect RP-Initiated Logout 1.0, section 2
 */
export async function logout(
  source: RequestSource,
  requirement: Requirement,
  settings: LogoutRequestSettings,
): Promise<Refused> {
  if (source.method !== 'POST') return methodNotAllowed(source, 'POST')
  const outcome = await requirement.decide(source)
  const crossSite = crossSiteIn(outcome)
  if (crossSite !== undefined) return crossSite
  // Other sites' posts come without the cookie, and an answer that deletes it would log out all the same.
  if (outcome.kind !== 'authenticated' && !isOwnPage(source)) {
    return outcome.kind === 'unavailable' ? outcome : seeOther(settings.home, [])
  }
  const request = lastingRequest(source)
  const taken = await takenFrom(request, source, settings)
  let headers: readonly HeaderField[]
  try {
    headers = (await settings.sessions.logout(request)).headers
  } catch (thrown) {
    await settings.tell(source, thrown)
    await revoked(taken, source, settings)
    return stillLoggedIn(source, thrown)
  }
  const asked = askedReturnTo(placeOf(source), settings.returnToParameter)
  const returnTo = (asked === undefined ? undefined : safeReturnTo(asked, ORIGIN)) ?? settings.home
  const [server] = await Promise.all([endSessionUrl(source, taken?.tenant, settings), revoked(taken, source, settings)])
  if (server === undefined) return seeOther(returnTo, headers)
  const hint = taken?.idToken
  if (hint !== undefined && hint.length <= LONGEST_HINT) server.searchParams.set('id_token_hint', hint)
  return seeOther(...(await withReturn(server, source, returnTo, settings, headers)))
}

/**
 * Takes back the browser that a logout sent to the server. Without a logout that began in it, it is led to the start.
 *
 * @see OpenID Connect RP-Initiated Logout 1.0, section 3
 */
export async function afterLogout(source: RequestSource, settings: LogoutRequestSettings): Promise<Refused> {
  if (source.method !== 'GET' && source.method !== 'HEAD') return methodNotAllowed(source, 'GET, HEAD')
  const { client, cookies, home } = settings
  const state = askedReturnTo(placeOf(source), 'state')
  if (state === undefined) return seeOther(home, [])
  const { content, deletion } = await cookies.open(source, state, scopeOf(client).now())
  const returnTo = typeof content?.returnTo === 'string' ? content.returnTo : undefined
  return seeOther(returnTo ?? home, deletion === undefined ? [] : [deletion])
}

function crossSiteIn(outcome: Outcome): Refused | undefined {
  const refused = outcome.kind === 'anonymous' ? outcome.refused : outcome
  if (refused?.kind !== 'rejected') return undefined
  return refused.denials.some(({ requirement }) => requirement === 'cross-site') ? refused : undefined
}

/** Whether the browser says that a page of this service posts. */
function isOwnPage(source: RequestSource): boolean {
  const site = source.header('sec-fetch-site')
  return site === 'same-origin' || site === 'none'
}

/** The tokens, while the session can still show them. Nobody stays logged in because of them. */
async function takenFrom(
  request: SessionRequest,
  source: RequestSource,
  { tokens, tell }: LogoutRequestSettings,
): Promise<TakenTokens | undefined> {
  try {
    return await tokens?.take(request)
  } catch (thrown) {
    await tell(source, thrown)
    return undefined
  }
}

/** What is in no session any more would live on at the server. */
async function revoked(
  taken: TakenTokens | undefined,
  source: RequestSource,
  { tell }: LogoutRequestSettings,
): Promise<void> {
  try {
    await taken?.revoke()
  } catch (thrown) {
    await tell(source, thrown)
  }
}

/** Where the server's own session ends; `undefined` where it has no such place, or cannot be asked. */
async function endSessionUrl(
  source: RequestSource,
  tenant: string | undefined,
  { client, tell }: LogoutRequestSettings,
): Promise<URL | undefined> {
  try {
    return await client.inTime(scopeOf(client), async (scope) => {
      const { settings, issuer } = await client.connection(tenantRequest(source), tenant, scope)
      const { end_session_endpoint: endpoint } = await issuer.metadata(scope)
      if (endpoint === undefined) return undefined
      const url = trustedUrl(endpoint, client.shared.anywhere)
      if (typeof url === 'string') {
        throw new OAuth2Unavailable('malformed', `in the metadata "end_session_endpoint" ${url}`)
      }
      url.searchParams.set('client_id', settings.clientId)
      return url
    })
  } catch (thrown) {
    await tell(source, thrown)
    return undefined
  }
}

/** A place that makes the cookie too large is given up. */
async function withReturn(
  server: URL,
  source: RequestSource,
  returnTo: string,
  { client, cookies, returnUri, home }: LogoutRequestSettings,
  headers: readonly HeaderField[],
): Promise<[location: string, headers: readonly HeaderField[]]> {
  if (returnUri === undefined) return [server.href, headers]
  const state = encodeBase64Url(crypto.getRandomValues(new Uint8Array(32)))
  server.searchParams.set('post_logout_redirect_uri', returnUri)
  server.searchParams.set('state', state)
  const createdAt = Math.floor(scopeOf(client).now())
  const kept =
    (await cookies.begin(source, state, { createdAt, returnTo }, 'Lax')) ??
    (await cookies.begin(source, state, { createdAt, returnTo: home }, 'Lax'))
  return [server.href, [...headers, ...(kept ?? [])]]
}

/** Outside of any request: a logout goes on when the person has gone. */
function scopeOf(client: OAuth2Client): CallScope {
  return client.scope(new AbortController().signal)
}
