import type { SessionStore } from '../../core/session-store.ts'
import { bytes, equal, type SessionKit, type StoreCase, sameMembers, sameSession, sessionCase } from './kit.ts'

/** `rotate`, graces and tombstones. */
export function rotatingCases(): readonly StoreCase<SessionStore>[] {
  return [
    sessionCase('moves a session to another key, with a new record', async (kit) => {
      const owner = kit.owner()
      const key = await kit.create(owner, kit.record({ tags: [kit.hash()] }))
      kit.pass(60)
      const record = kit.record({ tags: [kit.hash()], createdAt: kit.start + 59 })
      const session = await kit.session(await kit.rotate(key, 0, record))
      sameSession(session, record, owner)
      equal(session.rotated, false, 'rotated')
      sameMembers(await kit.handles(owner.subject), [owner.handle], 'the handles of the subject')
    }),
    sessionCase('kills the old key at once without grace', async (kit) => {
      const key = await kit.create()
      await kit.rotate(key, 0)
      equal(await kit.read(key), 'revoked', 'what the old key reads')
    }),
    sessionCase('keeps the tombstone of a rotated key as long as told', async (kit) => {
      const key = await kit.create()
      await kit.rotate(key, 0)
      kit.pass(299)
      equal(await kit.read(key), 'revoked', 'what the old key reads after 299 seconds')
      kit.pass(1)
      equal(await kit.read(key), undefined, 'what the old key reads after 300 seconds')
    }),
    sessionCase('reads a session by its old key as it was, until the grace is over', async (kit) => {
      const [owner, record] = [kit.owner(), kit.record({ tags: [kit.hash()] })]
      const key = await kit.create(owner, record)
      const next = await kit.rotate(key, 30, kit.record({ payload: bytes('new') }))
      await kit.store.replace(next, (await kit.session(next)).version, kit.record({ payload: bytes('newer') }), kit)
      await kit.store.touch(next, kit.start, kit.start + 20, kit.start + 2000, kit)
      kit.pass(29)
      const old = await kit.session(key)
      sameSession(old, record, owner)
      equal(old.rotated, true, 'rotated')
      kit.pass(1)
      equal(await kit.read(key), 'revoked', 'what the old key reads after the grace')
      kit.pass(299)
      equal(await kit.read(key), 'revoked', 'what the old key reads before the end of its tombstone')
      kit.pass(1)
      equal(await kit.read(key), undefined, 'what the old key reads in the end')
      equal((await kit.session(next)).rotated, false, 'rotated, by the new key')
    }),
    sessionCase('rotates nothing of another version', async (kit) => {
      const [owner, key] = [kit.owner(), kit.key()]
      await kit.store.create(key, kit.record(), owner, kit)
      const record = kit.record({ payload: bytes('replaced') })
      await kit.store.replace(key, 1, record, kit)
      const next = kit.key(key.slice(0, 11))
      equal(await kit.store.rotate(key, 1, next, kit.record(), kit.end(0), kit), false, 'the answer')
      sameSession(await kit.read(key), record, owner)
      equal(await kit.read(next), undefined, 'what the new key reads')
    }),
    sessionCase('lets one of 50 parallel rotations win', async (kit) => {
      const owner = kit.owner()
      const key = await kit.create(owner)
      const keys = Array.from({ length: 50 }, () => kit.key(key.slice(0, 11)))
      const answers = await Promise.all(
        keys.map((next) => kit.store.rotate(key, 1, next, kit.record(), kit.end(30), kit)),
      )
      equal(answers.filter(Boolean).length, 1, 'how many won')
      const readings = await Promise.all(keys.map((next) => kit.read(next)))
      equal(readings.filter((reading) => reading !== undefined).length, 1, 'how many new keys read something')
      equal(typeof readings[answers.indexOf(true)], 'object', 'what the key of the winner reads')
      sameMembers(await kit.handles(owner.subject), [owner.handle], 'the handles of the subject')
    }),
    sessionCase('lets either a replacement or a rotation of one version win', async (kit) => {
      for (let round = 0; round < 10; round++) {
        const key = await kit.create()
        const next = kit.key(key.slice(0, 11))
        const replacement = kit.record({ payload: bytes('replaced') })
        const [replaced, rotated] = await Promise.all([
          kit.store.replace(key, 1, replacement, kit),
          kit.store.rotate(key, 1, next, kit.record(), kit.end(0), kit),
        ])
        equal(Number(replaced) + Number(rotated), 1, 'how many won')
      }
    }),
    sessionCase('keeps several old keys in grace', async (kit) => {
      const first = await kit.create()
      const second = await kit.rotate(first, 30)
      kit.pass(10)
      const third = await kit.rotate(second, 30)
      equal((await kit.session(first)).rotated, true, 'rotated, by the first key')
      equal((await kit.session(second)).rotated, true, 'rotated, by the second key')
      equal((await kit.session(third)).rotated, false, 'rotated, by the third key')
      kit.pass(25)
      equal(await kit.read(first), 'revoked', 'what the first key reads')
      equal((await kit.session(second)).rotated, true, 'rotated, by the second key, later')
    }),
    sessionCase('lists a rotated session once, with its new content', async (kit) => {
      const [owner, tag] = [kit.owner(), kit.hash()]
      const record = kit.record({ payload: bytes('new'), tags: [tag] })
      await kit.rotate(await kit.create(owner, kit.record({ tags: [tag] })), 30, record)
      for (const found of [await kit.store.listBySubject(owner.subject, kit), await kit.store.listByTag(tag, kit)]) {
        equal(found.length, 1, 'how many are listed')
        sameSession(found[0], record, owner)
        equal(found[0]?.rotated, false, 'rotated')
      }
    }),
    ...endingCases(),
  ]
}

/** Whatever ends a session ends its old keys that are in grace. */
function endingCases(): readonly StoreCase<SessionStore>[] {
  const inGrace = async (kit: SessionKit) => {
    const [owner, tag] = [kit.owner(), kit.hash()]
    const old = await kit.create(owner)
    const key = await kit.rotate(old, 30, kit.record({ tags: [tag] }))
    return { owner, tag, old, key }
  }
  const bothRead = async (kit: SessionKit, keys: readonly string[], expected: 'revoked' | undefined) => {
    for (const key of keys) equal(await kit.read(key), expected, 'what a key reads')
  }
  return [
    sessionCase('ends the grace of an old key with the session', async (kit) => {
      const { old, key } = await inGrace(kit)
      equal(await kit.logout(key), true, 'the answer')
      await bothRead(kit, [old, key], 'revoked')
    }),
    sessionCase('ends the session by its old key in grace', async (kit) => {
      const { owner, old, key } = await inGrace(kit)
      equal(await kit.logout(old), true, 'the answer')
      await bothRead(kit, [old, key], 'revoked')
      equal((await kit.handles(owner.subject)).length, 0, 'the sessions of the subject')
    }),
    sessionCase('ends nothing by the tombstone of an old key', async (kit) => {
      const old = await kit.create()
      const key = await kit.rotate(old, 0)
      equal(await kit.logout(old), false, 'the answer')
      equal((await kit.session(key)).rotated, false, 'rotated')
    }),
    sessionCase('ends a grace by handle', async (kit) => {
      const { owner, old, key } = await inGrace(kit)
      equal(await kit.store.deleteByHandle(owner.subject, owner.handle, kit), true, 'the answer')
      noneLive([await kit.read(old), await kit.read(key)])
    }),
    sessionCase('ends a grace by subject', async (kit) => {
      const { owner, old, key } = await inGrace(kit)
      equal(await kit.store.deleteBySubject(owner.subject, {}, kit), 1, 'how many ended')
      noneLive([await kit.read(old), await kit.read(key)])
    }),
    sessionCase('ends a grace by tag', async (kit) => {
      const { tag, old, key } = await inGrace(kit)
      equal(await kit.store.deleteByTag(tag, kit), 1, 'how many ended')
      noneLive([await kit.read(old), await kit.read(key)])
    }),
    sessionCase('ends a grace when the session is the oldest of too many', async (kit) => {
      const { owner, old, key } = await inGrace(kit)
      await kit.create(kit.owner(owner.subject, { limit: 1, onExceed: 'oldest' }))
      noneLive([await kit.read(old), await kit.read(key)])
    }),
  ]
}

/** An old key may have its tombstone already. */
function noneLive(readings: readonly unknown[]): void {
  for (const reading of readings) if (typeof reading === 'object') throw new Error('a session that ended is read')
}
