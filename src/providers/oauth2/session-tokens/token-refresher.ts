import { sha256 } from '#crypto'
import { AuthenticationError } from '../../../core/cause.ts'
import type { OneTimeStore } from '../../../core/ports.ts'
import type { SessionRequest } from '../../../sessions/types.ts'
import { encodeBase64Url } from '../../../wire/base64.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { OAuth2InvalidGrantError, OAuth2Unavailable } from '../errors.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { unless } from '../unless.ts'
import { refreshTokens } from './refresh.ts'
import { continued, haveSameTokens, isOver, type SealedTokens } from './sealed-tokens.ts'
import { Flights, ownRequest } from './token-flights.ts'
import type { TokensInSession, TokenVault } from './token-vault.ts'
import type { TokenWriter } from './token-writer.ts'

/** What refreshing needs of everything else. */
export interface RefresherParts {
  readonly client: OAuth2Client
  readonly vault: TokenVault
  readonly writer: TokenWriter
  readonly store: OneTimeStore
  readonly refreshBeforeSeconds: number
  readonly leaseSeconds: number
  readonly unknownLifeSeconds: number
  readonly pause: (milliseconds: number) => Promise<void>
  /** Seconds since 1970. */
  readonly now: () => number
}

/** How often the lease is taken for one refresh. */
const ATTEMPTS = 3
/** With less left, whoever can wait for a new token does. */
const COMFORT_SECONDS = 5
const LONGEST_REST_SECONDS = 10
const [FIRST_PAUSE, LONGEST_PAUSE] = [50, 400]

/**
 * Refreshes the tokens of sessions ahead of their end, once however many ask: within this process all wait for one flight,
 * and of all processes one has the lease. The others give out the old token while it is good, and else wait until the
 * session has another.
 */
export class TokenRefresher {
  readonly #parts: RefresherParts
  readonly #flights = new Flights<SealedTokens | undefined>()

  constructor(parts: RefresherParts) {
    this.#parts = parts
  }

  /**
   * Answers tokens that are good; `undefined` when there are none and never will be.
   *
   * @throws AuthenticationError (rejects) while there are none.
   */
  async good(request: SessionRequest, seen: TokensInSession): Promise<SealedTokens | undefined> {
    const { kept, content } = seen
    const now = this.#now()
    if (!this.#isDue(content)) return content
    if (content.tokens.refreshToken === undefined) return isOver(content, now) ? undefined : content
    const underWay = this.#flights.get(kept.handle)
    if (underWay !== undefined && this.#isComfortable(content)) return content
    if (underWay === undefined && (kept.isFixed || isResting(content, now))) {
      if (!isOver(content, now)) return content
      throw kept.isFixed ? rotated() : failed()
    }
    const flight = underWay ?? this.#flights.begin(kept.handle, () => this.#fly(ownRequest(request), seen))
    try {
      const fresh = await unless(request.signal, flight)
      if (fresh === undefined || !isOver(fresh, this.#now())) return fresh
      throw failed()
    } catch (error) {
      request.signal.throwIfAborted()
      if (!isOver(content, this.#now())) return content
      throw error
    }
  }

  async #fly(request: SessionRequest, first: TokensInSession): Promise<SealedTokens | undefined> {
    const { client, leaseSeconds } = this.#parts
    const scope = client.scope(request.signal)
    const connection = await client.inTime(scope, (inner) => client.connection(request, first.content.tenant, inner))
    if (!isOf(first.content, connection)) return undefined
    const rescued = await this.#parts.writer.rescue(request, first, connection)
    if (rescued !== undefined) return rescued.tokens
    let seen = first
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const endsAt = this.#now() + leaseSeconds
      if (await this.#takes(seen, attempt, scope)) {
        const current = await this.#parts.vault.read(request)
        if (current === undefined) return undefined
        if (haveSameTokens(current.content, seen.content)) {
          return this.#refreshed(request, current, { connection, endsAt, tries: seen.content.tries + attempt + 1 })
        }
        if (!isOver(current.content, this.#now())) return current.content
        seen = current
        continue
      }
      if (this.#isComfortable(seen.content)) return seen.content
      const next = await this.#changed(request, seen)
      if (next === undefined) return undefined
      if (next !== seen && !isOver(next.content, this.#now())) return next.content
      seen = next
    }
    throw failed()
  }

  /** Takes the lease of an attempt. `false`: somebody else has it. */
  async #takes({ kept, content }: TokensInSession, attempt: number, scope: CallScope): Promise<boolean> {
    const { client, store, leaseSeconds } = this.#parts
    const use = JSON.stringify([kept.handle, content.tokens.refreshToken, content.tries + attempt])
    const key = encodeBase64Url(await sha256(use))
    const until = Math.ceil(this.#now() + leaseSeconds)
    const freshness = await client
      .inTime(scope, async (inner) => store.consume('refresh', key, until, inner))
      .catch((error: unknown) => {
        throw new OAuth2Unavailable('store-failed', 'the store of leases could not be asked', error)
      })
    if (freshness === 'full') throw new OAuth2Unavailable('store-full', 'the store of leases has no room')
    return freshness === 'fresh'
  }

  /** Waits for as long as the lease of somebody else may last for what comes of it; what was seen, when nothing does. */
  async #changed(request: SessionRequest, seen: TokensInSession): Promise<TokensInSession | undefined> {
    const { vault, leaseSeconds, pause } = this.#parts
    const longest = leaseSeconds * 1000
    for (let waited = 0, next = FIRST_PAUSE; waited < longest; next = Math.min(next * 1.5, LONGEST_PAUSE)) {
      // Not all processes at the same moments.
      const milliseconds = next * (0.75 + Math.random() / 2)
      await pause(milliseconds)
      waited += milliseconds
      const current = await vault.read(request)
      if (current === undefined || !haveSameTokens(current.content, seen.content)) return current
      if (current.kept.isFixed) throw rotated()
      if (current.content.tries > seen.content.tries) throw failed()
    }
    return seen
  }

  async #refreshed(
    request: SessionRequest,
    current: TokensInSession,
    lease: { readonly connection: Connection; readonly endsAt: number; readonly tries: number },
  ): Promise<SealedTokens | undefined> {
    const { client, writer } = this.#parts
    const { content, kept } = current
    const { refreshToken } = content.tokens
    if (kept.isFixed || refreshToken === undefined) throw rotated()
    const { connection } = lease
    try {
      const scope = client.scope(request.signal)
      const granted = await refreshTokens(client, connection, refreshToken, content.claims, scope)
      const now = this.#now()
      // The clock may have been put back.
      const left = Math.min(lease.endsAt - now, this.#parts.leaseSeconds)
      return await writer.write(request, current, continued(content, granted, now), connection, left)
    } catch (error) {
      if (error instanceof OAuth2InvalidGrantError) return writer.end(request, content)
      await writer.noteFailure(request, current, lease.tries, this.#now())
      if (isOutage(error)) throw error instanceof OAuth2Unavailable ? error : failed(error)
      if (error instanceof Error) throw error
      throw new OAuth2Unavailable('wrong-tokens', 'the issuer answers with tokens that prove wrong', error)
    }
  }

  /** Whether it is time for another access token. */
  #isDue(content: SealedTokens): boolean {
    const life = this.#lifeOf(content)
    return this.#now() >= content.givenAt + life - Math.min(this.#parts.refreshBeforeSeconds, life / 2)
  }

  #isComfortable(content: SealedTokens): boolean {
    return !isOver(content, this.#now() + Math.min(COMFORT_SECONDS, this.#lifeOf(content) / 4))
  }

  /** In seconds. Where the server does not say it, those that can be refreshed live as long as they are assumed to. */
  #lifeOf({ tokens, givenAt }: SealedTokens): number {
    const { expiresAt, refreshToken } = tokens
    if (expiresAt !== undefined && expiresAt > givenAt) return expiresAt - givenAt
    return refreshToken === undefined ? Number.POSITIVE_INFINITY : this.#parts.unknownLifeSeconds
  }

  #now(): number {
    return this.#parts.now()
  }
}

/** Whether it is too soon after a failure to try again. One that is still to come was noted by another clock. */
function isResting({ tries, failedAt }: SealedTokens, now: number): boolean {
  if (failedAt === undefined || now < failedAt) return false
  return now < failedAt + Math.min(2 ** (tries - 1), LONGEST_REST_SECONDS)
}

/** Tokens of another client are not used. */
export function isOf({ issuer, clientId }: SealedTokens, { settings }: Connection): boolean {
  return settings.issuerName === issuer && settings.clientId === clientId
}

function isOutage(error: unknown): boolean {
  return error instanceof AuthenticationError && error.retryable
}

function failed(cause?: unknown): OAuth2Unavailable {
  return new OAuth2Unavailable('refresh', 'the tokens of a session could not be refreshed', cause)
}

/** The browser has another key by now, or will have it in a moment. */
function rotated(): OAuth2Unavailable {
  return new OAuth2Unavailable('session-rotated', 'the session of the tokens has another key by now')
}
