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
import type { RedisWarning } from './durability.ts'
import { create, endByKey, replace, rotate, touch } from './family-scripts.ts'
import { Memberships } from './memberships.ts'
import { contentWords, readKey, readLead, type SessionLead, sessionText, type TagEpoch } from './record.ts'
import { Redis, type RedisStoreOptions } from './redis.ts'
import { hasEnded, textOf, textOrNothing, texts } from './rosters.ts'
import { type Hint, SessionLists } from './session-lists.ts'

/** A `SessionStore` that tells how safe its Redis is. */
export interface RedisSessionStore extends SessionStore {
  /** What this Redis may lose by its settings; nothing when all is well. Rejects when the connection is down. */
  check(): Promise<readonly RedisWarning[]>
}

const HASH_AT = 12

/**
 * Makes a store of sessions in Redis (6.2 or later) or Valkey, one server or a cluster, for services of several processes.
 *
 * All keys of a session are in one slot, and the lists of a subject's and a tag's sessions in slots of their own. Reading a
 * session takes one round trip: the session and what ended on those lists are asked for together. The first time that
 * this process reads a session it takes two, for it does not know yet whose it is.
 *
 * `deleteBySubject` and `deleteByTag` end everything in one step, also what is created at the same time. `deleteBySubject`
 * ends also what its list has forgotten in a failover, and leaves a note of some 150 bytes for 400 days. `deleteByTag`
 * leaves nothing for a tag that nobody has: anybody may be able to ask for that.
 *
 * Redis must keep what it is given: `maxmemory-policy noeviction`, `appendonly yes`, `appendfsync always`. While the
 * connection is down every call fails at once.
 *
 * @example
 * import { redisSessionStore } from 'becauth/redis'
 * import { createClient } from 'redis'
 *
 * const client = createClient()
 * client.on('error', (error) => console.error('redis', error))
 * await client.connect()
 * export const store = redisSessionStore({ client })
 *
 * @throws TypeError when an option cannot be used.
 */
export function redisSessionStore(options: RedisStoreOptions): RedisSessionStore {
  return new InRedis(new Redis('redisSessionStore', options, 'becauth:session'))
}

class InRedis implements RedisSessionStore {
  readonly #redis: Redis
  readonly #memberships: Memberships
  readonly #lists: SessionLists

  constructor(redis: Redis) {
    this.#redis = redis
    this.#memberships = new Memberships(redis)
    this.#lists = new SessionLists(redis, this.#memberships)
  }

  check(): Promise<readonly RedisWarning[]> {
    return this.#redis.check()
  }

  async read(key: string, context: StoreContext): Promise<SessionReading> {
    this.#redis.mustBeUp()
    const family = this.#memberships.family(key)
    const known = this.#memberships.known(key)
    // In one tick, so that all travel together.
    const [reply, marks] = await Promise.all([
      this.#redis.connection.send(family, ['HGET', family, key.slice(HASH_AT)]),
      known && this.#memberships.marks(known),
    ])
    const text = textOrNothing(reply)
    if (text === undefined) return undefined
    const reading = readKey(text)
    const asked = known && marks && { known, marks }
    if (reading.kind === 'live') {
      return (await this.#lists.isAlive(key, reading.lead, context, asked)) ? reading.session : undefined
    }
    const now = context.now()
    if (reading.kind === 'grace' && now < reading.graceUntil) {
      const standing = await this.#memberships.standingBefore(key, reading.lead, context, asked)
      return hasEnded(standing) ? undefined : reading.session
    }
    return now < reading.tombstoneUntil ? 'revoked' : undefined
  }

  async create(
    key: string,
    record: SessionRecord,
    owner: SessionOwner,
    context: StoreContext,
  ): Promise<'created' | 'exists' | 'limit'> {
    this.#redis.mustBeUp()
    const family = this.#memberships.family(key)
    const roster = await this.#redis.subjectRoster(owner.subject)
    const member = this.#memberships.member(key, owner.handle)
    // While the replicas are down no session that nobody gets the key of takes the place of others.
    await this.#redis.replicated([family, roster])
    const [enrolled, tags] = await Promise.all([
      this.#lists.enrol(roster, member, record, owner, context),
      this.#lists.enrolTags(member, record.tags, record, context),
    ])
    const tagHints = tags.map(({ tag, value }): Hint => [this.#memberships.tagRoster(tag), value])
    const hints: readonly Hint[] = enrolled.kind === 'limit' ? tagHints : [[roster, enrolled.value], ...tagHints]
    // Nobody waits any more: a session that nobody has the cookie of must not take the place of others.
    if (enrolled.kind === 'limit' || context.signal.aborted) {
      await this.#lists.withdraw(member, hints, context)
      context.signal.throwIfAborted()
      return 'limit'
    }
    const text = sessionText(record, owner, enrolled.epoch, tags)
    const words = [String(context.now()), key.slice(HASH_AT), text]
    if (textOf(await this.#redis.scripts.run(create, family, words)) === 'taken') {
      await this.#lists.withdraw(member, hints, context)
      return 'exists'
    }
    if (enrolled.kind === 'over') {
      const oldest = await this.#redis.rosters.endOldest(roster, member, owner.limit ?? 1, context)
      await this.#memberships.endAll(oldest, '', roster, context)
    }
    const { rosters } = await this.#memberships.of(key, readLead(text))
    await this.#redis.replicated([family, ...rosters])
    return 'created'
  }

  async replace(key: string, version: number, content: SessionContent, context: StoreContext): Promise<boolean> {
    const words = [String(version), ...contentWords(content)]
    const lead = await this.#write(replace, key, words, content.tags, context)
    if (lead === undefined) return false
    await this.#redis.replicated([this.#memberships.family(key), ...(await this.#memberships.of(key, lead)).rosters])
    return true
  }

  async touch(
    key: string,
    seenRenewedAt: number,
    renewedAt: number,
    expiresAt: number,
    context: StoreContext,
  ): Promise<boolean> {
    this.#redis.mustBeUp()
    const words = [context.now(), key.slice(HASH_AT), seenRenewedAt, renewedAt, expiresAt].map(String)
    const text = textOrNothing(await this.#redis.scripts.run(touch, this.#memberships.family(key), words))
    return this.#noted(key, text === undefined ? undefined : readLead(text), context)
  }

  async rotate(
    key: string,
    version: number,
    next: string,
    record: SessionRecord,
    { graceUntil, tombstoneUntil }: RotationEnd,
    context: StoreContext,
  ): Promise<boolean> {
    this.#redis.mustBeUp()
    // While the replicas are down the key stays the good one, for nobody would be told the other.
    await this.#redis.replicated([this.#memberships.family(key)])
    const { createdAt, renewedAt, expiresAt } = record
    const times = [createdAt, renewedAt, expiresAt, graceUntil, tombstoneUntil].map(String)
    const words = [String(version), next.slice(HASH_AT), ...contentWords(record), ...times]
    return this.#noted(key, await this.#write(rotate, key, words, record.tags, context), context)
  }

  async delete(key: string, tombstoneUntil: number, context: StoreContext): Promise<boolean> {
    this.#redis.mustBeUp()
    const family = this.#memberships.family(key)
    const words = [String(context.now()), key.slice(HASH_AT), String(tombstoneUntil)]
    const text = textOrNothing(await this.#redis.scripts.run(endByKey, family, words))
    if (text === undefined) return false
    await this.#redis.replicated([family, ...(await this.#memberships.leave(key, readLead(text)))])
    return true
  }

  async listBySubject(subject: string, context: StoreContext): Promise<readonly StoredSession[]> {
    const roster = await this.#redis.subjectRoster(subject)
    return this.#lists.list(roster, (lead) => lead.subject === subject, context)
  }

  async deleteBySubject(subject: string, options: DeleteBySubjectOptions, context: StoreContext): Promise<number> {
    this.#redis.mustBeUp()
    const roster = await this.#redis.subjectRoster(subject)
    const ended = await this.#redis.rosters.endAll(roster, options.except ?? '', context)
    return this.#memberships.endAll(ended, '', roster, context)
  }

  async deleteByHandle(subject: string, handle: string, context: StoreContext): Promise<boolean> {
    this.#redis.mustBeUp()
    const roster = await this.#redis.subjectRoster(subject)
    const member = await this.#redis.rosters.endOne(roster, handle, context)
    if (member === undefined) return false
    return (await this.#memberships.endAll([member], '', roster, context)) > 0
  }

  async listByTag(tag: string, context: StoreContext): Promise<readonly StoredSession[]> {
    const has = (lead: SessionLead): boolean => lead.tags.some((each) => each.tag === tag)
    return this.#lists.list(this.#memberships.tagRoster(tag), has, context)
  }

  async deleteByTag(tag: string, context: StoreContext): Promise<number> {
    this.#redis.mustBeUp()
    const roster = this.#memberships.tagRoster(tag)
    const ended = await this.#redis.rosters.endListed(roster, context)
    return this.#memberships.endAll(ended, tag, roster, context)
  }

  /** Redis drops by itself what is over. */
  async sweep(): Promise<number> {
    return 0
  }

  /** Runs a script that writes content, and enrols the session for tags that are new to it. */
  async #write(
    script: string,
    key: string,
    words: readonly string[],
    tags: readonly string[],
    context: StoreContext,
  ): Promise<SessionLead | undefined> {
    this.#redis.mustBeUp()
    const family = this.#memberships.family(key)
    const all = [...new Set(tags)]
    let epochs: readonly TagEpoch[] = []
    for (;;) {
      const pairs = all.flatMap((tag) => [tag, String(epochs.find((each) => each.tag === tag)?.epoch ?? '')])
      const reply = await this.#redis.scripts.run(script, family, [
        String(context.now()),
        key.slice(HASH_AT),
        ...words,
        ...pairs,
      ])
      const [kind, text = '', ...unknown] = texts(reply)
      if (kind === 'no') return undefined
      const lead = readLead(text)
      if (kind === 'done') return lead
      epochs = [
        ...epochs,
        ...(await this.#lists.enrolTags(this.#memberships.member(key, lead.handle), unknown, lead, context)),
      ]
    }
  }

  /** Writes the new times on the lists. `false`: nothing was written, or the session had ended there. */
  async #noted(key: string, lead: SessionLead | undefined, context: StoreContext): Promise<boolean> {
    if (lead === undefined) return false
    const { rosters } = await this.#memberships.of(key, lead)
    // Whoever ended it takes it away, or else the next one who reads it.
    const isAlive = await this.#memberships.note(key, lead, context)
    await this.#redis.replicated([this.#memberships.family(key), ...rosters])
    return isAlive
  }
}
