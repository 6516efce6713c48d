import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { type AuthenticationFailedCause, invalidCredentials, isCause } from '../../core/cause.ts'
import type { KnownReason } from '../../core/reasons.ts'
import {
  LONGEST_DESCRIPTION,
  OAuth2InvalidGrantError,
  OAuth2RedirectError,
  OAuth2TokenError,
  OAuth2Unavailable,
  printable,
} from './errors.ts'

/** What the id_token is refused for when one of its claims is not what it must be. */
const byClaim: Readonly<Record<string, KnownReason>> = {
  iss: 'wrong-issuer',
  aud: 'wrong-audience',
  azp: 'wrong-audience',
  nonce: 'replayed',
  auth_time: 'expired',
}

function refusal(reason: KnownReason, what: string): AuthenticationFailedCause {
  return invalidCredentials(reason, { detail: `the authorization server's answer: ${what}` })
}

/**
 * What was thrown while a server was asked, as a cause: the server's no, an outage, or an answer that proves to be wrong.
 */
export function failureOf(error: unknown): AuthenticationFailedCause {
  if (isCause(error)) return error
  if (error instanceof Error && isCause(error.cause)) return error.cause
  if (error instanceof ResponseBodyError) return ofBody(error)
  if (error instanceof AuthorizationResponseError) return new OAuth2RedirectError(error.error, error.error_description)
  if (error instanceof WWWAuthenticateChallengeError) {
    return new OAuth2TokenError(error.status === 401 ? 'invalid_client' : 'invalid_request', wordsOf(error))
  }
  if (error instanceof ClientError) return ofClient(error)
  return new OAuth2Unavailable('failed', 'the issuer could not be asked', error)
}

function ofBody({ error, error_description: description, status }: ResponseBodyError): AuthenticationFailedCause {
  // It came as JSON, and may be no text.
  const text = typeof description === 'string' ? description : 'no description'
  const said = new Error(printable(`status ${status}, ${error}: ${text}`, LONGEST_DESCRIPTION))
  if (error === 'invalid_grant') return new OAuth2InvalidGrantError(said)
  const isOutage = error === 'temporarily_unavailable' || error === 'server_error'
  if (isOutage) return new OAuth2Unavailable('outage', 'the issuer says that it cannot answer now', said)
  return new OAuth2TokenError(error, said)
}

function ofClient(error: ClientError): AuthenticationFailedCause {
  switch (error.code) {
    case 'OAUTH_TIMEOUT':
    case 'OAUTH_ABORT':
      return new OAuth2Unavailable('timeout', 'the issuer takes too long', wordsOf(error))
    case 'OAUTH_KEY_SELECTION_FAILED':
      return refusal('unknown-key', 'no key of the issuer is the one that signed it')
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
      return refusal('expired', 'its token is over, or not from now')
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
    case 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED': {
      const claim = memberOf(detailOf(error), 'claim') ?? memberOf(detailOf(error), 'attribute')
      const reason = typeof claim === 'string' && Object.hasOwn(byClaim, claim) ? byClaim[claim] : undefined
      return refusal(reason ?? 'wrong-audience', 'a claim is not what it must be')
    }
    case 'OAUTH_UNSUPPORTED_OPERATION':
      return refusal('malformed-credential', 'it is of a kind that is not accepted')
    default:
      return ofContent(error)
  }
}

function ofContent(error: ClientError): AuthenticationFailedCause {
  const detail = detailOf(error)
  if (/signature/.test(error.message) || /signature/.test(messageOf(error.cause))) {
    return refusal('bad-signature', 'its signature is wrong')
  }
  if (memberOf(detail, 'claims') !== undefined) return refusal('missing-claim', 'its token lacks a claim')
  if (memberOf(detail, 'header') !== undefined) return refusal('malformed-credential', 'its token is ill-formed')
  return new OAuth2Unavailable('malformed', 'the issuer answers with what nobody can read', wordsOf(error))
}

/** What openid-client says, without what it has beside: whole answers, with the tokens in them. */
function wordsOf({ message, cause }: Error): Error {
  if (cause instanceof Response) return new Error(`${message}: status ${cause.status}`)
  // Its own errors have a code. The words of others, such as those of JSON.parse, may quote what came.
  const isOwn = cause instanceof Error && typeof memberOf(cause, 'code') === 'string'
  return new Error(isOwn && cause.message !== message ? `${message}: ${cause.message}` : message)
}

/** What openid-client puts beside its message. */
function detailOf({ cause }: Error): unknown {
  return cause instanceof Error ? cause.cause : cause
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : ''
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined
}
