import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareWithModel, steps } from '../../../test/sessions/store-model.ts'
import { ExpiryHeap } from './expiry-heap.ts'
import { memorySessionStore } from './session-store.ts'

describe('memorySessionStore() beside a plain model', () => {
  it('answers the same to any sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (all) => compareWithModel(memorySessionStore(), all, 'x')),
      { numRuns: 500 },
    )
  })
})

describe('the bounds of memorySessionStore()', () => {
  const clock = { now: () => 1000 }
  const record = (expiresAt: number) => {
    return { format: 1, payload: new Uint8Array(), tags: [], createdAt: 0, renewedAt: 0, expiresAt }
  }
  const create = (store: ReturnType<typeof memorySessionStore>, key: string, expiresAt: number, now = 1000) =>
    store.create(key, record(expiresAt), { subject: key, handle: key }, { now: () => now })

  it('lets go what is over, and then nobody who is logged in', () => {
    const store = memorySessionStore({ limit: 3 })
    create(store, 'a', 2000)
    create(store, 'b', 1500)
    create(store, 'c', 3000)
    expect(() => create(store, 'd', 2000)).toThrow('no room')
    for (const key of ['a', 'b', 'c']) expect(store.read(key, clock)).toMatchObject({ handle: key })
    expect(create(store, 'd', 2000, 1500)).toBe('created')
    expect(store.read('b', clock)).toBeUndefined()
    expect(store.size).toBe(3)
  })

  it('has room for a login that ends the oldest one', () => {
    const store = memorySessionStore({ limit: 2 })
    create(store, 'a', 2000)
    create(store, 'b', 2000)
    const owner = { subject: 'a', handle: 'c', limit: 1, onExceed: 'oldest' } as const
    expect(store.create('c', record(2000), owner, clock)).toBe('created')
    expect(store.read('a', clock)).toBeUndefined()
    expect(store.size).toBe(2)
  })

  it('keeps no more old keys than it may have sessions', () => {
    const store = memorySessionStore({ limit: 2 })
    create(store, 'k0', 5000)
    for (let n = 0; n < 10; n++) {
      const end = { graceUntil: 1030, tombstoneUntil: 1330 }
      expect(store.rotate(`k${n}`, n + 1, `k${n + 1}`, record(5000), end, clock)).toBe(true)
    }
    const readable = Array.from({ length: 10 }, (_, n) => store.read(`k${n}`, clock)).filter(Boolean)
    expect(readable).toHaveLength(2)
    expect(store.read('k10', clock)).toMatchObject({ rotated: false })
  })

  it.each([0, -1, 1.5, Number.NaN])('cannot be %d', (limit) => {
    expect(() => memorySessionStore({ limit })).toThrow(TypeError)
  })
})

describe('ExpiryHeap', () => {
  it('gives the soonest, whatever was added, moved and removed', () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), endsAt: fc.nat(50), at: fc.constant(0) }),
      fc.record({ kind: fc.constantFrom('move' as const, 'remove' as const), endsAt: fc.nat(50), at: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const heap = new ExpiryHeap<{ endsAt: number; place: number }>()
        const items: { endsAt: number; place: number }[] = []
        for (const { kind, endsAt, at } of acts) {
          const item = items[at]
          if (kind === 'add') {
            const added = { endsAt, place: -1 }
            items.push(added)
            heap.add(added)
          } else if (item !== undefined && kind === 'move') {
            item.endsAt = endsAt
            heap.moved(item)
          } else if (item !== undefined) {
            heap.remove(item)
            items.splice(at, 1)
            expect(item.place).toBe(-1)
          }
          expect(heap.soonest?.endsAt).toBe(
            items.length === 0 ? undefined : Math.min(...items.map((each) => each.endsAt)),
          )
        }
      }),
    )
  })
})
