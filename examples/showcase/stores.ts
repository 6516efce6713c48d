import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { migrate, postgresRememberStore, postgresSessionStore } from 'becauth/postgres'
import { redisRememberStore, redisSessionStore } from 'becauth/redis'
import type { RememberOptions, SessionsOptions } from 'becauth/session'
import { sqliteStore } from 'becauth/sqlite'
import pg from 'pg'
import { createClient } from 'redis'

/** Where the sessions live, so that restarting the showcase logs nobody out. */
export interface Stores {
  readonly sessions: SessionsOptions<unknown>['store']
  readonly remember: RememberOptions<unknown>['store']
  close(): Promise<void>
}

/** Beside the sources: every build makes its own folder anew. */
const defaultFolder = fileURLToPath(new URL('../../../examples/showcase/.data/', import.meta.url))

/**
 * Opens the store that `BECAUTH_STORE` names, `redis://…` or `postgres://…`, else a file of SQLite in the folder
 * `BECAUTH_DATA`.
 *
 * @throws Error when there is no such store.
 */
export async function openStores({ BECAUTH_STORE: address = '', BECAUTH_DATA }: NodeJS.ProcessEnv): Promise<Stores> {
  if (/^rediss?:\/\//.test(address)) return inRedis(address)
  if (/^postgres(?:ql)?:\/\//.test(address)) return inPostgres(address)
  if (address !== '') throw new Error('BECAUTH_STORE must begin with redis:// or postgres://.')
  return inSqlite(BECAUTH_DATA || defaultFolder)
}

function inSqlite(folder: string): Stores {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return sqliteStore(join(folder, 'sessions.db'))
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
