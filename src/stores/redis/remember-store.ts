import type {
  RememberExchange,
  RememberedBrowser,
  RememberRecord,
  RememberStore,
  RememberSuccessor,
  StoreContext,
} from '../../core/session-store.ts'
import type { RedisWarning } from './durability.ts'
import { fromBase64, toBase64 } from './record.ts'
import { Redis, type RedisStoreOptions } from './redis.ts'
import { create, exchange, forget } from './remember-scripts.ts'
import { hasEnded, isSettled, textOf, textOrNothing, texts } from './rosters.ts'

/** A `RememberStore` that tells how safe its Redis is. */
export interface RedisRememberStore extends RememberStore {
  /** What this Redis may lose by its settings; nothing when all is well. Rejects when the connection is down. */
  check(): Promise<readonly RedisWarning[]>
}

/**
 * Makes a store of remembered browsers in Redis or Valkey, one server or a cluster. What `redisSessionStore` says about
 * the settings of Redis holds here as well: what it forgets, people must log in again for, and what it brings back can be
 * exchanged twice.
 *
 * @throws TypeError when an option cannot be used.
 */
export function redisRememberStore(options: RedisStoreOptions): RedisRememberStore {
  return new InRedis(new Redis('redisRememberStore', options, 'becauth:remember'))
}

class InRedis implements RedisRememberStore {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  check(): Promise<readonly RedisWarning[]> {
    return this.#redis.check()
  }

  async create(family: string, record: RememberRecord, context: StoreContext): Promise<void> {
    this.#redis.mustBeUp()
    const { subject, tokenHash, createdAt, expiresAt } = record
    const roster = await this.#redis.subjectRoster(subject)
    const enrolled = await this.#redis.rosters.enrol(roster, family, record, {}, context)
    if (enrolled.kind === 'limit') throw new Error('a list without a limit is full')
    const key = this.#key(family)
    const words = [tokenHash, subject, createdAt, expiresAt, enrolled.epoch].map(String)
    if (textOf(await this.#run(create, key, context, words)) !== 'made') {
      await this.#redis.rosters.strike(roster, family, enrolled.value, context)
      throw new Error('redisRememberStore(): this family is there already')
    }
    await this.#redis.replicated([key, roster])
  }

  async exchange(
    family: string,
    tokenHash: string,
    successor: RememberSuccessor,
    context: StoreContext,
  ): Promise<RememberExchange> {
    this.#redis.mustBeUp()
    const { graceUntil, expiresAt } = successor
    const key = this.#key(family)
    const words = [tokenHash, successor.tokenHash, toBase64(successor.sealed), String(graceUntil), String(expiresAt)]
    const owner = textOrNothing(await this.#redis.connection.send(key, ['HGET', key, 's']))
    if (owner === undefined) return undefined
    const roster = await this.#redis.subjectRoster(owner)
    // While the list's server or the replicas are down the token stays the good one: later it would count as stolen.
    await this.#redis.rosters.marks(roster, family)
    await this.#redis.replicated([key, roster])
    const [kind, subject = '', created, since, sealed = ''] = texts(await this.#run(exchange, key, context, words))
    if (kind === undefined) return undefined
    const [createdAt, epoch] = [Number(created), Number(since)]
    const isThere =
      kind === 'exchanged'
        ? await this.#redis.rosters.note(roster, family, epoch, { createdAt, expiresAt }, context)
        : !hasEnded(await this.#redis.rosters.standing(roster, family, epoch, context))
    if (kind === 'stolen' || !isThere) await this.#forget(family, roster, context)
    if (kind !== 'repeated') await this.#redis.replicated([key, roster])
    // All families of the subject were forgotten, and this one was no longer on the list.
    if (!isThere) return undefined
    if (kind === 'stolen') return { kind, subject }
    return kind === 'exchanged'
      ? { kind, subject, createdAt }
      : { kind: 'repeated', subject, createdAt, sealed: fromBase64(sealed) }
  }

  async deleteFamily(family: string, context: StoreContext): Promise<boolean> {
    this.#redis.mustBeUp()
    const key = this.#key(family)
    const subject = textOrNothing(await this.#run(forget, key, context, []))
    if (subject === undefined) return false
    const roster = await this.#redis.subjectRoster(subject)
    await this.#redis.rosters.leave(roster, family)
    await this.#redis.replicated([key, roster])
    return true
  }

  async deleteBySubject(subject: string, context: StoreContext): Promise<number> {
    this.#redis.mustBeUp()
    const roster = await this.#redis.subjectRoster(subject)
    const families = await this.#redis.rosters.endAll(roster, '', context)
    const keys = families.map((family) => this.#key(family))
    const forgotten = await Promise.all(keys.map((key) => this.#run(forget, key, context, [])))
    await this.#redis.replicated([roster, ...keys])
    return forgotten.filter((each) => textOrNothing(each) !== undefined).length
  }

  async listBySubject(subject: string, context: StoreContext): Promise<readonly RememberedBrowser[]> {
    this.#redis.mustBeUp()
    const roster = await this.#redis.subjectRoster(subject)
    const entries = await this.#redis.rosters.list(roster, context)
    const found = await Promise.all(
      entries.map(async (entry) => {
        const key = this.#key(entry.member)
        const reply = await this.#redis.connection.send(key, ['HMGET', key, 's', 'c', 'x'])
        const [owner, createdAt, expiresAt]: readonly unknown[] = Array.isArray(reply) ? reply : []
        if (owner === subject && Number(expiresAt) > context.now()) {
          return [{ family: entry.member, createdAt: Number(createdAt), expiresAt: Number(expiresAt) }]
        }
        if (isSettled(entry, context)) {
          await this.#redis.rosters.strike(roster, entry.member, entry.value, context)
        }
        return []
      }),
    )
    return found.flat()
  }

  /** Redis drops by itself what is over. */
  async sweep(): Promise<number> {
    return 0
  }

  async #forget(family: string, roster: string, context: StoreContext): Promise<void> {
    await this.#run(forget, this.#key(family), context, [])
    await this.#redis.rosters.leave(roster, family)
  }

  #run(script: string, key: string, context: StoreContext, words: readonly string[]): Promise<unknown> {
    return this.#redis.scripts.run(script, key, [String(context.now()), ...words])
  }

  #key(family: string): string {
    return `${this.#redis.prefix}:{${family}}`
  }
}
