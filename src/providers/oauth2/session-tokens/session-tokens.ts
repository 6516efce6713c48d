import type { SessionRequest } from '../../../sessions/types.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { claimsIn } from '../login/logout-tags.ts'
import { type AccessToken, fetchWithToken, type ServiceCall } from '../service-calls/service-call.ts'
import type { OAuth2Credential } from '../tokens.ts'
import { type KnownClaims, revokeTokens } from './refresh.ts'
import type { SealedTokens } from './sealed-tokens.ts'
import { type SessionTokensOptions, settledOptions } from './session-tokens-options.ts'
import { isOf, TokenRefresher } from './token-refresher.ts'
import { type TokensInSession, TokenVault } from './token-vault.ts'
import { type TokenSessions, TokenWriter } from './token-writer.ts'

/** The access token of a session. */
export interface SessionAccessToken extends AccessToken {
  /** What it is good for, where the server says it. */
  readonly scopes?: readonly string[] | undefined
}

/** Tokens that are in no session any more. */
export interface TakenTokens {
  readonly idToken: string | undefined
  readonly tenant: string | undefined
  /** As the `revoke` of the tokens. */
  revoke(): Promise<boolean>
}

/** The tokens that lie in people's sessions. Made by `sessionTokens()`. */
export interface SessionTokens {
  /** The sessions that they lie in. */
  readonly sessions: TokenSessions
  /**
   * Answers the access token of the request's session, refreshed before it is over. `undefined`: there is no session, or no
   * token in it that is good or can be refreshed. When the server takes the refresh token no more, the session has ended.
   *
   * @throws OAuth2Unavailable (rejects) while there is none but may be soon: answer 503.
   * @throws OAuth2TokenError (rejects) when the server does not take this client, and the token is over.
   * @throws SessionUnavailable (rejects) when the session store cannot be asked.
   */
  accessToken(request: SessionRequest): Promise<SessionAccessToken | undefined>
  /**
   * Calls a service with the access token, as `fetchWithToken()` does: with a proof where the token is bound. `undefined` as
   * with `accessToken()`.
   *
   * @throws (rejects) as `accessToken()` and `fetchWithToken()` do.
   */
  fetch(request: SessionRequest, url: string | URL, call?: ServiceCall): Promise<Response | undefined>
  /** Answers the id_token of the request's session, for the logout at the server; `undefined` when there is none. */
  idToken(request: SessionRequest): Promise<string | undefined>
  /**
   * Takes the tokens out of the request's session, which goes on, and revokes them at the server. `false`: there are none, or
   * the server has no way to revoke them.
   *
   * @throws AuthenticationFailedCause (rejects) when the server did not revoke them. They are out of the session all the same.
   * @throws SessionUnavailable (rejects) when the session store cannot be asked.
   */
  revoke(request: SessionRequest): Promise<boolean>
  /**
   * Takes the tokens out of the request's session, to be revoked when it has ended; `undefined` when there are none.
   *
   * @throws SessionUnavailable (rejects) when the session store cannot be asked.
   */
  take(request: SessionRequest): Promise<TakenTokens | undefined>
  /**
   * Seals the tokens of a login for the session of a subject; `undefined` for a login at another client.
   *
   * @internal
   */
  seal(request: SessionRequest, login: OAuth2Credential, subject: string): Promise<string | undefined>
  /**
   * Revokes the tokens of a login that started no session. Never rejects: what fails is for `onFault`.
   *
   * @internal
   */
  discard(request: SessionRequest, login: OAuth2Credential): Promise<void>
}

const TURNS = 10

/**
 * Keeps the tokens of people's logins in their sessions, sealed, and refreshes them before they are over: once, however many
 * requests and processes want them. Give it to `loginRoutes()` as `tokens`.
 *
 * @example
 * import { memorySessionStore } from 'becauth/memory'
 * import { oidcClient, sessionTokens } from 'becauth/oidc'
 * import { sessions } from 'becauth/session'
 * import { z } from 'zod'
 *
 * declare const secret: string
 * declare const key: string
 *
 * const client = oidcClient({
 *   settings: {
 *     issuer: 'https://id.example',
 *     clientId: 'orders',
 *     clientAuthentication: { method: 'client_secret_basic', secret },
 *     scopes: ['openid', 'offline_access'],
 *   },
 *   redirectUri: 'https://orders.example/callback/office',
 *   keys: [{ id: '2026', key }],
 * })
 * const stored = sessions({ store: memorySessionStore(), schema: z.object({ account: z.string() }) })
 * export const tokens = sessionTokens({ client, sessions: stored })
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 6749, section 6; RFC 9700, section 4.14
 */
export function sessionTokens(options: SessionTokensOptions): SessionTokens {
  return new KeptSessionTokens(options, pause)
}

/** What `sessionTokens()` makes, with a way to wait that tests can have of their own. */
export class KeptSessionTokens implements SessionTokens {
  readonly sessions: TokenSessions
  readonly #client: OAuth2Client
  readonly #vault: TokenVault
  readonly #refresher: TokenRefresher
  readonly #fault: (message: string, cause?: unknown) => void

  /** @throws TypeError when an option cannot be used. */
  constructor(options: SessionTokensOptions, pausing: (milliseconds: number) => Promise<void>) {
    const { client, sessions, name, keys, store, fault, ...seconds } = settledOptions(options)
    this.sessions = sessions
    this.#client = client
    this.#fault = fault
    this.#vault = new TokenVault(sessions, keys, name, fault)
    const writer = new TokenWriter({ client, sessions, vault: this.#vault, pause: pausing, fault })
    const { now } = this.#scope()
    const common = { client, vault: this.#vault, writer, store, pause: pausing, now }
    this.#refresher = new TokenRefresher({ ...common, ...seconds })
  }

  async accessToken(request: SessionRequest): Promise<SessionAccessToken | undefined> {
    const seen = await this.#read(request)
    const content = seen && (await this.#refresher.good(request, seen))
    if (content === undefined) return undefined
    const { accessToken, tokenType, expiresAt, scopes } = content.tokens
    return { accessToken, tokenType, expiresAt, scopes }
  }

  async fetch(request: SessionRequest, url: string | URL, call?: ServiceCall): Promise<Response | undefined> {
    const token = await this.accessToken(request)
    return token && fetchWithToken(this.#client, token, url, call)
  }

  async idToken(request: SessionRequest): Promise<string | undefined> {
    return (await this.#read(request))?.content.tokens.idToken
  }

  async revoke(request: SessionRequest): Promise<boolean> {
    return (await (await this.take(request))?.revoke()) ?? false
  }

  async take(request: SessionRequest): Promise<TakenTokens | undefined> {
    const content = await this.#takenOut(request)
    if (content === undefined) return undefined
    const { tokens, tenant } = content
    const revoke = async (): Promise<boolean> => {
      const connection = await this.#connection(request, tenant)
      return isOf(content, connection) && revokeTokens(this.#client, connection, tokens, this.#scope())
    }
    return { idToken: tokens.idToken, tenant, revoke }
  }

  async seal(request: SessionRequest, login: OAuth2Credential, subject: string): Promise<string | undefined> {
    const { issuer, tenant, tokens } = login
    const connection = await this.#connection(request, tenant)
    const { clientId } = connection.settings
    const content: SealedTokens = {
      issuer,
      tenant,
      clientId,
      tokens,
      claims: knownOf(login),
      givenAt: this.#scope().now(),
      tries: 0,
      failedAt: undefined,
    }
    const isOwn = isOf(content, connection) && isFor(content.claims, clientId)
    return isOwn ? this.#vault.seal(subject, content) : undefined
  }

  async discard(request: SessionRequest, { tenant, tokens }: OAuth2Credential): Promise<void> {
    try {
      await revokeTokens(this.#client, await this.#connection(request, tenant), tokens, this.#scope())
    } catch (error) {
      this.#fault('the tokens of a login that was refused could not be revoked', error)
    }
  }

  /** The tokens, unless they are those of another client, as far as that can be told without asking for its settings. */
  async #read(request: SessionRequest): Promise<TokensInSession | undefined> {
    const seen = await this.#vault.read(request)
    if (seen === undefined || this.#client.options.settings === undefined) return seen
    return isOf(seen.content, await this.#connection(request, undefined)) ? seen : undefined
  }

  /** First, so that nobody refreshes what is about to be revoked. A refresh under way then finds them gone. */
  async #takenOut(request: SessionRequest): Promise<SealedTokens | undefined> {
    for (let turn = 0; ; turn++) {
      const seen = await this.#read(request)
      if (seen === undefined) return undefined
      const { kept, content } = seen
      // By an old key nothing can be written. The server still can end it.
      if (kept.isFixed || turn >= TURNS || (await this.sessions.replaceKept(request, kept.text, ''))) return content
    }
  }

  #connection(request: SessionRequest, tenant: string | undefined): Promise<Connection> {
    return this.#client.connection(request, tenant, this.#scope())
  }

  /** What is asked of a server goes on although the browser goes away. */
  #scope(): CallScope {
    return this.#client.scope(new AbortController().signal)
  }
}

/** Without an id_token only the server is known, and not which of its clients it gave the tokens to. */
function isFor(claims: KnownClaims | undefined, clientId: string): boolean {
  return claims === undefined || [claims.aud].flat().includes(clientId)
}

/** No more of it than is compared, since a session keeps it. */
function knownOf(login: OAuth2Credential): KnownClaims | undefined {
  const claims = claimsIn(login)
  if (claims === undefined) return undefined
  const { iss, sub, aud, azp, nonce } = claims
  return { iss, sub, aud, ...(azp === undefined ? {} : { azp }), ...(nonce === undefined ? {} : { nonce }) }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
