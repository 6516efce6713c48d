import type { SessionStore } from '../../core/session-store.ts'
import {
  bytes,
  equal,
  type SessionKit,
  type StoreCase,
  sameBytes,
  sameMembers,
  sameSession,
  sessionCase,
} from './kit.ts'

/** `replace` and `touch`. */
export function writingCases(): readonly StoreCase<SessionStore>[] {
  return [
    sessionCase('replaces the content, not the times', async (kit) => {
      const [owner, record] = [kit.owner(), kit.record()]
      const key = await kit.create(owner, record)
      kit.pass(100)
      const content = { format: 2, payload: bytes('new'), tags: [kit.hash()] }
      equal(await kit.store.replace(key, 1, content, kit), true, 'the answer')
      const session = await kit.session(key)
      sameSession(session, { ...record, ...content }, owner)
      if (session.version === 1) throw new Error('the version must be another one')
    }),
    sessionCase('replaces nothing of another version', async (kit) => {
      const key = await kit.create()
      equal(await kit.store.replace(key, 1, kit.record({ payload: bytes('a') }), kit), true, 'the first answer')
      const { version } = await kit.session(key)
      equal(await kit.store.replace(key, 1, kit.record({ payload: bytes('b') }), kit), false, 'the second answer')
      equal(await kit.store.replace(key, version + 1, kit.record(), kit), false, 'the answer to a version to come')
      const session = await kit.session(key)
      sameBytes(session.payload, bytes('a'), 'the payload')
      equal(session.version, version, 'the version')
    }),
    sessionCase('gives every write a version of its own', async (kit) => {
      const key = await kit.create()
      const seen = new Set<number>()
      for (let times = 0; times < 10; times++) {
        const { version } = await kit.session(key)
        seen.add(version)
        await kit.store.replace(key, version, kit.record(), kit)
      }
      equal(seen.size, 10, 'how many versions there were')
    }),
    sessionCase('writes nothing under an unknown key', async (kit) => {
      const key = kit.key()
      equal(await writes(kit, key), 0, 'how many writes passed')
      equal(await kit.read(key), undefined, 'what is read')
    }),
    sessionCase('writes nothing that brings back a session that has ended', async (kit) => {
      const subject = kit.subject()
      const key = await kit.create(kit.owner(subject))
      await kit.logout(key)
      equal(await writes(kit, key), 0, 'how many writes passed')
      equal(await kit.read(key), 'revoked', 'what is read')
      equal((await kit.handles(subject)).length, 0, 'the sessions of the subject')
      const revoked = await kit.create(kit.owner(subject))
      await kit.store.deleteBySubject(subject, {}, kit)
      equal(await writes(kit, revoked), 0, 'how many writes passed after deleteBySubject()')
      equal(await kit.read(revoked), undefined, 'what is read after deleteBySubject()')
    }),
    sessionCase('writes nothing to a session that is over', async (kit) => {
      const key = await kit.create(kit.owner(), kit.record({ expiresAt: kit.start + 10 }))
      kit.pass(10)
      equal(await writes(kit, key), 0, 'how many writes passed')
    }),
    sessionCase('writes nothing by an old key', async (kit) => {
      const key = await kit.create()
      const next = await kit.rotate(key, 30)
      const before = await kit.session(next)
      equal(await writes(kit, key), 0, 'how many writes passed in grace')
      kit.pass(31)
      equal(await writes(kit, key), 0, 'how many writes passed after it')
      sameBytes((await kit.session(next)).payload, before.payload, 'the payload')
    }),
    sessionCase('lets one of 50 parallel replacements of one version win', async (kit) => {
      const key = await kit.create()
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          kit.store.replace(key, 1, kit.record({ payload: bytes(`${index}`) }), kit),
        ),
      )
      equal(answers.filter(Boolean).length, 1, 'how many won')
      sameBytes((await kit.session(key)).payload, bytes(`${answers.indexOf(true)}`), 'the payload')
    }),
    sessionCase('loses none of the parallel updates that try again', async (kit) => {
      const key = await kit.create(kit.owner(), kit.record({ payload: Uint8Array.of(0) }))
      const increment = async (): Promise<void> => {
        const { payload, version } = await kit.session(key)
        const next = kit.record({ payload: Uint8Array.of((payload[0] ?? 0) + 1) })
        if (!(await kit.store.replace(key, version, next, kit))) await increment()
      }
      await Promise.all(Array.from({ length: 20 }, increment))
      equal((await kit.session(key)).payload[0], 20, 'the sum')
    }),
    sessionCase('touches the renewal alone', async (kit) => {
      const [owner, record] = [kit.owner(), kit.record({ tags: [kit.hash()] })]
      const key = await kit.create(owner, record)
      kit.pass(60)
      const times = { renewedAt: kit.start + 60, expiresAt: kit.start + 1060 }
      equal(await kit.store.touch(key, kit.start, times.renewedAt, times.expiresAt, kit), true, 'the answer')
      const session = await kit.session(key)
      sameSession(session, { ...record, ...times }, owner)
      equal(session.version, 1, 'the version')
    }),
    sessionCase('touches nothing that somebody else has renewed', async (kit) => {
      const key = await kit.create()
      equal(await kit.store.touch(key, kit.start, kit.start + 60, kit.start + 1060, kit), true, 'the first answer')
      equal(await kit.store.touch(key, kit.start, kit.start + 61, kit.start + 1061, kit), false, 'the second answer')
      equal((await kit.session(key)).renewedAt, kit.start + 60, 'renewedAt')
    }),
    sessionCase('lets one of 100 parallel touches win', async (kit) => {
      const key = await kit.create()
      const touch = () => kit.store.touch(key, kit.start, kit.start + 60, kit.start + 1060, kit)
      const answers = await Promise.all(Array.from({ length: 100 }, touch))
      equal(answers.filter(Boolean).length, 1, 'how many won')
    }),
    sessionCase('keeps a touch and a replacement from disturbing each other', async (kit) => {
      const key = await kit.create()
      const { version } = await kit.session(key)
      equal(await kit.store.touch(key, kit.start, kit.start + 60, kit.start + 1060, kit), true, 'the touch')
      equal(await kit.store.replace(key, version, kit.record({ payload: bytes('b') }), kit), true, 'the replacement')
      const session = await kit.session(key)
      equal(session.renewedAt, kit.start + 60, 'renewedAt')
      equal(session.expiresAt, kit.start + 1060, 'expiresAt')
      equal(await kit.store.touch(key, kit.start + 60, kit.start + 90, kit.start + 1090, kit), true, 'the next touch')
      sameBytes((await kit.session(key)).payload, bytes('b'), 'the payload')
    }),
    sessionCase('lets a touched session live as long as the touch says', async (kit) => {
      const owner = kit.owner()
      const key = await kit.create(owner, kit.record({ expiresAt: kit.start + 10 }))
      await kit.store.touch(key, kit.start, kit.start + 5, kit.start + 100, kit)
      kit.pass(50)
      sameMembers(await kit.handles(owner.subject), [owner.handle], 'the handles')
      equal(await kit.store.replace(key, 1, kit.record(), kit), true, 'the answer of replace()')
      kit.pass(50)
      sameMembers(await kit.handles(owner.subject), [], 'the handles when it is over')
    }),
  ]
}

/** Tries every way of writing and answers how many passed. */
async function writes(kit: SessionKit, key: string): Promise<number> {
  const { start, store } = kit
  const reading = await kit.read(key)
  const { version, renewedAt } = typeof reading === 'object' ? reading : { version: 1, renewedAt: start }
  const next = kit.key(key.slice(0, 11))
  const answers = [
    await store.replace(key, version, kit.record(), kit),
    await store.touch(key, renewedAt, start + 500, start + 5000, kit),
    await store.rotate(key, version, next, kit.record(), kit.end(30), kit),
  ]
  equal(await kit.read(next), undefined, 'what a new key reads')
  return answers.filter(Boolean).length
}
