import type { Count, Limiter } from '../../core/limiter.ts'

/** What `memoryLimiter()` may be told. */
export interface MemoryLimiterOptions {
  /** How many keys are kept; one takes about 200 bytes, and a stranger's attempt makes three. Default: 100,000. */
  readonly limit?: number | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** A `Limiter` that answers at once and says how full it is. */
export interface MemoryLimiter extends Limiter {
  add(key: string, points: number, windowSeconds: number): Count
  read(key: string): Count | undefined
  remove(key: string): void
  /** How many keys are kept now; never more than the limit. */
  readonly size: number
}

interface Entry {
  count: number
  readonly expiresAt: number
  readonly windowSeconds: number
}

const LONGEST_SECONDS = 24 * 86_400
/** The shared count lives no longer than this, so that a flood that has ended is soon forgotten. */
const OVERFLOW_SECONDS = 60
/** How many expired keys of one window length go for one that comes. */
const SWEEP = 2

/**
 * Makes a limiter in this process's memory, for services of one process.
 *
 * It is bounded. Keys that are over go first; when there is still no room, all keys without a place of their own share
 * one count, for a minute at most. So a flood of names cannot push out the count of the account that is under attack, and
 * cannot grow the memory: it slows down itself, and whoever else is new in that minute.
 *
 * @example
 * import { memoryLimiter } from 'becauth/memory'
 * import { throttle } from 'becauth/throttle'
 *
 * declare const secret: string
 *
 * export const guessing = throttle({ limiter: memoryLimiter({ limit: 1_000_000 }), key: secret })
 *
 * @throws TypeError when `limit` is not a whole number above 0 or `clock` is not a function.
 */
export function memoryLimiter(options: MemoryLimiterOptions = {}): MemoryLimiter {
  const { limit = 100_000, clock = () => Date.now() / 1000 } = options
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new TypeError('memoryLimiter(): "limit" must be a whole number above 0')
  }
  if (typeof clock !== 'function') throw new TypeError('memoryLimiter(): "clock" must be a function')
  return new InMemory(limit, clock)
}

class InMemory implements MemoryLimiter {
  readonly #limit: number
  readonly #clock: () => number
  readonly #entries = new Map<string, Entry>()
  /** Keys by the length of their window: within one length those that came first are over first. */
  readonly #queues = new Map<number, Map<string, Entry>>()
  #overflow: Entry | undefined

  constructor(limit: number, clock: () => number) {
    this.#limit = limit
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  add(key: string, points: number, windowSeconds: number): Count {
    if (!Number.isSafeInteger(windowSeconds) || windowSeconds < 1 || windowSeconds > LONGEST_SECONDS) {
      throw new TypeError(`memoryLimiter(): "windowSeconds" must be a whole number from 1 to ${LONGEST_SECONDS}`)
    }
    const now = this.#clock()
    // What is given back makes no key: it would be a credit.
    const own = this.#own(key, now) ?? (points > 0 ? this.#create(key, windowSeconds, now) : undefined)
    const entry = own ?? this.#shared(windowSeconds, now)
    entry.count += points
    if (entry === this.#overflow && entry.count < 0) entry.count = 0
    return countOf(entry, now)
  }

  /** Only what is kept under this very key: that many others are here says nothing about it. */
  read(key: string): Count | undefined {
    const now = this.#clock()
    const entry = this.#own(key, now)
    return entry && countOf(entry, now)
  }

  remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) this.#drop(key, entry)
  }

  #own(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt > now) return entry
    this.#drop(key, entry)
    return undefined
  }

  #create(key: string, windowSeconds: number, now: number): Entry | undefined {
    this.#sweep(now)
    if (this.#entries.size >= this.#limit) return undefined
    const entry = { count: 0, expiresAt: now + windowSeconds, windowSeconds }
    this.#entries.set(key, entry)
    const queue = this.#queues.get(windowSeconds)
    if (queue === undefined) this.#queues.set(windowSeconds, new Map([[key, entry]]))
    else queue.set(key, entry)
    return entry
  }

  #shared(windowSeconds: number, now: number): Entry {
    if (this.#overflow === undefined || this.#overflow.expiresAt <= now) {
      const seconds = Math.min(windowSeconds, OVERFLOW_SECONDS)
      this.#overflow = { count: 0, expiresAt: now + seconds, windowSeconds: seconds }
    }
    return this.#overflow
  }

  /** A throttle uses few lengths of windows, so this takes the same time however many keys there are. */
  #sweep(now: number): void {
    for (const queue of this.#queues.values()) {
      let swept = 0
      for (const [key, entry] of queue) {
        if (entry.expiresAt > now || swept === SWEEP) break
        this.#drop(key, entry)
        swept++
      }
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    const queue = this.#queues.get(entry.windowSeconds)
    queue?.delete(key)
    if (queue?.size === 0) this.#queues.delete(entry.windowSeconds)
  }
}

function countOf({ count, expiresAt }: Entry, now: number): Count {
  return { count, expiresInSeconds: Math.max(0, expiresAt - now) }
}
