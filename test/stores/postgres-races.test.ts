import { setMaxListeners } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/session-store.ts'
import type { PgConnection } from '../../src/stores/postgres/client.ts'
import { migrate } from '../../src/stores/postgres/schema.ts'
import { postgresSessionStore } from '../../src/stores/postgres/session-store.ts'
import { Kit } from '../../src/testing/session-store/kit.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { Case, comparable, type Operation, oneAfterAnother, operations } from './one-session.ts'

const programs = postgresPrograms()
// All calls of a case share one signal.
setMaxListeners(100)

/** A connection that stays taken, so that what goes through it is part of a transaction that is open. */
function keeping(connection: pg.PoolClient): PgConnection {
  return {
    query: (statement) => connection.query(statement),
    on: () => {},
    removeListener: () => {},
    release: () => {},
  }
}

describe.skipIf(programs === undefined)('postgresSessionStore() when several write at once', () => {
  let server: PostgresServer
  let pool: pg.Pool
  let watcher: pg.Client
  let store: SessionStore

  beforeAll(async () => {
    server = await startPostgres(programs ?? '')
    pool = new pg.Pool({ ...server.connection, max: 24 }).on('error', () => {})
    watcher = new pg.Client(server.connection)
    await watcher.connect()
    await migrate(pool)
    store = postgresSessionStore({ client: pool })
  })
  afterAll(async () => {
    await pool?.end()
    await watcher?.end()
    await server?.stop()
  })

  async function waiting(count: number): Promise<void> {
    const text = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`
    await expect.poll(async () => (await watcher.query(text)).rows[0].n, { interval: 2, timeout: 5000 }).toBe(count)
  }

  /** Lets all of them meet the session while it is locked: each has seen what was there before any of them wrote. */
  async function atOnce(names: readonly Operation[]): Promise<void> {
    const [at, holder] = [new Case(), await pool.connect()]
    await at.create(store)
    await holder.query('begin')
    await holder.query('select from becauth_sessions where key = $1 for update', [at.key])
    const running: Promise<readonly [Operation, unknown]>[] = []
    for (const name of names) {
      running.push(at.run(store, name).then((answer) => [name, answer] as const))
      await waiting(running.length)
    }
    await holder.query('commit')
    holder.release()
    const answers = await Promise.all(running)
    const actual = comparable(answers, await at.seen(store))
    expect(await oneAfterAnother(at, names), names.join(', ')).toContain(actual)
  }

  it('answers any two writes as if one had come after the other', async () => {
    for (const first of operations) {
      for (const second of operations) if (first !== second) await atOnce([first, second])
    }
  })

  it('answers any three writes as if they had come one after another', async () => {
    for (const [at, first] of operations.entries()) {
      for (const [after, second] of operations.slice(at + 1).entries()) {
        for (const third of operations.slice(at + after + 2)) {
          const names = [first, second, third]
          await atOnce(names)
          await atOnce(names.toReversed())
        }
      }
    }
  })

  it('creates nothing under a key that is being rotated away or deleted', async () => {
    for (const name of ['rotate', 'delete'] as const) {
      const [at, holder] = [new Case(), await pool.connect()]
      await at.create(store)
      await holder.query('begin')
      const held = postgresSessionStore({ client: { totalCount: 1, connect: async () => keeping(holder) } })
      expect(await at.run(held, name)).toBe(true)
      const creating = store.create(at.key, at.kit.record(), at.kit.owner(), at.kit)
      await waiting(1)
      await holder.query('commit')
      holder.release()
      expect(await creating).toBe('exists')
      expect(await store.read(at.key, at.kit)).toBe('revoked')
    }
  })

  it('ends everything, keeps every limit and fails nobody in a crowd that ends and makes the same sessions', async () => {
    const kit = new Kit()
    const [subjects, tags] = [
      [kit.subject(), kit.subject()],
      [kit.hash(), kit.hash()],
    ]
    const keys: string[] = []
    let seed = 11
    const pick = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return Math.floor(seed / 65_536) % below
    }
    const step = async (): Promise<void> => {
      const [subject, tag, key] = [subjects[pick(2)] ?? '', tags[pick(2)] ?? '', keys[pick(keys.length + 1)] ?? '']
      const next = kit.key()
      const choice = pick(10)
      if (choice < 4) {
        keys.push(next)
        const owner = kit.owner(subject, { limit: 3, onExceed: 'oldest' })
        expect(await store.create(next, kit.record({ tags: [tag] }), owner, kit)).toBe('created')
        expect((await store.listBySubject(subject, kit)).length).toBeLessThanOrEqual(3)
      } else if (choice < 7) {
        const reading = await store.read(key, kit)
        if (typeof reading !== 'object') return
        const moved = kit.key(key.slice(0, 11))
        keys.push(moved)
        await store.rotate(key, reading.version, moved, { ...reading, tags: [tag] }, kit.end(pick(2) * 30), kit)
      } else if (choice === 7) await store.deleteBySubject(subject, {}, kit)
      else if (choice === 8) await store.deleteByTag(tag, kit)
      else await store.delete(key, kit.start + 300, kit)
    }
    const worker = async (): Promise<void> => {
      for (let done = 0; done < 60; done++) await step()
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    for (const subject of subjects) await store.deleteBySubject(subject, {}, kit)
    const left = await Promise.all(keys.map((key) => store.read(key, kit)))
    expect(left.filter((reading) => typeof reading === 'object')).toEqual([])
  })

  it('rejects at once when nobody waits for a server that hangs, and works again when it goes on', async () => {
    const kit = new Kit()
    const one = new pg.Pool({ ...server.connection, max: 1 }).on('error', () => {})
    const alone = postgresSessionStore({ client: one })
    expect(await alone.read(kit.key(), kit)).toBeUndefined()
    const pid: number = (await one.query('select pg_backend_pid() as pid')).rows[0].pid
    process.kill(pid, 'SIGSTOP')
    const controller = new AbortController()
    const context = { now: () => kit.now(), signal: controller.signal }
    const [key, other] = [kit.key(), kit.key()]
    const hanging = [
      alone.create(key, kit.record(), kit.owner(), context),
      alone.create(other, kit.record(), kit.owner(), context),
    ]
    controller.abort()
    for (const each of await Promise.allSettled(hanging)) expect(each.status).toBe('rejected')
    process.kill(pid, 'SIGCONT')
    expect(await alone.read(other, kit), 'what was still waiting for a connection').toBeUndefined()
    await one.end()
  })

  it('rejects what was under way when its connection is ended, and goes on with another one', async () => {
    const [at, holder] = [new Case(), await pool.connect()]
    await at.create(store)
    await holder.query('begin')
    await holder.query('select from becauth_sessions where key = $1 for update', [at.key])
    const touching = at.run(store, 'touch').catch((error: unknown) => error)
    await waiting(1)
    await watcher.query(`select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`)
    expect(await touching).toBeInstanceOf(Error)
    await holder.query('commit')
    holder.release()
    expect(await at.run(store, 'touch')).toBe(true)
  })

  it('keeps the limit under every isolation that a database may have set, or says that it cannot', async () => {
    const kit = new Kit()
    for (const isolation of ['serializable', 'repeatable read']) {
      const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`
      const strict = new pg.Pool({ ...server.connection, options, max: 8 }).on('error', () => {})
      const under = postgresSessionStore({ client: strict })
      const subject = kit.subject()
      const answers = await Promise.allSettled(
        Array.from({ length: 24 }, () => under.create(kit.key(), kit.record(), kit.owner(subject, { limit: 3 }), kit)),
      )
      const made = answers.filter((answer) => answer.status === 'fulfilled' && answer.value === 'created').length
      expect(made, isolation).toBe(isolation === 'serializable' ? 3 : 0)
      expect(await under.listBySubject(subject, kit)).toHaveLength(made)
      await strict.end()
    }
  })
})
