import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from './pace.ts'

const { signal } = new AbortController()
let now = 0

beforeEach(() => {
  now = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A pace that has seen logins of these lengths, in seconds. */
function pace(wrong: readonly number[], right: readonly number[] = []): Pace {
  const made = new Pace(() => now, 5)
  for (const seconds of wrong) made.note('wrong', now - seconds)
  for (const seconds of right) made.note('right', now - seconds)
  return made
}

/** After how many milliseconds a refusal is sent that is ready when `ready` seconds have passed. */
async function waits(made: Pace, ready = 0, isMixed = false): Promise<number> {
  const begunAt = now
  now += ready
  let isOver = false
  const settled = made.settle(begunAt, isMixed, signal).then(() => {
    isOver = true
  })
  let waited = 0
  for (await vi.advanceTimersByTimeAsync(0); !isOver && waited < 10_000; waited += 10)
    await vi.advanceTimersByTimeAsync(10)
  await settled
  return waited
}

describe('Pace', () => {
  it('lets a refusal take as long as nine of ten wrong passwords did', async () => {
    const wrong = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    expect(await waits(pace(wrong))).toBe(900)
    expect(await waits(pace(wrong.toReversed()))).toBe(900)
    expect(await waits(pace([0.2]))).toBe(200)
  })

  it('takes off what the refusal took already', async () => {
    expect(await waits(pace([0.5]), 0.2)).toBe(300)
    expect(await waits(pace([0.5]), 0.6)).toBe(0)
  })

  it('goes by right passwords as long as no wrong one was seen, and not at all without both', async () => {
    expect(await waits(pace([], [0.3]))).toBe(300)
    expect(await waits(pace([0.1], [0.3]))).toBe(100)
    expect(await waits(pace([]))).toBe(0)
  })

  it('counts right passwords where wrong ones may be users who are not there', async () => {
    expect(await waits(pace([0.01, 0.01, 0.01], [0.3]), 0, true)).toBe(300)
    expect(await waits(pace([0.4], [0.3]), 0, true)).toBe(400)
  })

  it('forgets all but the last 64', async () => {
    const slow = Array.from({ length: 64 }, () => 2)
    expect(await waits(pace([...slow, ...Array.from({ length: 64 }, () => 0.1)]))).toBe(100)
    expect(await waits(pace([...Array.from({ length: 100 }, () => 0.1), ...slow.slice(0, 7)]))).toBe(2000)
  })

  it('lets nobody wait longer than a bind may take', async () => {
    expect(await waits(pace([60]))).toBe(5000)
  })

  it('stops waiting when nobody else does', async () => {
    const leaving = new AbortController()
    const settled = pace([1]).settle(now, false, leaving.signal)
    leaving.abort()
    await expect(settled).rejects.toMatchObject({ kind: 'Error', code: 'aborted' })
    expect(vi.getTimerCount()).toBe(0)
  })
})
