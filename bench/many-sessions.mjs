// Lookup, size and sweep of very many stored sessions: in SQLite, and in a Redis and a PostgreSQL of the bench's own where this
// machine has the programs.
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startPostgres, startRedis } from './services.mjs'

const { signal } = new AbortController()
const LIFE_SECONDS = 100_000
const LOOKUPS = 20_000
const PARALLEL = 500

// All calls share it.
setMaxListeners(2 * PARALLEL, signal)
let now = Date.now() / 1000
const context = { signal, now: () => now }
const text = (length) => randomBytes(length).toString('base64url').slice(0, length)
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

async function inSqlite() {
  const { sqliteStore } = await import('becauth/sqlite')
  const folder = mkdtempSync(join(tmpdir(), 'becauth-bench-'))
  const path = join(folder, 'sessions.db')
  const store = sqliteStore(path)
  return {
    name: 'SQLite',
    sessions: store.sessions,
    bytes: async () => ['', '-wal'].reduce((sum, end) => sum + statSync(path + end).size, 0),
    close: async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function inRedis() {
  const server = await startRedis()
  if (server === undefined) return undefined
  const { url } = server
  const [{ redisSessionStore }, { createClient }] = await Promise.all([import('becauth/redis'), import('redis')])
  const client = await createClient({ url }).connect()
  const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1])
  const before = await used()
  return {
    name: 'Redis',
    sessions: redisSessionStore({ client, onWarning: () => {} }),
    bytes: async () => (await used()) - before,
    close: async () => {
      await client.close()
      await server.stop()
    },
  }
}

async function inPostgres() {
  const server = await startPostgres()
  if (server === undefined) return undefined
  const { connectionString } = server
  const [{ migrate, postgresSessionStore }, { default: pg }] = await Promise.all([
    import('becauth/postgres'),
    import('pg'),
  ])
  const pool = new pg.Pool({ connectionString, max: 20 })
  await migrate(pool)
  const size = `SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
    WHERE relkind = 'r' AND relname LIKE 'becauth%'`
  return {
    name: 'Postgres',
    sessions: postgresSessionStore({ client: pool }),
    bytes: async () => Number((await pool.query(size)).rows[0].bytes),
    close: async () => {
      await pool.end()
      await server.stop()
    },
  }
}

/** One in ten ends first, so that a sweep has something to look for. */
async function fill({ sessions }, count) {
  const keys = []
  const createdAt = Math.floor(now)
  const payload = randomBytes(200)
  let made = 0
  const worker = async () => {
    while (made < count) {
      const index = made++
      const key = `${text(11)}.${text(43)}`
      if (index % 50 === 1) keys.push(key)
      const expiresAt = createdAt + (index % 10 === 0 ? 10 : LIFE_SECONDS)
      const record = { format: 1, payload, tags: [], createdAt, renewedAt: createdAt, expiresAt }
      const owner = { subject: `somebody ${index % Math.ceil(count / 2)}`, handle: text(22) }
      await sessions.create(key, record, owner, context)
    }
  }
  const since = performance.now()
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return { keys, perSecond: count / ((performance.now() - since) / 1000) }
}

async function lookups({ sessions }, keys) {
  const samples = []
  for (let turn = 0; turn < LOOKUPS; turn++) {
    const key = keys[Math.floor(Math.random() * keys.length)]
    const since = performance.now()
    const found = await sessions.read(key, context)
    samples.push((performance.now() - since) * 1000)
    if (typeof found !== 'object') throw new Error('a session is lost')
  }
  samples.sort((a, b) => a - b)
  return { p50: at(samples, 0.5), p99: at(samples, 0.99) }
}

/** Drops what is over, as `sessions.sweep()` does: until there is nothing left. */
async function sweep({ sessions }) {
  now += 1000
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const since = performance.now()
  let swept = 0
  let calls = 0
  for (;;) {
    const dropped = await sessions.sweep(1000, context)
    calls++
    swept += dropped
    if (dropped === 0) break
  }
  delay.disable()
  const milliseconds = performance.now() - since
  return { swept, calls, milliseconds, longestStandstill: delay.max / 1e6 }
}

/** For each store that is there: what so many sessions cost. */
export async function measureManySessions(count) {
  const rows = []
  for (const [name, open] of Object.entries({ SQLite: inSqlite, Redis: inRedis, Postgres: inPostgres })) {
    const store = await open()
    if (store === undefined) {
      console.error(`${name}: skipped, since this machine does not have it`)
      continue
    }
    try {
      const { keys, perSecond } = await fill(store, count)
      const bytes = (await store.bytes()) / count
      const lookup = await lookups(store, keys)
      rows.push({ name: store.name, count, loginsPerSecond: perSecond, bytes, lookup, sweep: await sweep(store) })
    } finally {
      await store.close()
    }
    console.error(`${store.name}, ${count} sessions: done`)
  }
  return rows
}
