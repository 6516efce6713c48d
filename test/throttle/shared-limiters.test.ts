import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresLimiter } from '../../src/stores/postgres/limiter.ts'
import { redisLimiter } from '../../src/stores/redis/limiter.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service as program } from '../services.ts'
import { service, statusOf, tally } from './service.ts'

const redisServer = program('redis-server')

async function guess(where: string, processes: readonly ReturnType<typeof service>[], guesses: number): Promise<void> {
  const outcomes = await Promise.all(
    Array.from({ length: guesses }, (_, index) => processes[index % processes.length]?.basic('wrong')),
  )
  const statuses = tally(outcomes.filter((outcome) => outcome !== undefined))
  const verified = processes.reduce((sum, { seen }) => sum + seen.passwords, 0)
  console.log(
    `${guesses} parallel wrong guesses over two clients of ${where}: ${verified} verified, ${JSON.stringify(statuses)}`,
  )
  // On a machine so busy that the limiter is late, an attempt is a 503: never more than ten are verified.
  expect(verified).toBeLessThanOrEqual(10)
  expect(verified).toBeGreaterThan(0)
  expect(statuses[401]).toBe(verified)
  expect((statuses[429] ?? 0) + (statuses[503] ?? 0)).toBe(guesses - verified)
}

describe.skipIf(redisServer === undefined)('a throttle over Redis', () => {
  let server: RedisServer
  const connect = () => createClient({ url: server.url, socket: { reconnectStrategy: 20 } }).on('error', () => {})
  const clients: ReturnType<typeof connect>[] = []

  async function limiter(prefix: string) {
    const client = await connect().connect()
    clients.push(client)
    return redisLimiter({ client, prefix })
  }

  beforeAll(async () => {
    server = await startRedis(redisServer ?? '')
  })
  afterAll(async () => {
    for (const client of clients) client.destroy()
    await server?.stop()
  })

  it('counts a thousand parallel guesses at two processes as a thousand', async () => {
    await guess(
      'Redis',
      [service({ limiter: await limiter('flood') }), service({ limiter: await limiter('flood') })],
      1000,
    )
  })

  it('knows on one process what was right on another', async () => {
    const [here, there] = [service({ limiter: await limiter('known') }), service({ limiter: await limiter('known') })]
    expect(statusOf(await here.form('right', { peer: '198.51.100.2' }))).toBe(200)
    for (let failure = 0; failure < 10; failure++) await here.basic('wrong', '203.0.113.2')
    expect(statusOf(await there.basic('right', '203.0.113.2'))).toBe(429)
    const inFlight = await Promise.all(Array.from({ length: 50 }, () => there.basic('right', '198.51.100.2')))
    expect(tally(inFlight)).toEqual({ 200: 50 })
  })

  it('that hangs or is away refuses with 503, or lets pass by choice; guesses meanwhile are not counted later', async () => {
    const errors: unknown[] = []
    const closed = service({ limiter: await limiter('away') })
    const open = service({
      limiter: await limiter('away'),
      onStoreFailure: 'allow',
      onStoreError: (e) => errors.push(e),
    })
    server.signal('SIGSTOP')
    const started = performance.now()
    expect(statusOf(await closed.form('right'))).toBe(503)
    expect(performance.now() - started).toBeGreaterThan(240)
    expect(statusOf(await open.form('right'))).toBe(200)
    expect(errors.length).toBeGreaterThan(0)
    await server.stop()
    await Promise.all(clients.map((client) => expect.poll(() => client.isReady, { timeout: 5000 }).toBe(false)))
    expect(statusOf(await closed.basic('right'))).toBe(503)
    expect(closed.seen.passwords).toBe(0)
    expect(statusOf(await open.basic('right'))).toBe(200)
  })
})

const programs = postgresPrograms()

describe.skipIf(programs === undefined)('a throttle over PostgreSQL', () => {
  let server: PostgresServer
  const pools: pg.Pool[] = []

  beforeAll(async () => {
    server = await startPostgres(programs ?? '')
  }, 60_000)
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await server?.stop()
  })

  it('counts parallel guesses at two processes together', async () => {
    const processes = await Promise.all(
      [0, 1].map(async () => {
        const pool = new pg.Pool({ ...server.connection, max: 8 }).on('error', () => {})
        pools.push(pool)
        const limiter = postgresLimiter({ client: pool })
        // The table is made and the connections are there before the flood.
        await Promise.all(Array.from({ length: 8 }, () => limiter.read('nothing', new AbortController().signal)))
        return service({ limiter })
      }),
    )
    await guess('PostgreSQL', processes, 100)
  })
})
