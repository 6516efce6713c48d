import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from 'becauth'
import { memorySessionStore } from 'becauth/memory'
import { migrate, postgresSessionStore } from 'becauth/postgres'
import { redisSessionStore } from 'becauth/redis'
import { sqliteStore } from 'becauth/sqlite'
import pg from 'pg'
import { createClient } from 'redis'
import { postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'

/** A store as two processes see it, each by a connection of its own. */
export interface SharedStore {
  readonly each: readonly [SessionStore, SessionStore]
  stop(): Promise<unknown>
}

const redisServer = service('redis-server')
const programs = postgresPrograms()

async function memory(): Promise<SharedStore> {
  const store = memorySessionStore()
  return { each: [store, store], stop: async () => {} }
}

async function sqlite(): Promise<SharedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-issuer-'))
  const path = join(folder, 'families.db')
  const [one, other] = [sqliteStore(path), sqliteStore(path)]
  return {
    each: [one.sessions, other.sessions],
    stop: async () => {
      await Promise.all([one.close(), other.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function redis(): Promise<SharedStore> {
  const server = await startRedis(redisServer ?? '')
  const connect = () => createClient({ url: server.url }).on('error', () => {})
  const [one, other] = [connect(), connect()]
  await Promise.all([one.connect(), other.connect()])
  const onWarning = (): void => {}
  return {
    each: [redisSessionStore({ client: one, onWarning }), redisSessionStore({ client: other, onWarning })],
    stop: async () => {
      one.destroy()
      other.destroy()
      await server.stop()
    },
  }
}

async function postgres(): Promise<SharedStore> {
  const server = await startPostgres(programs ?? '')
  const connect = () => new pg.Pool({ ...server.connection, max: 10 }).on('error', () => {})
  const [one, other] = [connect(), connect()]
  await migrate(one)
  return {
    each: [postgresSessionStore({ client: one }), postgresSessionStore({ client: other })],
    stop: async () => {
      await Promise.all([one.end(), other.end()])
      await server.stop()
    },
  }
}

/** All stores that there are. */
export const stores: readonly {
  readonly name: string
  readonly absent: boolean
  start(): Promise<SharedStore>
}[] = [
  { name: 'memory', absent: false, start: memory },
  { name: 'SQLite', absent: false, start: sqlite },
  { name: 'Redis', absent: redisServer === undefined, start: redis },
  { name: 'Postgres', absent: programs === undefined, start: postgres },
]
