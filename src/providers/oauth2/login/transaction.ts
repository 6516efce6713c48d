import { type InvalidCredentials, invalidCredentials } from '../../../core/cause.ts'
import { constantTimeEqual } from '../../../crypto/index.ts'
import type { NoTransaction } from '../../../crypto/transaction-cookies.ts'
import type { JsonObject, JsonValue } from '../../../wire/json.ts'

/** A login under way, as its cookie keeps it. */
export interface Transaction {
  readonly v: 1
  /** The name under which the provider is registered. */
  readonly provider: string
  readonly tenant?: string
  readonly issuer: string
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  readonly createdAt: number
  /** What `requireAuthentication` demands of this login. */
  readonly acr?: readonly string[]
  readonly amr?: readonly string[]
  readonly maxAge?: number
}

/** What a callback must agree with. */
export interface ExpectedTransaction {
  readonly provider: string
  readonly redirectUri: string
  readonly state: string
}

/** What a callback fails with that comes without the cookie of its login, or with one that does not open. */
export const notOpened: Readonly<Record<NoTransaction, InvalidCredentials>> = {
  absent: invalidCredentials('unknown', {
    detail: 'no login of this state was begun in this browser, or it came back before',
  }),
  twice: invalidCredentials('malformed-credential', { detail: 'the cookie of a login comes twice' }),
  expired: invalidCredentials('expired', { detail: 'the login took longer than ten minutes' }),
  'malformed-credential': invalidCredentials('malformed-credential', { detail: 'the cookie of a login is ill-formed' }),
  'unknown-key': invalidCredentials('unknown-key', { detail: 'the cookie of a login is sealed by a key that is gone' }),
  'bad-signature': invalidCredentials('bad-signature', { detail: 'the cookie of a login was not sealed here' }),
}

const foreign = invalidCredentials('wrong-issuer', {
  detail: 'the answer came to another place than its login was begun for',
})
const ill = invalidCredentials('malformed-credential', { detail: 'the cookie of a login says nothing that is known' })
const otherState = invalidCredentials('unknown', { detail: 'the state is not that of the login' })

/** The transaction as JSON. What is not demanded is left out. */
export function toContent(transaction: Transaction): JsonObject & { readonly createdAt: number } {
  return { ...transaction }
}

/**
 * Reads what `toContent` wrote and compares it with the callback, before anything else is looked at.
 *
 * @see RFC 9700, section 4.4.2
 */
export function transactionOf(content: JsonObject, expected: ExpectedTransaction): Transaction | InvalidCredentials {
  const { v, provider, tenant, issuer, redirectUri, state, nonce, verifier, returnTo, createdAt } = content
  const { acr, amr, maxAge } = content
  if (v !== 1 || !isText(state) || !isText(issuer) || !isText(nonce) || !isText(verifier) || !isText(returnTo))
    return ill
  if (typeof createdAt !== 'number' || (tenant !== undefined && !isText(tenant))) return ill
  if (!constantTimeEqual(state, expected.state)) return otherState
  if (provider !== expected.provider || redirectUri !== expected.redirectUri) return foreign
  return {
    v,
    provider,
    issuer,
    redirectUri,
    state,
    nonce,
    verifier,
    returnTo,
    createdAt,
    ...(tenant === undefined ? {} : { tenant }),
    ...(isTexts(acr) ? { acr } : {}),
    ...(isTexts(amr) ? { amr } : {}),
    ...(typeof maxAge === 'number' ? { maxAge } : {}),
  }
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
