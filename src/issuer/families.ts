import { randomBytes, sha256 } from '#crypto'
import { AuthenticationError } from '../core/cause.ts'
import { nameOf } from '../core/events.ts'
import type { SessionStore, StoreContext } from '../core/session-store.ts'
import { encodeBase64Url } from '../wire/base64.ts'
import type { TokenRefusalReason } from './answers.ts'
import { type Family, readFamily, writeFamily } from './family.ts'
import { confirmedBy, covers, type GrantClaims, isScope, scopeOf, type TokenConfirmation } from './grant.ts'
import type { RefreshSettings } from './options.ts'
import { newRefreshToken, openNext, type RefreshToken, sealNext } from './refresh-token.ts'

/** What a client asks for with a refresh token. */
export interface Asked {
  readonly clientId?: string | undefined
  readonly scope?: string | undefined
  readonly confirmation?: TokenConfirmation | undefined
}

/** What a refresh token was exchanged for. */
export interface Exchanged {
  readonly grant: GrantClaims
  /** The next refresh token. */
  readonly text: string
}

// Whoever is not the fastest sees the fastest one's successor in the second round; a third is for a store that lags.
const ROUNDS = 3
/** For how long the key of an ended family is told from an unknown one. */
const TOMBSTONE_SECONDS = 300

/** The families of refresh tokens in their store. */
export class Families {
  readonly #issuer: string
  readonly #settings: RefreshSettings

  constructor(issuer: string, settings: RefreshSettings) {
    this.#issuer = issuer
    this.#settings = settings
  }

  /** Starts a family and answers its first token. */
  async start(grant: GrantClaims, context: StoreContext): Promise<string> {
    const now = context.now()
    const token = await newRefreshToken()
    const family = { grant, current: token.hash, previous: undefined, idleAt: now + this.#settings.idleSeconds }
    const createdAt = Math.floor(now)
    const times = { createdAt, renewedAt: createdAt, expiresAt: createdAt + this.#settings.absoluteSeconds }
    const owner = { subject: await this.#owner(grant.sub), handle: encodeBase64Url(randomBytes(16)) }
    const created = await this.#store.create(token.key, { ...writeFamily(family), ...times }, owner, context)
    if (created === 'created') return token.text
    throw new AuthenticationError('the refresh token store has a family of this key already', { code: 'store-failed' })
  }

  /** Exchanges a token for the next one; of parallel uses of the good one, all get the same. */
  async exchange(shown: RefreshToken, asked: Asked, context: StoreContext): Promise<Exchanged | TokenRefusalReason> {
    for (let round = 0; round < ROUNDS; round++) {
      const stored = await this.#store.read(shown.key, context)
      if (stored === undefined) return 'unknown'
      if (stored === 'revoked') return 'revoked'
      const now = context.now()
      const family = readFamily(stored)
      if (stored.expiresAt <= now || family.idleAt <= now) return 'expired'
      const { grant, previous } = family
      const repeats = previous !== undefined && previous.hash === shown.hash && now < previous.graceUntil
      if (family.current !== shown.hash && !repeats) return this.#replayed(shown, grant, context)
      const problem = unfit(grant, asked)
      if (problem !== undefined) return problem
      if (!(await this.#stillGranted(grant, context))) {
        await this.#end(shown, context)
        return 'withdrawn'
      }
      if (repeats) return { grant, text: await opened(previous.sealed, shown) }
      const next = await newRefreshToken(shown)
      const content = writeFamily(await this.#after(family, shown, next, now))
      if (await this.#store.replace(shown.key, stored.version, content, context)) return { grant, text: next.text }
    }
    throw new AuthenticationError('others were faster each time', { code: 'contended' })
  }

  /** Ends the family of any of its tokens, unless it is another client's. */
  async revoke(
    shown: RefreshToken,
    clientId: string | undefined,
    context: StoreContext,
  ): Promise<TokenRefusalReason | undefined> {
    const stored = await this.#store.read(shown.key, context)
    if (stored === undefined || stored === 'revoked') return undefined
    if (clientId !== undefined && readFamily(stored).grant.client_id !== clientId) return 'wrong-client'
    await this.#end(shown, context)
    return undefined
  }

  /** Ends all families of a subject and answers how many. */
  async revokeSubject(subject: string, context: StoreContext): Promise<number> {
    return this.#store.deleteBySubject(await this.#owner(subject), {}, context)
  }

  get #store(): SessionStore {
    return this.#settings.store
  }

  /** The store may be that of sessions too, which are none of ours, and may serve several issuers. */
  async #owner(subject: string): Promise<string> {
    return `refresh.${encodeBase64Url(await sha256(JSON.stringify([this.#issuer, subject])))}`
  }

  async #after(family: Family, shown: RefreshToken, next: RefreshToken, now: number): Promise<Family> {
    const { idleSeconds, graceSeconds } = this.#settings
    const previous = { hash: shown.hash, sealed: await sealNext(next, shown), graceUntil: now + graceSeconds }
    return { grant: family.grant, current: next.hash, previous, idleAt: now + idleSeconds }
  }

  async #stillGranted(claims: GrantClaims, { signal }: StoreContext): Promise<boolean> {
    const { stillGranted } = this.#settings
    if (stillGranted === undefined) return true
    const grant = { subject: claims.sub, clientId: claims.client_id, scope: scopeOf(claims), claims }
    const answer: unknown = await stillGranted(grant, signal)
    if (typeof answer === 'boolean') return answer
    throw new AuthenticationError('"stillGranted" answered neither true nor false', { code: 'invalid-answer' })
  }

  /** Of parallel replays, the one that ends the family tells of it. */
  async #replayed(shown: RefreshToken, grant: GrantClaims, context: StoreContext): Promise<TokenRefusalReason> {
    if (await this.#end(shown, context)) {
      tell(() => this.#settings.onReplay?.({ at: context.now(), subject: grant.sub, clientId: grant.client_id }))
    }
    return 'replayed'
  }

  async #end({ key }: RefreshToken, context: StoreContext): Promise<boolean> {
    return this.#store.delete(key, Math.floor(context.now()) + TOMBSTONE_SECONDS, context)
  }
}

function unfit(grant: GrantClaims, { clientId, scope, confirmation }: Asked): TokenRefusalReason | undefined {
  if (clientId !== undefined && clientId !== grant.client_id) return 'wrong-client'
  for (const method of ['jkt', 'x5t#S256'] as const) {
    if (confirmedBy(grant, method) !== confirmation?.[method]) return 'wrong-confirmation'
  }
  if (scope !== undefined && !(isScope(scope) && covers(scopeOf(grant), scope))) return 'wrong-scope'
  return undefined
}

async function opened(sealed: string, shown: RefreshToken): Promise<string> {
  const text = await openNext(sealed, shown)
  if (text !== undefined) return text
  throw new AuthenticationError('the refresh token store has a successor that does not open', {
    code: 'store-unreadable',
  })
}

/** Runs a listener of the application's, which cannot change what happened. */
async function tell(listener: () => unknown): Promise<void> {
  try {
    await listener()
  } catch (thrown) {
    console.error(`becauth: "refreshTokens.onReplay" threw ${nameOf(thrown)}`)
  }
}
