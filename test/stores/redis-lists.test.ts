import { describe, expect, it } from 'vitest'
import { type NodeRedisConnection, redisRememberStore, redisSessionStore } from '../../src/stores/redis/index.ts'
import { Kit, SessionKit } from '../../src/testing/session-store/kit.ts'
import { privateRedis, redisServer } from './redis-kit.ts'

const onWarning = () => {}

describe.skipIf(redisServer === undefined)('the lists of sessions in a real Redis', () => {
  const redis = privateRedis()
  let opened = 0

  /** A store with keys of its own, another process's view of them, and what it sends. */
  function open() {
    const prefix = `lists-${opened++}`
    const sent: string[] = []
    let before = async (_args: readonly string[]): Promise<void> => {}
    const tapped: NodeRedisConnection = {
      isReady: true,
      sendCommand: async (args) => {
        // That is the look at its settings.
        if (args[0] === 'CONFIG') return redis.client.sendCommand(args)
        sent.push(args[0] ?? '')
        await before(args)
        return redis.client.sendCommand(args)
      },
    }
    const store = redisSessionStore({ client: tapped, prefix, onWarning })
    const keys = async (kind: 's' | 't' | '*'): Promise<string[]> => {
      const all = await redis.client.keys(`${prefix}:*`)
      return kind === '*' ? all : all.filter((key) => key.startsWith(`${prefix}:${kind}:`))
    }
    return {
      kit: new SessionKit(store),
      other: new SessionKit(redisSessionStore({ client: redis.client, prefix, onWarning })),
      sent,
      keys,
      prefix,
      /** Lets `run` do something before each command that is sent from now on. */
      intercept: (run: typeof before) => {
        before = run
      },
    }
  }

  /** Takes all members off lists, as a failover may that loses the last writes. */
  async function forget(lists: readonly string[]): Promise<void> {
    for (const list of lists) {
      const members = (await redis.client.hKeys(list)).filter((field) => field.length > 1)
      expect(await redis.client.hDel(list, members)).toBe(members.length)
    }
  }

  it('reads in one round trip what this process has seen before, and in two what it has not', async () => {
    const { kit, other, sent } = open()
    const key = await other.create(kit.owner(), kit.record({ tags: [kit.hash()] }))
    const first = kit.read(key)
    expect(sent).toEqual(['HGET'])
    await first
    expect(sent).toEqual(['HGET', 'HMGET', 'HMGET'])
    sent.length = 0
    const second = kit.read(key)
    expect(sent).toEqual(['HGET', 'HMGET', 'HMGET'])
    expect(typeof (await second)).toBe('object')
    expect(sent).toHaveLength(3)
  })

  it('asks once for a key that nobody knows, and writes nothing', async () => {
    const { kit, sent, keys } = open()
    expect(await kit.read(kit.key())).toBeUndefined()
    expect(sent).toEqual(['HGET'])
    expect(await keys('*')).toEqual([])
  })

  it('runs its scripts again after the server has forgotten them', async () => {
    const { kit } = open()
    const key = await kit.create()
    await redis.client.scriptFlush()
    expect(await kit.logout(key)).toBe(true)
    expect(await kit.read(key)).toBe('revoked')
  })

  it('puts back on its lists, when it is read, a session that they have forgotten', async () => {
    const { kit, keys } = open()
    const [owner, tag] = [kit.owner(), kit.hash()]
    const key = await kit.create(owner, kit.record({ tags: [tag] }))
    await redis.client.del([...(await keys('s')), ...(await keys('t'))])
    expect(await kit.handles(owner.subject)).toEqual([])
    await kit.read(key)
    expect(await kit.handles(owner.subject)).toEqual([owner.handle])
    expect(await kit.store.listByTag(tag, kit)).toHaveLength(1)
    expect(await kit.store.deleteBySubject(owner.subject, {}, kit)).toBe(1)
    expect(await kit.read(key)).toBeUndefined()
  })

  it('lists a renewed session for as long as it lives although the list was not told', async () => {
    const { kit, intercept } = open()
    const owner = kit.owner()
    const key = await kit.create(owner, kit.record({ expiresAt: kit.start + 100 }))
    let scripts = 0
    // The process ends between the renewal and the list.
    intercept(async ([command = '']) => {
      if (command === 'EVALSHA' && ++scripts === 2) throw new Error('gone')
    })
    await expect(kit.store.touch(key, kit.start, kit.start + 50, kit.start + 1000, kit)).rejects.toThrow('gone')
    intercept(async () => {})
    kit.pass(60)
    await kit.read(key)
    kit.pass(100)
    expect(await kit.handles(owner.subject)).toEqual([owner.handle])
  })

  it.each(['subject', 'tag'] as const)('ends by %s also what the list has forgotten', async (by) => {
    const { kit, other, keys } = open()
    const [owner, tag] = [kit.owner(), kit.hash()]
    const key = await kit.create(owner, kit.record({ tags: [tag] }))
    const grace = await kit.create(owner, kit.record({ tags: [tag] }))
    const next = await kit.rotate(grace, 30, kit.record({ tags: [tag] }))
    // Nobody is on the list any more.
    if (by === 'subject') await redis.client.del(await keys('s'))
    else await forget(await keys('t'))
    const ended = by === 'subject' ? kit.store.deleteBySubject(owner.subject, {}, kit) : kit.store.deleteByTag(tag, kit)
    expect(await ended).toBe(0)
    for (const each of [kit, other]) {
      expect(await each.read(key)).toBeUndefined()
      expect(await each.read(next)).toBeUndefined()
    }
    // By then whoever ended it would have taken away what was on the list.
    kit.pass(61)
    expect(await kit.read(key)).toBeUndefined()
    expect(await kit.store.replace(key, 1, kit.record(), kit)).toBe(false)
    expect(await kit.handles(owner.subject)).toEqual([])
    expect(await kit.store.listByTag(tag, kit)).toEqual([])
    // And whoever comes afterwards is not concerned.
    const again = await kit.create(owner, kit.record({ tags: [tag] }))
    expect(typeof (await kit.read(again))).toBe('object')
  })

  it('leaves nothing behind for a tag that nobody has, and for another one no more than its sessions would have', async () => {
    const { kit, keys } = open()
    const [tag, key] = [kit.hash(), kit.key()]
    // Whoever calls a front channel logout may ask for that.
    for (let times = 0; times < 20; times++) expect(await kit.store.deleteByTag(kit.hash(), kit)).toBe(0)
    expect(await keys('*')).toEqual([])
    await kit.store.create(key, kit.record({ tags: [tag] }), kit.owner(), kit)
    expect(await kit.store.deleteByTag(tag, kit)).toBe(1)
    const [list = ''] = await keys('t')
    expect(await redis.client.pTTL(list)).toBeGreaterThan(1_000_000)
    expect(await redis.client.pTTL(list)).toBeLessThan(1_100_000)
  })

  it('ends a session that is being created while all of its subject end', async () => {
    const { kit, other, intercept } = open()
    const owner = kit.owner()
    let scripts = 0
    intercept(async ([command = '']) => {
      // Between the list and the session.
      if (command === 'EVALSHA' && ++scripts === 2) await other.store.deleteBySubject(owner.subject, {}, other)
    })
    const key = await kit.create(owner)
    expect(scripts).toBeGreaterThanOrEqual(2)
    expect(await kit.read(key)).toBeUndefined()
    expect(await other.read(key)).toBeUndefined()
    expect(await kit.handles(owner.subject)).toEqual([])
  })

  it('ends a session that is given a tag while all of the tag end', async () => {
    const { kit, other, intercept } = open()
    const [tag, key] = [kit.hash(), await kit.create()]
    let scripts = 0
    intercept(async ([command = '']) => {
      if (command === 'EVALSHA' && ++scripts === 3) await other.store.deleteByTag(tag, other)
    })
    expect(await kit.store.replace(key, 1, kit.record({ tags: [tag] }), kit)).toBe(true)
    expect(scripts).toBe(3)
    expect(await kit.read(key)).toBeUndefined()
    expect(await other.read(key)).toBeUndefined()
  })

  it('brings back no session by giving it a tag once more that has ended', async () => {
    const { kit, other, keys } = open()
    const tag = kit.hash()
    const key = await kit.create(kit.owner(), kit.record({ tags: [tag] }))
    await forget(await keys('t'))
    await other.store.deleteByTag(tag, other)
    await kit.store.replace(key, 1, kit.record({ tags: [tag] }), kit)
    expect(await kit.read(key)).toBeUndefined()
  })

  it('does not count for ever what a process began to create when it ended', async () => {
    const { kit, intercept } = open()
    const subject = kit.subject()
    let scripts = 0
    intercept(async ([command = '']) => {
      if (command === 'EVALSHA' && ++scripts === 2) throw new Error('gone')
    })
    const limited = () => kit.store.create(kit.key(), kit.record(), kit.owner(subject, { limit: 1 }), kit)
    await expect(limited()).rejects.toThrow('gone')
    intercept(async () => {})
    // It may still be on its way.
    expect(await limited()).toBe('limit')
    kit.pass(61)
    expect(await limited()).toBe('created')
    expect(await limited()).toBe('limit')
  })

  it('ends no live session for one that was never made', async () => {
    const { kit, intercept } = open()
    const owner = kit.owner(kit.subject(), { limit: 2, onExceed: 'oldest' })
    await kit.create(owner)
    kit.pass(1)
    let scripts = 0
    intercept(async ([command = '']) => {
      if (command === 'EVALSHA' && ++scripts === 2) throw new Error('gone')
    })
    await expect(kit.create({ ...owner, handle: kit.handle() })).rejects.toThrow('gone')
    intercept(async () => {})
    kit.pass(61)
    const newest = { ...owner, handle: kit.handle() }
    await kit.create(newest)
    expect([...(await kit.handles(owner.subject))].sort()).toEqual([owner.handle, newest.handle].sort())
  })

  it('keeps the one session that ten parallel calls create on its list', async () => {
    const { kit } = open()
    const [key, owner] = [kit.key(), kit.owner(kit.subject(), { limit: 1 })]
    const answers = await Promise.all(Array.from({ length: 10 }, () => kit.store.create(key, kit.record(), owner, kit)))
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1)
    expect(answers.filter((answer) => answer === 'exists')).toHaveLength(9)
    expect(await kit.handles(owner.subject)).toEqual([owner.handle])
  })

  it('ends nothing physically that its answer does not count, and leaves no key behind', async () => {
    const { kit, keys } = open()
    const subject = kit.subject()
    const made = Array.from({ length: 450 }, () => kit.create(kit.owner(subject), kit.record({ tags: [kit.hash()] })))
    await Promise.all(made)
    expect(await kit.store.deleteBySubject(subject, {}, kit)).toBe(450)
    // What is left says since when all have ended.
    expect((await keys('*')).filter((key) => !/:[st]:/.test(key))).toEqual([])
    expect(await keys('s')).toHaveLength(1)
  })

  it('lets every key expire, and none before what it holds is over', async () => {
    const { kit, keys } = open()
    const key = await kit.create(kit.owner(), kit.record({ tags: [kit.hash()] }))
    await kit.rotate(await kit.create(), 30)
    await kit.logout(await kit.create())
    await kit.store.touch(key, kit.start, kit.start, kit.start + 5000, kit)
    const left = await Promise.all((await keys('*')).map((each) => redis.client.pTTL(each)))
    expect(left.length).toBeGreaterThan(5)
    for (const each of left) expect(each).toBeGreaterThan(290_000)
    expect(Math.max(...left)).toBeGreaterThan(4_999_000)
    expect(Math.max(...left)).toBeLessThan(5_100_000)
  })

  it('takes what is over off a long list', async () => {
    const { kit, keys } = open()
    const subject = kit.subject()
    for (let made = 0; made < 100; made++) {
      await kit.create(kit.owner(subject), kit.record({ expiresAt: kit.start + 10 }))
    }
    kit.pass(10)
    for (let made = 0; made < 20; made++) await kit.create(kit.owner(subject))
    const [roster = ''] = await keys('s')
    expect(await redis.client.hLen(roster)).toBeLessThan(70)
    expect(await kit.handles(subject)).toHaveLength(20)
  })

  it('names no subject in a key', async () => {
    const { kit, keys } = open()
    await kit.create(kit.owner('someone@mail.example'))
    for (const key of await keys('*')) expect(key).not.toContain('someone')
  })

  it('forgets by subject also a remembered browser that the list has forgotten', async () => {
    const [kit, prefix] = [new Kit(), `lists-${opened++}`]
    const store = redisRememberStore({ client: redis.client, prefix, onWarning })
    const successor = (tokenHash: string) => ({
      tokenHash,
      sealed: new Uint8Array(9),
      graceUntil: kit.start + 30,
      expiresAt: kit.start + 1000,
    })
    const [family, good, next, subject] = [kit.hash(), kit.hash(), kit.hash(), kit.subject()]
    await store.create(family, { subject, tokenHash: good, createdAt: kit.start, expiresAt: kit.start + 1000 }, kit)
    await redis.client.del(await redis.client.keys(`${prefix}:s:*`))
    // An exchange puts it back.
    expect((await store.exchange(family, good, successor(next), kit))?.kind).toBe('exchanged')
    expect(await store.listBySubject(subject, kit)).toHaveLength(1)
    await redis.client.del(await redis.client.keys(`${prefix}:s:*`))
    expect(await store.deleteBySubject(subject, kit)).toBe(0)
    expect(await store.exchange(family, next, successor(kit.hash()), kit)).toBeUndefined()
    expect(await store.deleteFamily(family, kit)).toBe(false)
  })
})
