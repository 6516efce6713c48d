import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { migrate, postgresRememberStore, postgresSessionStore } from 'becauth/postgres'
import { redisRememberStore, redisSessionStore } from 'becauth/redis'
import type { RememberOptions, SessionsOptions } from 'becauth/session'
import { sqliteStore } from 'becauth/sqlite'
import pg from 'pg'
import { createClient } from 'redis'

/** Where sessions and refresh tokens live, so that restarting the showcase logs nobody out. */
export interface Stores {
  readonly sessions: SessionsOptions<unknown>['store']
  readonly remember: RememberOptions<unknown>['store']
  close(): Promise<void>
}

/** Beside the sources: every build makes its own folder anew. */
const defaultFolder = fileURLToPath(new URL('../../../examples/showcase/.data/', import.meta.url))

/** The folder `BECAUTH_DATA`, or the showcase's own: for its owner alone. */
export function dataFolder({ BECAUTH_DATA }: NodeJS.ProcessEnv): string {
  const folder = BECAUTH_DATA || defaultFolder
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/**
 * Opens the store that `BECAUTH_STORE` names, `redis://…` or `postgres://…`, else a file of SQLite in the folder
 * of `dataFolder()`.
 *
 * @throws Error when there is no such store.
 */
export async function openStores(env: NodeJS.ProcessEnv): Promise<Stores> {
  const { BECAUTH_STORE: address = '' } = env
  if (/^rediss?:\/\//.test(address)) return inRedis(address)
  if (/^postgres(?:ql)?:\/\//.test(address)) return inPostgres(address)
  if (address !== '') throw new Error('BECAUTH_STORE must begin with redis:// or postgres://.')
  return sqliteStore(join(dataFolder(env), 'sessions.db'))
}

/** While Redis is away, the routes that need a session answer 503; the client goes on trying. */
async function inRedis(url: string): Promise<Stores> {
  const client = createClient({ url })
  client.on('error', (error: Error) => console.error(`redis: ${error.message}`))
  client.connect().catch(() => undefined)
  return {
    sessions: redisSessionStore({ client }),
    remember: redisRememberStore({ client }),
    close: async () => client.destroy(),
  }
}

async function inPostgres(connectionString: string): Promise<Stores> {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 5000 })
  pool.on('error', (error) => console.error(`postgres: ${error.message}`))
  await migrate(pool)
  return {
    sessions: postgresSessionStore({ client: pool }),
    remember: postgresRememberStore({ client: pool }),
    close: () => pool.end(),
  }
}
