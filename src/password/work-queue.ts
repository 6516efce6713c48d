import type { Awaitable } from '../core/provider.ts'
import { aborted, overloaded } from './errors.ts'

export interface WorkQueueOptions {
  /** How much may run at a time. */
  readonly concurrency: number
  /** How long an entry may be expected to wait before it starts. */
  readonly queueSeconds: number
  /** Seconds on a clock that never jumps. */
  readonly now: () => number
}

/** For how long somebody cares. */
export interface WorkLimits {
  readonly signal?: AbortSignal | undefined
  /** Seconds from now within which the work must be done. Default: any time. */
  readonly withinSeconds?: number | undefined
}

interface Entry {
  /** When the work must be done, on the queue's clock. */
  readonly latest: number
  /** Runs the work, frees its place and then settles. Never rejects. */
  readonly start: (free: () => void) => Promise<void>
  readonly refuse: (error: Error) => void
}

/** Before anything was measured. */
const FIRST_GUESS_SECONDS = 0.1
/** Work that takes no time at all still takes its place, so that the queue stays bounded. */
const LEAST_SECONDS = 0.001
const WEIGHT_OF_LATEST = 0.2

/**
 * Runs expensive work a few at a time, first come first served, and turns away what would come too late: under a flood
 * an honest "try again" is worth more than an answer that nobody waits for any more.
 */
export class WorkQueue {
  readonly #concurrency: number
  readonly #queueSeconds: number
  readonly #now: () => number
  readonly #waiting = new Set<Entry>()
  #running = 0
  #average: number | undefined

  constructor({ concurrency, queueSeconds, now }: WorkQueueOptions) {
    this.#concurrency = concurrency
    this.#queueSeconds = queueSeconds
    this.#now = now
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** How long one piece of work takes, as a running average. */
  get averageSeconds(): number {
    return Math.max(this.#average ?? FIRST_GUESS_SECONDS, LEAST_SECONDS)
  }

  /**
   * Runs the work when its turn comes.
   *
   * Rejects with code `overloaded` when the queue is full, or when the work cannot be done in time; with `aborted` when
   * the signal says so, at once, though work that runs keeps its place until it is over.
   */
  run<T>(work: () => Awaitable<T>, { signal, withinSeconds }: WorkLimits = {}): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal))
    const latest = withinSeconds === undefined ? Number.POSITIVE_INFINITY : this.#now() + withinSeconds
    const isFree = this.#running < this.#concurrency
    if (isFree ? latest <= this.#now() : !this.#hasRoom(latest)) return Promise.reject(this.#overload())
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(entry)
        if (signal !== undefined) refuse(aborted(signal))
      }
      const settle = (): void => signal?.removeEventListener('abort', leave)
      const refuse = (error: Error): void => {
        settle()
        reject(error)
      }
      const start: Entry['start'] = async (free) => {
        let end: () => void
        try {
          const result = await work()
          end = () => resolve(result)
        } catch (error) {
          end = () => reject(error)
        }
        settle()
        free()
        end()
      }
      const entry: Entry = { latest, start, refuse }
      signal?.addEventListener('abort', leave, { once: true })
      if (isFree) this.#start(entry)
      else this.#waiting.add(entry)
    })
  }

  /** An idle queue takes everything, so that one slow measurement can never close it for good. */
  #hasRoom(latest: number): boolean {
    const wait = this.#waitOf(this.#waiting.size)
    return wait <= this.#queueSeconds && this.#now() + wait + this.averageSeconds <= latest
  }

  /** How long the entry with so many others before it is going to wait while everything is busy. */
  #waitOf(ahead: number): number {
    return ((ahead + 1) / this.#concurrency) * this.averageSeconds
  }

  #start(entry: Entry): void {
    const startedAt = this.#now()
    this.#running += 1
    void entry.start(() => {
      const took = this.#now() - startedAt
      this.#average = this.#average === undefined ? took : this.#average + (took - this.#average) * WEIGHT_OF_LATEST
      this.#running -= 1
      this.#advance()
    })
  }

  /** Lets the next ones start, and those leave that would not be done in time. */
  #advance(): void {
    const now = this.#now()
    let ahead = 0
    for (const entry of this.#waiting) {
      const isNext = this.#running < this.#concurrency
      const wait = isNext ? 0 : this.#waitOf(ahead)
      if (now + wait + this.averageSeconds > entry.latest) {
        this.#waiting.delete(entry)
        entry.refuse(this.#overload())
      } else if (isNext) {
        this.#waiting.delete(entry)
        this.#start(entry)
      } else ahead += 1
    }
  }

  /** By then what waits now is done. */
  #overload(): Error {
    return overloaded(Math.max(1, Math.ceil(this.#waitOf(this.#waiting.size))))
  }
}
