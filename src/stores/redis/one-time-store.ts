import type { OneTimeStore } from '../../core/ports.ts'

/** A client of Redis or Valkey: node-redis (`redis` 4 and later, connected) or ioredis. */
export type RedisOneTimeClient = NodeRedisEval | IoredisEval

/** What is used of node-redis. */
export interface NodeRedisEval {
  readonly isReady: boolean
  eval(script: string, options?: { keys?: string[]; arguments?: string[] }): Promise<unknown>
}

/** What is used of ioredis. */
export interface IoredisEval {
  readonly status: string
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** What `redisOneTimeStore()` is told. */
export interface RedisOneTimeStoreOptions {
  /** The service's own client. It stays the service's: it is never closed here. */
  readonly client: RedisOneTimeClient
  /** What the keys begin with. Default: `'becauth:once'`. */
  readonly prefix?: string | undefined
}

/** Both kinds of client send a script alike; their ways to write `SET … NX PX` differ. */
const script = `return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) and 'fresh' or 'seen'`

/** For how long a key outlives its time: a process whose clock is behind accepts it for longer. */
const SLACK_MILLISECONDS = 60_000

/**
 * Makes a store of one-time keys in Redis, so that several processes behind one address refuse each other's replays.
 *
 * A key takes about 150 bytes until a minute after it expired, by the caller's clock and not Redis's.
 * Redis must not evict keys, or what it forgets can be replayed: use `maxmemory-policy noeviction`. While the connection
 * is down every call fails, which callers answer with 503.
 *
 * @example
 * import { redisOneTimeStore } from 'becauth/redis-one-time'
 * import { createClient } from 'redis'
 *
 * const client = createClient()
 * client.on('error', (error) => console.error('redis', error))
 * await client.connect()
 * export const store = redisOneTimeStore({ client })
 *
 * @throws TypeError when `client` is not a client of Redis or `prefix` cannot be used.
 */
export function redisOneTimeStore(options: RedisOneTimeStoreOptions): OneTimeStore {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('redisOneTimeStore(): wants an object of options')
  }
  const { client, prefix = 'becauth:once' } = options
  if (typeof client?.eval !== 'function' || !('isReady' in client || 'status' in client)) {
    throw new TypeError('redisOneTimeStore(): "client" must be a client of node-redis or ioredis')
  }
  if (typeof prefix !== 'string' || !/^[\w:.{}-]{1,64}$/.test(prefix)) {
    throw new TypeError('redisOneTimeStore(): "prefix" must be 1 to 64 letters, digits or of "_:.{}-"')
  }
  return {
    async consume(namespace, key, expiresAt, context) {
      // A client that queues while it is down would answer when nobody waits any more.
      if (!isUp(client)) throw new Error('redisOneTimeStore(): the connection is down')
      const milliseconds = Math.ceil(Math.max(0, expiresAt - context.now()) * 1000) + SLACK_MILLISECONDS
      const answer = await run(client, `${prefix}:${namespace}:${key}`, String(milliseconds))
      if (answer === 'fresh' || answer === 'seen') return answer
      throw new Error('redisOneTimeStore(): Redis answered something else than it was asked for')
    },
  }
}

function isUp(client: RedisOneTimeClient): boolean {
  return 'isReady' in client ? client.isReady : client.status === 'ready'
}

function run(client: RedisOneTimeClient, key: string, milliseconds: string): Promise<unknown> {
  return 'isReady' in client
    ? client.eval(script, { keys: [key], arguments: [milliseconds] })
    : client.eval(script, 1, key, milliseconds)
}
