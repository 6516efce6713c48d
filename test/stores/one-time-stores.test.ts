import { describe, expect, it } from 'vitest'
import { memoryOneTimeStore } from '../../src/stores/memory/one-time-store.ts'
import { redisOneTimeStore } from '../../src/stores/redis/one-time-store.ts'
import { type OneTimeStoreSubject, oneTimeStoreContract } from '../../src/testing/one-time-store-contract.ts'
import { privateRedis, redisServer } from './redis-kit.ts'

const { signal } = new AbortController()
const atRealTime = { signal, now: () => Date.now() / 1000 }

function contract(subject: () => OneTimeStoreSubject): void {
  for (const { title, run } of oneTimeStoreContract()) it(title, () => run(subject()))
}

describe('memoryOneTimeStore()', () => {
  contract(() => ({ name: 'memory', open: async () => memoryOneTimeStore() }))

  it('is full at its limit, forgets nothing for it, and has room again when keys expire', () => {
    const store = memoryOneTimeStore({ limit: 2 })
    let time = 0
    const consume = (key: string, expiresAt: number) => store.consume('t', key, expiresAt, { now: () => time })
    expect([consume('late', 20), consume('soon', 10), consume('more', 30)].join(' ')).toBe('fresh fresh full')
    expect([consume('late', 20), consume('soon', 10)].join(' ')).toBe('seen seen')
    time = 10
    expect([consume('late', 20), consume('more', 30), consume('soon', 40)].join(' ')).toBe('seen fresh full')
    time = 1000
    expect([store.size, consume('late', 2000), store.size].join(' ')).toBe('2 fresh 1')
  })

  it.each([0, 1.5, Number.NaN, -1])('refuses the limit %d', (limit) => {
    expect(() => memoryOneTimeStore({ limit })).toThrow('memoryOneTimeStore(): "limit"')
  })
})

describe.skipIf(redisServer === undefined)('redisOneTimeStore() on a real Redis', () => {
  const redis = privateRedis()
  let opened = 0

  contract(() => ({
    name: 'redis',
    open: async () => redisOneTimeStore({ client: redis.client, prefix: `store-${opened++}` }),
  }))

  it('keeps a key for a minute longer, since the clocks of processes differ', async () => {
    await redisOneTimeStore({ client: redis.client, prefix: 'ttl' }).consume(
      'n',
      'k',
      Date.now() / 1000 + 30,
      atRealTime,
    )
    const left = await redis.client.pTTL('ttl:n:k')
    expect(left).toBeGreaterThan(80_000)
    expect(left).toBeLessThanOrEqual(90_001)
  })

  it('lets one of two clients of their own have a key', async () => {
    const second = redis.connect()
    await second.connect()
    const stores = [redisOneTimeStore({ client: redis.client }), redisOneTimeStore({ client: second })]
    for (let turn = 0; turn < 50; turn++) {
      const expiresAt = Date.now() / 1000 + 30
      const said = await Promise.all(stores.map((store) => store.consume('n', `k${turn}`, expiresAt, atRealTime)))
      expect(said.toSorted().join(' ')).toBe('fresh seen')
    }
    second.destroy()
  })

  it('fails at once while the connection is down, and when Redis has no room', async () => {
    const down = redisOneTimeStore({ client: redis.connect() })
    const later = Date.now() / 1000 + 30
    await expect(down.consume('n', 'k', later, atRealTime)).rejects.toThrow('connection is down')
    await redis.client.configSet({ 'maxmemory-policy': 'noeviction', maxmemory: '1' })
    const full = redisOneTimeStore({ client: redis.client, prefix: 'full' })
    await expect(full.consume('n', 'k', later, atRealTime)).rejects.toThrow('OOM')
    await redis.client.configSet('maxmemory', '0')
  })
})

describe('redisOneTimeStore()', () => {
  it.each([
    [undefined, 'wants an object'],
    [{ client: {} }, '"client" must be a client'],
    [{ client: { isReady: true, eval: async () => 'fresh' }, prefix: 'a b' }, '"prefix" must be'],
  ])('refuses %j', (options, message) => {
    expect(() => Reflect.apply(redisOneTimeStore, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(redisOneTimeStore, undefined, [options])).toThrow(message)
  })

  it('speaks to ioredis as it does to node-redis, and believes no other answer', async () => {
    const calls: unknown[][] = []
    const client = {
      status: 'ready',
      eval: async (...all: unknown[]) => {
        calls.push(all.slice(1))
        return calls.length === 1 ? 'fresh' : 'OK'
      },
    }
    const store = redisOneTimeStore({ client, prefix: 'p' })
    expect(await store.consume('n', 'k', 100, { signal, now: () => 40 })).toBe('fresh')
    expect(calls).toEqual([[1, 'p:n:k', '120000']])
    await expect(store.consume('n', 'k', 100, { signal, now: () => 40 })).rejects.toThrow('something else')
  })
})
