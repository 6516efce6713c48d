import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deadlines } from './deadlines.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('Deadlines', () => {
  it('expires each call when its own time is over, in the order in which they began', () => {
    const deadlines = new Deadlines(1000)
    const expired: string[] = []
    deadlines.start(() => expired.push('a'))
    vi.advanceTimersByTime(400)
    deadlines.start(() => expired.push('b'))
    vi.advanceTimersByTime(599)
    expect(expired).toEqual([])
    vi.advanceTimersByTime(1)
    expect(expired).toEqual(['a'])
    vi.advanceTimersByTime(400)
    expect(expired).toEqual(['a', 'b'])
  })

  it('never expires a call that is done, whichever of its neighbours are', () => {
    const deadlines = new Deadlines(1000)
    const expired: number[] = []
    const done = Array.from({ length: 6 }, (_, index) => deadlines.start(() => expired.push(index)))
    for (const index of [0, 3, 5, 3]) done[index]?.()
    vi.advanceTimersByTime(1000)
    expect(expired).toEqual([1, 2, 4])
    for (const finish of done) finish()
    deadlines.start(() => expired.push(6))
    vi.advanceTimersByTime(1000)
    expect(expired).toEqual([1, 2, 4, 6])
  })

  it('needs one timer for any number of calls and none when all are done', () => {
    const deadlines = new Deadlines(1000)
    const done = Array.from({ length: 1000 }, () => deadlines.start(() => {}))
    expect(vi.getTimerCount()).toBe(1)
    for (const finish of done) finish()
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('goes on when a call that expires starts another', () => {
    const deadlines = new Deadlines(1000)
    const expired: string[] = []
    deadlines.start(() => {
      expired.push('first')
      deadlines.start(() => expired.push('second'))
    })
    vi.advanceTimersByTime(2000)
    expect(expired).toEqual(['first', 'second'])
  })
})
