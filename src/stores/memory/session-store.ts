import type {
  DeleteBySubjectOptions,
  RotationEnd,
  SessionContent,
  SessionOwner,
  SessionReading,
  SessionRecord,
  SessionStore,
  StoreContext,
  StoredSession,
} from '../../core/session-store.ts'
import { ExpiryHeap } from './expiry-heap.ts'
import { type Live, LiveIndex, type Old } from './live-index.ts'

/** What `memorySessionStore()` may be told. */
export interface MemorySessionStoreOptions {
  /** How many sessions are kept; one takes about 1 KB and its data. Default: 100,000. */
  readonly limit?: number | undefined
}

/** All that this store needs of a context. */
type Clock = Pick<StoreContext, 'now'>

/** A `SessionStore` that answers at once, needs no signal for it, and says how full it is. */
export interface MemorySessionStore extends SessionStore {
  /** How many sessions are kept now; never more than the limit. */
  readonly size: number
  read(key: string, context: Clock): SessionReading
  create(key: string, record: SessionRecord, owner: SessionOwner, context: Clock): 'created' | 'exists' | 'limit'
  replace(key: string, version: number, content: SessionContent, context: Clock): boolean
  touch(key: string, seenRenewedAt: number, renewedAt: number, expiresAt: number, context: Clock): boolean
  rotate(key: string, version: number, next: string, record: SessionRecord, end: RotationEnd, context: Clock): boolean
  delete(key: string, tombstoneUntil: number, context: Clock): boolean
  listBySubject(subject: string, context: Clock): readonly StoredSession[]
  deleteBySubject(subject: string, options: DeleteBySubjectOptions, context: Clock): number
  deleteByHandle(subject: string, handle: string, context: Clock): boolean
  listByTag(tag: string, context: Clock): readonly StoredSession[]
  deleteByTag(tag: string, context: Clock): number
  sweep(limit: number, context: Clock): number
}

/** How many entries that are over go for one that comes. */
const SWEEP = 2

/**
 * Makes a store of sessions in this process's memory, for services of one process, and for tests. A restart logs
 * everybody out.
 *
 * It is bounded. Sessions that are over go first; when there is still no room, creating one is an error: 503 for whoever
 * wants to log in, and nobody who is logged in is pushed out.
 *
 * @example
 * import { memorySessionStore } from 'becauth/memory'
 *
 * export const store = memorySessionStore({ limit: 1_000_000 })
 *
 * @throws TypeError when `limit` is not a whole number above 0.
 */
export function memorySessionStore(options: MemorySessionStoreOptions = {}): MemorySessionStore {
  const { limit = 100_000 } = options
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new TypeError('memorySessionStore(): "limit" must be a whole number above 0')
  }
  return new InMemory(limit)
}

class InMemory implements MemorySessionStore {
  readonly #limit: number
  readonly #lives = new Map<string, Live>()
  /** In the order in which they came. As many as there may be sessions; the first ones go for new ones. */
  readonly #olds = new Map<string, Old>()
  readonly #ends = new ExpiryHeap<Live | Old>()
  readonly #index = new LiveIndex()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#lives.size
  }

  read(key: string, context: Clock): SessionReading {
    const live = this.#lives.get(key)
    if (live !== undefined) return live.session
    const old = this.#olds.get(key)
    if (old === undefined) return undefined
    const now = context.now()
    if (old.session !== undefined && now < old.graceUntil) return old.session
    return now < old.endsAt ? 'revoked' : undefined
  }

  create(key: string, record: SessionRecord, owner: SessionOwner, context: Clock): 'created' | 'exists' | 'limit' {
    const now = context.now()
    if (this.#lives.has(key) || this.read(key, context) !== undefined) return 'exists'
    const { subject, handle, limit = Number.POSITIVE_INFINITY, onExceed = 'refuse' } = owner
    const others = this.#index.ofSubject(subject, now)
    const tooMany = others.length - limit + 1
    if (tooMany > 0 && onExceed === 'refuse') return 'limit'
    this.sweep(SWEEP, context)
    // Those that go for this one make room for it.
    if (tooMany <= 0) this.#makeRoom(context)
    for (const oldest of others.sort(byAge).slice(0, Math.max(0, tooMany))) this.#end(oldest)
    const session = sessionOf(record, subject, handle, 1)
    const live: Live = { kind: 'live', key, session, olds: [], endsAt: session.expiresAt, place: -1 }
    this.#lives.set(key, live)
    this.#ends.add(live)
    this.#index.add(live)
    return 'created'
  }

  replace(key: string, version: number, content: SessionContent, context: Clock): boolean {
    const live = this.#own(key, context)
    if (live?.session.version !== version) return false
    this.#index.removeTags(live)
    const { format, payload, tags } = content
    live.session = { ...live.session, format, payload, tags: [...tags], version: version + 1 }
    this.#index.addTags(live)
    return true
  }

  touch(key: string, seenRenewedAt: number, renewedAt: number, expiresAt: number, context: Clock): boolean {
    const live = this.#own(key, context)
    if (live?.session.renewedAt !== seenRenewedAt) return false
    live.session = { ...live.session, renewedAt, expiresAt }
    this.#moved(live, expiresAt)
    return true
  }

  rotate(key: string, version: number, next: string, record: SessionRecord, end: RotationEnd, context: Clock): boolean {
    const live = this.#own(key, context)
    if (live?.session.version !== version) return false
    const { graceUntil, tombstoneUntil } = end
    const inGrace = graceUntil > context.now()
    const old = this.#retire(key, tombstoneUntil)
    if (inGrace) {
      old.session = { ...live.session, rotated: true }
      old.graceUntil = graceUntil
      old.live = live
    }
    this.#index.removeTags(live)
    this.#lives.delete(key)
    this.#lives.set(next, live)
    live.key = next
    live.session = sessionOf(record, live.session.subject, live.session.handle, version + 1)
    live.olds = live.olds.filter(({ graceUntil: until }) => until > context.now())
    if (inGrace) live.olds.push(old)
    this.#moved(live, record.expiresAt)
    this.#index.addTags(live)
    return true
  }

  delete(key: string, tombstoneUntil: number, context: Clock): boolean {
    const old = this.#olds.get(key)
    const inGrace = old !== undefined && context.now() < old.graceUntil
    const live = this.#own(inGrace ? (old.live?.key ?? key) : key, context)
    if (live === undefined) return false
    for (const { key: each } of live.olds) this.#retire(each, tombstoneUntil)
    this.#end(live)
    this.#retire(live.key, tombstoneUntil)
    return true
  }

  listBySubject(subject: string, context: Clock): readonly StoredSession[] {
    return this.#index.ofSubject(subject, context.now()).map(({ session }) => session)
  }

  deleteBySubject(subject: string, options: DeleteBySubjectOptions, context: Clock): number {
    const all = this.#index.ofSubject(subject, context.now())
    return this.#endAll(all.filter(({ session }) => session.handle !== options.except))
  }

  deleteByHandle(subject: string, handle: string, context: Clock): boolean {
    const all = this.#index.ofSubject(subject, context.now())
    return this.#endAll(all.filter(({ session }) => session.handle === handle)) > 0
  }

  listByTag(tag: string, context: Clock): readonly StoredSession[] {
    return this.#index.ofTag(tag, context.now()).map(({ session }) => session)
  }

  deleteByTag(tag: string, context: Clock): number {
    return this.#endAll(this.#index.ofTag(tag, context.now()))
  }

  sweep(limit: number, context: Clock): number {
    const now = context.now()
    let swept = 0
    for (let { soonest } = this.#ends; swept < limit && soonest !== undefined; soonest = this.#ends.soonest) {
      if (soonest.endsAt > now) break
      if (soonest.kind === 'live') this.#end(soonest)
      else this.#forget(soonest)
      swept++
    }
    return swept
  }

  /** The session whose good key this is, unless it is over. */
  #own(key: string, context: Clock): Live | undefined {
    const live = this.#lives.get(key)
    return live !== undefined && live.session.expiresAt > context.now() ? live : undefined
  }

  #makeRoom(context: Clock): void {
    while (this.#lives.size >= this.#limit) {
      if (this.sweep(1, context) === 0) throw new Error('memorySessionStore(): there is no room for another session')
    }
  }

  #endAll(lives: readonly Live[]): number {
    for (const live of lives) this.#end(live)
    return lives.length
  }

  #end(live: Live): void {
    this.#lives.delete(live.key)
    this.#ends.remove(live)
    this.#index.remove(live)
    for (const old of live.olds) {
      old.session = undefined
      old.live = undefined
      old.graceUntil = 0
    }
  }

  /** Makes a tombstone of a key. */
  #retire(key: string, endsAt: number): Old {
    const before = this.#olds.get(key)
    if (before !== undefined) this.#forget(before)
    for (const first of this.#olds.values()) {
      if (this.#olds.size < this.#limit) break
      this.#forget(first)
    }
    const old: Old = { kind: 'old', key, session: undefined, graceUntil: 0, live: undefined, endsAt, place: -1 }
    this.#olds.set(key, old)
    this.#ends.add(old)
    return old
  }

  #forget(old: Old): void {
    this.#olds.delete(old.key)
    this.#ends.remove(old)
  }

  #moved(live: Live, endsAt: number): void {
    live.endsAt = endsAt
    this.#ends.moved(live)
  }
}

/** A copy, of which nobody else has the list of tags. */
function sessionOf(record: SessionRecord, subject: string, handle: string, version: number): StoredSession {
  const { format, payload, tags, createdAt, renewedAt, expiresAt } = record
  return {
    format,
    payload,
    tags: [...tags],
    createdAt,
    renewedAt,
    expiresAt,
    subject,
    handle,
    version,
    rotated: false,
  }
}

function byAge(a: Live, b: Live): number {
  return a.session.createdAt - b.session.createdAt
}
