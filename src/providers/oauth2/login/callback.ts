import {
  AuthenticationError,
  type AuthenticationFailedCause,
  invalidCredentials,
  isCause,
} from '../../../core/cause.ts'
import type { AuthenticationContext } from '../../../core/provider.ts'
import type { HeaderField } from '../../../core/request.ts'
import { stateKey, TRANSACTION_SECONDS } from '../../../crypto/transaction-cookies.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { OAuth2RedirectError } from '../errors.ts'
import { exchangeCode, type Granted, userInfoOf } from '../grants.ts'
import type { IdTokenClaims, OAuth2Credential } from '../tokens.ts'
import { type AuthorizationAnswer, answerIn } from './answer.ts'
import { notOpened, type Transaction, transactionOf } from './transaction.ts'

/** What a callback came to. */
export type CallbackResult =
  | {
      readonly credential: OAuth2Credential
      readonly claims: IdTokenClaims | undefined
      /** Whether something was demanded of the login. */
      readonly isStepUp: boolean
      /** When the login was begun, in seconds since 1970. */
      readonly begunAt: number
      readonly headers: readonly HeaderField[]
    }
  | {
      readonly cause: AuthenticationFailedCause
      readonly credential?: undefined
      /** Whether it is an answer that was good once: its login came back before, or took too long. */
      readonly isOld: boolean
      /** The field that deletes the cookie of the login. */
      readonly headers: readonly HeaderField[]
    }

const wrongIssuer = invalidCredentials('wrong-issuer', {
  detail: 'the answer is not of the authorization server that the login was begun at, or does not say so',
})
const otherMode = invalidCredentials('malformed-request', {
  detail: 'the answer of the authorization server came in another way than it was asked for',
})
const replayed = invalidCredentials('replayed', { detail: 'the login came back before' })
const nothing: readonly HeaderField[] = Object.freeze([])

/**
 * Judges a callback request: the state against the browser that it comes from, before anything else; then, once, the answer.
 * `undefined` when the request is no callback of this client's, or brings no answer.
 *
 * @see RFC 9700, sections 2.1 and 4.4; RFC 9207
 */
export async function judgeCallback(
  client: OAuth2Client,
  context: AuthenticationContext,
): Promise<CallbackResult | undefined> {
  const { request } = context
  const { url } = request
  const place = client.callbackAt(url.pathname)
  if (place === undefined) return undefined
  const answer = await answerIn(request)
  if (answer === undefined) return undefined
  if (isCause(answer)) return { cause: answer, isOld: false, headers: nothing }
  const { state } = answer
  const opened = await client.cookies.open(request, state, context.now())
  if (opened.content === undefined) {
    const { reason } = opened
    return { cause: notOpened[reason], isOld: reason === 'absent' || reason === 'expired', headers: nothing }
  }
  const redirectUri = client.redirectUri(url.origin, place.tenant)
  const transaction = transactionOf(opened.content, { provider: context.name, redirectUri, state })
  if (isCause(transaction)) return { cause: transaction, isOld: false, headers: nothing }
  const headers = [opened.deletion]
  try {
    const { acr, amr, maxAge } = transaction
    const isStepUp = acr !== undefined || amr !== undefined || maxAge !== undefined
    const begunAt = transaction.createdAt
    return { ...(await complete(client, transaction, answer, context)), isStepUp, begunAt, headers }
  } catch (thrown) {
    // What the application's own functions throw is for the engine.
    if (!isCause(thrown)) throw thrown
    return { cause: thrown, isOld: thrown === replayed, headers }
  }
}

/** @throws AuthenticationFailedCause (rejects) whatever is wrong. */
async function complete(
  client: OAuth2Client,
  transaction: Transaction,
  answer: AuthorizationAnswer,
  context: AuthenticationContext,
): Promise<{ readonly credential: OAuth2Credential; readonly claims: IdTokenClaims | undefined }> {
  const { tenant } = transaction
  const connection = await client.connection(context.request, tenant, context)
  const { settings } = connection
  if (settings.issuerName !== transaction.issuer || settings.key !== tenant) throw wrongIssuer
  if (answer.mode !== settings.responseMode) throw otherMode
  await mustBeOf(connection, client, answer, context)
  await consume(client, transaction, context)
  const { error, errorDescription, response } = answer
  // A signed error is believed when its signature was verified.
  if (error !== undefined && response === undefined) throw new OAuth2RedirectError(error, errorDescription)
  const granted = await exchangeCode(client, connection, transaction, answer, context)
  const userInfo = settings.userInfo === true ? await userInfoOf(client, connection, granted, context) : undefined
  return { credential: credentialOf(transaction, granted, answer, userInfo), claims: granted.claims }
}

/** RFC 9207, section 2.4. Signed answers have `iss` among what is verified. */
async function mustBeOf(
  { settings, issuer }: Connection,
  client: OAuth2Client,
  { iss, response }: AuthorizationAnswer,
  context: AuthenticationContext,
): Promise<void> {
  if (response !== undefined || settings.issuer === undefined) return
  if (iss !== undefined) {
    if (iss !== settings.issuer) throw wrongIssuer
    return
  }
  // Also before the state is used up: while the server cannot be reached, the login can still come back.
  const metadata = await issuer.metadata(context)
  if (client.isPathShared || metadata.authorization_response_iss_parameter_supported === true) throw wrongIssuer
}

async function consume(
  { shared }: OAuth2Client,
  { state, createdAt }: Transaction,
  context: AuthenticationContext,
): Promise<void> {
  const freshness = await shared.store.consume(
    'oauth-state',
    await stateKey(state),
    Math.ceil(createdAt) + TRANSACTION_SECONDS,
    context,
  )
  if (freshness === 'seen') throw replayed
  if (freshness !== 'fresh') {
    throw new AuthenticationError('the store of logins under way has no room', { code: 'oauth2-store-full' })
  }
}

function credentialOf(
  { issuer, tenant, returnTo }: Transaction,
  { tokens, claims }: Granted,
  { others }: AuthorizationAnswer,
  userInfo: OAuth2Credential['userInfo'],
): OAuth2Credential {
  const common = { issuer, tenant, tokens, userInfo, returnTo, parameters: others }
  return Object.freeze(claims === undefined ? common : { ...common, claims })
}
