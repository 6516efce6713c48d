import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RedisWarning, redisRememberStore, redisSessionStore } from '../../src/stores/redis/index.ts'
import { SessionKit } from '../../src/testing/session-store/kit.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { startRedisCluster } from '../servers/redis-cluster.ts'
import { service } from '../services.ts'

const redisServer = service('redis-server')
const onWarning = () => {}
const codes = (warnings: readonly RedisWarning[]) => warnings.map(({ code }) => code)

function connect(url: string) {
  return createClient({ url, socket: { reconnectStrategy: 20 } }).on('error', () => {})
}

describe.skipIf(redisServer === undefined)('what a real Redis may lose', () => {
  let server: RedisServer
  let client: ReturnType<typeof connect>

  beforeAll(async () => {
    server = await startRedis(redisServer ?? '', ['--appendonly', 'yes', '--appendfsync', 'always'])
    client = connect(server.url)
    await client.connect()
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  it('warns of nothing when it keeps what it is given', async () => {
    expect(await redisSessionStore({ client, onWarning }).check()).toEqual([])
    expect(await redisRememberStore({ client, onWarning }).check()).toEqual([])
  })

  it('warns of an eviction policy, of an append-only file that is behind, and of none', async () => {
    const store = redisSessionStore({ client, onWarning })
    await client.configSet({ 'maxmemory-policy': 'volatile-ttl', appendfsync: 'everysec' })
    const warnings = await store.check()
    expect(codes(warnings)).toEqual(['eviction', 'fsync'])
    expect(warnings[0]?.message).toContain('"maxmemory-policy volatile-ttl"')
    expect(warnings[1]?.message).toContain('"appendfsync everysec"')
    await client.configSet({ 'maxmemory-policy': 'noeviction', appendfsync: 'always', appendonly: 'no' })
    expect(codes(await store.check())).toEqual(['no-aof'])
    await client.configSet('appendonly', 'yes')
  })

  it('tells the warnings once, when it starts', async () => {
    await client.configSet('maxmemory-policy', 'allkeys-lru')
    const told: RedisWarning[] = []
    const kit = new SessionKit(redisSessionStore({ client, onWarning: (warning) => told.push(warning) }))
    await kit.create()
    await kit.create()
    await vi.waitFor(() => expect(codes(told)).toEqual(['eviction']))
    await client.configSet('maxmemory-policy', 'noeviction')
  })

  it('finds out what it can where it may not ask for settings', async () => {
    await client.sendCommand(['ACL', 'SETUSER', 'managed', 'on', 'nopass', '~*', '+@all', '-config'])
    await client.configSet('maxmemory-policy', 'volatile-lru')
    const managed = createClient({ url: server.url, username: 'managed', password: 'x' }).on('error', () => {})
    await managed.connect()
    const store = redisSessionStore({ client: managed, onWarning })
    expect(codes(await store.check())).toEqual(['eviction'])
    await client.configSet('maxmemory-policy', 'noeviction')
    expect(codes(await store.check())).toEqual(['unknown'])
    managed.destroy()
  })

  it('refuses logins when it is full, and goes on reading, renewing and ending sessions', async () => {
    const store = redisSessionStore({ client, onWarning })
    const kit = new SessionKit(store)
    const [owner, tag] = [kit.owner(), kit.hash()]
    const key = await kit.create(owner, kit.record({ tags: [tag] }))
    const other = await kit.create(kit.owner(owner.subject))
    const [tagged, lone] = [await kit.create(kit.owner(), kit.record({ tags: [tag] })), kit.owner()]
    const alone = await kit.create(lone)
    await client.configSet({ maxmemory: '1' })
    try {
      await expect(kit.create()).rejects.toThrow('OOM')
      expect(typeof (await kit.read(key))).toBe('object')
      expect(await store.touch(key, kit.start, kit.start + 5, kit.start + 1005, kit)).toBe(true)
      expect(await kit.logout(key)).toBe(true)
      expect(await kit.read(key)).toBe('revoked')
      expect(await store.deleteBySubject(owner.subject, {}, kit)).toBe(1)
      expect(await kit.read(other)).toBeUndefined()
      expect(await store.deleteByTag(tag, kit)).toBe(1)
      expect(await kit.read(tagged)).toBeUndefined()
      expect(await store.deleteByHandle(lone.subject, lone.handle, kit)).toBe(true)
      expect(await kit.read(alone)).toBeUndefined()
    } finally {
      await client.configSet({ maxmemory: '0' })
    }
  })

  it('fails at once while the connection is down, and works again when it is back', async () => {
    const down = connect(server.url)
    const kit = new SessionKit(redisSessionStore({ client: down, onWarning }))
    const remember = redisRememberStore({ client: down, onWarning })
    await expect(kit.read(kit.key())).rejects.toThrow('connection is down')
    await expect(kit.create()).rejects.toThrow('connection is down')
    await expect(kit.logout(kit.key())).rejects.toThrow('connection is down')
    await expect(kit.store.deleteBySubject('a', {}, kit)).rejects.toThrow('connection is down')
    await expect(kit.handles('a')).rejects.toThrow('connection is down')
    await expect(remember.deleteFamily(kit.hash(), kit)).rejects.toThrow('connection is down')
    await down.connect()
    expect(typeof (await kit.read(await kit.create()))).toBe('object')
    down.destroy()
  })

  it('has everything that it acknowledged when it was killed', async () => {
    const victim = await startRedis(redisServer ?? '', ['--appendonly', 'yes', '--appendfsync', 'always'])
    const own = connect(victim.url)
    await own.connect()
    const kit = new SessionKit(redisSessionStore({ client: own, onWarning }))
    const folder = (await own.configGet('dir')).dir ?? ''
    const keys = await Promise.all(Array.from({ length: 50 }, () => kit.create()))
    const [gone = '', rotated = ''] = keys
    await kit.logout(gone)
    const next = await kit.rotate(rotated, 0)
    victim.signal('SIGKILL')
    await vi.waitFor(() => expect(own.isReady).toBe(false))
    own.destroy()
    const port = new URL(victim.url).port
    const append = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', folder, '--port', port]
    const again = await startRedis(redisServer ?? '', append)
    const fresh = connect(victim.url)
    await fresh.connect()
    const after = new SessionKit(redisSessionStore({ client: fresh, onWarning }))
    expect(await after.read(gone)).toBe('revoked')
    expect(await after.read(rotated)).toBe('revoked')
    expect((await after.session(next)).version).toBe(2)
    for (const key of keys.slice(2)) expect(typeof (await after.read(key))).toBe('object')
    fresh.destroy()
    await again.stop()
    await victim.stop()
  })
})

describe.skipIf(redisServer === undefined)('a real Redis with a replica', () => {
  it('counts a write only when enough replicas have it', async () => {
    const server = await startRedis(redisServer ?? '', ['--repl-diskless-sync-delay', '0'])
    const port = new URL(server.url).port
    const replica = await startRedis(redisServer ?? '', ['--replicaof', '127.0.0.1', port])
    const client = connect(server.url)
    await client.connect()
    await vi.waitFor(async () => expect(await client.info('replication')).toContain('state=online'), 10_000)
    const store = (count: number, timeoutMs: number) =>
      redisSessionStore({ client, onWarning, waitReplicas: { count, timeoutMs } })
    const one = new SessionKit(store(1, 5000))
    const key = await one.create()
    const next = await one.rotate(key, 0)
    expect(await one.store.touch(next, one.start, one.start, one.start + 2000, one)).toBe(true)
    expect(await one.logout(next)).toBe(true)
    const two = new SessionKit(store(2, 20))
    await expect(two.create()).rejects.toThrow('1 of 2 replicas')
    // What wrote nothing waits for nobody.
    expect(await two.logout(two.key())).toBe(false)
    replica.signal('SIGSTOP')
    const impatient = new SessionKit(store(1, 20))
    await expect(impatient.create()).rejects.toThrow('0 of 1 replicas')
    await expect(impatient.store.deleteBySubject('somebody', {}, impatient)).rejects.toThrow('0 of 1 replicas')
    client.destroy()
    await replica.stop()
    await server.stop()
  })

  it('logs nobody out for a login, another key or another token that too few replicas were there for', async () => {
    const server = await startRedis(redisServer ?? '')
    const client = connect(server.url)
    await client.connect()
    const options = { client, onWarning, waitReplicas: { count: 1, timeoutMs: 20 } }
    const [kit, waiting] = [new SessionKit(redisSessionStore({ client, onWarning })), redisSessionStore(options)]
    const [key, next] = [await kit.create(), kit.key()]
    const rotating = waiting.rotate(key, 1, key.slice(0, 12) + next.slice(12), kit.record(), kit.end(30), kit)
    await expect(rotating).rejects.toThrow('0 of 1 replicas')
    const owner = kit.owner(kit.subject(), { limit: 1, onExceed: 'oldest' })
    await kit.create(owner)
    const creating = waiting.create(kit.key(), kit.record(), { ...owner, handle: kit.handle() }, kit)
    await expect(creating).rejects.toThrow('0 of 1 replicas')
    expect(await kit.handles(owner.subject)).toEqual([owner.handle])
    const [family, tokenHash, subject] = [kit.hash(), kit.hash(), kit.subject()]
    const times = { createdAt: kit.start, expiresAt: kit.start + 1000 }
    const remember = redisRememberStore({ client, onWarning })
    await remember.create(family, { subject, tokenHash, ...times }, kit)
    const successor = () => ({ tokenHash: kit.hash(), sealed: new Uint8Array(9), graceUntil: kit.start + 30, ...times })
    const exchanging = redisRememberStore(options).exchange(family, tokenHash, successor(), kit)
    await expect(exchanging).rejects.toThrow('0 of 1 replicas')
    kit.pass(60)
    expect((await kit.session(key)).rotated).toBe(false)
    expect((await remember.exchange(family, tokenHash, successor(), kit))?.kind).toBe('exchanged')
    client.destroy()
    await server.stop()
  })

  it('asks every master of a cluster that was written to', async () => {
    const servers = await startRedisCluster(redisServer ?? '')
    const client = createCluster({ rootNodes: servers.servers.map(({ url }) => ({ url })) }).on('error', () => {})
    await client.connect()
    const store = redisSessionStore({ client, onWarning, waitReplicas: { count: 1, timeoutMs: 20 } })
    await expect(new SessionKit(store).create()).rejects.toThrow('0 of 1 replicas')
    expect(codes(await store.check())).toEqual(['no-aof'])
    client.destroy()
    await servers.stop()
  }, 60_000)
})

describe.each([
  ['redisSessionStore', redisSessionStore],
  ['redisRememberStore', redisRememberStore],
])('%s()', (name, factory) => {
  const client = { isReady: false, sendCommand: async () => null }

  it.each([
    [undefined, 'wants an object'],
    [{ client: {} }, '"client" must be a client'],
    [{ client: { ...client, getMasterNode: () => undefined } }, '"client" must be a client'],
    [{ client, prefix: 'a{b}' }, '"prefix" must be'],
    [{ client, waitReplicas: { count: 0, timeoutMs: 5 } }, '"waitReplicas" must have'],
    [{ client, waitReplicas: { count: 1 } }, '"waitReplicas" must have'],
    [{ client, onWarning: 1 }, '"onWarning" must be'],
  ])('refuses %j', (options, message) => {
    expect(() => Reflect.apply(factory, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(factory, undefined, [options])).toThrow(`${name}(): `)
    expect(() => Reflect.apply(factory, undefined, [options])).toThrow(message)
  })
})
