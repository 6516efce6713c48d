import { describe, expect, it } from 'vitest'
import { type NodeRedisConnection, redisRememberStore, redisSessionStore } from '../../src/stores/redis/index.ts'
import { SessionKit } from '../../src/testing/session-store/kit.ts'
import { privateRedis, redisServer } from './redis-kit.ts'

const onWarning = () => {}

describe.skipIf(redisServer === undefined)('sessions in a real Redis when something comes in between', () => {
  const redis = privateRedis()
  let opened = 0

  /** A client with keys of its own that can be told to do something around what it sends. */
  function open() {
    const prefix = `races-${opened++}`
    const tap = {
      isReady: true,
      sent: 0,
      before: async (_args: readonly string[]): Promise<void> => {},
      after: async (_count: number): Promise<void> => {},
      answer: (reply: unknown): unknown => reply,
    }
    const tapped: NodeRedisConnection = {
      get isReady() {
        return tap.isReady
      },
      sendCommand: async (args) => {
        await tap.before(args)
        const reply = tap.answer(await redis.client.sendCommand(args))
        if (args[0] !== 'CONFIG') await tap.after(++tap.sent)
        return reply
      },
    }
    const options = { client: tapped, prefix, onWarning }
    const kit = new SessionKit(redisSessionStore(options))
    return {
      kit,
      tap,
      options,
      other: new SessionKit(redisSessionStore({ client: redis.client, prefix, onWarning })),
      keys: async (kind = '') => (await redis.client.keys(`${prefix}:${kind}*`)).sort(),
    }
  }

  it.each([0, 30])(
    'keeps a session on its lists when it is made again by a key that it had (grace %i)',
    async (grace) => {
      const { kit } = open()
      const [key, owner, tag] = [kit.key(), kit.owner(kit.subject(), { limit: 1 }), kit.hash()]
      const record = kit.record({ tags: [tag] })
      expect(await kit.store.create(key, record, owner, kit)).toBe('created')
      const next = await kit.rotate(key, grace, record)
      // A tab that was late, with what another one has used already.
      expect(await kit.store.create(key, record, owner, kit)).toBe('exists')
      expect(await kit.handles(owner.subject)).toEqual([owner.handle])
      expect(await kit.store.listByTag(tag, kit)).toHaveLength(1)
      expect(await kit.store.create(kit.key(), record, { ...owner, handle: kit.handle() }, kit)).toBe('limit')
      expect(await kit.store.deleteByHandle(owner.subject, owner.handle, kit)).toBe(true)
      expect(await kit.read(next)).toBeUndefined()
    },
  )

  it('leaves no list for ever behind by reading what is over', async () => {
    const { kit, keys } = open()
    const short = kit.record({ expiresAt: kit.start + 10, tags: [kit.hash()] })
    const next = await kit.rotate(await kit.create(kit.owner(), short), 0, short)
    // Redis has dropped the lists a minute after; the session lies beside the tombstone of its first key.
    await redis.client.del([...(await keys('s:')), ...(await keys('t:'))])
    kit.pass(200)
    await kit.read(next)
    for (const key of await keys()) expect(await redis.client.pTTL(key), key).toBeGreaterThan(0)
  })

  it.each([String, BigInt])('ends nothing because a client answers whole numbers by %o', async (type) => {
    const { kit, tap, options } = open()
    tap.answer = (reply) => (typeof reply === 'number' ? type(reply) : reply)
    const owner = kit.owner()
    const key = await kit.create(owner)
    expect(await kit.store.touch(key, kit.start, kit.start + 5, kit.start + 1005, kit)).toBe(true)
    await kit.session(await kit.rotate(key, 0))
    expect(await kit.handles(owner.subject)).toEqual([owner.handle])
    const remember = redisRememberStore({ ...options, prefix: `${options.prefix}-remember` })
    const [family, tokenHash] = [kit.hash(), kit.hash()]
    const times = { createdAt: kit.start, expiresAt: kit.start + 1000 }
    await remember.create(family, { subject: owner.subject, tokenHash, ...times }, kit)
    const successor = { tokenHash: kit.hash(), sealed: new Uint8Array(9), graceUntil: kit.start, ...times }
    expect((await remember.exchange(family, tokenHash, successor, kit))?.kind).toBe('exchanged')
  })

  it('takes no token for stolen that it could not exchange while the server of the list was down', async () => {
    const { kit, tap, options } = open()
    const remember = redisRememberStore(options)
    const [family, tokenHash, subject] = [kit.hash(), kit.hash(), kit.subject()]
    const times = { createdAt: kit.start, expiresAt: kit.start + 1000 }
    await remember.create(family, { subject, tokenHash, ...times }, kit)
    const exchange = () => {
      const graceUntil = Math.floor(kit.now()) + 30
      return remember.exchange(
        family,
        tokenHash,
        { tokenHash: kit.hash(), sealed: new Uint8Array(9), graceUntil, ...times },
        kit,
      )
    }
    tap.before = async (args) => {
      if (args.some((arg) => arg.startsWith(`${options.prefix}:s:`))) throw new Error('CLUSTERDOWN')
    }
    await expect(exchange()).rejects.toThrow('CLUSTERDOWN')
    tap.before = async () => {}
    kit.pass(60)
    expect((await exchange())?.kind).toBe('exchanged')
  })

  it.each(['deleteByHandle', 'deleteBySubject', 'deleteByTag'] as const)(
    'brings back no session that was renewed after a process had ended in the middle of %s',
    async (call) => {
      const { kit, tap, other, keys } = open()
      const [owner, tag] = [kit.owner(), kit.hash()]
      const key = await other.create(owner, kit.record({ tags: [tag] }))
      tap.before = async () => {
        if (tap.sent > 0) throw new Error('gone')
      }
      const ends = {
        deleteByHandle: () => kit.store.deleteByHandle(owner.subject, owner.handle, kit),
        deleteBySubject: () => kit.store.deleteBySubject(owner.subject, {}, kit),
        deleteByTag: () => kit.store.deleteByTag(tag, kit),
      }
      await expect(ends[call]()).rejects.toThrow('gone')
      expect(await other.store.touch(key, kit.start, kit.start + 5, kit.start + 5000, other)).toBe(false)
      expect(await other.read(key)).toBeUndefined()
      other.pass(2000)
      const lists = await keys(call === 'deleteByTag' ? 't:' : 's:')
      for (const list of lists) expect(await redis.client.pTTL(list)).toBeGreaterThan(4_990_000)
      expect(await other.handles(owner.subject)).toEqual([])
      expect(await other.read(key)).toBeUndefined()
      expect(await keys('{')).toEqual([])
    },
  )

  it('makes no session when nobody waits any more after it was put on its lists', async () => {
    const { kit, tap, other, keys } = open()
    const controller = new AbortController()
    tap.after = async () => controller.abort(new Error('gone'))
    const [key, owner] = [kit.key(), kit.owner()]
    const context = { now: () => kit.now(), signal: controller.signal }
    await expect(kit.store.create(key, kit.record(), owner, context)).rejects.toThrow('gone')
    expect(await other.read(key)).toBeUndefined()
    expect(await keys('{')).toEqual([])
  })

  it('queues nothing when the connection is lost on the way', async () => {
    const { kit, tap, other } = open()
    tap.after = async () => {
      tap.isReady = false
    }
    const [key, owner] = [kit.key(), kit.owner()]
    await expect(kit.store.create(key, kit.record(), owner, kit)).rejects.toThrow('connection is down')
    expect(tap.sent).toBe(1)
    expect(await other.read(key)).toBeUndefined()
  })
})
