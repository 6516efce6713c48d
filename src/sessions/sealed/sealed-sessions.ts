import { attachments } from '../../core/attachments.ts'
import { chain } from '../../core/awaitable.ts'
import { AuthenticationError } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable, FailureVerdict, OnAccept } from '../../core/provider.ts'
import type { HeaderField } from '../../core/request.ts'
import { absent } from '../../core/validate.ts'
import type { Opened } from '../../crypto/seal.ts'
import { isWellFormed } from '../../wire/text.ts'
import { claimsOf, factsOf } from '../authentication.ts'
import type { Transport } from '../transport.ts'
import type { SessionFound, SessionRequest } from '../types.ts'
import { type Content, pack, unpack } from './content.ts'
import { type Carried, Cookies } from './cookies.ts'
import { dataToSeal, sealedData } from './data.ts'
import { type SealedSessionsOptions, type Settings, settingsOf } from './options.ts'
import { type Refusals, refusalsOf } from './refusals.ts'
import type { SealedChange, SealedLoginOptions, SealedSession, SealedSessions } from './session.ts'

/**
 * Makes sessions that need no store: all there is to know travels in a cookie that is encrypted and cannot be altered, moved
 * to another cookie or used past its time.
 *
 * The price: a session cannot be listed, and logging out deletes the browser's copy only. Where that matters, give
 * `notBefore` or use stored sessions.
 *
 * @example
 * import { sealedSessions, session } from 'becauth/session'
 * import { z } from 'zod'
 *
 * declare const key: string
 *
 * export const sealed = sealedSessions({
 *   keys: [{ id: '2026', key }],
 *   absoluteSeconds: 8 * 3600,
 *   schema: z.object({ name: z.string() }),
 * })
 * export const visitor = session({ sessions: sealed })
 *
 * @throws TypeError when an option cannot be used.
 * @see NIST SP 800-38D; RFC 5869; RFC 6265bis
 */
export function sealedSessions<D>(options: SealedSessionsOptions<D>): SealedSessions<D> {
  return new CookieSessions(settingsOf(options))
}

const KIND = 'session'
const clearCache: HeaderField = Object.freeze(['Clear-Site-Data', '"cache"'] as const)

/** Where a signal is, which costs something to ask for. */
interface SignalScope {
  readonly signal: AbortSignal
}

/** What a cookie that opened says, when it is still good. */
interface Live {
  readonly content: Content
  readonly stale: boolean
  readonly cause?: never
}

class CookieSessions<D> implements SealedSessions<D> {
  readonly #settings: Settings<D>
  readonly #cookies: Cookies
  readonly #refusals: Refusals
  readonly #changed = attachments<Changed<D> | 'none'>()
  readonly #forgetters: ((native: object) => void)[] = []
  readonly errand: Transport

  constructor(settings: Settings<D>) {
    this.#settings = settings
    this.errand = settings.errand
    this.#cookies = new Cookies(settings.transports)
    this.#refusals = refusalsOf(this.#cookies.deletions)
  }

  readonly onChange = (forget: (native: object) => void): void => {
    this.#forgetters.push(forget)
  }

  async login(request: SessionRequest, data: D, options: SealedLoginOptions): Promise<SealedChange<D>> {
    const subject = options?.subject
    mustBeSubject(subject)
    const now = this.#now()
    const facts = factsOf(options.authentication, now / 1000, 'sealedSessions()')
    return this.#change(request, { createdAt: now, writtenAt: now, subject, facts }, data)
  }

  async replace(request: SessionRequest, data: D): Promise<SealedChange<D> | undefined> {
    const now = this.#now()
    const content = await this.#contentOf(request, now)
    return content && this.#change(request, { ...content, writtenAt: now }, data)
  }

  async logout(request: SessionRequest): Promise<{ readonly headers: readonly HeaderField[] }> {
    const { deletions } = this.#cookies
    const headers = this.#settings.secure ? [...deletions, clearCache] : deletions
    this.#note(request, 'none', headers)
    return { headers }
  }

  read(context: AuthenticationContext): Awaitable<SessionFound<SealedSession<D>> | FailureVerdict> {
    const { request } = context
    const changed = this.#changed.get(request.native)
    if (changed !== undefined) return changed === 'none' ? absent : found(changed.session)
    const carried = this.#cookies.read(request)
    if (carried === undefined) return absent
    if (carried === 'twice') return this.#refusals.twice
    const now = Math.floor(context.now() * 1000)
    return chain(
      this.#live(carried, now, context),
      (live): Awaitable<SessionFound<SealedSession<D>> | FailureVerdict> =>
        live.cause === undefined ? this.#found(live, now, context) : live,
    )
  }

  #now(): number {
    return Math.floor(this.#settings.clock() * 1000)
  }

  /** What the request's session says, whatever its data; `undefined` when there is no live one. */
  async #contentOf(request: SessionRequest, now: number): Promise<Written | undefined> {
    const changed = this.#changed.get(request.native)
    if (changed !== undefined) return changed === 'none' ? undefined : changed.content
    const carried = this.#cookies.read(request)
    if (carried === undefined || carried === 'twice') return undefined
    const live = await this.#live(carried, now, request)
    return live.cause === undefined ? live.content : undefined
  }

  async #change(request: SessionRequest, written: Written, data: D): Promise<SealedChange<D>> {
    const { schema, dataVersion, transports } = this.#settings
    const packed = await dataToSeal(data, schema)
    const content = { ...written, dataVersion, data: packed.kept }
    const headers = await this.#fields(content)
    if (headers === undefined) {
      throw new TypeError(
        transports.length === 1
          ? 'sealedSessions(): the session is too large for a cookie of 3,900 bytes; keep less in it or set "chunks" to 2'
          : 'sealedSessions(): the session is too large for two cookies of 3,900 bytes; keep less in it',
      )
    }
    const session = this.#session(content, packed.data)
    this.#note(request, { content, session }, headers)
    return { headers, session }
  }

  #note(request: SessionRequest, changed: Changed<D> | 'none', headers: readonly HeaderField[]): void {
    this.#changed.set(request.native, changed)
    for (const forget of this.#forgetters) forget(request.native)
    request.respond?.(headers)
  }

  #found(
    { content, stale }: Live,
    now: number,
    context: AuthenticationContext,
  ): Awaitable<SessionFound<SealedSession<D>> | FailureVerdict> {
    const settings = this.#settings
    return chain(sealedData(content.data, content.dataVersion, settings), (fitting) => {
      if (fitting === undefined) {
        if (content.dataVersion < settings.dataVersion) return this.#refusals.outdated
        context.fault('the data of a session did not fit its schema; the session is over')
        return this.#refusals.misfit
      }
      const { data, migrated } = fitting
      if (!stale && !migrated && !this.#isRenewalDue(content, now)) return found(this.#session(content, data))
      return chain(migrated ? dataToSeal(data, settings.schema) : { kept: content.data }, ({ kept }) => {
        const renewed = { ...content, writtenAt: now, dataVersion: settings.dataVersion, data: kept }
        return chain(this.#fields(renewed), (fields) =>
          this.#renewed(fields === undefined ? content : renewed, data, fields),
        )
      })
    })
  }

  /** Where it has grown too long to be written again, it goes on as it is. */
  #renewed(content: Unspread, data: D, fields: readonly HeaderField[] | undefined): SessionFound<SealedSession<D>> {
    const unlessSet: OnAccept = (response) =>
      fields === undefined || this.#cookies.isSetIn(response.header('set-cookie')) ? [] : fields
    return { ...found(this.#session(content, data)), onAccept: unlessSet }
  }

  #session(content: Unspread, data: D): SealedSession<D> {
    const { subject, createdAt, facts } = content
    return { subject, data, createdAt: createdAt / 1000, expiresAt: this.#endOf(content) / 1000, ...facts }
  }

  #live(carried: Carried, now: number, scope: SignalScope): Awaitable<Live | FailureVerdict> {
    const { sealer } = this.#settings
    return chain(sealer.open(KIND, this.#cookies.name, carried.text), (opened): Awaitable<Live | FailureVerdict> => {
      if (opened !== undefined) return this.#judged(opened, carried.count, now, scope)
      if (carried.instead !== undefined) return this.#live(carried.instead, now, scope)
      return this.#refusals[sealer.reasonOf(carried.text)]
    })
  }

  #judged({ bytes, stale }: Opened, count: 1 | 2, now: number, scope: SignalScope): Awaitable<Live | FailureVerdict> {
    const content = unpack(bytes)
    if (content === 'newer') {
      throw new AuthenticationError('a session was written by a later version of becauth', { code: 'newer-session' })
    }
    if (content?.count !== count) return this.#refusals['malformed-credential']
    if (this.#endOf(content) <= now) return this.#refusals.expired
    return this.#unlessRevoked({ content, stale }, scope)
  }

  #unlessRevoked(live: Live, scope: SignalScope): Awaitable<Live | FailureVerdict> {
    const { notBefore } = this.#settings
    if (notBefore === undefined) return live
    return chain(notBefore(live.content.subject, scope.signal), (since) => {
      if (since === undefined) return live
      if (typeof since === 'number' && !Number.isNaN(since)) {
        return live.content.createdAt < since * 1000 ? this.#refusals.revoked : live
      }
      throw new AuthenticationError('sealedSessions(): "notBefore" must answer seconds since 1970 or undefined', {
        code: 'invalid-answer',
      })
    })
  }

  /** In milliseconds since 1970. By the options of today, so that a shorter life holds for sessions that are about. */
  #endOf({ createdAt, writtenAt }: Unspread): number {
    const { absoluteSeconds, idleSeconds } = this.#settings
    const absolute = createdAt + absoluteSeconds * 1000
    return idleSeconds === undefined ? absolute : Math.min(absolute, writtenAt + idleSeconds * 1000)
  }

  #isRenewalDue({ writtenAt }: Content, now: number): boolean {
    const { idleSeconds } = this.#settings
    return idleSeconds !== undefined && now - writtenAt >= idleSeconds * 100
  }

  /** The fields that set a session; `undefined` when it is too large. */
  #fields(content: Unspread): Awaitable<readonly HeaderField[] | undefined> {
    const { persistent, absoluteSeconds } = this.#settings
    const spent = (content.writtenAt - content.createdAt) / 1000
    const maxAge = persistent ? Math.ceil(absoluteSeconds - spent) : undefined
    return chain(this.#seal({ ...content, count: 1 }), (text) => {
      const count = this.#cookies.countFor(text.length)
      if (count !== 2) return count && this.#cookies.write(text, maxAge)
      return chain(this.#seal({ ...content, count }), (spread) => this.#cookies.write(spread, maxAge))
    })
  }

  #seal(content: Content): Awaitable<string> {
    return this.#settings.sealer.seal(KIND, this.#cookies.name, pack(content))
  }
}

type Unspread = Omit<Content, 'count'>

/** What a session says beside its data. */
type Written = Pick<Content, 'createdAt' | 'writtenAt' | 'subject' | 'facts'>

/** The session that a request has now. */
interface Changed<D> {
  readonly content: Written
  readonly session: SealedSession<D>
}

function found<D>(session: SealedSession<D>): SessionFound<SealedSession<D>> {
  return { session, claims: claimsOf(session) }
}

/** @throws TypeError when it cannot be whose session it is. */
function mustBeSubject(subject: unknown): void {
  const fits = typeof subject === 'string' && subject !== '' && subject.length <= 255
  if (!fits || !isWellFormed(subject) || subject.includes('\0')) {
    throw new TypeError('sealedSessions(): "subject" must be 1 to 255 characters without lone surrogates or U+0000')
  }
}
