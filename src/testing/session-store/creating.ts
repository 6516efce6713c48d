import type { SessionStore } from '../../core/session-store.ts'
import { equal, type SessionKit, type StoreCase, sameMembers, sameSession, sessionCase } from './kit.ts'

/** Creating and reading. */
export function creatingCases(): readonly StoreCase<SessionStore>[] {
  return [
    sessionCase('reads what was created', async (kit) => {
      const owner = kit.owner()
      const record = kit.record({ tags: [kit.hash()], createdAt: kit.start - 9, renewedAt: kit.start - 5 })
      const key = await kit.create(owner, record)
      const session = await kit.session(key)
      sameSession(session, record, owner)
      equal(session.version, 1, 'the version')
      equal(session.rotated, false, 'rotated')
    }),
    sessionCase('reads nothing under an unknown key', async (kit) => {
      equal(await kit.read(kit.key()), undefined, 'what is read')
    }),
    sessionCase('keeps every octet of a payload', async (kit) => {
      await keeps(
        kit,
        Uint8Array.from({ length: 256 }, (_, index) => index),
      )
      await keeps(kit, Uint8Array.from([0xff, 0xfe, 0xc3, 0x28, 0x00, 0x0d, 0x0a]))
    }),
    sessionCase('keeps an empty payload', (kit) => keeps(kit, new Uint8Array())),
    sessionCase('keeps a payload of 80 KB', (kit) =>
      keeps(
        kit,
        Uint8Array.from({ length: 81_920 }, (_, index) => index & 0xff),
      ),
    ),
    sessionCase('keeps a payload that is a view into a larger buffer', (kit) =>
      keeps(kit, new Uint8Array(64).fill(7).subarray(10, 20)),
    ),
    sessionCase('keeps subjects of any writing as they are', async (kit) => {
      const rare = [
        "o'neil; --",
        'a b',
        'ünïcödé 🗝',
        '{x}:*?[',
        'Ä',
        'A\u0308',
        '__proto__',
        '%00\n\t"\\',
        'x'.repeat(200),
      ]
      for (const text of rare) {
        const [owner, record] = [kit.owner(`${text}${kit.subject()}`), kit.record()]
        sameSession(await kit.session(await kit.create(owner, record)), record, owner)
        sameMembers(await kit.handles(owner.subject), [owner.handle], 'the handles of the subject')
      }
    }),
    sessionCase('keeps a format that it does not know', async (kit) => {
      const key = await kit.create(kit.owner(), kit.record({ format: 2 }))
      equal((await kit.session(key)).format, 2, 'the format')
    }),
    sessionCase('keeps up to four tags', async (kit) => {
      const record = kit.record({ tags: [kit.hash(), kit.hash(), kit.hash(), kit.hash()] })
      const owner = kit.owner()
      sameSession(await kit.session(await kit.create(owner, record)), record, owner)
    }),
    sessionCase('keeps keys apart that share a tag', async (kit) => {
      const [first, second] = [kit.key(), kit.owner()]
      const other = kit.key(first.slice(0, 11))
      equal(await kit.store.create(first, kit.record(), kit.owner(), kit), 'created', 'the first')
      equal(await kit.read(other), undefined, 'what the other key reads')
      equal(await kit.store.create(other, kit.record(), second, kit), 'created', 'the second')
      equal((await kit.session(other)).handle, second.handle, 'the handle of the second')
    }),
    sessionCase('changes nothing by reading', async (kit) => {
      const record = kit.record()
      const owner = kit.owner()
      const key = await kit.create(owner, record)
      kit.pass(500)
      for (let times = 0; times < 3; times++) sameSession(await kit.read(key), record, owner)
      equal((await kit.session(key)).version, 1, 'the version')
    }),
    sessionCase('creates nothing under the key of a session', async (kit) => {
      const [owner, record, intruder] = [kit.owner(), kit.record(), kit.owner()]
      const key = await kit.create(owner, record)
      equal(await kit.store.create(key, kit.record(), intruder, kit), 'exists', 'the second answer')
      sameSession(await kit.read(key), record, owner)
      equal((await kit.handles(intruder.subject)).length, 0, 'the sessions of the second')
    }),
    sessionCase('creates nothing under the tombstone of a key', async (kit) => {
      const key = await kit.create()
      await kit.logout(key)
      equal(await kit.store.create(key, kit.record(), kit.owner(), kit), 'exists', 'the second answer')
      equal(await kit.read(key), 'revoked', 'what is read')
    }),
    sessionCase('creates nothing under an old key in grace', async (kit) => {
      const key = await kit.create()
      await kit.rotate(key, 30)
      equal(await kit.store.create(key, kit.record(), kit.owner(), kit), 'exists', 'the second answer')
      equal((await kit.session(key)).rotated, true, 'rotated')
    }),
    sessionCase(
      'keeps a session on its lists when it is created once more under a key that was rotated away',
      async (kit) => {
        const tag = kit.hash()
        const [owner, record] = [kit.owner(undefined, { limit: 1 }), kit.record({ tags: [tag] })]
        const key = await kit.create(owner, record)
        const next = await kit.rotate(key, 0, record)
        equal(await kit.store.create(key, record, owner, kit), 'exists', 'the late answer')
        equal((await kit.handles(owner.subject)).join(), owner.handle, 'the sessions of the subject')
        equal((await kit.store.listByTag(tag, kit)).length, 1, 'the sessions with the tag')
        equal(await kit.store.deleteByHandle(owner.subject, owner.handle, kit), true, 'whether it could be ended')
        equal(await kit.read(next), undefined, 'what is read')
      },
    ),
    sessionCase('lets one of parallel creations under the same key win', async (kit) => {
      const key = kit.key()
      const owners = Array.from({ length: 30 }, () => kit.owner())
      const answers = await Promise.all(owners.map((owner) => kit.store.create(key, kit.record(), owner, kit)))
      equal(answers.filter((answer) => answer === 'created').length, 1, 'how many were created')
      equal(answers.filter((answer) => answer === 'exists').length, 29, 'how many were told that it exists')
      equal((await kit.session(key)).handle, owners[answers.indexOf('created')]?.handle, 'the handle')
    }),
  ]
}

async function keeps(kit: SessionKit, payload: Uint8Array): Promise<void> {
  const owner = kit.owner()
  const record = kit.record({ payload })
  sameSession(await kit.session(await kit.create(owner, record)), record, owner)
}
