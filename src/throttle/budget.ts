/** How many failures something may have, and what every further one costs. */
export interface Budget {
  /** Failures within the window after which attempts have to wait. The last of them starts the first wait. */
  readonly failures: number
  /** After how many seconds failures are forgotten. */
  readonly windowSeconds: number
  /** Seconds of the first wait. Every failure after it doubles the wait. */
  readonly waitSeconds: number
  /** Seconds that no wait exceeds. */
  readonly maxWaitSeconds: number
}

/** A budget of which only what differs from the default is said. */
export interface BudgetOptions {
  /** Failures within the window after which attempts have to wait: 1 to 1,000,000. */
  readonly failures?: number | undefined
  /** After how many seconds failures are forgotten: 1 to 2,073,600, which is 24 days. */
  readonly windowSeconds?: number | undefined
  /** Seconds of the first wait, doubled by every failure after it: 1 to `maxWaitSeconds`. */
  readonly waitSeconds?: number | undefined
  /** Seconds that no wait exceeds: at most 2,073,600, which is 24 days. */
  readonly maxWaitSeconds?: number | undefined
}

/** Longer ones overflow the timers of limiters: 2³¹ milliseconds are 24.8 days. */
const LONGEST_SECONDS = 24 * 86_400

const MOST_FAILURES = 1_000_000

/**
 * Fills a budget up with its defaults, or answers `undefined` for one that is turned off.
 *
 * @throws TypeError when a figure cannot be used.
 */
export function budgetOf(
  name: string,
  options: BudgetOptions | false | undefined,
  defaults: Budget,
): Budget | undefined {
  if (options === false) return undefined
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new TypeError(`throttle(): "${name}" must be an object of figures or false`)
  }
  const failures = whole(`${name}.failures`, options?.failures ?? defaults.failures, MOST_FAILURES)
  const windowSeconds = duration(`${name}.windowSeconds`, options?.windowSeconds ?? defaults.windowSeconds)
  const maxWaitSeconds = duration(`${name}.maxWaitSeconds`, options?.maxWaitSeconds ?? defaults.maxWaitSeconds)
  const waitSeconds = duration(`${name}.waitSeconds`, options?.waitSeconds ?? defaults.waitSeconds)
  if (waitSeconds > maxWaitSeconds) {
    throw new TypeError(`throttle(): "${name}.waitSeconds" must not exceed "${name}.maxWaitSeconds"`)
  }
  return { failures, windowSeconds, waitSeconds, maxWaitSeconds }
}

/** @throws TypeError when it is not a whole number of seconds from 1 to 24 days. */
export function duration(name: string, seconds: number): number {
  return whole(name, seconds, LONGEST_SECONDS)
}

function whole(name: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw new TypeError(`throttle(): "${name}" must be a whole number from 1 to ${most}`)
}

/** The wait after so many waits before it. */
export function waitOf({ waitSeconds, maxWaitSeconds }: Budget, before: number): number {
  return Math.min(maxWaitSeconds, waitSeconds * 2 ** Math.max(0, before))
}
