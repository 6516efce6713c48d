import { createClient } from 'redis'
import { afterAll, beforeAll } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'

/** The program, where this machine has it. */
export const redisServer = service('redis-server')

/** A private Redis for the tests of a `describe`, and a client of it: there before the first test, gone after the last. */
export function privateRedis() {
  let server: RedisServer | undefined
  // Where the server is, the client learns when it is made.
  const connect = () =>
    createClient({ url: server?.url ?? '', socket: { reconnectStrategy: 20 } }).on('error', () => {})
  let client: ReturnType<typeof connect> | undefined
  beforeAll(async () => {
    server = await startRedis(redisServer ?? '')
    client = connect()
    await client.connect()
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })
  return {
    connect,
    get client() {
      if (client === undefined) throw new TypeError('there is no Redis before the first test')
      return client
    },
  }
}
