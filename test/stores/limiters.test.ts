import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryLimiter } from '../../src/stores/memory/limiter.ts'
import { postgresLimiter } from '../../src/stores/postgres/limiter.ts'
import { redisLimiter } from '../../src/stores/redis/limiter.ts'
import { type LimiterSubject, limiterContract } from '../../src/testing/limiter-contract.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'

const signal = new AbortController().signal

function contract(subject: () => LimiterSubject): void {
  for (const { title, run } of limiterContract()) it(title, () => run(subject()))
}

describe('memoryLimiter()', () => {
  let now = 1_800_000_000
  const limiter = memoryLimiter({ clock: () => now })
  contract(() => ({
    limiter,
    pass: async (seconds) => {
      now += seconds
    },
  }))
})

const redisServer = service('redis-server')

describe.skipIf(redisServer === undefined)('redisLimiter() on a real Redis', () => {
  let server: RedisServer
  let client: ReturnType<typeof connect>
  let other: ReturnType<typeof connect>

  function connect() {
    return createClient({ url: server.url, socket: { reconnectStrategy: 20 } }).on('error', () => {})
  }

  beforeAll(async () => {
    server = await startRedis(redisServer ?? '')
    client = connect()
    other = connect()
    await Promise.all([client.connect(), other.connect()])
  })
  afterAll(async () => {
    client?.destroy()
    other?.destroy()
    await server?.stop()
  })

  contract(() => ({
    limiter: redisLimiter({ client }),
    pass: async (seconds) => {
      for (const key of await client.keys('*')) {
        await client.pExpire(key, Math.max(0, (await client.pTTL(key)) - seconds * 1000))
      }
    },
  }))

  it('counts two clients as one', async () => {
    const [here, there] = [redisLimiter({ client }), redisLimiter({ client: other })]
    const counts = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? here : there).add('shared', 1, 100, signal)),
    )
    expect(new Set(counts.map(({ count }) => count)).size).toBe(100)
  })

  it('keeps its keys under the prefix and lets none live for ever', async () => {
    await redisLimiter({ client, prefix: 'mine' }).add('prefixed', 1, 30, signal)
    expect(await client.pTTL('mine:prefixed')).toBeGreaterThan(25_000)
    for (const key of await client.keys('*')) expect(await client.pTTL(key)).toBeGreaterThan(-1)
  })

  it('fails at once, and counts nothing later, while the connection is down', async () => {
    const down = connect()
    const limiter = redisLimiter({ client: down })
    await expect(limiter.add('down', 1, 30, signal)).rejects.toThrow('not ready')
    await expect(limiter.read('down', signal)).rejects.toThrow('not ready')
    await expect(limiter.remove('down', signal)).rejects.toThrow('down')
    await down.connect()
    expect(await limiter.read('down', signal)).toBeUndefined()
    down.destroy()
  })
})

const programs = postgresPrograms()

describe.skipIf(programs === undefined)('postgresLimiter() on a real PostgreSQL', () => {
  let server: PostgresServer
  let pool: pg.Pool

  beforeAll(async () => {
    server = await startPostgres(programs ?? '')
    pool = new pg.Pool({ ...server.connection, max: 4 }).on('error', () => {})
  }, 60_000)
  afterAll(async () => {
    await pool?.end()
    await server?.stop()
  })

  contract(() => ({
    limiter: postgresLimiter({ client: pool }),
    pass: async (seconds) => {
      await pool.query('UPDATE becauth_throttle SET expire = expire - $1', [seconds * 1000])
    },
  }))

  it('counts two pools as one', async () => {
    const second = new pg.Pool({ ...server.connection, max: 2 }).on('error', () => {})
    const [here, there] = [postgresLimiter({ client: pool }), postgresLimiter({ client: second })]
    const counts = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? here : there).add('shared', 1, 100, signal)),
    )
    expect(new Set(counts.map(({ count }) => count)).size).toBe(100)
    await second.end()
  })

  it('uses the table and schema it is told, also over a single client', async () => {
    await pool.query('CREATE SCHEMA limits')
    const client = new pg.Client(server.connection)
    await client.connect()
    await postgresLimiter({ client, schema: 'limits', table: 'logins' }).add('key', 1, 30, signal)
    expect((await pool.query('SELECT key, points FROM limits.logins')).rows).toEqual([{ key: 'key', points: 1 }])
    await client.end()
  })

  it('counts in the tables of two schemas over one connection', async () => {
    await pool.query('CREATE SCHEMA beside')
    const one = new pg.Pool({ ...server.connection, max: 1 })
    const [here, there] = [postgresLimiter({ client: one }), postgresLimiter({ client: one, schema: 'beside' })]
    expect((await here.add('both', 1, 30, signal)).count).toBe(1)
    expect((await there.add('both', 1, 30, signal)).count).toBe(1)
    expect((await here.add('both', 1, 30, signal)).count).toBe(2)
    await one.end()
  })

  it('names no statement, for a PgBouncer gives every transaction another connection', async () => {
    const names: unknown[] = []
    const client = {
      query: (statement: pg.QueryConfig) => {
        names.push(statement.name)
        return pool.query(statement)
      },
    }
    const limiter = postgresLimiter({ client })
    await limiter.add('nameless', 1, 30, signal)
    await limiter.read('nameless', signal)
    await limiter.remove('nameless', signal)
    expect(new Set(names)).toEqual(new Set([undefined]))
  })

  it.each(['42P07', '42710'])('takes a table that another process makes at the same moment (%s)', async (code) => {
    let tries = 0
    const client = {
      query: (statement: pg.QueryConfig) =>
        ++tries === 1 ? Promise.reject(Object.assign(new Error('exists'), { code })) : pool.query(statement),
    }
    const limiter = postgresLimiter({ client, table: `taken_${code.toLowerCase()}` })
    expect((await limiter.add('key', 1, 30, signal)).count).toBe(1)
  })

  it('makes the table later when the database was away at first', async () => {
    let isUp = false
    const client = {
      query: (statement: pg.QueryConfig) => (isUp ? pool.query(statement) : Promise.reject(new Error('away'))),
    }
    const limiter = postgresLimiter({ client, table: 'later' })
    await expect(limiter.add('key', 1, 30, signal)).rejects.toThrow('away')
    isUp = true
    expect((await limiter.add('key', 1, 30, signal)).count).toBe(1)
  })
})

describe('what limiters are told', () => {
  const reject = (make: (options: never) => unknown, options: unknown) => () =>
    Reflect.apply(make, undefined, [options])

  it.each([
    ['redisLimiter(): wants', redisLimiter, undefined],
    ['redisLimiter(): "client"', redisLimiter, {}],
    ['redisLimiter(): "client"', redisLimiter, { client: {} }],
    ['redisLimiter(): "prefix"', redisLimiter, { client: { isReady: true }, prefix: 'a b' }],
    ['postgresLimiter(): wants', postgresLimiter, undefined],
    ['postgresLimiter(): "client"', postgresLimiter, { client: {} }],
    ['postgresLimiter(): "table"', postgresLimiter, { client: { query: () => {} }, table: 'x"; DROP TABLE y' }],
    ['postgresLimiter(): "schema"', postgresLimiter, { client: { query: () => {} }, schema: '' }],
    ['memoryLimiter(): "limit"', memoryLimiter, { limit: 0 }],
    ['memoryLimiter(): "clock"', memoryLimiter, { clock: 7 }],
  ])('%s … is a TypeError at construction', (message, make, options) => {
    expect(reject(make, options)).toThrow(TypeError)
    expect(reject(make, options)).toThrow(message)
  })
})
