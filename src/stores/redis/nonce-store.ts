import type { NonceStore } from '../../core/ports.ts'

/** A client of Redis or Valkey: node-redis (`redis` 4 and later, connected) or ioredis. */
export type RedisNonceClient = NodeRedisScripts | IoredisScripts

/** What is used of node-redis. */
export interface NodeRedisScripts {
  readonly isReady: boolean
  eval(script: string, options?: { keys?: string[]; arguments?: string[] }): Promise<unknown>
}

/** What is used of ioredis. */
export interface IoredisScripts {
  readonly status: string
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** What `redisNonceStore()` is told. */
export interface RedisNonceStoreOptions {
  /** The service's own client. It stays the service's: it is never closed here. */
  readonly client: RedisNonceClient
  /** What the keys begin with. Default: `'becauth:nonce'`. */
  readonly prefix?: string | undefined
}

/**
 * One nonce is a hash: `l`, the highest count, and `u`, one character for each of the last 128 counts, by the count's
 * remainder. What is further back may have been used, so it counts as used.
 */
const script = `
local last = tonumber(redis.call('HGET', KEYS[1], 'l') or '0')
local nc = tonumber(ARGV[1])
if ARGV[2] == 'strict' then
  if nc ~= last + 1 then return 'seen' end
  redis.call('HSET', KEYS[1], 'l', nc)
else
  local used = redis.call('HGET', KEYS[1], 'u') or string.rep('0', 128)
  local place = nc % 128
  if nc > last then
    if nc - last >= 128 then
      used = string.rep('0', 128)
    else
      for between = last + 1, nc - 1 do
        local at = between % 128
        used = string.sub(used, 1, at) .. '0' .. string.sub(used, at + 2)
      end
    end
    last = nc
  elseif last - nc >= 128 or string.sub(used, place + 1, place + 1) == '1' then
    return 'seen'
  end
  used = string.sub(used, 1, place) .. '1' .. string.sub(used, place + 2)
  redis.call('HSET', KEYS[1], 'l', last, 'u', used)
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'fresh'
`

/** For how long a nonce outlives its time: a process whose clock is behind accepts it for longer. */
const SLACK_MILLISECONDS = 60_000

/**
 * Makes a store of Digest nonce counts in Redis, so that several processes behind one address refuse each other's replays.
 *
 * Each count is one script in Redis; a nonce takes about 250 bytes until a minute after it expired, by the clock of this
 * process and not Redis's. Redis must not evict keys, or what it forgets can be replayed: use
 * `maxmemory-policy noeviction`. While the connection is down every call fails, which `digest` answers with 503.
 *
 * @example
 * import { redisNonceStore } from 'becauth/redis-nonces'
 * import { createClient } from 'redis'
 *
 * const client = createClient()
 * client.on('error', (error) => console.error('redis', error))
 * await client.connect()
 * export const nonceStore = redisNonceStore({ client })
 *
 * @throws TypeError when `client` is not a client of Redis or `prefix` cannot be used.
 * @see RFC 7616, section 5.4
 */
export function redisNonceStore(options: RedisNonceStoreOptions): NonceStore {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('redisNonceStore(): wants an object of options')
  }
  const { client, prefix = 'becauth:nonce' } = options
  if (typeof client?.eval !== 'function' || !('isReady' in client || 'status' in client)) {
    throw new TypeError('redisNonceStore(): "client" must be a client of node-redis or ioredis')
  }
  if (typeof prefix !== 'string' || !/^[\w:.{}-]{1,64}$/.test(prefix)) {
    throw new TypeError('redisNonceStore(): "prefix" must be 1 to 64 letters, digits or of "_:.{}-"')
  }
  return {
    async accept(nonceKey, nc, expiresAt, mode) {
      // A client that queues while it is down would answer when nobody waits any more.
      if (!isUp(client)) throw new Error('redisNonceStore(): the connection is down')
      const milliseconds = Math.max(0, Math.ceil(expiresAt * 1000 - Date.now())) + SLACK_MILLISECONDS
      const values = [String(nc), mode, String(milliseconds)]
      const answer = await run(client, `${prefix}:${nonceKey}`, values)
      if (answer === 'fresh' || answer === 'seen') return answer
      throw new Error('redisNonceStore(): Redis answered something else than it was asked for')
    },
  }
}

function isUp(client: RedisNonceClient): boolean {
  return 'isReady' in client ? client.isReady : client.status === 'ready'
}

function run(client: RedisNonceClient, key: string, values: string[]): Promise<unknown> {
  return 'isReady' in client
    ? client.eval(script, { keys: [key], arguments: values })
    : client.eval(script, 1, key, ...values)
}
