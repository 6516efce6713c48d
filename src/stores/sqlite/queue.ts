import type { StoreContext } from '../../core/session-store.ts'
import { type Connection, isBusy } from './database.ts'

/** For whom a call works: all that is needed of a context. */
type Caller = Pick<StoreContext, 'signal'>

interface Waiting {
  readonly caller: Caller
  /** When the call is given up, by the clock of `performance.now()`. */
  readonly until: number
  /** Does it, inside of a transaction, and answers how to say so once that is committed. */
  readonly step: () => () => void
  readonly reject: (error: unknown) => void
}

/** For how long one transaction takes further calls. */
const BATCH_MILLISECONDS = 5
/** How long one process may write without a pause while others may be waiting. */
const TURN_MILLISECONDS = 20
/** Between two tries, and between two turns; drawn anew each time. */
const PAUSE_MILLISECONDS = { least: 1, most: 6 } as const

/**
 * Does what reads and writes, and tries again for as long as somebody else has the lock, without stopping the event loop.
 *
 * Writes that come together share a transaction, so that they wait for the disk once. At any time one transaction of
 * this process is under way, and all of it happens in one turn of the event loop.
 */
export class Queue {
  readonly #connection: Connection
  readonly #timeoutMilliseconds: number
  #waiting: Waiting[] = []
  /** Whether a turn is to come by itself. */
  #isAwake = false
  /** When the writing began that has not paused since. */
  #turnBegan = 0
  /** How many of the first ones go alone, because a transaction with all of them failed. */
  #alone = 0
  #closed: Promise<void> | undefined
  /** Called when nothing waits any more. */
  #onIdle: () => void = () => {}

  constructor(connection: Connection, timeoutSeconds: number) {
    this.#connection = connection
    this.#timeoutMilliseconds = timeoutSeconds * 1000
  }

  /** Reads at once where nothing is in the way. */
  read<T>(caller: Caller, step: () => T): T | Promise<T> {
    this.#mustBeOpen()
    try {
      return step()
    } catch (error) {
      if (!isBusy(error)) throw error
      return this.#readLater(caller, step)
    }
  }

  /** Does a step in a transaction, which others may share. Resolves when it is committed. */
  write<T>(caller: Caller, step: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#mustBeOpen()
      const until = performance.now() + this.#timeoutMilliseconds
      const answering = () => {
        const result = step()
        return () => resolve(result)
      }
      this.#waiting.push({ caller, until, step: answering, reject })
      if (this.#isAwake) return
      this.#isAwake = true
      setImmediate(() => this.#begin())
    })
  }

  /** Takes no further calls, and resolves when those that wait are done. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#isAwake) this.#onIdle = resolve
      else resolve()
    })
    return this.#closed
  }

  #turn(): void {
    const pauses = this.#commit() === 'busy' || performance.now() - this.#turnBegan >= TURN_MILLISECONDS
    if (pauses) this.#giveUp()
    if (this.#waiting.length === 0) {
      this.#isAwake = false
      this.#onIdle()
    } else if (pauses) {
      setTimeout(() => this.#begin(), pauseMilliseconds())
    } else {
      setImmediate(() => this.#turn())
    }
  }

  #begin(): void {
    this.#turnBegan = performance.now()
    this.#turn()
  }

  /** One transaction. */
  #commit(): 'done' | 'busy' {
    const taken: Waiting[] = []
    const answers: (() => void)[] = []
    let isWhole = false
    try {
      this.#connection.transaction(() => {
        const end = performance.now() + BATCH_MILLISECONDS
        for (const each of this.#waiting) {
          taken.push(each)
          answers.push(each.step())
          if (this.#alone > 0 || performance.now() > end) break
        }
        isWhole = true
      })
    } catch (error) {
      if (isBusy(error)) return 'busy'
      if (isWhole || taken.length === 1) this.#drop(taken, error)
      // Which of them it was is found out by doing each alone.
      else this.#alone = Math.max(this.#alone, taken.length)
      // Nothing at all can be begun.
      if (taken.length === 0) this.#drop([...this.#waiting], error)
      return 'done'
    }
    this.#forget(taken)
    for (const answer of answers) answer()
    return 'done'
  }

  #drop(failed: readonly Waiting[], error: unknown): void {
    this.#forget(failed)
    for (const { reject } of failed) reject(error)
  }

  /** They are the first ones. */
  #forget({ length }: readonly Waiting[]): void {
    this.#waiting = this.#waiting.slice(length)
    this.#alone = Math.max(0, this.#alone - length)
  }

  /** Rejects what has waited for too long. */
  #giveUp(): void {
    const now = performance.now()
    this.#waiting = this.#waiting.filter(({ caller, until, reject }) => {
      const isLate = now >= until || caller.signal.aborted
      if (isLate) reject(locked())
      return !isLate
    })
  }

  async #readLater<T>(caller: Caller, step: () => T): Promise<T> {
    const until = performance.now() + this.#timeoutMilliseconds
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds()))
      this.#mustBeOpen()
      try {
        return step()
      } catch (error) {
        if (!isBusy(error)) throw error
        if (performance.now() >= until || caller.signal.aborted) throw locked()
      }
    }
  }

  #mustBeOpen(): void {
    if (this.#closed !== undefined) throw new Error('sqliteStore(): the store is closed')
  }
}

function pauseMilliseconds(): number {
  const { least, most } = PAUSE_MILLISECONDS
  return least + Math.random() * (most - least)
}

function locked(): Error {
  return new Error('sqliteStore(): somebody else had the database locked for as long as there was time')
}
