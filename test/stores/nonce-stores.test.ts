import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { memoryNonceStore } from '../../src/stores/memory/nonce-store.ts'
import { redisNonceStore } from '../../src/stores/redis/nonce-store.ts'
import { type NonceStoreSubject, nonceStoreContract } from '../../src/testing/nonce-store-contract.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'

const { signal } = new AbortController()

function contract(subject: () => NonceStoreSubject): void {
  for (const { title, run } of nonceStoreContract()) it(title, () => run(subject()))
}

describe('memoryNonceStore()', () => {
  contract(() => ({ name: 'memory', open: async () => memoryNonceStore() }))
})

const redisServer = service('redis-server')

describe.skipIf(redisServer === undefined)('redisNonceStore() on a real Redis', () => {
  let server: RedisServer
  let client: ReturnType<typeof connect>
  let opened = 0

  function connect() {
    return createClient({ url: server.url, socket: { reconnectStrategy: 20 } }).on('error', () => {})
  }

  beforeAll(async () => {
    server = await startRedis(redisServer ?? '')
    client = connect()
    await client.connect()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  contract(() => ({ name: 'redis', open: async () => redisNonceStore({ client, prefix: `store-${opened++}` }) }))

  it('agrees with the memory store on a long random run', async () => {
    const [memory, redis] = [memoryNonceStore(), redisNonceStore({ client, prefix: 'random' })]
    const expiresAt = Date.now() / 1000 + 60
    let seed = 7
    let near = 1
    for (let turn = 0; turn < 3000; turn++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      const nc = Math.max(1, near + (seed % 300) - 180)
      near = Math.max(near, nc)
      const expected = memory.accept('n', nc, expiresAt, 'window')
      expect(await redis.accept('n', nc, expiresAt, 'window', signal), `turn ${turn}, count ${nc}`).toBe(expected)
    }
  })

  it('keeps a nonce for a minute longer, since the clocks of processes differ', async () => {
    await redisNonceStore({ client, prefix: 'ttl' }).accept('n', 1, Date.now() / 1000 + 30, 'window', signal)
    const left = await client.pTTL('ttl:n')
    expect(left).toBeGreaterThan(80_000)
    expect(left).toBeLessThanOrEqual(90_000)
  })

  it('refuses a replay when the clock of Redis is an hour ahead of the own one', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 })
    const store = redisNonceStore({ client, prefix: 'ahead' })
    const expiresAt = Date.now() / 1000 + 300
    expect(await store.accept('n', 1, expiresAt, 'window', signal)).toBe('fresh')
    expect(await store.accept('n', 1, expiresAt, 'window', signal)).toBe('seen')
    const left = await client.pTTL('ahead:n')
    expect(left).toBeGreaterThan(300_000)
    expect(left).toBeLessThanOrEqual(360_000)
  })

  it('fails at once while the connection is down, and when Redis has no room', async () => {
    const down = redisNonceStore({ client: connect() })
    await expect(down.accept('n', 1, Date.now() / 1000 + 30, 'window', signal)).rejects.toThrow('connection is down')
    await client.configSet({ 'maxmemory-policy': 'noeviction', maxmemory: '1' })
    const full = redisNonceStore({ client, prefix: 'full' })
    await expect(full.accept('n', 1, Date.now() / 1000 + 30, 'window', signal)).rejects.toThrow('OOM')
    await client.configSet('maxmemory', '0')
  })
})

describe('redisNonceStore()', () => {
  it.each([
    [undefined, 'wants an object'],
    [{ client: {} }, '"client" must be a client'],
    [{ client: { isReady: true, eval: async () => 'fresh' }, prefix: 'a b' }, '"prefix" must be'],
  ])('refuses %j', (options, message) => {
    expect(() => Reflect.apply(redisNonceStore, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(redisNonceStore, undefined, [options])).toThrow(message)
  })
})
