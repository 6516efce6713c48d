/** A clock that stands still until it is moved. */
export interface TestClock {
  /** Seconds since 1970: what the option `clock` takes. */
  readonly now: () => number
  /** Moves it on, or back by less than 0. */
  advance(seconds: number): void
}

/**
 * Makes a clock for tests, so that none has to wait.
 *
 * @example
 * import { testClock } from 'becauth/testing'
 *
 * const clock = testClock()
 * clock.advance(3600)
 * export const later = clock.now()
 *
 * @param start seconds since 1970. Default: 1,767,225,600, the first second of 2026.
 */
export function testClock(start: number = 1_767_225_600): TestClock {
  let seconds = start
  return {
    now: () => seconds,
    advance: (by) => {
      seconds += by
    },
  }
}
