import type { SessionStore } from '../../core/session-store.ts'
import { equal, type StoreCase, sameMembers, sameSession, sessionCase } from './kit.ts'

/** Finding sessions and ending them. */
export function endingCases(): readonly StoreCase<SessionStore>[] {
  return [
    sessionCase('leaves a tombstone for as long as told', async (kit) => {
      const key = await kit.create()
      equal(await kit.store.delete(key, kit.start + 300, kit), true, 'the answer')
      equal(await kit.read(key), 'revoked', 'what is read')
      kit.pass(299)
      equal(await kit.read(key), 'revoked', 'what is read after 299 seconds')
      kit.pass(1)
      equal(await kit.read(key), undefined, 'what is read after 300 seconds')
    }),
    sessionCase('deletes a session once', async (kit) => {
      const key = await kit.create()
      const answers = await Promise.all([kit.logout(key), kit.logout(key), kit.logout(key)])
      equal(answers.filter(Boolean).length, 1, 'how many deletions found it')
      equal(await kit.logout(key), false, 'the answer of a later one')
    }),
    sessionCase('leaves no tombstone for a key that it does not know', async (kit) => {
      const key = kit.key()
      equal(await kit.logout(key), false, 'the answer')
      equal(await kit.read(key), undefined, 'what is read')
      equal(await kit.store.create(key, kit.record(), kit.owner(), kit), 'created', 'the answer of create()')
    }),
    sessionCase('finds nothing to delete in a session that is over', async (kit) => {
      const key = await kit.create(kit.owner(), kit.record({ expiresAt: kit.start + 10 }))
      kit.pass(10)
      equal(await kit.logout(key), false, 'the answer')
    }),
    sessionCase('leaves the other sessions of the subject alone', async (kit) => {
      const subject = kit.subject()
      const key = await kit.create(kit.owner(subject))
      const other = kit.owner(subject)
      await kit.create(other)
      await kit.logout(key)
      sameMembers(await kit.handles(subject), [other.handle], 'the handles left')
    }),
    sessionCase('lists everything about the sessions of a subject', async (kit) => {
      const subject = kit.subject()
      const owners = [kit.owner(subject), kit.owner(subject)]
      const records = [kit.record({ tags: [kit.hash()] }), kit.record({ createdAt: kit.start - 5 })]
      for (const [index, owner] of owners.entries()) await kit.create(owner, records[index])
      await kit.create()
      const found = await kit.store.listBySubject(subject, kit)
      equal(found.length, 2, 'how many are listed')
      owners.forEach((owner, index) => {
        const session = found.find(({ handle }) => handle === owner.handle)
        sameSession(session, records[index] ?? kit.record(), owner)
        equal(session?.version, 1, 'the version')
        equal(session?.rotated, false, 'rotated')
      })
    }),
    sessionCase('lists nothing for a subject that it does not know', async (kit) => {
      equal((await kit.store.listBySubject(kit.subject(), kit)).length, 0, 'how many are listed')
      equal(await kit.store.deleteBySubject(kit.subject(), {}, kit), 0, 'how many ended')
    }),
    sessionCase('neither lists nor ends what is over', async (kit) => {
      const [owner, tag] = [kit.owner(), kit.hash()]
      await kit.create(owner, kit.record({ expiresAt: kit.start + 10, tags: [tag] }))
      kit.pass(9)
      equal((await kit.handles(owner.subject)).length, 1, 'how many are listed before')
      kit.pass(1)
      equal((await kit.handles(owner.subject)).length, 0, 'how many are listed after')
      equal((await kit.store.listByTag(tag, kit)).length, 0, 'how many are listed by tag')
      equal(await kit.store.deleteByTag(tag, kit), 0, 'how many ended by tag')
      equal(await kit.store.deleteByHandle(owner.subject, owner.handle, kit), false, 'the answer by handle')
      equal(await kit.store.deleteBySubject(owner.subject, {}, kit), 0, 'how many ended by subject')
    }),
    sessionCase('compares subjects exactly', async (kit) => {
      const subject = `Ä${kit.subject()}`
      await kit.create(kit.owner(subject))
      for (const other of [
        subject.toLowerCase(),
        `${subject} `,
        ` ${subject}`,
        subject.normalize('NFD'),
        `${subject}%`,
      ]) {
        equal((await kit.handles(other)).length, 0, 'the sessions of another subject')
        equal(await kit.store.deleteBySubject(other, {}, kit), 0, 'how many ended')
      }
      equal((await kit.handles(subject)).length, 1, 'the sessions of the subject')
    }),
    sessionCase('ends all sessions of a subject, without tombstones', async (kit) => {
      const subject = kit.subject()
      const keys = [await kit.create(kit.owner(subject)), await kit.create(kit.owner(subject))]
      const other = await kit.create()
      equal(await kit.store.deleteBySubject(subject, {}, kit), 2, 'how many ended')
      for (const key of keys) equal(await kit.read(key), undefined, 'what a key reads')
      equal((await kit.handles(subject)).length, 0, 'the sessions of the subject')
      equal(typeof (await kit.read(other)), 'object', 'what the key of somebody else reads')
    }),
    sessionCase('ends all sessions of a subject but one', async (kit) => {
      const [subject, kept] = [kit.subject(), kit.handle()]
      await kit.create(kit.owner(subject))
      const key = await kit.create({ subject, handle: kept })
      const old = await kit.create(kit.owner(subject))
      await kit.rotate(old, 30)
      equal(await kit.store.deleteBySubject(subject, { except: kept }, kit), 2, 'how many ended')
      sameMembers(await kit.handles(subject), [kept], 'the handles left')
      equal((await kit.session(key)).handle, kept, 'the handle that is read')
      equal(await kit.store.replace(key, 1, kit.record(), kit), true, 'a later write')
    }),
    sessionCase('excepts nobody else’s handle', async (kit) => {
      const subject = kit.subject()
      const other = kit.owner()
      await kit.create(other)
      await kit.create(kit.owner(subject))
      equal(await kit.store.deleteBySubject(subject, { except: other.handle }, kit), 1, 'how many ended')
      equal((await kit.handles(other.subject)).length, 1, 'the sessions of the other')
    }),
    sessionCase('lets a subject log in again in the second in which all sessions ended', async (kit) => {
      const owner = kit.owner()
      await kit.create(kit.owner(owner.subject))
      await kit.store.deleteBySubject(owner.subject, {}, kit)
      const key = await kit.create(owner)
      equal((await kit.session(key)).handle, owner.handle, 'the handle')
      sameMembers(await kit.handles(owner.subject), [owner.handle], 'the handles')
    }),
    sessionCase('leaves no session that was created before all ended', async (kit) => {
      const subject = kit.subject()
      const keys = Array.from({ length: 20 }, () => kit.key())
      await Promise.all(keys.map((key) => kit.store.create(key, kit.record(), kit.owner(subject), kit)))
      await kit.store.deleteBySubject(subject, {}, kit)
      for (const key of keys) equal(await kit.read(key), undefined, 'what a key reads')
    }),
    sessionCase('ends the session of a handle', async (kit) => {
      const owner = kit.owner()
      const key = await kit.create(owner)
      equal(await kit.store.deleteByHandle(owner.subject, owner.handle, kit), true, 'the answer')
      equal(await kit.read(key), undefined, 'what is read')
      equal(await kit.store.deleteByHandle(owner.subject, owner.handle, kit), false, 'the second answer')
    }),
    sessionCase('does not end somebody else’s session by its handle', async (kit) => {
      const owner = kit.owner()
      const key = await kit.create(owner)
      equal(await kit.store.deleteByHandle(kit.subject(), owner.handle, kit), false, 'the answer')
      equal((await kit.session(key)).handle, owner.handle, 'the handle')
    }),
    sessionCase('finds a rotated session by its handle', async (kit) => {
      const owner = kit.owner()
      const key = await kit.rotate(await kit.create(owner), 0)
      equal(await kit.store.deleteByHandle(owner.subject, owner.handle, kit), true, 'the answer')
      equal(await kit.read(key), undefined, 'what is read')
    }),
  ]
}
