import { describe, expect, it } from 'vitest'
import { overriding } from '../../test/sessions/kit.ts'
import type { RememberStore, SessionStore } from '../core/session-store.ts'
import { type MemoryRememberStore, memoryRememberStore } from '../stores/memory/remember-store.ts'
import { type MemorySessionStore, memorySessionStore } from '../stores/memory/session-store.ts'
import { rememberStoreContract } from './remember-store-contract.ts'
import type { StoreCase } from './session-store/kit.ts'
import { sessionStoreContract } from './session-store-contract.ts'

/** Lets others run between two steps. */
const pause = () => new Promise((resolve) => setTimeout(resolve))

async function failuresOf<S>(cases: readonly StoreCase<S>[], make: () => S): Promise<number> {
  let failures = 0
  for (const { run } of cases) {
    try {
      await run({ store: make() })
    } catch {
      failures++
    }
  }
  return failures
}

type Mutation<S, M> = readonly [what: string, mutate: (inner: M) => Partial<S>]

const sessionMutations: readonly Mutation<SessionStore, MemorySessionStore>[] = [
  [
    'forgets tombstones',
    (inner) => ({ read: (...call) => (inner.read(...call) === 'revoked' ? undefined : inner.read(...call)) }),
  ],
  [
    'takes old keys for good ones',
    (inner) => ({
      read: (...call) => {
        const reading = inner.read(...call)
        return typeof reading === 'object' ? { ...reading, rotated: false } : reading
      },
    }),
  ],
  [
    'makes text of payloads',
    (inner) => ({
      create: (key, record, ...rest) => {
        const payload = new TextEncoder().encode(new TextDecoder().decode(record.payload))
        return inner.create(key, { ...record, payload }, ...rest)
      },
    }),
  ],
  [
    'overwrites what exists',
    (inner) => ({
      create: (key, ...rest) => {
        inner.delete(key, 0, rest[2])
        return inner.create(key, ...rest)
      },
    }),
  ],
  [
    'knows no limit',
    (inner) => ({
      create: (key, record, { subject, handle }, context) => inner.create(key, record, { subject, handle }, context),
    }),
  ],
  [
    'refuses instead of ending the oldest',
    (inner) => ({
      create: (key, record, owner, context) => inner.create(key, record, { ...owner, onExceed: 'refuse' }, context),
    }),
  ],
  [
    'counts before it creates',
    (inner) => ({
      create: async (key, record, { limit = 1e9, ...owner }, context) => {
        if (inner.listBySubject(owner.subject, context).length >= limit && owner.onExceed !== 'oldest') return 'limit'
        await pause()
        return inner.create(key, record, { subject: owner.subject, handle: owner.handle }, context)
      },
    }),
  ],
  [
    'compares no version',
    (inner) => ({
      replace: (key, version, ...rest) => {
        const reading = inner.read(key, rest[1])
        return inner.replace(key, typeof reading === 'object' ? reading.version : version, ...rest)
      },
    }),
  ],
  [
    'compares the version before it writes',
    (inner) => ({
      replace: async (key, version, content, context) => {
        const before = inner.read(key, context)
        if (typeof before !== 'object' || before.version !== version) return false
        await pause()
        const now = inner.read(key, context)
        return typeof now === 'object' && inner.replace(key, now.version, content, context)
      },
    }),
  ],
  [
    'keeps the tags of before',
    (inner) => ({
      replace: (key, version, content, context) => inner.replace(key, version, { ...content, tags: [] }, context),
    }),
  ],
  [
    'touches whatever was seen',
    (inner) => ({
      touch: (key, seen, ...rest) => {
        const reading = inner.read(key, rest[2])
        return inner.touch(key, typeof reading === 'object' ? reading.renewedAt : seen, ...rest)
      },
    }),
  ],
  [
    'makes a version of a touch',
    (inner) => ({
      touch: (key, seen, renewedAt, expiresAt, context) => {
        const reading = inner.read(key, context)
        const won = inner.touch(key, seen, renewedAt, expiresAt, context)
        if (won && typeof reading === 'object') inner.replace(key, reading.version, reading, context)
        return won
      },
    }),
  ],
  [
    'gives no grace',
    (inner) => ({
      rotate: (key, version, next, record, end, context) =>
        inner.rotate(key, version, next, record, { ...end, graceUntil: 0 }, context),
    }),
  ],
  [
    'always gives grace',
    (inner) => ({
      rotate: (key, version, next, record, end, context) =>
        inner.rotate(key, version, next, record, { ...end, graceUntil: end.graceUntil + 1 }, context),
    }),
  ],
  ['finds something to delete each time', (inner) => ({ delete: (...call) => inner.delete(...call) || true })],
  ['leaves short tombstones', (inner) => ({ delete: (key, until, context) => inner.delete(key, until - 1, context) })],
  [
    'ignores the case of subjects',
    (inner) => ({
      listBySubject: (subject, context) => [
        ...inner.listBySubject(subject, context),
        ...inner.listBySubject(subject.replace(/^ä/, 'Ä'), context),
      ],
    }),
  ],
  [
    'excepts nobody',
    (inner) => ({ deleteBySubject: (subject, _options, context) => inner.deleteBySubject(subject, {}, context) }),
  ],
  [
    'ends anybody’s session by its handle',
    (inner) => {
      const subjects: string[] = []
      return {
        create: (key, record, owner, context) => {
          subjects.push(owner.subject)
          return inner.create(key, record, owner, context)
        },
        deleteByHandle: (_subject, handle, context) =>
          subjects.some((each) => inner.deleteByHandle(each, handle, context)),
      }
    },
  ],
  ['ends nothing by tag', () => ({ deleteByTag: () => 0 })],
  ['sweeps more than told', (inner) => ({ sweep: (_limit, context) => inner.sweep(1e9, context) })],
  [
    'sweeps what is not over',
    (inner) => ({ sweep: (limit, context) => inner.sweep(limit, { now: () => context.now() + 20 }) }),
  ],
  [
    'sees the time in whole seconds, rounded up',
    (inner) => ({
      listBySubject: (subject, context) => inner.listBySubject(subject, { now: () => context.now() + 1 }),
    }),
  ],
]

const rememberMutations: readonly Mutation<RememberStore, MemoryRememberStore>[] = [
  [
    'lets a family live on after a theft',
    (inner) => {
      const records = new Map<string, Parameters<MemoryRememberStore['create']>[1]>()
      return {
        create: (family, record, context) => {
          records.set(family, record)
          inner.create(family, record, context)
        },
        exchange: (family, token, successor, context) => {
          const answer = inner.exchange(family, token, successor, context)
          const record = records.get(family)
          if (answer?.kind === 'stolen' && record !== undefined) inner.create(family, record, context)
          return answer
        },
      }
    },
  ],
  [
    'takes no token for stolen',
    (inner) => ({
      exchange: (family, token, successor, context) => {
        const answer = inner.exchange(family, token, successor, context)
        return answer?.kind === 'stolen' ? undefined : answer
      },
    }),
  ],
  [
    'has no grace',
    (inner) => ({
      exchange: (family, token, successor, context) =>
        inner.exchange(family, token, { ...successor, graceUntil: 0 }, context),
    }),
  ],
  [
    'has a longer grace',
    (inner) => ({
      exchange: (family, token, successor, context) =>
        inner.exchange(family, token, { ...successor, graceUntil: successor.graceUntil + 1 }, context),
    }),
  ],
  [
    'answers with the successor of whoever asks',
    (inner) => ({
      exchange: (family, token, successor, context) => {
        const answer = inner.exchange(family, token, successor, context)
        return answer?.kind === 'repeated' ? { ...answer, sealed: successor.sealed } : answer
      },
    }),
  ],
  [
    'does not prolong',
    (inner) => ({
      exchange: (family, token, successor, context) =>
        inner.exchange(family, token, { ...successor, expiresAt: context.now() + 500 }, context),
    }),
  ],
  ['deletes nothing by subject', () => ({ deleteBySubject: () => 0 })],
  ['lists nothing', () => ({ listBySubject: () => [] })],
  [
    'replaces a family',
    (inner) => ({
      create: (family, record, context) => {
        inner.deleteFamily(family, context)
        inner.create(family, record, context)
      },
    }),
  ],
  [
    'sweeps what is not over',
    (inner) => ({ sweep: (limit, context) => inner.sweep(limit, { now: () => context.now() + 5000 }) }),
  ],
]

describe('sessionStoreContract()', () => {
  it('has more than 50 behaviours, each with a title of its own', () => {
    const titles = sessionStoreContract().map(({ title }) => title)
    expect(titles.length).toBeGreaterThan(50)
    expect(new Set(titles).size).toBe(titles.length)
  })

  it('finds nothing wrong in a store that is right', async () => {
    const right = () => overriding<SessionStore>(memorySessionStore(), {})
    expect(await failuresOf(sessionStoreContract(), right)).toBe(0)
  })

  it.each(sessionMutations)('finds out a store that %s', async (_what, mutate) => {
    const make = () => {
      const inner = memorySessionStore()
      return overriding<SessionStore>(inner, mutate(inner))
    }
    expect(await failuresOf(sessionStoreContract(), make)).toBeGreaterThan(0)
  })
})

describe('rememberStoreContract()', () => {
  it('finds nothing wrong in a store that is right', async () => {
    const right = () => overriding<RememberStore>(memoryRememberStore(), {})
    expect(await failuresOf(rememberStoreContract(), right)).toBe(0)
  })

  it.each(rememberMutations)('finds out a store that %s', async (_what, mutate) => {
    const make = () => {
      const inner = memoryRememberStore()
      return overriding<RememberStore>(inner, mutate(inner))
    }
    expect(await failuresOf(rememberStoreContract(), make)).toBeGreaterThan(0)
  })
})
