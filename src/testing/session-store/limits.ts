import type { SessionStore } from '../../core/session-store.ts'
import { equal, type SessionKit, type StoreCase, sameMembers, sessionCase } from './kit.ts'

/** How many sessions one subject may have. */
export function limitCases(): readonly StoreCase<SessionStore>[] {
  return [
    sessionCase('lets a subject have any number of sessions without a limit', async (kit) => {
      const subject = kit.subject()
      for (let made = 0; made < 20; made++) await kit.create(kit.owner(subject))
      equal((await kit.handles(subject)).length, 20, 'the sessions of the subject')
    }),
    sessionCase('refuses what exceeds the limit, and ends nothing for it', async (kit) => {
      const subject = kit.subject()
      await kit.create(kit.owner(subject, { limit: 2 }))
      await kit.create(kit.owner(subject, { limit: 2, onExceed: 'refuse' }))
      const key = kit.key()
      equal(
        await kit.store.create(key, kit.record(), kit.owner(subject, { limit: 2 }), kit),
        'limit',
        'the third answer',
      )
      equal(await kit.read(key), undefined, 'what the refused key reads')
      equal((await kit.handles(subject)).length, 2, 'the sessions of the subject')
    }),
    sessionCase('counts the sessions of each subject alone', async (kit) => {
      await kit.create(kit.owner(kit.subject(), { limit: 1 }))
      await kit.create(kit.owner(kit.subject(), { limit: 1 }))
    }),
    sessionCase('does not count sessions that are over', async (kit) => {
      const subject = kit.subject()
      await kit.create(kit.owner(subject), kit.record({ expiresAt: kit.start + 10 }))
      kit.pass(10)
      await kit.create(kit.owner(subject, { limit: 1 }))
      equal((await kit.handles(subject)).length, 1, 'the sessions of the subject')
    }),
    sessionCase('does not count sessions that have ended', async (kit) => {
      const subject = kit.subject()
      await kit.logout(await kit.create(kit.owner(subject, { limit: 1 })))
      const owner = kit.owner(subject, { limit: 1 })
      await kit.create(owner)
      await kit.store.deleteByHandle(subject, owner.handle, kit)
      await kit.create(kit.owner(subject, { limit: 1 }))
      await kit.store.deleteBySubject(subject, {}, kit)
      await kit.create(kit.owner(subject, { limit: 1 }))
    }),
    sessionCase('counts a rotated session once', async (kit) => {
      const subject = kit.subject()
      await kit.rotate(await kit.create(kit.owner(subject)), 30)
      await kit.create(kit.owner(subject, { limit: 2 }))
      const third = await kit.store.create(kit.key(), kit.record(), kit.owner(subject, { limit: 2 }), kit)
      equal(third, 'limit', 'the third answer')
    }),
    sessionCase('counts a renewed session for as long as it lives now', async (kit) => {
      const subject = kit.subject()
      const key = await kit.create(kit.owner(subject), kit.record({ expiresAt: kit.start + 10 }))
      await kit.store.touch(key, kit.start, kit.start + 5, kit.start + 100, kit)
      kit.pass(50)
      const second = await kit.store.create(kit.key(), kit.record(), kit.owner(subject, { limit: 1 }), kit)
      equal(second, 'limit', 'the second answer')
    }),
    sessionCase('ends the oldest session when told so, without a tombstone', async (kit) => {
      const { owners, keys } = await three(kit, kit.subject())
      const newest = kit.owner(owners[0]?.subject, { limit: 3, onExceed: 'oldest' })
      await kit.create(newest)
      equal(await kit.read(keys[1] ?? ''), undefined, 'what the oldest reads')
      const left = [owners[0], owners[2], newest].map((owner) => owner?.handle ?? '')
      sameMembers(await kit.handles(newest.subject), left, 'the handles left')
    }),
    sessionCase('ends as many of the oldest as a lower limit wants', async (kit) => {
      const { owners } = await three(kit, kit.subject())
      const newest = kit.owner(owners[0]?.subject, { limit: 2, onExceed: 'oldest' })
      await kit.create(newest)
      sameMembers(await kit.handles(newest.subject), [owners[2]?.handle ?? '', newest.handle], 'the handles left')
    }),
    sessionCase('ends the others for a limit of one', async (kit) => {
      const { owners } = await three(kit, kit.subject())
      const newest = kit.owner(owners[0]?.subject, { limit: 1, onExceed: 'oldest' })
      // Even when it claims to be older than all of them.
      await kit.create(newest, kit.record({ createdAt: kit.start - 1000 }))
      sameMembers(await kit.handles(newest.subject), [newest.handle], 'the handles left')
    }),
    sessionCase('ends nobody’s session for a key that exists', async (kit) => {
      const { owners, keys } = await three(kit, kit.subject())
      const again = kit.owner(owners[0]?.subject, { limit: 1, onExceed: 'oldest' })
      equal(await kit.store.create(keys[0] ?? '', kit.record(), again, kit), 'exists', 'the answer')
      equal((await kit.handles(again.subject)).length, 3, 'the sessions of the subject')
    }),
    sessionCase('lets exactly as many of 100 parallel creations pass as the limit says', async (kit) => {
      const subject = kit.subject()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () =>
          kit.store.create(kit.key(), kit.record(), kit.owner(subject, { limit: 3 }), kit),
        ),
      )
      equal(answers.filter((answer) => answer === 'created').length, 3, 'how many were created')
      equal(answers.filter((answer) => answer === 'limit').length, 97, 'how many were refused')
      equal((await kit.handles(subject)).length, 3, 'the sessions of the subject')
    }),
    sessionCase('keeps the limit when 100 parallel creations end the oldest', async (kit) => {
      const subject = kit.subject()
      const keys = Array.from({ length: 100 }, () => kit.key())
      const answers = await Promise.all(
        keys.map((key) =>
          kit.store.create(key, kit.record(), kit.owner(subject, { limit: 3, onExceed: 'oldest' }), kit),
        ),
      )
      equal(answers.filter((answer) => answer === 'created').length, 100, 'how many were created')
      const readings = await Promise.all(keys.map((key) => kit.read(key)))
      equal(readings.filter((reading) => typeof reading === 'object').length, 3, 'how many can be read')
      equal((await kit.handles(subject)).length, 3, 'the sessions of the subject')
    }),
  ]
}

/** Three sessions of one subject; the second is the oldest, the third the youngest. */
async function three(kit: SessionKit, subject: string) {
  const owners = [kit.owner(subject), kit.owner(subject), kit.owner(subject)]
  const keys: string[] = []
  for (const [index, createdAt] of [-20, -30, -10].entries()) {
    keys.push(await kit.create(owners[index], kit.record({ createdAt: kit.start + createdAt })))
  }
  return { owners, keys }
}
