import type { Awaitable } from '../core/provider.ts'
import type { SessionStore } from '../core/session-store.ts'
import type { SigningKey } from '../keys/signing-key.ts'
import type { JsonObject } from '../wire/json.ts'

/** Whom a refresh token stands for. */
export interface RefreshGrant {
  readonly subject: string
  readonly clientId: string
  /** The scopes that were granted, separated by spaces; `undefined` when there are none. */
  readonly scope: string | undefined
  /** Every claim that its access tokens get, apart from `iss`, `iat`, `exp` and `jti`. */
  readonly claims: JsonObject
}

/** A refresh token was used that is older than the one before the good one: somebody has a copy. */
export interface RefreshReplay {
  /** Seconds since 1970. */
  readonly at: number
  readonly subject: string
  readonly clientId: string
}

/** How refresh tokens are kept. */
export interface RefreshTokenOptions {
  /** Where their families are kept: `memorySessionStore()`, `sqliteSessionStore()`, `redisSessionStore()` and so on. */
  readonly store: SessionStore
  /** After how many seconds without use a family is over. Default: 1,209,600, two weeks. */
  readonly idleSeconds?: number | undefined
  /** How many seconds after `issue()` a family is over in any case. Default: 7,776,000, 90 days. */
  readonly absoluteSeconds?: number | undefined
  /**
   * For how many seconds a token that was exchanged gets the same successor again, for clients that lost the answer or
   * asked twice at a time: 0 to 60. With 0 a client that asks twice loses its family. Default: 10.
   */
  readonly graceSeconds?: number | undefined
  /**
   * Asked on each use, before a token is exchanged: `false` ends the family, for an account that was closed or a consent
   * that was withdrawn. A throw is 503, and the token stays good. Default: always granted.
   */
  readonly stillGranted?: ((grant: RefreshGrant, signal: AbortSignal) => Awaitable<boolean>) | undefined
  /** Told of each family that ended because an old token of it was used. What it throws changes nothing. Default: nobody. */
  readonly onReplay?: ((replay: RefreshReplay) => unknown) | undefined
  /** Seconds that the store and `stillGranted` may take together, more than 0 and at most 60. Default: 10. */
  readonly timeoutSeconds?: number | undefined
}

/** What `tokenIssuer()` is told. */
export interface TokenIssuerOptions {
  /** What `iss` says: an `https:` URL (`http:` in development) without query and fragment, exactly as verifiers have it. */
  readonly issuer: string
  /**
   * The keys, made by `signingKey()`, each with an id and a `signsFrom` of its own: the youngest that signs by now signs. To
   * rotate, add a key whose `signsFrom` is at least `jwksMaxAgeSeconds` after the last process has it, and take the old one
   * out when `jwks()` leaves it out. A key that leaked goes at once.
   */
  readonly keys: readonly SigningKey[]
  /**
   * How long access tokens are good, 10 to 86,400 seconds. Nothing but `exp` ends them, so keep it short. Default: 600.
   */
  readonly accessTokenSeconds?: number | undefined
  /** For how long others may keep the answer of `jwks()`, 1 to 86,400 seconds. Default: 300. */
  readonly jwksMaxAgeSeconds?: number | undefined
  /** Refresh tokens. Default: none are issued. */
  readonly refreshTokens?: RefreshTokenOptions | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** The options of refresh tokens, checked and filled up. */
export interface RefreshSettings extends RefreshTokenOptions {
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly graceSeconds: number
  readonly timeoutSeconds: number
}

/** The options, checked and filled up. */
export interface IssuerSettings extends TokenIssuerOptions {
  readonly accessTokenSeconds: number
  readonly jwksMaxAgeSeconds: number
  readonly refreshTokens: RefreshSettings | undefined
  readonly clock: () => number
}

const TEN_YEARS = 315_360_000

/** @throws TypeError when an option cannot be used. */
export function settingsOf(options: TokenIssuerOptions): IssuerSettings {
  if (typeof options !== 'object' || options === null) throw new TypeError('tokenIssuer(): wants an object of options')
  const { issuer, keys, clock = () => Date.now() / 1000 } = options
  if (!isIssuer(issuer)) {
    throw new TypeError('tokenIssuer(): "issuer" must be an http(s) URL without user, query and fragment')
  }
  mustBeFunction('clock', clock)
  return {
    issuer,
    keys,
    accessTokenSeconds: whole('accessTokenSeconds', options.accessTokenSeconds ?? 600, 10, 86_400),
    jwksMaxAgeSeconds: whole('jwksMaxAgeSeconds', options.jwksMaxAgeSeconds ?? 300, 1, 86_400),
    refreshTokens: refreshOf(options.refreshTokens),
    clock,
  }
}

function refreshOf(options: RefreshTokenOptions | undefined): RefreshSettings | undefined {
  if (options === undefined) return undefined
  const { store, stillGranted, onReplay, timeoutSeconds = 10 } = options
  if (typeof store?.replace !== 'function') {
    throw new TypeError('tokenIssuer(): "refreshTokens.store" must be a SessionStore')
  }
  mustBeFunction('refreshTokens.stillGranted', stillGranted)
  mustBeFunction('refreshTokens.onReplay', onReplay)
  if (!(timeoutSeconds > 0 && timeoutSeconds <= 60)) {
    throw new TypeError('tokenIssuer(): "refreshTokens.timeoutSeconds" must be more than 0 and at most 60')
  }
  return {
    store,
    stillGranted,
    onReplay,
    timeoutSeconds,
    idleSeconds: whole('refreshTokens.idleSeconds', options.idleSeconds ?? 1_209_600, 1, TEN_YEARS),
    absoluteSeconds: whole('refreshTokens.absoluteSeconds', options.absoluteSeconds ?? 7_776_000, 1, TEN_YEARS),
    graceSeconds: whole('refreshTokens.graceSeconds', options.graceSeconds ?? 10, 0, 60),
  }
}

function isIssuer(issuer: unknown): boolean {
  if (typeof issuer !== 'string' || !/^https?:\/\/[!-~]+$/.test(issuer) || /[?#\\]/.test(issuer)) return false
  return URL.canParse(issuer) && new URL(issuer).username === '' && new URL(issuer).password === ''
}

function whole(name: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw new TypeError(`tokenIssuer(): "${name}" must be a whole number from ${minimum} to ${maximum}`)
}

function mustBeFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') {
    throw new TypeError(`tokenIssuer(): "${name}" must be a function`)
  }
}
