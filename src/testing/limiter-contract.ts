import type { Limiter } from '../core/limiter.ts'

/** A limiter under test, empty, and the means to make time pass for it. */
export interface LimiterSubject {
  readonly limiter: Limiter
  /** Makes everything that the limiter keeps so many seconds older, without waiting. */
  pass(seconds: number): Promise<void>
}

/** One behaviour that every limiter must have. */
export interface LimiterCase {
  readonly title: string
  /** Rejects with a sentence when the limiter does not have it. Keys differ between cases. */
  run(subject: LimiterSubject): Promise<void>
}

const signal = new AbortController().signal
const DAY = 86_400

/**
 * Gives the behaviours that every limiter must have, for a test runner to run against one.
 *
 * @example
 * import { type LimiterSubject, limiterContract } from 'becauth/testing'
 *
 * declare const subject: LimiterSubject
 * declare function test(title: string, run: () => Promise<void>): void
 *
 * for (const { title, run } of limiterContract()) test(title, () => run(subject))
 */
export function limiterContract(): readonly LimiterCase[] {
  return [
    {
      title: 'counts from nothing, and says for how long',
      run: async ({ limiter }) => {
        const first = await limiter.add('count', 1, 100, signal)
        equal(first.count, 1, 'the first count')
        between(first.expiresInSeconds, 95, 100, 'the time left')
        equal((await limiter.add('count', 1, 100, signal)).count, 2, 'the second count')
        equal((await limiter.add('count', 5, 100, signal)).count, 7, 'five more')
      },
    },
    {
      title: 'keeps keys apart',
      run: async ({ limiter }) => {
        await limiter.add('apart:a', 3, 100, signal)
        equal((await limiter.add('apart:b', 1, 100, signal)).count, 1, 'another key')
      },
    },
    {
      title: 'takes away what is given back',
      run: async ({ limiter }) => {
        await limiter.add('back', 3, 100, signal)
        equal((await limiter.add('back', -1, 100, signal)).count, 2, 'what is left')
      },
    },
    {
      title: 'does not keep a key longer because it is added to',
      run: async ({ limiter, pass }) => {
        await limiter.add('fixed', 1, 100, signal)
        await pass(60)
        const later = await limiter.add('fixed', 1, 100, signal)
        equal(later.count, 2, 'the count')
        between(later.expiresInSeconds, 35, 40, 'the time left')
      },
    },
    {
      title: 'forgets a key when its window is over',
      run: async ({ limiter, pass }) => {
        await limiter.add('over', 4, 10, signal)
        await pass(11)
        equal(await limiter.read('over', signal), undefined, 'what is read')
        const anew = await limiter.add('over', 1, 50, signal)
        equal(anew.count, 1, 'the new count')
        between(anew.expiresInSeconds, 45, 50, 'the new window')
      },
    },
    {
      title: 'reads without counting and without making a key',
      run: async ({ limiter }) => {
        equal(await limiter.read('read', signal), undefined, 'an unknown key')
        equal((await limiter.add('read', 2, 100, signal)).count, 2, 'the count after it')
        const found = await limiter.read('read', signal)
        equal(found?.count, 2, 'what is read')
        between(found?.expiresInSeconds ?? 0, 95, 100, 'the time left')
      },
    },
    {
      title: 'removes a key, known or not',
      run: async ({ limiter }) => {
        await limiter.remove('gone', signal)
        await limiter.add('gone', 9, 100, signal)
        await limiter.remove('gone', signal)
        equal(await limiter.read('gone', signal), undefined, 'what is read')
        equal((await limiter.add('gone', 1, 100, signal)).count, 1, 'the new count')
      },
    },
    {
      title: 'gives parallel calls different counts',
      run: async ({ limiter }) => {
        const counts = await Promise.all(Array.from({ length: 200 }, () => limiter.add('parallel', 1, 100, signal)))
        equal(new Set(counts.map(({ count }) => count)).size, 200, 'different counts')
        equal(Math.max(...counts.map(({ count }) => count)), 200, 'the highest count')
      },
    },
    {
      title: 'keeps a key for up to 24 days, and refuses other windows with a TypeError',
      run: async ({ limiter }) => {
        between(
          (await limiter.add('long', 1, 24 * DAY, signal)).expiresInSeconds,
          24 * DAY - 5,
          24 * DAY,
          'the time left',
        )
        for (const windowSeconds of [24 * DAY + 1, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
          const refused = await attempt(async () => limiter.add('window', 1, windowSeconds, signal))
          if (!(refused instanceof TypeError)) throw new Error(`a window of ${windowSeconds} was no TypeError`)
        }
        equal(await limiter.read('window', signal), undefined, 'what a refused window left')
      },
    },
  ]
}

async function attempt(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (error) {
    return error
  }
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what} must be ${String(expected)}, not ${JSON.stringify(actual)}`)
}

function between(actual: number, least: number, most: number, what: string): void {
  if (!(actual >= least && actual <= most)) throw new Error(`${what} must be from ${least} to ${most}, not ${actual}`)
}
