import { describe, expect, it } from 'vitest'
import { memoryLimiter } from './limiter.ts'

function limited(limit: number) {
  const time = { now: 1000 }
  return { time, limiter: memoryLimiter({ limit, clock: () => time.now }) }
}

describe('memoryLimiter(): its bound', () => {
  it('is never exceeded, and a flood of names does not push out the count under attack', () => {
    const { limiter } = limited(1000)
    for (let failure = 0; failure < 7; failure++) limiter.add('victim', 1, 3600)
    for (let name = 0; name < 1_000_000; name++) limiter.add(`name ${name}`, 1, 3600)
    console.log(`1,000,000 names in a limiter of 1,000 keys: ${limiter.size} kept`)
    expect(limiter.size).toBe(1000)
    expect(limiter.add('victim', 1, 3600).count).toBe(8)
  })

  it('makes all keys without a place of their own share one count, for a minute at most', () => {
    const { limiter, time } = limited(2)
    limiter.add('a', 1, 3600)
    limiter.add('b', 1, 3600)
    expect(limiter.add('c', 1, 3600)).toEqual({ count: 1, expiresInSeconds: 60 })
    expect(limiter.add('d', 1, 3600).count).toBe(2)
    expect(limiter.add('c', 1, 3600).count).toBe(3)
    time.now += 60
    expect(limiter.add('d', 1, 3600).count).toBe(1)
    expect(limiter.add('a', 1, 3600).count).toBe(2)
  })

  it('never answers the shared count for a key that is read, so that nobody becomes known by a flood', () => {
    const { limiter } = limited(1)
    limiter.add('a', 1, 3600)
    limiter.add('b', 1, 3600)
    expect(limiter.read('b')).toBeUndefined()
    limiter.remove('b')
    expect(limiter.add('b', 1, 3600).count).toBe(2)
  })

  it('takes from the shared count what was given to it, and never below nothing', () => {
    const { limiter } = limited(1)
    limiter.add('a', 1, 3600)
    limiter.add('b', 1, 3600)
    expect(limiter.add('b', -1, 3600).count).toBe(0)
    expect(limiter.add('c', -1, 3600).count).toBe(0)
    expect(limiter.add('d', 1, 3600).count).toBe(1)
  })

  it('makes no credit of what is given back to a key that is gone', () => {
    const { limiter, time } = limited(10)
    limiter.add('a', 1, 10)
    time.now += 10
    limiter.add('a', -1, 10)
    expect(limiter.size).toBe(0)
    expect(limiter.add('a', 1, 10).count).toBe(1)
  })

  it('makes room by what is over, whatever came before it', () => {
    const { limiter, time } = limited(100)
    for (let key = 0; key < 50; key++) limiter.add(`long ${key}`, 1, 3600)
    for (let key = 0; key < 50; key++) limiter.add(`short ${key}`, 1, 10)
    time.now += 10
    for (let key = 0; key < 50; key++) expect(limiter.add(`new ${key}`, 1, 20).count).toBe(1)
    expect(limiter.size).toBeLessThanOrEqual(100)
    for (let key = 0; key < 50; key++) expect(limiter.read(`long ${key}`)?.count).toBe(1)
    for (let key = 0; key < 50; key++) expect(limiter.read(`new ${key}`)?.count).toBe(1)
  })

  it('shrinks again as keys come and go', () => {
    const { limiter, time } = limited(100_000)
    for (let key = 0; key < 10_000; key++) limiter.add(`old ${key}`, 1, 10)
    time.now += 10
    for (let key = 0; key < 5000; key++) limiter.add(`new ${key}`, 1, 10)
    expect(limiter.size).toBe(5000)
  })

  it('takes the same time per key when full as when empty', () => {
    const { limiter } = limited(200_000)
    const run = (from: number) => {
      const started = performance.now()
      for (let key = from; key < from + 20_000; key++) limiter.add(`key ${key}`, 1, 1 + (key % 12))
      return performance.now() - started
    }
    run(0)
    const early = Math.min(run(20_000), run(40_000))
    for (let key = 60_000; key < 200_000; key += 20_000) run(key)
    const full = Math.min(run(200_000), run(220_000), run(240_000))
    // A scan of 200,000 keys for each would be thousands of times slower.
    expect(full).toBeLessThan(early * 50)
  })
})
