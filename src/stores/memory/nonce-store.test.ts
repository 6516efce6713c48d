import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryNonceStore } from './nonce-store.ts'

const later = 2000

describe('memoryNonceStore(): counts of one nonce', () => {
  it('takes a count once, whatever the order within the last 128', () => {
    const store = memoryNonceStore()
    const accept = (nc: number) => store.accept('n', nc, later, 'window')
    expect([1, 2, 2, 130, 3, 3, 129, 129, 2, 4].map(accept)).toEqual([
      'fresh',
      'fresh',
      'seen',
      'fresh',
      'fresh',
      'seen',
      'fresh',
      'seen',
      'seen',
      'fresh',
    ])
    expect(accept(131)).toBe('fresh')
    expect(accept(3)).toBe('seen')
  })

  it('refuses what is 128 counts back, used or not, and takes what is 127 back', () => {
    const store = memoryNonceStore()
    expect(store.accept('n', 200, later, 'window')).toBe('fresh')
    expect(store.accept('n', 72, later, 'window')).toBe('seen')
    expect(store.accept('n', 73, later, 'window')).toBe('fresh')
    expect(store.accept('n', 73, later, 'window')).toBe('seen')
  })

  it('takes only the last count and 1 in strict mode, and 1 at first', () => {
    const store = memoryNonceStore()
    const accept = (nc: number) => store.accept('n', nc, later, 'strict')
    expect([2, 1, 1, 3, 2, 3, 5, 4].map(accept)).toEqual([
      'seen',
      'fresh',
      'seen',
      'seen',
      'fresh',
      'fresh',
      'seen',
      'fresh',
    ])
  })

  it('never takes a count twice, and takes every count that is higher than all before', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 300 }), (counts) => {
        const store = memoryNonceStore()
        const taken = new Set<number>()
        let highest = 0
        for (const nc of counts) {
          const isFresh = store.accept('n', nc, later, 'window') === 'fresh'
          expect(isFresh).toBe(!taken.has(nc) && nc > highest - 128)
          if (isFresh) taken.add(nc)
          highest = Math.max(highest, nc)
        }
      }),
    )
  })

  it('keeps nonces apart', () => {
    const store = memoryNonceStore()
    expect(store.accept('a', 1, later, 'window')).toBe('fresh')
    expect(store.accept('b', 1, later, 'window')).toBe('fresh')
    expect(store.size).toBe(2)
  })
})

describe('memoryNonceStore(): room', () => {
  it('drops the oldest when full, and refuses from then on what it may have forgotten', () => {
    const store = memoryNonceStore({ limit: 3 })
    for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) {
      expect(store.accept(key, 1, later + index, 'window')).toBe('fresh')
    }
    expect(store.size).toBe(3)
    expect(store.accept('a', 1, later, 'window')).toBe('stale')
    expect(store.accept('a', 2, later, 'window')).toBe('stale')
    expect(store.accept('never used and as old', 1, later, 'window')).toBe('stale')
    expect(store.accept('b', 1, later + 1, 'window')).toBe('seen')
    expect(store.accept('b', 2, later + 1, 'window')).toBe('fresh')
    expect(store.accept('newer', 1, later + 1, 'window')).toBe('fresh')
  })

  it('takes nothing twice however little room there is', () => {
    const step = fc.record({ key: fc.nat(12), nc: fc.integer({ min: 1, max: 4 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 6 }), (steps, limit) => {
        const store = memoryNonceStore({ limit })
        const taken = new Set<string>()
        for (const { key, nc } of steps) {
          const use = `${key}/${nc}`
          const answer = store.accept(`${key}`, nc, 20 + key, 'window')
          if (taken.has(use)) expect(answer).not.toBe('fresh')
          if (answer === 'fresh') taken.add(use)
          expect(store.size).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the limit %s', (limit) => {
    expect(() => memoryNonceStore({ limit })).toThrow(
      new TypeError('memoryNonceStore(): "limit" must be a whole number above 0'),
    )
  })
})
