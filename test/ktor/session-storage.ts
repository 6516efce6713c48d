import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memorySessionStore } from 'becauth/memory'
import type { SessionStore } from '../../src/core/session-store.ts'
import { sqliteStore } from '../../src/stores/sqlite/sqlite.ts'
import { overriding } from '../sessions/kit.ts'
import { held, loggedIn, NOW, orNothing, request, type Seen, service, stored, visit } from './session-kit.ts'

type Stored = ReturnType<typeof stored>

const user = { userId: 'id1', cart: ['item1'] }

function counting(store: SessionStore, calls: string[]): SessionStore {
  return new Proxy(store, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...call: unknown[]) => {
        calls.push(String(name))
        return method.apply(target, call)
      }
    },
  })
}

/** A route without a guard asks no store, and one with a guard asks it once. */
async function lazily(): Promise<Seen> {
  const calls: string[] = []
  const made = stored({ store: counting(memorySessionStore(), calls) })
  const from = request(await loggedIn(made, { id: 1 }))
  const open = calls.filter((name) => name === 'read').length
  await visit(made, from)
  const guarded = calls.filter((name) => name === 'read').length
  const all = 'all session.* cases hold with lazily loaded sessions'
  return { result: open === 0 && guarded === 1 ? all : { open, guarded } }
}

async function sqlite(act: (made: Stored) => Promise<Seen>): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-ktor-'))
  const store = sqliteStore(join(folder, 'sessions.db'))
  try {
    return await act(stored({ store: store.sessions }))
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function overwritten(made: Stored): Promise<Seen> {
  const cookie = await loggedIn(made, { text: 'x'.repeat(1000) })
  await made.update(request(cookie), { text: 'test2' })
  return { result: (await held(made, request(cookie))).data.text }
}

async function invalidated(made: Stored): Promise<Seen> {
  const cookie = await loggedIn(made, user)
  await made.logout(request(cookie))
  const found = await made.current(request(cookie))
  return found === undefined ? { error: 'not found' } : { result: found.data }
}

/** Two computations go on while the store thinks about a third. */
async function parallel(): Promise<Seen> {
  const slow = new EventEmitter()
  const inner = memorySessionStore()
  let isFirst = true
  const made = stored({
    store: overriding<SessionStore>(inner, {
      read: async (...call) => {
        const waits = isFirst
        isFirst = false
        if (waits) await once(slow, 'release')
        return inner.read(...call)
      },
    }),
  })
  const cookies = await Promise.all([0, 1, 2].map((id) => loggedIn(made, { userId: id })))
  const done: unknown[] = []
  const visits = cookies.map(async (cookie) => {
    const seen = await visit(made, request(cookie), orNothing('none'))
    done.push(seen.body)
  })
  await Promise.all(visits.slice(1))
  const before = done.toSorted().join(' and ')
  slow.emit('release')
  await visits[0]
  return { result: `${before} not blocked; ${done.at(-1)} delivered after release` }
}

async function sameValue(): Promise<Seen> {
  const calls: string[] = []
  const count = (...names: string[]) => calls.filter((name) => names.includes(name)).length
  const made = stored({ store: counting(memorySessionStore(), calls) })
  const cookie = await loggedIn(made, { id: '123' })
  const steps: { reads: number; writes: number }[] = []
  const step = () => steps.push({ reads: count('read'), writes: count('create', 'replace') })
  await visit(made, request(cookie))
  step()
  for (const id of ['123', '234']) {
    const from = request(cookie)
    await visit(made, from)
    await made.update(from, { id })
    step()
  }
  const list = (name: 'reads' | 'writes') => steps.map((one) => one[name]).join(',')
  return { result: `reads ${list('reads')}; writes ${list('writes')}; invalidations ${count('delete')}` }
}

async function computedOnce(): Promise<Seen> {
  const calls: string[] = []
  const made = stored({ store: counting(memorySessionStore(), calls) })
  const from = request(await loggedIn(made, user))
  const auth = service(made)
  await auth.decide(from, 'default')
  await auth.decide(from, 'default')
  await made.current(from)
  const reads = calls.filter((name) => name === 'read').length
  return { result: reads === 1 ? 'computed once' : `computed ${reads} times` }
}

async function timedOut(): Promise<Seen> {
  let now = NOW
  const store = memorySessionStore()
  const made = stored({ store, clock: () => now, idleSeconds: 10, touchEverySeconds: 1 })
  const cookie = await loggedIn(made, user)
  now += 500
  await made.sweep()
  return { result: store.size === 0 ? ((await made.current(request(cookie))) ?? null) : 'it is still there' }
}

/** What asks stores, and how often. */
export const storageObservers: Readonly<Record<string, () => Promise<Seen>>> = {
  'session.deferred.inherited': lazily,
  'cache.parallel': parallel,
  'cache.storage-same-value': sameValue,
  'cache.timeout-hit': computedOnce,
  'cache.timeout-expired': timedOut,
  'storage.dir.save': () =>
    sqlite(async (made) => ({
      result: (await held(made, request(await loggedIn(made, { text: 'test1' })))).data.text,
    })),
  'storage.dir.overwrite': () => sqlite(overwritten),
  'storage.dir.invalidate': () => sqlite(invalidated),
  'storage.dir.src-hostile-id': () => sqlite((made) => visit(made, request('_S=../../etc/passwd'))),
}
