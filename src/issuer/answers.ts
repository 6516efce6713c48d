import type { HeaderField } from '../core/request.ts'
import type { Refusal } from '../core/who.ts'

/**
 * The answer to a token request that succeeded.
 *
 * @see RFC 6749, section 5.1; RFC 9449, section 5
 */
export interface TokenResponse {
  readonly access_token: string
  /** `DPoP` when the token is bound to a DPoP key. */
  readonly token_type: 'Bearer' | 'DPoP'
  /** Seconds for which the access token is good. */
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope?: string
}

/** An error as clients know it. */
export type TokenErrorCode = 'invalid_grant' | 'invalid_scope' | 'unsupported_token_type' | 'temporarily_unavailable'

/** Why there is no token, for logs; clients get only the code. */
export type TokenRefusalReason =
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'revoked'
  | 'replayed'
  | 'withdrawn'
  | 'wrong-client'
  | 'wrong-confirmation'
  | 'wrong-scope'
  | 'unsupported'
  | 'unavailable'

/** Tokens were issued. */
export interface TokensIssued {
  readonly ok: true
  readonly tokens: TokenResponse
  /** The whole answer as plain data. */
  readonly response: Refusal
}

/** Something was revoked, or there was nothing to revoke, which is the same. */
export interface TokenRevoked {
  readonly ok: true
  /** The whole answer as plain data. */
  readonly response: Refusal
}

/** A client was refused. */
export interface TokenRefused {
  readonly ok: false
  readonly error: TokenErrorCode
  readonly reason: TokenRefusalReason
  /** What was thrown, when something is `unavailable`. */
  readonly cause: unknown
  /** The whole answer as plain data. */
  readonly response: Refusal
}

/** The public keys, as they are published. */
export interface PublishedKeys {
  /** JWKs without private members. */
  readonly keys: readonly object[]
  /** What to answer as `Cache-Control`. */
  readonly cacheControl: string
  /** The whole answer as plain data. */
  readonly response: Refusal
}

const noStore: readonly HeaderField[] = [
  ['Cache-Control', 'no-store'],
  ['Pragma', 'no-cache'],
]
const json: readonly HeaderField[] = [['Content-Type', 'application/json'], ...noStore]

export function issued(tokens: TokenResponse): TokensIssued {
  return { ok: true, tokens, response: { status: 200, headers: json, body: JSON.stringify(tokens) } }
}

/** The answer to every revocation that does not fail: RFC 7009, section 2.2. */
export const revoked: TokenRevoked = Object.freeze({
  ok: true,
  response: Object.freeze({ status: 200, headers: noStore, body: null }),
})

interface Wording {
  readonly error: TokenErrorCode
  readonly description: string
}

/** Never more than a client may know: whether a token was once good is none of its business. */
const gone: Wording = { error: 'invalid_grant', description: 'The refresh token is invalid, expired or revoked.' }

const wordings: Readonly<Record<TokenRefusalReason, Wording>> = {
  malformed: gone,
  unknown: gone,
  expired: gone,
  revoked: gone,
  replayed: gone,
  withdrawn: gone,
  'wrong-client': { error: 'invalid_grant', description: 'The token was issued to another client.' },
  'wrong-confirmation': { error: 'invalid_grant', description: 'The refresh token is bound to another key.' },
  'wrong-scope': { error: 'invalid_scope', description: 'The scope is malformed or more than was granted.' },
  unsupported: { error: 'unsupported_token_type', description: 'Only refresh tokens can be revoked.' },
  unavailable: { error: 'temporarily_unavailable', description: 'Try again later.' },
}

/**
 * Refuses a client.
 *
 * @see RFC 6749, section 5.2; RFC 7009, section 2.2.1
 */
export function refused(reason: TokenRefusalReason, cause?: unknown): TokenRefused {
  const { error, description } = wordings[reason]
  const isDown = reason === 'unavailable'
  const headers: readonly HeaderField[] = isDown ? [...json, ['Retry-After', '5']] : json
  const body = JSON.stringify({ error, error_description: description })
  return { ok: false, error, reason, cause, response: { status: isDown ? 503 : 400, headers, body } }
}

export function published(keys: readonly object[], maxAgeSeconds: number): PublishedKeys {
  const cacheControl = `public, max-age=${maxAgeSeconds}`
  const headers: readonly HeaderField[] = [
    ['Content-Type', 'application/jwk-set+json'],
    ['Cache-Control', cacheControl],
  ]
  return { keys, cacheControl, response: { status: 200, headers, body: JSON.stringify({ keys }) } }
}
