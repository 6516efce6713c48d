import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Count, Limiter } from '../../core/limiter.ts'

/** A client of Redis or Valkey: node-redis (`redis` 4 and later, connected) or ioredis. */
export type RedisLimiterClient = NodeRedisClient | IoredisClient

/** What is used of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean
  eval(script: string, options?: { keys?: string[]; arguments?: string[] }): Promise<unknown>
}

/** What is used of ioredis. */
export interface IoredisClient {
  readonly status: string
  defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void
}

/** What `redisLimiter()` is told. */
export interface RedisLimiterOptions {
  /** The service's own client. It stays the service's: it is never closed here. */
  readonly client: RedisLimiterClient
  /** What the keys begin with. Default: `'becauth:throttle'`. */
  readonly prefix?: string | undefined
}

const LONGEST_SECONDS = 24 * 86_400

/**
 * Makes a limiter in Redis, for services of several processes. It needs the package `rate-limiter-flexible`.
 *
 * Counting is one script in Redis per step, so that parallel attempts on all processes never see the same count. While
 * the connection is down every call fails at once instead of being queued: an attempt is never counted late.
 *
 * @example
 * import { redisLimiter } from 'becauth/redis-limiter'
 * import { createClient } from 'redis'
 *
 * const client = createClient()
 * client.on('error', (error) => console.error('redis', error))
 * await client.connect()
 * export const limiter = redisLimiter({ client })
 *
 * @throws TypeError when `client` is not a client of Redis or `prefix` cannot be used.
 */
export function redisLimiter(options: RedisLimiterOptions): Limiter {
  if (typeof options !== 'object' || options === null) throw new TypeError('redisLimiter(): wants an object of options')
  const { client, prefix = 'becauth:throttle' } = options
  if (typeof client !== 'object' || client === null || !('defineCommand' in client || 'isReady' in client)) {
    throw new TypeError('redisLimiter(): "client" must be a client of node-redis or ioredis')
  }
  if (typeof prefix !== 'string' || !/^[\w:.{}-]{1,64}$/.test(prefix)) {
    throw new TypeError('redisLimiter(): "prefix" must be 1 to 64 letters, digits or of "_:.{}-"')
  }
  return new InRedis(client, prefix)
}

class InRedis implements Limiter {
  readonly #client: RedisLimiterClient
  readonly #limiter: RateLimiterRedis

  constructor(client: RedisLimiterClient, prefix: string) {
    this.#client = client
    this.#limiter = new RateLimiterRedis({
      storeClient: client,
      keyPrefix: prefix,
      // Neither is used: the throttle judges counts, and every call says how long it counts.
      points: 1,
      duration: 1,
      useRedisPackage: 'isReady' in client,
      rejectIfRedisNotReady: true,
    })
  }

  async add(key: string, points: number, windowSeconds: number): Promise<Count> {
    if (!Number.isSafeInteger(windowSeconds) || windowSeconds < 1 || windowSeconds > LONGEST_SECONDS) {
      throw new TypeError(`redisLimiter(): "windowSeconds" must be a whole number from 1 to ${LONGEST_SECONDS}`)
    }
    // Unlike consume(), it does not refuse by itself.
    const { consumedPoints, msBeforeNext } = await this.#limiter.penalty(key, points, { customDuration: windowSeconds })
    return { count: consumedPoints, expiresInSeconds: msBeforeNext / 1000 }
  }

  async read(key: string): Promise<Count | undefined> {
    const found = await this.#limiter.get(key)
    return found === null ? undefined : { count: found.consumedPoints, expiresInSeconds: found.msBeforeNext / 1000 }
  }

  async remove(key: string): Promise<void> {
    // The package asks nobody whether the connection is up before it deletes.
    if (!isUp(this.#client)) throw new Error('redisLimiter(): the connection is down')
    await this.#limiter.delete(key)
  }
}

function isUp(client: RedisLimiterClient): boolean {
  return 'isReady' in client ? client.isReady : client.status === 'ready'
}
