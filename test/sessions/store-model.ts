import fc from 'fast-check'
import type { SessionReading, SessionRecord, SessionStore, StoreContext } from '../../src/core/session-store.ts'

/** One call of a store, or time that passes. Numbers choose from the names that a run uses. */
export type Step =
  | { readonly kind: 'pass'; readonly seconds: number }
  | {
      readonly kind: 'create'
      readonly key: number
      readonly subject: number
      readonly life: number
      readonly tags: readonly number[]
      readonly limit: number
      readonly oldest: boolean
    }
  | { readonly kind: 'replace'; readonly key: number; readonly behind: number; readonly tags: readonly number[] }
  | { readonly kind: 'touch'; readonly key: number; readonly behind: number; readonly life: number }
  | {
      readonly kind: 'rotate'
      readonly key: number
      readonly next: number
      readonly behind: number
      readonly grace: number
      readonly life: number
    }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'deleteBySubject'; readonly subject: number; readonly except: number }
  | { readonly kind: 'deleteByHandle'; readonly subject: number; readonly handle: number }
  | { readonly kind: 'deleteByTag'; readonly tag: number }
  | { readonly kind: 'sweep'; readonly limit: number }

const [KEYS, SUBJECTS, TAGS] = [8, 3, 3]
const key = fc.nat(KEYS - 1)
const subject = fc.nat(SUBJECTS - 1)
const tags = fc.uniqueArray(fc.nat(TAGS - 1), { maxLength: 3 })
const life = fc.integer({ min: 1, max: 60 })
const behind = fc.constantFrom(0, 0, 0, 1)

/** Any sequence of calls. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 5, 20, 100, 400) }),
    fc.record({
      kind: fc.constant('create' as const),
      key,
      subject,
      life,
      tags,
      limit: fc.integer({ min: 1, max: 4 }),
      oldest: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('create' as const),
      key,
      subject,
      life,
      tags,
      limit: fc.constant(99),
      oldest: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('replace' as const), key, behind, tags }),
    fc.record({ kind: fc.constant('touch' as const), key, behind, life }),
    fc.record({
      kind: fc.constant('rotate' as const),
      key,
      next: key,
      behind,
      grace: fc.constantFrom(0, 0, 10, 30),
      life,
    }),
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.record({ kind: fc.constant('deleteBySubject' as const), subject, except: key }),
    fc.record({ kind: fc.constant('deleteByHandle' as const), subject, handle: key }),
    fc.record({ kind: fc.constant('deleteByTag' as const), tag: fc.nat(TAGS - 1) }),
    fc.record({ kind: fc.constant('sweep' as const), limit: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 40 },
)

interface Live {
  key: string
  readonly subject: string
  readonly handle: string
  version: number
  record: SessionRecord
  readonly order: number
}

interface Gone {
  readonly key: string
  snapshot: Live | undefined
  readonly graceUntil: number
  tombstoneUntil: number
  readonly handle: string
}

/** What a store is, in the plainest way: lists that are searched from one end to the other. */
class Model {
  lives: Live[] = []
  gone: Gone[] = []
  made = 0

  live(key: string, now: number): Live | undefined {
    return this.lives.find((live) => live.key === key && live.record.expiresAt > now)
  }

  kept(key: string, now: number): Gone | undefined {
    return this.gone.find((gone) => gone.key === key && gone.tombstoneUntil > now)
  }

  current(now: number, fits: (live: Live) => boolean): Live[] {
    return this.lives.filter((live) => live.record.expiresAt > now && fits(live))
  }

  end(live: Live): void {
    this.lives = this.lives.filter((other) => other !== live)
    for (const gone of this.gone) if (gone.handle === live.handle) gone.snapshot = undefined
  }

  bury(key: string, tombstoneUntil: number, handle: string, snapshot?: Live, graceUntil = 0): void {
    this.gone = [...this.gone.filter((gone) => gone.key !== key), { key, snapshot, graceUntil, tombstoneUntil, handle }]
  }
}

/** Does the same to a store and to the model, and compares every answer and, after each step, everything readable. */
export async function compareWithModel(store: SessionStore, all: readonly Step[], salt: string): Promise<void> {
  const start = Math.floor(Date.now() / 1000)
  const clock = { now: start + 0.25 }
  const context: StoreContext = { signal: new AbortController().signal, now: () => clock.now }
  const model = new Model()
  const name = (kind: string, index: number, length: number) => `${salt}${kind}${index}`.padEnd(length, '-')
  const keyAt = (index: number) => `${name('t', 0, 11)}.${name('k', index, 43)}`
  const subjectAt = (index: number) => `${salt} subject ${index}`
  const handles: string[] = []
  const tagsAt = (list: readonly number[]) => list.map((tag) => name('tag', tag, 43))
  const recordOf = (lifetime: number, tagList: readonly number[]): SessionRecord => {
    const now = Math.floor(clock.now)
    const payload = new TextEncoder().encode(`payload ${model.made++}`)
    return { format: 1, payload, tags: tagsAt(tagList), createdAt: now, renewedAt: now, expiresAt: now + lifetime }
  }
  const isFree = (at: string) =>
    !model.lives.some((live) => live.key === at) &&
    model.gone.every((gone) => gone.key !== at || gone.tombstoneUntil <= clock.now)

  for (const step of all) {
    const { now } = clock
    switch (step.kind) {
      case 'pass':
        clock.now += step.seconds
        break
      case 'create': {
        const at = keyAt(step.key)
        // What is under a key of a session that is over is not said.
        if (model.lives.some((live) => live.key === at && live.record.expiresAt <= now)) break
        const owner = { subject: subjectAt(step.subject), handle: name('h', model.made, 22) }
        const record = recordOf(step.life, step.tags)
        const onExceed = step.oldest ? 'oldest' : 'refuse'
        const answer = await store.create(at, record, { ...owner, limit: step.limit, onExceed }, context)
        const others = model.current(now, (live) => live.subject === owner.subject)
        const tooMany = others.length - step.limit + 1
        const expected = !isFree(at) ? 'exists' : tooMany > 0 && !step.oldest ? 'limit' : 'created'
        same(answer, expected, step)
        if (expected !== 'created') break
        // Of two that are equally old, either may go: the model follows the store.
        const left = new Set((await store.listBySubject(owner.subject, context)).map(({ handle }) => handle))
        const ended = others.filter(({ handle }) => !left.has(handle))
        same(ended.length, Math.max(0, tooMany), step)
        for (const live of ended) {
          const older = others.filter(
            (other) => left.has(other.handle) && other.record.createdAt < live.record.createdAt,
          )
          same(older.length, 0, step)
          model.end(live)
        }
        model.gone = model.gone.filter((gone) => gone.key !== at)
        model.lives.push({ key: at, ...owner, version: 1, record, order: model.made })
        handles.push(owner.handle)
        break
      }
      case 'replace': {
        const live = model.live(keyAt(step.key), now)
        const version = (live?.version ?? 1) - step.behind
        const record = recordOf(1, step.tags)
        same(
          await store.replace(keyAt(step.key), version, record, context),
          live !== undefined && step.behind === 0,
          step,
        )
        if (live === undefined || step.behind > 0) break
        live.record = { ...live.record, payload: record.payload, tags: record.tags }
        live.version += 1
        break
      }
      case 'touch': {
        const live = model.live(keyAt(step.key), now)
        const seen = (live?.record.renewedAt ?? 0) - step.behind
        const [renewedAt, expiresAt] = [Math.floor(now), Math.floor(now) + step.life]
        const won = live !== undefined && step.behind === 0
        same(await store.touch(keyAt(step.key), seen, renewedAt, expiresAt, context), won, step)
        if (live !== undefined && won) live.record = { ...live.record, renewedAt, expiresAt }
        break
      }
      case 'rotate': {
        const [from, to] = [keyAt(step.key), keyAt(step.next)]
        if (!isFree(to) || from === to) break
        const live = model.live(from, now)
        const record = recordOf(step.life, [])
        const graceUntil = Math.floor(now) + step.grace
        const end = { graceUntil, tombstoneUntil: graceUntil + 300 }
        const won = live !== undefined && step.behind === 0
        same(await store.rotate(from, (live?.version ?? 1) - step.behind, to, record, end, context), won, step)
        if (live === undefined || !won) break
        model.bury(from, end.tombstoneUntil, live.handle, step.grace > 0 ? { ...live } : undefined, graceUntil)
        Object.assign(live, { key: to, record, version: live.version + 1 })
        model.gone = model.gone.filter((gone) => gone.key !== to)
        break
      }
      case 'delete': {
        const at = keyAt(step.key)
        const old = model.kept(at, now)
        const byOld = old?.snapshot !== undefined && old.graceUntil > now ? old.handle : undefined
        const live = model.live(at, now) ?? model.current(now, ({ handle }) => handle === byOld)[0]
        const until = Math.floor(now) + 300
        same(await store.delete(at, until, context), live !== undefined, step)
        if (live === undefined) break
        for (const gone of model.gone) {
          if (gone.handle === live.handle && gone.snapshot !== undefined && gone.graceUntil > now)
            gone.tombstoneUntil = until
        }
        model.end(live)
        model.bury(live.key, until, live.handle)
        break
      }
      case 'deleteBySubject': {
        const except = handles[step.except]
        const found = model.current(now, (live) => live.subject === subjectAt(step.subject) && live.handle !== except)
        const options = except === undefined ? {} : { except }
        same(await store.deleteBySubject(subjectAt(step.subject), options, context), found.length, step)
        for (const live of found) model.end(live)
        break
      }
      case 'deleteByHandle': {
        const handle = handles[step.handle] ?? name('h', 999, 22)
        const found = model.current(now, (live) => live.subject === subjectAt(step.subject) && live.handle === handle)
        same(await store.deleteByHandle(subjectAt(step.subject), handle, context), found.length > 0, step)
        for (const live of found) model.end(live)
        break
      }
      case 'deleteByTag': {
        const tag = name('tag', step.tag, 43)
        const found = model.current(now, (live) => live.record.tags.includes(tag))
        same(await store.deleteByTag(tag, context), found.length, step)
        for (const live of found) model.end(live)
        break
      }
      case 'sweep': {
        const swept = await store.sweep(step.limit, context)
        if (swept > step.limit) throw new Error(`${swept} were swept, at most ${step.limit} should be`)
        break
      }
    }
    for (let index = 0; index < KEYS; index++) {
      compareReading(await store.read(keyAt(index), context), model, keyAt(index), clock.now, step)
    }
    for (let index = 0; index < SUBJECTS; index++) {
      const found = (await store.listBySubject(subjectAt(index), context)).map(({ handle }) => handle)
      const expected = model.current(clock.now, (live) => live.subject === subjectAt(index)).map(({ handle }) => handle)
      same(found.sort().join(), expected.sort().join(), step)
    }
    for (let index = 0; index < TAGS; index++) {
      const tag = name('tag', index, 43)
      const found = (await store.listByTag(tag, context)).map(({ handle }) => handle)
      const expected = model.current(clock.now, ({ record }) => record.tags.includes(tag)).map(({ handle }) => handle)
      same(found.sort().join(), expected.sort().join(), step)
    }
  }
}

function compareReading(reading: SessionReading, model: Model, at: string, now: number, step: Step): void {
  const live = model.live(at, now)
  // One that is over may still be read, as what it was.
  if (live === undefined && model.lives.some(({ key: own }) => own === at)) {
    if (typeof reading === 'object') same(reading.expiresAt <= now, true, step)
    return
  }
  const old = model.kept(at, now)
  const found = live ?? (old !== undefined && old.graceUntil > now ? old.snapshot : undefined)
  if (found === undefined) {
    same(reading, old === undefined ? undefined : 'revoked', step)
    return
  }
  if (typeof reading !== 'object')
    throw new Error(`after ${JSON.stringify(step)}: ${reading} was read instead of a session`)
  const { payload, ...rest } = found.record
  same(new TextDecoder().decode(reading.payload), new TextDecoder().decode(payload), step)
  same(JSON.stringify(timesOf(reading)), JSON.stringify(timesOf(rest)), step)
  same([...reading.tags].sort().join(), [...rest.tags].sort().join(), step)
  same(reading.handle, found.handle, step)
  same(reading.version, found.version, step)
  same(reading.rotated, live === undefined, step)
}

function timesOf({ createdAt, renewedAt, expiresAt }: Pick<SessionRecord, 'createdAt' | 'renewedAt' | 'expiresAt'>) {
  return [createdAt, renewedAt, expiresAt]
}

function same(actual: unknown, expected: unknown, step: Step): void {
  if (actual !== expected) {
    throw new Error(`after ${JSON.stringify(step)}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
  }
}
