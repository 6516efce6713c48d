import type { SessionStore } from '../../core/session-store.ts'
import { equal, SessionKit, type StoreCase, type StoreSubject, sameMembers, sameSession, sessionCase } from './kit.ts'

/** Tags, sweeping, and several users of one store. */
export function tagAndSweepCases(): readonly StoreCase<SessionStore>[] {
  return [
    sessionCase('finds sessions of all subjects by each of their tags', async (kit) => {
      const [shared, own, owners] = [kit.hash(), kit.hash(), [kit.owner(), kit.owner()]]
      const record = kit.record({ tags: [kit.hash(), shared, own] })
      await kit.create(owners[0], record)
      await kit.create(owners[1], kit.record({ tags: [shared] }))
      await kit.create(kit.owner(), kit.record({ tags: [kit.hash()] }))
      const found = await kit.store.listByTag(shared, kit)
      const handles = owners.map(({ handle }) => handle)
      sameMembers(
        found.map(({ handle }) => handle),
        handles,
        'the handles found',
      )
      const [alone] = await kit.store.listByTag(own, kit)
      sameSession(alone, record, owners[0] ?? kit.owner())
    }),
    sessionCase('finds and ends nothing by a tag that nobody has', async (kit) => {
      equal((await kit.store.listByTag(kit.hash(), kit)).length, 0, 'how many are found')
      equal(await kit.store.deleteByTag(kit.hash(), kit), 0, 'how many ended')
    }),
    sessionCase('finds sessions by the tags that they have now', async (kit) => {
      const [before, kept, after, owner] = [kit.hash(), kit.hash(), kit.hash(), kit.owner()]
      const key = await kit.create(owner, kit.record({ tags: [before, kept] }))
      await kit.store.replace(key, 1, kit.record({ tags: [kept, after] }), kit)
      equal((await kit.store.listByTag(before, kit)).length, 0, 'how many have the tag that was replaced')
      equal((await kit.store.listByTag(kept, kit)).length, 1, 'how many have the tag that stayed')
      equal((await kit.store.listByTag(after, kit)).length, 1, 'how many have the tag that came')
      equal(await kit.store.deleteByTag(before, kit), 0, 'how many ended by the tag that was replaced')
      const next = await kit.rotate(key, 30, kit.record({ tags: [before] }))
      equal((await kit.store.listByTag(after, kit)).length, 0, 'how many have the tag of before the rotation')
      equal(await kit.store.deleteByTag(kept, kit), 0, 'how many ended by the tag of before the rotation')
      equal(await kit.store.deleteByTag(before, kit), 1, 'how many ended by the tag of the rotation')
      equal(await kit.read(next), undefined, 'what is read')
    }),
    sessionCase('ends the sessions of a tag, without tombstones, and no others', async (kit) => {
      const [tag, owner] = [kit.hash(), kit.owner()]
      const keys = [
        await kit.create(owner, kit.record({ tags: [tag] })),
        await kit.create(kit.owner(), kit.record({ tags: [kit.hash(), tag] })),
      ]
      const other = kit.owner(owner.subject)
      await kit.create(other, kit.record({ tags: [kit.hash()] }))
      equal(await kit.store.deleteByTag(tag, kit), 2, 'how many ended')
      for (const key of keys) equal(await kit.read(key), undefined, 'what a key reads')
      sameMembers(await kit.handles(owner.subject), [other.handle], 'the handles left')
      equal((await kit.store.listByTag(tag, kit)).length, 0, 'how many are left')
    }),
    sessionCase('sweeps at most as many as told, and only what is over', async (kit) => {
      await drain(kit, 100)
      const subject = kit.subject()
      const live = await kit.create()
      for (let made = 0; made < 7; made++) {
        await kit.create(kit.owner(subject), kit.record({ expiresAt: kit.start + 10 }))
      }
      equal(await drain(kit, 3), 0, 'how many were swept before they were over')
      equal((await kit.handles(subject)).length, 7, 'how many are there before they are over')
      kit.pass(10)
      const swept = await drain(kit, 3)
      // Other cases have left sessions that are over by now.
      if (swept > 0 && swept < 7) throw new Error(`7 must be swept, or 0 by a store that drops by itself, not ${swept}`)
      equal(typeof (await kit.read(live)), 'object', 'what a live key reads')
    }),
    sessionCase('does not sweep graces and tombstones before their time', async (kit) => {
      const [grace, gone] = [await kit.create(), await kit.create()]
      const next = await kit.rotate(grace, 30)
      await kit.logout(gone)
      kit.pass(29)
      await drain(kit, 100)
      equal((await kit.session(grace)).rotated, true, 'rotated')
      equal(await kit.read(gone), 'revoked', 'what a deleted key reads')
      kit.pass(270)
      await drain(kit, 100)
      equal(await kit.read(grace), 'revoked', 'what the rotated key reads')
      equal(await kit.read(gone), 'revoked', 'what the deleted key reads')
      equal((await kit.session(next)).rotated, false, 'rotated, by the new key')
    }),
    {
      title: 'shares everything with others who open the same data',
      run: async (subject) => {
        const [kit, other] = await two(subject)
        const owner = kit.owner()
        const record = kit.record({ tags: [kit.hash()] })
        const key = await kit.create(owner, record)
        sameSession(await other.read(key), record, owner)
        sameMembers(await other.handles(owner.subject), [owner.handle], 'the handles')
        equal(await other.logout(key), true, 'the answer of delete()')
        equal(await kit.read(key), 'revoked', 'what is read')
      },
    },
    {
      title: 'keeps one renewal, one rotation and the limit among several who open the same data',
      run: async (subject) => {
        const kits = await two(subject)
        const [kit] = kits
        const key = await kit.create()
        const each = <T>(run: (kit: SessionKit) => T): T[] =>
          Array.from({ length: 40 }, (_, n) => run(kits[n & 1] ?? kit))
        const touched = await Promise.all(
          each(({ store }) => store.touch(key, kit.start, kit.start + 60, kit.start + 1060, kit)),
        )
        equal(touched.filter(Boolean).length, 1, 'how many touches won')
        const rotated = await Promise.all(
          each(({ store }) => store.rotate(key, 1, kit.key(key.slice(0, 11)), kit.record(), kit.end(0), kit)),
        )
        equal(rotated.filter(Boolean).length, 1, 'how many rotations won')
        const name = kit.subject()
        const created = await Promise.all(
          each(({ store }) => store.create(kit.key(), kit.record(), kit.owner(name, { limit: 3 }), kit)),
        )
        equal(created.filter((answer) => answer === 'created').length, 3, 'how many were created')
      },
    },
  ]
}

/** The store twice, where it can be opened twice. */
async function two({ store, reopen }: StoreSubject<SessionStore>): Promise<readonly [SessionKit, SessionKit]> {
  return [new SessionKit(store), new SessionKit(reopen === undefined ? store : await reopen())]
}

/** Sweeps until nothing is left to sweep. */
async function drain(kit: SessionKit, limit: number): Promise<number> {
  let swept = 0
  for (let last = -1; last !== 0; ) {
    last = await kit.store.sweep(limit, kit)
    if (!(last >= 0 && last <= limit)) throw new Error(`a sweep must drop 0 to ${limit}, not ${last}`)
    swept += last
  }
  return swept
}
