import { sha256 } from '#crypto'
import {
  AuthenticationError,
  type AuthenticationFailedCause,
  invalidCredentials,
  isCause,
} from '../../../core/cause.ts'
import type { OneTimeStore } from '../../../core/ports.ts'
import type { Awaitable } from '../../../core/provider.ts'
import type { RequestSource } from '../../../core/request.ts'
import type { Refused } from '../../../core/who.ts'
import { encodeBase64Url } from '../../../wire/base64.ts'
import { parseMediaType } from '../../../wire/media-type.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { OAuth2ConfigurationError } from '../errors.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { formIn } from '../login/answer.ts'
import { sidTag, subTag } from '../login/logout-tags.ts'
import { unavailable } from '../login/route.ts'
import { isTenant } from '../settings.ts'
import { done, framedPage, invalidRequest, methodNotAllowed, placeOf, tenantRequest } from './logout-answers.ts'
import type { IssuerLogout, TaggedSessionEnder } from './logout-options.ts'
import { type LogoutToken, verifyLogoutToken } from './logout-token.ts'

/** What logouts by an issuer go by, checked. */
export interface LogoutChannelSettings {
  readonly client: OAuth2Client
  readonly sessions: TaggedSessionEnder
  readonly store: OneTimeStore
  /** Tells the application of what failed. Never rejects. */
  readonly tell: (source: RequestSource, thrown: unknown) => Promise<void>
  readonly onLogout: (logout: IssuerLogout) => Awaitable<void>
}

const LIMIT_BYTES = 65_536
const LONGEST_SID = 1024
/** How often a token may come again while its sessions could not be ended. */
const ATTEMPTS = 5
const NAMESPACE = 'logout-jti'

const notForm = invalidCredentials('malformed-request', { detail: 'a logout that is no form with one logout token' })
const notQuery = invalidCredentials('malformed-request', {
  detail: 'a logout without an "iss" and a "sid" in its query, each once',
})
const tooLarge = invalidCredentials('too-large', { detail: 'a logout of more than 64 KiB' })
const wrongIssuer = invalidCredentials('wrong-issuer', { detail: 'a logout of another issuer' })
const replayed = invalidCredentials('replayed', { detail: 'the logout token came before' })

/**
 * Takes a logout token, and ends the sessions that it names: those of the issuer's session where it has a `sid`, else all of
 * the person's. A login under way meanwhile comes too late.
 *
 * @see OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8
 */
export async function backChannel(source: RequestSource, settings: LogoutChannelSettings): Promise<Refused> {
  if (source.method !== 'POST') return methodNotAllowed(source, 'POST')
  return answering(source, settings, async () => {
    const text = await tokenIn(source)
    const { client } = settings
    const { connection, token } = await client.inTime(client.scope(source.signal), async (scope) => {
      const connection = await connected(source, client, scope)
      return { connection, token: await verifyLogoutToken(client, connection, text, scope) }
    })
    const { issuer, sid, subject } = token
    const count = await once(token, connection, settings, source, () => {
      const tag = sid === undefined ? subTag(issuer, subject ?? '') : sidTag(issuer, sid)
      return settings.sessions.revokeTagged(tag, { holdLogins: true })
    })
    await heard(source, { issuer, sid, subject, tenant: connection.settings.key, sessions: count }, settings)
    return done()
  })
}

/**
 * Ends the sessions of an issuer's session, which the query names. Cookies prove nothing here, and most browsers send none
 * into a frame.
 *
 * @see OpenID Connect Front-Channel Logout 1.0, section 3
 */
export async function frontChannel(source: RequestSource, settings: LogoutChannelSettings): Promise<Refused> {
  if (source.method !== 'GET') return methodNotAllowed(source, 'GET')
  return answering(source, settings, async () => {
    const { searchParams } = placeOf(source)
    const [issuers, sids] = [searchParams.getAll('iss'), searchParams.getAll('sid')]
    const [iss, sid] = [issuers[0], sids[0]]
    if (iss === undefined || sid === undefined || issuers.length + sids.length > 2) throw notQuery
    if (sid === '' || sid.length > LONGEST_SID) throw notQuery
    const { client } = settings
    const connection = await client.inTime(client.scope(source.signal), (scope) => connected(source, client, scope))
    const { issuerName, key: tenant } = connection.settings
    if (iss !== issuerName) throw wrongIssuer
    const [{ sessions }, tag] = [settings, sidTag(iss, sid)]
    const count = await sessions.revokeTagged(tag, {})
    // Anybody can ask for this: only for a session that was here is anything written that holds logins.
    if (count > 0) await sessions.revokeTagged(tag, { holdLogins: true })
    await heard(source, { issuer: iss, sid, subject: undefined, tenant, sessions: count }, settings)
    return framedPage(iss)
  })
}

/** Tells the application why there is no logout, and the caller only whether to come again. */
async function answering(
  source: RequestSource,
  { tell }: LogoutChannelSettings,
  act: () => Promise<Refused>,
): Promise<Refused> {
  try {
    return await act()
  } catch (thrown) {
    await tell(source, thrown)
    if (!isCause(thrown) || (thrown.kind === 'Error' && thrown.retryable)) return unavailable(source, thrown)
    return invalidRequest(thrown === tooLarge ? 413 : 400)
  }
}

async function tokenIn(source: RequestSource): Promise<string> {
  const type = parseMediaType(source.header('content-type') ?? '')?.essence
  if (type !== 'application/x-www-form-urlencoded') throw notForm
  const fields = formIn(await source.body(LIMIT_BYTES))
  if (!(fields instanceof Map)) throw isTooLarge(fields) ? tooLarge : notForm
  const token = fields.get('logout_token')
  if (token === undefined || token === '') throw notForm
  return token
}

function isTooLarge(cause: AuthenticationFailedCause | undefined): boolean {
  return cause?.kind === 'InvalidCredentials' && cause.reason === 'too-large'
}

/** With `resolve`, the last segment of the path is the tenant's key. */
async function connected(source: RequestSource, client: OAuth2Client, scope: CallScope): Promise<Connection> {
  if (client.options.resolve === undefined) return client.connection(tenantRequest(source), undefined, scope)
  const tenant = placeOf(source).pathname.split('/').at(-1)
  if (!isTenant(tenant)) throw new OAuth2ConfigurationError('unknown-tenant', 'the path ends in no tenant')
  return client.connection(tenantRequest(source), tenant, scope)
}

/**
 * Ends what a token names, unless that was done before. When it cannot be done now, the token is good for another attempt: one
 * key of several is used up by each, and all that are left when it is done.
 */
async function once(
  { jti, usableUntil }: LogoutToken,
  { settings }: Connection,
  { client, store }: LogoutChannelSettings,
  source: RequestSource,
  end: () => Promise<number>,
): Promise<number> {
  const use = async (attempt: number): Promise<boolean> => {
    const key = await sha256(JSON.stringify([settings.issuerName, settings.clientId, jti, attempt]))
    const freshness = await client.inTime(client.scope(source.signal), async (scope) =>
      store.consume(NAMESPACE, encodeBase64Url(key), usableUntil, scope),
    )
    if (freshness !== 'fresh' && freshness !== 'seen') {
      throw new AuthenticationError('the store of logout tokens has no room', { code: 'oauth2-store-full' })
    }
    return freshness === 'fresh'
  }
  let attempt = 0
  while (attempt < ATTEMPTS && !(await use(attempt))) attempt++
  if (attempt === ATTEMPTS) throw replayed
  const count = await end()
  for (attempt++; attempt < ATTEMPTS; attempt++) await use(attempt)
  return count
}

/** The sessions ended, whatever the application makes of it. */
async function heard(
  source: RequestSource,
  logout: IssuerLogout,
  { onLogout, tell }: LogoutChannelSettings,
): Promise<void> {
  try {
    await onLogout(logout)
  } catch (thrown) {
    await tell(source, thrown)
  }
}
