import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisRememberStore, redisSessionStore } from '../../src/stores/redis/index.ts'
import { rememberStoreContract } from '../../src/testing/remember-store-contract.ts'
import { sessionStoreContract } from '../../src/testing/session-store-contract.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { type RedisCluster, startRedisCluster } from '../servers/redis-cluster.ts'
import { service } from '../services.ts'
import { logoutWins } from '../sessions/logout-wins.ts'

const redisServer = service('redis-server')
const onWarning = () => {}

describe.skipIf(redisServer === undefined)('sessions on one real Redis', () => {
  let server: RedisServer
  let client: ReturnType<typeof connect>
  let other: ReturnType<typeof connect>

  function connect() {
    return createClient({ url: server.url, socket: { reconnectStrategy: 20 } }).on('error', () => {})
  }

  beforeAll(async () => {
    server = await startRedis(redisServer ?? '')
    client = connect()
    other = connect()
    await Promise.all([client.connect(), other.connect()])
  })
  afterAll(async () => {
    client?.destroy()
    other?.destroy()
    await server?.stop()
  })

  describe('redisSessionStore()', () => {
    it.each(sessionStoreContract())('$title', ({ run }) =>
      run({
        store: redisSessionStore({ client, onWarning }),
        reopen: async () => redisSessionStore({ client: other, onWarning }),
      }),
    )
    it('ends a login that a logout overtakes in another process', () =>
      logoutWins(redisSessionStore({ client, onWarning }), redisSessionStore({ client: other, onWarning })))
  })
  describe('redisRememberStore()', () => {
    it.each(rememberStoreContract())('$title', ({ run }) =>
      run({
        store: redisRememberStore({ client, onWarning }),
        reopen: async () => redisRememberStore({ client: other, onWarning }),
      }),
    )
  })
})

describe.skipIf(redisServer === undefined)('sessions on a real cluster of three masters', () => {
  let servers: RedisCluster
  let client: ReturnType<typeof connect>
  let other: ReturnType<typeof connect>

  function connect() {
    return createCluster({ rootNodes: servers.servers.map(({ url }) => ({ url })) }).on('error', () => {})
  }

  beforeAll(async () => {
    servers = await startRedisCluster(redisServer ?? '')
    client = connect()
    other = connect()
    await Promise.all([client.connect(), other.connect()])
  }, 60_000)
  afterAll(async () => {
    client?.destroy()
    other?.destroy()
    await servers?.stop()
  })

  describe('redisSessionStore()', () => {
    it.each(sessionStoreContract())('$title', ({ run }) =>
      run({
        store: redisSessionStore({ client, onWarning }),
        reopen: async () => redisSessionStore({ client: other, onWarning }),
      }),
    )
    it('ends a login that a logout overtakes in another process', () =>
      logoutWins(redisSessionStore({ client, onWarning }), redisSessionStore({ client: other, onWarning })))
  })
  describe('redisRememberStore()', () => {
    it.each(rememberStoreContract())('$title', ({ run }) =>
      run({
        store: redisRememberStore({ client, onWarning }),
        reopen: async () => redisRememberStore({ client: other, onWarning }),
      }),
    )
  })

  it('spreads its keys over all masters', async () => {
    for (const master of client.masters) expect(await (await client.nodeClient(master)).dbSize()).toBeGreaterThan(10)
  })
})
