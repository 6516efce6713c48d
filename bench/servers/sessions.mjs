import { authentication } from 'becauth'
import { memorySessionStore } from 'becauth/memory'
import { redisSessionStore } from 'becauth/redis'
import { sealedSessions, session, sessions } from 'becauth/session'
import { sqliteStore } from 'becauth/sqlite'
import { createClient } from 'redis'

/** What every session of the bench holds, some 150 bytes of JSON. */
export const data = Object.freeze({ name: 'ada', theme: 'dark', filling: 'x'.repeat(110) })

/** The least of a Standard Schema: what is measured is not somebody's validator. */
const schema = { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value }) } }

/** A client of the Redis that the bench started; `undefined` without one. */
export async function redisClient() {
  const url = process.env.BENCH_REDIS_URL
  return url === undefined ? undefined : createClient({ url }).connect()
}

/** The sessions of becauth: in memory, in SQLite, in Redis where there is one, and in the cookie. */
export async function makeSessions() {
  const client = await redisClient()
  const kept = {
    memory: sessions({ store: memorySessionStore(), schema }),
    sqlite: sessions({ store: sqliteStore(':memory:').sessions, schema }),
    ...(client && { redis: sessions({ store: redisSessionStore({ client, onWarning: () => {} }), schema }) }),
    sealed: sealedSessions({ keys: [{ id: 'a', key: 'k'.repeat(32) }], absoluteSeconds: 3600, schema }),
  }
  const auth = authentication(
    Object.fromEntries(Object.entries(kept).map(([name, each]) => [name, session({ sessions: each })])),
  )
  return { kept, auth }
}

export const subject = 'ada'
/** The secret of those who want a text for one. */
export const secret = 's'.repeat(32)
