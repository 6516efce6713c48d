/** One bounded call, linked to those that began before and after it. */
interface Waiting {
  readonly dueAt: number
  readonly expire: () => void
  before: Waiting | undefined
  after: Waiting | undefined
}

/**
 * Bounds calls that all may take equally long, with one timer for all of them: who began first is due first.
 *
 * A timer for each call would cost more than most of the calls.
 */
export class Deadlines {
  readonly #milliseconds: number
  #first: Waiting | undefined
  #last: Waiting | undefined
  #armed = false

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Calls `expire` when time is over, unless the function that it answers was called before. */
  start(expire: () => void): () => void {
    const waiting: Waiting = {
      dueAt: performance.now() + this.#milliseconds,
      expire,
      before: this.#last,
      after: undefined,
    }
    if (this.#last === undefined) this.#first = waiting
    else this.#last.after = waiting
    this.#last = waiting
    if (!this.#armed) this.#arm(this.#milliseconds)
    return () => this.#remove(waiting)
  }

  #remove(waiting: Waiting): void {
    const { before, after } = waiting
    if (before === undefined && this.#first !== waiting) return
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    waiting.before = undefined
    waiting.after = undefined
  }

  #arm(milliseconds: number): void {
    this.#armed = true
    const timer: unknown = setTimeout(() => this.#expire(), milliseconds)
    // What is waited for keeps the process alive, not the waiting.
    if (hasUnref(timer)) timer.unref()
  }

  #expire(): void {
    this.#armed = false
    const now = performance.now()
    // Timers may fire a fraction of a millisecond early.
    while (this.#first !== undefined && this.#first.dueAt - now < 1) {
      const due = this.#first
      this.#remove(due)
      due.expire()
    }
    if (this.#first !== undefined) this.#arm(this.#first.dueAt - now)
  }
}

function hasUnref(timer: unknown): timer is { unref(): unknown } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function'
}
