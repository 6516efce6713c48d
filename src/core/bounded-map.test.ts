import { describe, expect, it } from 'vitest'
import { BoundedMap } from './bounded-map.ts'

describe('BoundedMap', () => {
  it('keeps what is asked for, and no more than it may', () => {
    const map = new BoundedMap<number>(100)
    map.set('often', 1)
    for (let index = 0; index < 10_000; index++) {
      map.set(`${index}`, index)
      if (index % 20 === 0) expect(map.get('often')).toBe(1)
      expect(map.size).toBeLessThanOrEqual(100)
    }
    expect(map.get('9999')).toBe(9999)
    expect(map.get('0')).toBeUndefined()
    map.delete('9999')
    expect(map.get('9999')).toBeUndefined()
  })

  it('replaces a value without displacing another', () => {
    const map = new BoundedMap<number>(2)
    map.set('a', 1)
    map.set('a', 2)
    expect([map.get('a'), map.size]).toEqual([2, 1])
  })
  it.each([1, 2, 3, 7])('made for %i holds at most as many, or two', (maxEntries) => {
    const map = new BoundedMap<number>(maxEntries)
    for (let index = 0; index < 50; index++) {
      map.set(`${index}`, index)
      expect(map.get(`${index}`)).toBe(index)
      map.get(`${index - 1}`)
      expect(map.size).toBeLessThanOrEqual(Math.max(2, maxEntries))
    }
  })
})
