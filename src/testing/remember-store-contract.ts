import type { RememberExchange, RememberRecord, RememberStore, RememberSuccessor } from '../core/session-store.ts'
import { bytes, equal, Kit, type StoreCase, type StoreSubject, sameBytes, sameMembers } from './session-store/kit.ts'

/**
 * Gives the behaviours that every `RememberStore` must have, for a test runner to run against one, one after another.
 *
 * @example
 * import { type RememberStoreSubject, rememberStoreContract } from 'becauth/testing'
 *
 * declare const subject: RememberStoreSubject
 * declare function test(title: string, run: () => Promise<void>): void
 *
 * for (const { title, run } of rememberStoreContract()) test(title, () => run(subject))
 */
export function rememberStoreContract(): readonly StoreCase<RememberStore>[] {
  return [
    rememberCase('exchanges the good token, once', async (kit) => {
      const { family, subject, token } = await kit.remember()
      const next = kit.successor()
      const exchanged = await kit.exchange(family, token, next)
      same(exchanged, 'exchanged')
      if (exchanged?.kind !== 'exchanged') return
      equal(exchanged.subject, subject, 'the subject')
      equal(exchanged.createdAt, kit.start, 'createdAt')
      same(await kit.exchange(family, next.tokenHash), 'exchanged')
    }),
    rememberCase('answers the token before with the successor stored for it', async (kit) => {
      const { family, subject, token } = await kit.remember()
      const next = kit.successor({ sealed: Uint8Array.from({ length: 256 }, (_, index) => index) })
      await kit.exchange(family, token, next)
      kit.pass(29)
      for (let times = 0; times < 3; times++) {
        const repeated = await kit.exchange(family, token)
        same(repeated, 'repeated')
        if (repeated?.kind !== 'repeated') return
        equal(repeated.subject, subject, 'the subject')
        equal(repeated.createdAt, kit.start, 'createdAt')
        sameBytes(repeated.sealed, next.sealed, 'the sealed successor')
      }
      same(await kit.exchange(family, next.tokenHash), 'exchanged')
    }),
    rememberCase('does not prolong the grace by repeating', async (kit) => {
      const { family, token } = await kit.remember()
      await kit.exchange(family, token, kit.successor())
      kit.pass(20)
      same(await kit.exchange(family, token, kit.successor()), 'repeated')
      kit.pass(10)
      same(await kit.exchange(family, token, kit.successor()), 'stolen')
    }),
    rememberCase('takes the token before for stolen when the grace is over, and deletes the family', async (kit) => {
      const { family, subject, token } = await kit.remember()
      const next = kit.successor()
      await kit.exchange(family, token, next)
      kit.pass(30)
      const stolen = await kit.exchange(family, token)
      same(stolen, 'stolen')
      equal(stolen?.subject, subject, 'the subject')
      same(await kit.exchange(family, next.tokenHash), undefined)
      equal((await kit.store.listBySubject(subject, kit)).length, 0, 'the families left')
    }),
    rememberCase('takes an older token for stolen, also within the grace', async (kit) => {
      const { family, token } = await kit.remember()
      const next = kit.successor()
      await kit.exchange(family, token, next)
      same(await kit.exchange(family, next.tokenHash), 'exchanged')
      same(await kit.exchange(family, token), 'stolen')
    }),
    rememberCase('takes a token that never was for stolen', async (kit) => {
      const { family, token } = await kit.remember()
      same(await kit.exchange(family, kit.hash()), 'stolen')
      same(await kit.exchange(family, token), undefined)
    }),
    rememberCase('leaves the other families of the subject alone when one is stolen', async (kit) => {
      const { family, subject } = await kit.remember()
      const other = await kit.remember(subject)
      same(await kit.exchange(family, kit.hash()), 'stolen')
      same(await kit.exchange(other.family, other.token), 'exchanged')
    }),
    rememberCase('knows nothing of an unknown family', async (kit) => {
      same(await kit.exchange(kit.hash(), kit.hash()), undefined)
      equal(await kit.store.deleteFamily(kit.hash(), kit), false, 'the answer of deleteFamily()')
    }),
    rememberCase('forgets a family that is over', async (kit) => {
      const { family, subject, token } = await kit.remember()
      kit.pass(1000)
      same(await kit.exchange(family, token), undefined)
      equal((await kit.store.listBySubject(subject, kit)).length, 0, 'the families listed')
      equal(await kit.store.deleteFamily(family, kit), false, 'the answer of deleteFamily()')
      equal(await kit.store.deleteBySubject(subject, kit), 0, 'how many were deleted')
    }),
    rememberCase('keeps a family for as long as the last exchange says', async (kit) => {
      const { family, token } = await kit.remember()
      kit.pass(900)
      const next = kit.successor({ expiresAt: kit.start + 1900 })
      same(await kit.exchange(family, token, next), 'exchanged')
      kit.pass(900)
      same(await kit.exchange(family, next.tokenHash, kit.successor({ expiresAt: kit.start + 2800 })), 'exchanged')
    }),
    rememberCase('lets one of 50 parallel exchanges win and gives the others its successor', async (kit) => {
      const { family, token } = await kit.remember()
      const successors = Array.from({ length: 50 }, () => kit.successor())
      const answers = await Promise.all(successors.map((successor) => kit.exchange(family, token, successor)))
      equal(answers.filter((answer) => answer?.kind === 'exchanged').length, 1, 'how many won')
      const winner = successors[answers.findIndex((answer) => answer?.kind === 'exchanged')] ?? kit.successor()
      for (const answer of answers) {
        if (answer?.kind === 'repeated') sameBytes(answer.sealed, winner.sealed, 'the sealed successor')
        else same(answer, 'exchanged')
      }
      same(await kit.exchange(family, winner.tokenHash), 'exchanged')
    }),
    rememberCase('deletes a family once, and nothing brings it back', async (kit) => {
      const { family, token } = await kit.remember()
      equal(await kit.store.deleteFamily(family, kit), true, 'the first answer')
      equal(await kit.store.deleteFamily(family, kit), false, 'the second answer')
      same(await kit.exchange(family, token), undefined)
    }),
    rememberCase('deletes all families of a subject, compared exactly', async (kit) => {
      const { family, subject, token } = await kit.remember()
      await kit.remember(subject)
      const other = await kit.remember()
      for (const near of [`${subject} `, subject.toUpperCase()]) {
        equal(await kit.store.deleteBySubject(near, kit), 0, 'how many of another subject were deleted')
      }
      equal(await kit.store.deleteBySubject(subject, kit), 2, 'how many were deleted')
      same(await kit.exchange(family, token), undefined)
      same(await kit.exchange(other.family, other.token), 'exchanged')
    }),
    rememberCase('lists the families of a subject', async (kit) => {
      const { family, subject, token } = await kit.remember()
      const other = await kit.remember(subject)
      await kit.exchange(family, token, kit.successor({ expiresAt: kit.start + 5000 }))
      const found = await kit.store.listBySubject(subject, kit)
      sameMembers(
        found.map((browser) => browser.family),
        [family, other.family],
        'the families',
      )
      for (const browser of found) {
        equal(browser.createdAt, kit.start, 'createdAt')
        equal(browser.expiresAt, kit.start + (browser.family === family ? 5000 : 1000), 'expiresAt')
      }
    }),
    rememberCase('refuses a second family of the same name', async (kit) => {
      const { family, token } = await kit.remember()
      const refused = await rejection(async () => kit.store.create(family, kit.first(kit.subject()), kit))
      equal(refused, true, 'whether it was refused')
      same(await kit.exchange(family, token), 'exchanged')
    }),
    rememberCase('sweeps at most as many as told, and only what is over', async (kit) => {
      const live = await kit.remember()
      for (let made = 0; made < 5; made++) await kit.remember(kit.subject(), kit.start + 10)
      kit.pass(10)
      for (let last = -1; last !== 0; ) {
        last = await kit.store.sweep(2, kit)
        if (!(last >= 0 && last <= 2)) throw new Error(`a sweep must drop 0 to 2, not ${last}`)
      }
      same(await kit.exchange(live.family, live.token), 'exchanged')
    }),
    {
      title: 'shares everything with others who open the same data',
      run: async ({ store, reopen }: StoreSubject<RememberStore>) => {
        const kit = new RememberKit(store)
        const { family, token } = await kit.remember()
        const other = reopen === undefined ? store : await reopen()
        const next = kit.successor()
        same(await other.exchange(family, token, next, kit), 'exchanged')
        same(await kit.exchange(family, token), 'repeated')
        same(await kit.exchange(family, next.tokenHash), 'exchanged')
      },
    },
  ]
}

class RememberKit extends Kit {
  readonly store: RememberStore

  constructor(store: RememberStore) {
    super()
    this.store = store
  }

  first(subject: string, expiresAt: number = this.start + 1000): RememberRecord {
    return { subject, tokenHash: this.hash(), createdAt: this.start, expiresAt }
  }

  /** Makes a family. */
  async remember(subject: string = this.subject(), expiresAt?: number) {
    const [family, record] = [this.hash(), this.first(subject, expiresAt)]
    await this.store.create(family, record, this)
    return { family, subject, token: record.tokenHash }
  }

  successor(more: Partial<RememberSuccessor> = {}): RememberSuccessor {
    const [tokenHash, now] = [this.hash(), Math.floor(this.now())]
    return { tokenHash, sealed: bytes(this.hash()), graceUntil: now + 30, expiresAt: now + 1000, ...more }
  }

  async exchange(family: string, token: string, successor = this.successor()): Promise<RememberExchange> {
    return this.store.exchange(family, token, successor, this)
  }
}

function rememberCase(title: string, run: (kit: RememberKit) => Promise<void>): StoreCase<RememberStore> {
  return { title, run: ({ store }) => run(new RememberKit(store)) }
}

function same(actual: RememberExchange, expected: 'exchanged' | 'repeated' | 'stolen' | undefined): void {
  equal(actual?.kind, expected, 'what the exchange came to')
}

async function rejection(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run()
    return false
  } catch {
    return true
  }
}
