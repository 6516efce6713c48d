import { setMaxListeners } from 'node:events'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OneTimeStore } from '../../src/core/ports.ts'
import type { PostgresClient } from '../../src/stores/postgres/client.ts'
import { postgresOneTimeStore } from '../../src/stores/postgres/one-time-store.ts'
import { migrate } from '../../src/stores/postgres/schema.ts'
import { type OneTimeStoreSubject, oneTimeStoreContract } from '../../src/testing/one-time-store-contract.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../servers/postgres.ts'

const programs = postgresPrograms()
const TABLE = 'becauth_one_time_keys'
const WAITING = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`

function at(now: number, signal: AbortSignal = new AbortController().signal) {
  // The uses of a case share one signal.
  setMaxListeners(2000, signal)
  return { signal, now: () => now }
}

function hash(number: number): string {
  return String(number).padStart(43, '0')
}

describe.skipIf(programs === undefined)('postgresOneTimeStore() on a real PostgreSQL', () => {
  let server: PostgresServer
  let pool: pg.Pool
  let sql: postgres.Sql
  let namespaces = 0
  const ends: (() => Promise<unknown>)[] = []

  function open(more: pg.PoolConfig = {}): pg.Pool {
    const opened = new pg.Pool({ ...server.connection, ...more }).on('error', () => {})
    ends.push(() => opened.end())
    return opened
  }

  /** A namespace that no other case uses. */
  function namespace(): string {
    return `case-${namespaces++}`
  }

  async function rows(where: string): Promise<number> {
    return (await pool.query(`select count(*)::int as n from ${TABLE} where ${where}`)).rows[0].n
  }

  async function count(text: string): Promise<number> {
    return (await pool.query(text)).rows[0].n
  }

  function contract(subject: () => OneTimeStoreSubject): void {
    for (const { title, run } of oneTimeStoreContract()) it(title, () => run(subject()))
  }

  beforeAll(async () => {
    server = await startPostgres(programs ?? '')
    pool = open({ max: 24 })
    const { user, host, port, database } = server.connection
    const opened = postgres(`postgres://${user}@${host}:${port}/${database}`, { onnotice: () => {} })
    sql = opened
    ends.push(() => opened.end())
    await migrate(pool)
  })
  afterAll(async () => {
    for (const end of ends) await end()
    await server?.stop()
  })

  describe.each<[string, () => PostgresClient]>([
    ['pg', () => pool],
    ['postgres.js', () => sql],
  ])('by %s', (name, client) => {
    contract(() => ({
      name,
      open: async () => {
        await pool.query(`truncate ${TABLE}`)
        return postgresOneTimeStore({ client: client() })
      },
    }))
  })

  it('works without prepared statements, under a schema and a prefix of its own', async () => {
    await pool.query('create schema "auth"')
    const where = { schema: 'auth', prefix: 'my_' }
    await migrate(pool, where)
    const store = postgresOneTimeStore({ client: pool, prepare: false, ...where })
    expect(await store.consume('n', hash(0), 1060, at(1000))).toBe('fresh')
    expect(await store.consume('n', hash(0), 1060, at(1000))).toBe('seen')
    expect(await count('select count(*)::int as n from "auth"."my_one_time_keys"')).toBe(1)
  })

  it('has one of 1,000 uses of a key through five pools be fresh, and one again when the key is over', async () => {
    const stores = [pool, sql, open({ max: 8 }), open({ max: 8 }), open({ max: 8 })].map((client) =>
      postgresOneTimeStore({ client }),
    )
    const name = namespace()
    for (const now of [1000, 1030, 1060, 1119.9, 1120, 1300]) {
      const context = at(now)
      const said = await Promise.all(
        Array.from({ length: 200 }, () =>
          stores.map((store) => store.consume(name, hash(0), now + 60, context)),
        ).flat(),
      )
      const isOver = now !== 1030 && now !== 1119.9
      expect(said).toHaveLength(1000)
      expect(said.filter((answer) => answer === 'fresh')).toHaveLength(isOver ? 1 : 0)
    }
  })

  it('drops at most 128 keys with one of 32 uses, a minute after they were over', async () => {
    await pool.query(`truncate ${TABLE}`)
    await pool.query(`insert into ${TABLE} select 'old', lpad(n::text, 43, '0'), 1060 from generate_series(1, 200) n`)
    const store = postgresOneTimeStore({ client: pool })
    const use = (number: number, now: number) => store.consume('new', hash(number), 4000, at(now))
    await use(0, 1119.9)
    expect(await rows(`namespace = 'old'`)).toBe(200)
    for (let number = 1; number < 32; number++) await use(number, 1120)
    expect(await rows(`namespace = 'old'`)).toBe(200)
    await use(32, 1120)
    expect(await rows(`namespace = 'old'`)).toBe(72)
    await postgresOneTimeStore({ client: pool }).consume('new', hash(32), 4000, at(1120))
    expect(await rows(`namespace = 'old'`), 'after a replay').toBe(72)
    await postgresOneTimeStore({ client: pool }).consume('old', hash(1), 4000, at(1120))
    expect(await rows(`namespace = 'old' and expires_at = 1060`)).toBe(0)
    expect(await rows(`true`)).toBe(34)
  })

  it('holds no key that it would drop while it waits for another use of its own key', async () => {
    const [name, holder] = [namespace(), await pool.connect()]
    for (const number of [0, 1]) await postgresOneTimeStore({ client: pool }).consume(name, hash(number), 60, at(0))
    const later = at(1000, AbortSignal.timeout(5000))
    const use = (number: number) => postgresOneTimeStore({ client: pool }).consume(name, hash(number), 1060, later)
    await holder.query('begin')
    try {
      await holder.query(`select from ${TABLE} where namespace = $1 and key = $2 for update`, [name, hash(0)])
      const waits = use(0)
      await expect.poll(() => count(WAITING), { interval: 5 }).toBe(1)
      expect(await Promise.race([waits, use(1)])).toBe('fresh')
      await holder.query('commit')
      expect(await waits).toBe('fresh')
    } finally {
      await holder.query('rollback')
      holder.release()
    }
  }, 20_000)

  it('has no two uses wait for each other in a crowd that drops and takes the same keys', async () => {
    const name = namespace()
    const undone: unknown[] = []
    // The store would try again what the server has undone.
    const watched: PostgresClient = {
      totalCount: 1,
      connect: async () => {
        const connection = await pool.connect()
        return {
          query: (statement) =>
            connection.query(statement).catch((error: unknown) => {
              undone.push(error)
              throw error
            }),
          on: () => {},
          removeListener: () => {},
          release: () => connection.release(),
        }
      },
    }
    let [seed, now, fresh] = [7, 10_000, 0]
    const pick = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return Math.floor(seed / 65_536) % below
    }
    const worker = async (): Promise<void> => {
      for (let turn = 0; turn < 60; turn++) {
        // A new store sweeps at its first use.
        const store = postgresOneTimeStore({ client: watched })
        if ((await store.consume(name, hash(pick(12)), now + 1, at(now))) === 'fresh') fresh++
        now += 100
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    expect(undone).toEqual([])
    expect(fresh).toBeGreaterThan(500)
  })

  it.each(['repeatable read', 'serializable'])('has one use be fresh under the isolation "%s"', async (isolation) => {
    const strict = open({ max: 8, options: `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}` })
    const store = postgresOneTimeStore({ client: strict })
    const [name, context] = [namespace(), at(1000)]
    for (let number = 0; number < 20; number++) {
      const said = await Promise.all(Array.from({ length: 8 }, () => store.consume(name, hash(number), 1060, context)))
      expect(said.filter((answer) => answer === 'fresh')).toHaveLength(1)
    }
  })

  it('has a use be on the disk when it is answered, where others need not be', async () => {
    const lax = open({ max: 1, options: '-c synchronous_commit=off' })
    let level: unknown
    const watched: PostgresClient = {
      totalCount: 1,
      connect: async () => {
        const connection = await lax.connect()
        return {
          query: async (statement) => {
            await connection.query('begin')
            const result = await connection.query(statement)
            level = (await connection.query('show synchronous_commit')).rows[0].synchronous_commit
            await connection.query('commit')
            return result
          },
          on: () => {},
          removeListener: () => {},
          release: () => connection.release(),
        }
      },
    }
    expect(await postgresOneTimeStore({ client: watched }).consume(namespace(), hash(0), 1060, at(1000))).toBe('fresh')
    expect(level).toBe('on')
  })

  it('uses nothing for somebody who has gone', async () => {
    const [store, name] = [postgresOneTimeStore({ client: pool }), namespace()]
    await expect(store.consume(name, hash(0), 1060, at(1000, AbortSignal.abort()))).rejects.toThrow('did not answer')
    expect(await store.consume(name, hash(0), 1060, at(1000))).toBe('fresh')
  })

  it('rejects at once when its caller gives up waiting for another use of the key', async () => {
    const [store, name, holder] = [postgresOneTimeStore({ client: pool }), namespace(), await pool.connect()]
    await holder.query('begin')
    await holder.query(`insert into ${TABLE} values ($1, $2, 1060)`, [name, hash(0)])
    const controller = new AbortController()
    const left = store.consume(name, hash(0), 1060, at(1000, controller.signal))
    await expect.poll(() => count(WAITING), { interval: 5 }).toBe(1)
    controller.abort()
    await expect(left).rejects.toThrow('did not answer')
    await holder.query('rollback')
    holder.release()
  })

  it('rejects while PostgreSQL is down, and knows what was used before when it is up again', async () => {
    const name = namespace()
    const [byPool, bySql] = [postgresOneTimeStore({ client: pool }), postgresOneTimeStore({ client: sql })]
    expect(await byPool.consume(name, hash(0), 1060, at(1000))).toBe('fresh')
    await server.halt()
    for (const store of [byPool, bySql]) {
      await expect(store.consume(name, hash(1), 1060, at(1000))).rejects.toBeInstanceOf(Error)
    }
    await server.restart()
    for (const store of [byPool, bySql]) {
      await expect.poll(() => said(store, name)).toBe('seen')
    }
  })

  it('says what to do where the table is missing', async () => {
    const store = postgresOneTimeStore({ client: pool, prefix: 'missing_' })
    await expect(store.consume('n', hash(0), 1060, at(1000))).rejects.toThrow('run "becauth migrate"')
  })

  it('comes to tables of the release before, and leaves what is in them', async () => {
    const before = { prefix: 'before_' }
    await migrate(pool, before)
    await pool.query('drop table before_one_time_keys')
    await pool.query(`insert into before_remembered_browsers (family, subject, created_at, expires_at, token_hash)
      values ('f', 'somebody', 1, 2, 'h')`)
    await Promise.all(Array.from({ length: 4 }, () => migrate(pool, before)))
    const store = postgresOneTimeStore({ client: pool, ...before })
    expect(await store.consume('n', hash(0), 1060, at(1000))).toBe('fresh')
    expect(await count('select count(*)::int as n from before_remembered_browsers')).toBe(1)
  })
})

/** What a store says of the first key once its connections are well again. */
async function said(store: OneTimeStore, name: string): Promise<string> {
  try {
    return await store.consume(name, hash(0), 1060, at(1000))
  } catch {
    return 'rejected'
  }
}

describe('postgresOneTimeStore()', () => {
  it.each([
    [undefined, 'wants an object'],
    [{ client: {} }, '"client" must be a pool'],
    [{ client: { totalCount: 0, connect: async () => {} }, prefix: 'a b' }, '"prefix" must be'],
    [{ client: { totalCount: 0, connect: async () => {} }, schema: 'A' }, '"schema" must be'],
  ])('refuses %j', (options, message) => {
    expect(() => Reflect.apply(postgresOneTimeStore, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(postgresOneTimeStore, undefined, [options])).toThrow(message)
  })
})
