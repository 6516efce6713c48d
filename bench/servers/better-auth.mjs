import { createRequire } from 'node:module'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { SqliteDialect } from 'kysely'
import { secret } from './sessions.mjs'

/** Better Auth on SQLite in memory, and the `Cookie` field of somebody who is logged in. */
export async function makeBetterAuth() {
  const Database = createRequire(import.meta.url)('libsql')
  const auth = betterAuth({
    // Not the database itself: Better Auth would take libsql's for something else.
    database: { dialect: new SqliteDialect({ database: new Database(':memory:') }), type: 'sqlite' },
    secret,
    baseURL: 'http://127.0.0.1',
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    logger: { level: 'error' },
    telemetry: { enabled: false },
  })
  const { runMigrations } = await getMigrations(auth.options)
  await runMigrations()
  const body = { email: 'ada@service.example', password: 'lovelace-lovelace', name: 'ada' }
  const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true })
  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return { auth, cookie }
}
