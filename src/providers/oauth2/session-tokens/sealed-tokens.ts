import { isJsonObject, type JsonObject, type JsonValue } from '../../../wire/json.ts'
import type { Granted } from '../grants.ts'
import type { OAuth2Tokens } from '../tokens.ts'
import type { KnownClaims } from './refresh.ts'

/** The tokens of a login, as a session keeps them. */
export interface SealedTokens {
  readonly issuer: string
  readonly tenant: string | undefined
  readonly clientId: string
  readonly tokens: OAuth2Tokens
  /** What the id_token of the login said: a later one must agree. */
  readonly claims: KnownClaims | undefined
  /** When the server gave them, in seconds since 1970. */
  readonly givenAt: number
  /** How many attempts at refreshing them are known to be over, and when the last one failed. */
  readonly tries: number
  readonly failedAt: number | undefined
}

/** Whether the server said that the access token is over by now. One that was over when it was given says nothing. */
export function isOver({ tokens: { expiresAt }, givenAt }: SealedTokens, now: number): boolean {
  return expiresAt !== undefined && expiresAt > givenAt && now >= expiresAt
}

/** Whether nobody has refreshed one of them to get the other. */
export function haveSameTokens({ tokens: one }: SealedTokens, { tokens: two }: SealedTokens): boolean {
  return one.accessToken === two.accessToken && one.refreshToken === two.refreshToken
}

/** What is kept after a refresh: what the server did not give anew stays. */
export function continued(before: SealedTokens, { tokens }: Granted, now: number): SealedTokens {
  const { refreshToken, idToken, scopes } = before.tokens
  return {
    ...before,
    tokens: {
      ...tokens,
      refreshToken: tokens.refreshToken ?? refreshToken,
      idToken: tokens.idToken ?? idToken,
      scopes: tokens.scopes ?? scopes,
    },
    givenAt: now,
    tries: 0,
    failedAt: undefined,
  }
}

/** What `sealedTokensIn` reads. */
export function jsonOf(content: SealedTokens): string {
  return JSON.stringify({ v: 1, ...content })
}

/** Reads what `jsonOf` wrote; `undefined` for anything else. */
export function sealedTokensIn(value: JsonObject | undefined): SealedTokens | undefined {
  if (value?.v !== 1) return undefined
  const { issuer, tenant, clientId, claims, givenAt, tries, failedAt } = value
  const tokens = tokensOf(value.tokens)
  if (!isText(issuer) || !isText(clientId) || tokens === undefined) return undefined
  if (typeof givenAt !== 'number' || typeof tries !== 'number') return undefined
  return {
    issuer,
    tenant: textOf(tenant),
    clientId,
    tokens,
    claims: claimsOf(claims),
    givenAt,
    tries,
    failedAt: numberOf(failedAt),
  }
}

function tokensOf(value: JsonValue | undefined): OAuth2Tokens | undefined {
  if (!isJsonObject(value)) return undefined
  const { accessToken, tokenType, expiresAt, refreshToken, idToken, scopes, extra } = value
  if (!isText(accessToken) || !isText(tokenType)) return undefined
  return {
    accessToken,
    tokenType,
    expiresAt: numberOf(expiresAt),
    refreshToken: textOf(refreshToken),
    idToken: textOf(idToken),
    scopes: Array.isArray(scopes) ? scopes.filter(isText) : undefined,
    extra: isJsonObject(extra) ? extra : {},
  }
}

function claimsOf(value: JsonValue | undefined): KnownClaims | undefined {
  if (!isJsonObject(value)) return undefined
  const { iss, sub, aud, azp, nonce } = value
  if (!isText(iss) || !isText(sub)) return undefined
  return {
    iss,
    sub,
    aud: Array.isArray(aud) ? aud.filter(isText) : (textOf(aud) ?? ''),
    ...(isText(azp) ? { azp } : {}),
    ...(isText(nonce) ? { nonce } : {}),
  }
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string'
}

function textOf(value: JsonValue | undefined): string | undefined {
  return isText(value) ? value : undefined
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}
