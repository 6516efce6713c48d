import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresPrograms, startPostgres } from '../servers/postgres.ts'
import type { RestartableServer } from '../servers/process.ts'
import { durableRedis, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'
import type { Plan } from './application.ts'

/** A store of a drill: where an application finds it, and its server, where it has one. */
export interface DrillStore {
  readonly plan: Plan
  readonly server: RestartableServer
  stop(): Promise<void>
}

const redisServer = service('redis-server')
const programs = postgresPrograms()

/** Stores with a server of their own that loses nothing. */
export const served: readonly { readonly name: string; readonly absent: boolean; start(): Promise<DrillStore> }[] = [
  {
    name: 'Redis',
    absent: redisServer === undefined,
    start: async () => {
      const server = await startRedis(redisServer ?? '', durableRedis)
      return { plan: { kind: 'redis', where: server.url }, server, stop: server.stop }
    },
  },
  {
    name: 'Postgres',
    absent: programs === undefined,
    start: async () => {
      const server = await startPostgres(programs ?? '', ['fsync=on'])
      return { plan: { kind: 'postgres', where: server.connection }, server, stop: server.stop }
    },
  },
]

/** A file of SQLite in a folder of its own. */
export async function sqliteFile(): Promise<Omit<DrillStore, 'server'>> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-drill-'))
  return {
    plan: { kind: 'sqlite', where: join(folder, 'sessions.db') },
    stop: () => rm(folder, { recursive: true, force: true }),
  }
}

/** All stores that several processes can share. */
export const shared: readonly {
  readonly name: string
  readonly absent: boolean
  start(): Promise<Omit<DrillStore, 'server'>>
}[] = [{ name: 'SQLite', absent: false, start: sqliteFile }, ...served]
