import type { SessionReading, SessionStore } from '../../src/core/session-store.ts'
import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { bytes, Kit } from '../../src/testing/session-store/kit.ts'

/** One session, and all that may happen to it at once. */
export class Case {
  readonly kit = new Kit()
  readonly owner = this.kit.owner()
  readonly key = this.kit.key()
  readonly tag = this.kit.hash()
  readonly later = this.kit.hash()
  readonly next: Readonly<Record<string, string>> = Object.fromEntries(
    ['rotate', 'rotate with grace'].map((name) => [name, this.kit.key(this.key.slice(0, 11))]),
  )
  readonly first = this.kit.record({ payload: bytes('first'), tags: [this.tag] })

  async create(store: SessionStore): Promise<void> {
    await store.create(this.key, this.first, this.owner, this.kit)
  }

  async run(store: SessionStore, operation: Operation): Promise<unknown> {
    const { kit, key, owner, tag } = this
    const record = kit.record({ payload: bytes(operation), tags: [tag], renewedAt: kit.start + 5 })
    switch (operation) {
      case 'rotate':
        return store.rotate(key, 1, this.next[operation] ?? '', record, kit.end(0), kit)
      case 'rotate with grace':
        return store.rotate(key, 1, this.next[operation] ?? '', record, kit.end(30), kit)
      case 'replace':
        return store.replace(key, 1, { ...record, tags: [this.later] }, kit)
      case 'touch':
        return store.touch(key, kit.start, kit.start + 7, kit.start + 700, kit)
      case 'delete':
        return store.delete(key, kit.start + 300, kit)
      case 'deleteByHandle':
        return store.deleteByHandle(owner.subject, owner.handle, kit)
      case 'deleteBySubject':
        return store.deleteBySubject(owner.subject, {}, kit)
      case 'deleteByTag':
        return store.deleteByTag(tag, kit)
      case 'read':
        return this.shown(await store.read(key, kit))
      case 'list':
        return (await store.listBySubject(owner.subject, kit)).map((session) => this.shown(session))
    }
  }

  /** All that can be seen of the session afterwards. */
  async seen(store: SessionStore) {
    const keys = [this.key, ...Object.values(this.next)]
    const readings = await Promise.all(keys.map(async (key) => this.shown(await store.read(key, this.kit))))
    const listed = (await store.listBySubject(this.owner.subject, this.kit)).map((session) => this.shown(session))
    const tagged = (await store.listByTag(this.tag, this.kit)).length
    return { readings, listed, tagged }
  }

  private shown(reading: SessionReading): unknown {
    if (typeof reading !== 'object') return reading
    const { payload, version, renewedAt, expiresAt, rotated } = reading
    const after = [renewedAt - this.kit.start, expiresAt - this.kit.start]
    return [new TextDecoder().decode(payload), version, ...after, rotated].join(' ')
  }
}

export const operations = [
  'rotate',
  'rotate with grace',
  'replace',
  'touch',
  'delete',
  'deleteByHandle',
  'deleteBySubject',
  'deleteByTag',
] as const
export type Operation = (typeof operations)[number] | 'read' | 'list'

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]))
}

/** What a session that ended without tombstones leaves of its old keys is not told: nothing, or tombstones. */
export function comparable(answers: readonly (readonly [Operation, unknown])[], seen: unknown): string {
  const ended = answers.some(([name, answer]) => /^deleteBy/.test(name) && Number(answer) > 0)
  const text = JSON.stringify({ answers: [...answers].sort(), seen }, (_, value) => value ?? null)
  return ended ? text.replaceAll('"revoked"', 'null') : text
}

/** What may come out of calls, when one comes after another in each order that there is. */
export async function oneAfterAnother(at: Case, names: readonly Operation[]): Promise<readonly string[]> {
  return Promise.all(
    permutations(names).map(async (order) => {
      const memory = memorySessionStore()
      await at.create(memory)
      const answers: (readonly [Operation, unknown])[] = []
      for (const name of order) answers.push([name, await at.run(memory, name)])
      return comparable(answers, await at.seen(memory))
    }),
  )
}
