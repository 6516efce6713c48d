import { createHmac, randomBytes } from 'node:crypto'

interface Kept<T> {
  readonly value: T
  readonly until: number
}

/**
 * Remembers for some seconds what came of a name and a password, under a hash whose key never leaves the process: neither is
 * kept.
 */
export class Remembered<T> {
  readonly #seconds: number
  readonly #entries: number
  readonly #clock: () => number
  readonly #key = randomBytes(32)
  readonly #kept = new Map<string, Kept<T>>()

  constructor(seconds: number, entries: number, clock: () => number) {
    this.#seconds = seconds
    this.#entries = entries
    this.#clock = clock
  }

  find(username: string, password: string): T | undefined {
    const hash = this.#hash(username, password)
    const kept = this.#kept.get(hash)
    if (kept === undefined) return undefined
    if (this.#clock() < kept.until) return kept.value
    this.#kept.delete(hash)
    return undefined
  }

  keep(username: string, password: string, value: T): void {
    const hash = this.#hash(username, password)
    this.#kept.delete(hash)
    this.#kept.set(hash, { value, until: this.#clock() + this.#seconds })
    // All are kept equally long, so the first ones end first.
    for (const [oldest, { until }] of this.#kept) {
      if (this.#kept.size <= this.#entries && this.#clock() < until) break
      this.#kept.delete(oldest)
    }
  }

  clear(): void {
    this.#kept.clear()
  }

  /** The length keeps `a` with `bc` from being `ab` with `c`. */
  #hash(username: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${username.length}:${username}${password}`).digest('base64')
  }
}
