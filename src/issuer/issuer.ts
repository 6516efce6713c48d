import type { KeySource } from '../keys/key-source.ts'
import type { SigningKey } from '../keys/signing-key.ts'
import { AccessTokens } from './access-tokens.ts'
import {
  issued,
  type PublishedKeys,
  published,
  refused,
  revoked,
  type TokenRefused,
  type TokenRevoked,
  type TokensIssued,
} from './answers.ts'
import { Families } from './families.ts'
import { claimsOf, confirmedBy, type GrantClaims, type IssueOptions, scopeOf, type TokenConfirmation } from './grant.ts'
import { KeySchedule } from './key-schedule.ts'
import { settingsOf, type TokenIssuerOptions } from './options.ts'
import { readRefreshToken } from './refresh-token.ts'
import { StoreCalls } from './store-calls.ts'

export type { Refusal } from '../core/who.ts'
export type { Jwk } from '../keys/import-key.ts'
export {
  generateSigningKey,
  type SigningAlgorithm,
  SigningKey,
  type SigningKeyOptions,
  signingKey,
} from '../keys/signing-key.ts'
export type {
  PublishedKeys,
  TokenErrorCode,
  TokenRefusalReason,
  TokenRefused,
  TokenResponse,
  TokenRevoked,
  TokensIssued,
} from './answers.ts'
export type { IssueOptions, TokenConfirmation } from './grant.ts'
export type { RefreshGrant, RefreshReplay, RefreshTokenOptions, TokenIssuerOptions } from './options.ts'

/** What goes with a call. */
export interface TokenCallOptions {
  /** Ends the waiting, as when the client goes away. */
  readonly signal?: AbortSignal | undefined
}

/** What a client asks for with a refresh token. */
export interface RefreshOptions extends TokenCallOptions {
  /** The client that shows the token, where clients are told apart; it must be the one that got it. Default: any. */
  readonly clientId?: string | undefined
  /** Scopes for this access token, none that was not granted; what is empty is not there. Default: all. */
  readonly scope?: string | undefined
  /** The key whose proof came with the request: exactly the one to which the token is bound. Default: none. */
  readonly confirmation?: TokenConfirmation | undefined
}

/** Whose token is revoked. */
export interface RevokeOptions extends TokenCallOptions {
  /** The client that asks, where clients are told apart; it must be the one that got the token. Default: any. */
  readonly clientId?: string | undefined
}

/** Signs access tokens for one's own services, and keeps the refresh tokens that renew them. */
export interface TokenIssuer {
  /** What `iss` says. */
  readonly issuer: string
  /** The published keys, for a `jwt()` in this very process. */
  readonly keys: KeySource
  /**
   * Issues tokens for somebody whom the application has authenticated. Only a store or a key that fails is refused.
   *
   * @throws TypeError when the options cannot be issued.
   * @see RFC 6749, section 5.1; RFC 9068, section 2
   */
  issue(options: IssueOptions & TokenCallOptions): Promise<TokensIssued | TokenRefused>
  /**
   * Exchanges a refresh token for tokens. A token is good once; for a moment it gets the same successor again, and later
   * it ends its family, since somebody has a copy.
   *
   * @see RFC 6749, sections 5.2 and 6; RFC 9700, section 4.14
   */
  refresh(token: string, options?: RefreshOptions): Promise<TokensIssued | TokenRefused>
  /**
   * Ends a refresh token with all that came of it. Access tokens cannot be revoked and are over soon; a text that is no
   * token is as good as revoked.
   *
   * @see RFC 7009, section 2
   */
  revoke(token: string, options?: RevokeOptions): Promise<TokenRevoked | TokenRefused>
  /**
   * Ends all refresh tokens that this issuer gave a subject, and answers how many families there were.
   *
   * @throws TypeError when there are no refresh tokens.
   * @throws AuthenticationError when the store fails: then they may be good still.
   */
  revokeSubject(subject: string, options?: TokenCallOptions): Promise<number>
  /**
   * Answers what `jwks_uri` is to answer now.
   *
   * @see RFC 7517, section 5
   */
  jwks(): PublishedKeys
  /**
   * Changes the keys while running. What is left out is not published any more, so that its tokens are refused.
   *
   * @throws TypeError when the keys cannot be used together; then the old ones stay.
   */
  useKeys(keys: readonly SigningKey[]): void
}

/**
 * Makes an issuer of access tokens for one's own services. Access tokens are JWTs by the profile of RFC 9068, signed by an
 * asymmetric key, so that `jwt()` anywhere verifies them by the published keys. It is no OAuth server: who may have tokens
 * and for what, the application decides.
 *
 * The store of refresh tokens holds hashes, never a token. Of parallel uses of one refresh token all get the same
 * successor, in whatever process they arrive.
 *
 * @example
 * import { generateSigningKey, signingKey, tokenIssuer } from 'becauth/issuer'
 * import { memorySessionStore } from 'becauth/memory'
 *
 * const tokens = tokenIssuer({
 *   issuer: 'https://id.example',
 *   keys: [signingKey(await generateSigningKey())],
 *   refreshTokens: { store: memorySessionStore() },
 * })
 *
 * export const { response } = await tokens.issue({
 *   subject: 'ada',
 *   clientId: 'app',
 *   audience: 'https://orders.example',
 *   scope: 'orders:read',
 * })
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 9068; RFC 6749, sections 5 and 6; RFC 7009; RFC 9700, section 4.14
 */
export function tokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  return new Issuer(options)
}

class Issuer implements TokenIssuer {
  readonly issuer: string
  readonly #schedule: KeySchedule
  readonly #access: AccessTokens
  readonly #families: Families | undefined
  readonly #calls: StoreCalls
  readonly #accessTokenSeconds: number
  readonly #jwksMaxAgeSeconds: number

  constructor(options: TokenIssuerOptions) {
    const settings = settingsOf(options)
    const { issuer, accessTokenSeconds, jwksMaxAgeSeconds, refreshTokens, clock } = settings
    this.issuer = issuer
    this.#schedule = new KeySchedule(settings.keys, accessTokenSeconds, clock)
    this.#access = new AccessTokens(settings, this.#schedule)
    this.#families = refreshTokens && new Families(issuer, refreshTokens)
    this.#calls = new StoreCalls(clock, refreshTokens?.timeoutSeconds ?? 10)
    this.#accessTokenSeconds = accessTokenSeconds
    this.#jwksMaxAgeSeconds = jwksMaxAgeSeconds
  }

  get keys(): KeySource {
    return this.#schedule
  }

  async issue(options: IssueOptions & TokenCallOptions): Promise<TokensIssued | TokenRefused> {
    const grant = claimsOf(options)
    const families = this.#families
    const { refreshable = families !== undefined, signal } = options
    if (!refreshable) return this.#attempt(() => this.#tokens(grant, scopeOf(grant), undefined))
    if (families === undefined) throw new TypeError('issue(): "refreshable" needs the option "refreshTokens"')
    return this.#attempt(async () => {
      // Signed first: nothing is stored for a token that cannot be made.
      const { tokens } = await this.#tokens(grant, scopeOf(grant), undefined)
      const text = await this.#calls.run(signal, (context) => families.start(grant, context))
      return issued({ ...tokens, refresh_token: text })
    })
  }

  async refresh(token: string, options: RefreshOptions = {}): Promise<TokensIssued | TokenRefused> {
    const shown = await readRefreshToken(token)
    const families = this.#families
    if (shown === undefined || families === undefined) return refused('malformed')
    const { clientId, confirmation, signal } = options
    const scope = options.scope === '' ? undefined : options.scope
    return this.#attempt(async () => {
      const asked = { clientId, confirmation, scope }
      const exchanged = await this.#calls.run(signal, (context) => families.exchange(shown, asked, context))
      if (typeof exchanged === 'string') return refused(exchanged)
      return this.#tokens(exchanged.grant, scope ?? scopeOf(exchanged.grant), exchanged.text)
    })
  }

  async revoke(token: string, { clientId, signal }: RevokeOptions = {}): Promise<TokenRevoked | TokenRefused> {
    const shown = await readRefreshToken(token)
    const families = this.#families
    if (shown === undefined) return String(token).split('.').length === 3 ? refused('unsupported') : revoked
    if (families === undefined) return revoked
    return this.#attempt(async () => {
      const problem = await this.#calls.run(signal, (context) => families.revoke(shown, clientId, context))
      return problem === undefined ? revoked : refused(problem)
    })
  }

  async revokeSubject(subject: string, { signal }: TokenCallOptions = {}): Promise<number> {
    const families = this.#families
    if (families === undefined) throw new TypeError('revokeSubject(): needs the option "refreshTokens"')
    if (typeof subject !== 'string' || subject === '') {
      throw new TypeError('revokeSubject(): "subject" must be a text that is not empty')
    }
    return this.#calls.run(signal, (context) => families.revokeSubject(subject, context))
  }

  jwks(): PublishedKeys {
    return published(this.#schedule.published, this.#jwksMaxAgeSeconds)
  }

  useKeys(keys: readonly SigningKey[]): void {
    this.#schedule.use(keys)
  }

  async #tokens(grant: GrantClaims, scope: string | undefined, refresh: string | undefined): Promise<TokensIssued> {
    return issued({
      access_token: await this.#access.sign(grant, scope),
      token_type: confirmedBy(grant, 'jkt') === undefined ? 'Bearer' : 'DPoP',
      expires_in: this.#accessTokenSeconds,
      ...(refresh !== undefined && { refresh_token: refresh }),
      ...(scope !== undefined && { scope }),
    })
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | TokenRefused> {
    try {
      return await work()
    } catch (thrown) {
      return refused('unavailable', thrown)
    }
  }
}
