import { aborted } from './errors.ts'

/** How many of the latest are remembered. */
const KEPT = 64
const QUANTILE = 0.9

/**
 * Knows how long logins took lately, so that a refusal that needs less time is not told apart by that.
 *
 * @see RFC 4513, section 6.3.1
 */
export class Pace {
  readonly #clock: () => number
  readonly #most: number
  readonly #wrong: number[] = []
  readonly #right: number[] = []

  /** @param most the longest that anybody waits, in seconds. */
  constructor(clock: () => number, most: number) {
    this.#clock = clock
    this.#most = most
  }

  /** Takes note of a password that was looked at, by when its login began. */
  note(kind: 'wrong' | 'right', begunAt: number): void {
    const kept = kind === 'wrong' ? this.#wrong : this.#right
    kept.push(this.#clock() - begunAt)
    if (kept.length > KEPT) kept.shift()
  }

  /**
   * Waits until a login has taken as long as 90 % of those with a wrong password did; as long as there are none, of those
   * with a right one. `isMixed`: among the wrong ones are users who are not there, and anybody can make many of them, so the
   * right ones count as well.
   */
  async settle(begunAt: number, isMixed: boolean, signal: AbortSignal): Promise<void> {
    const [wrong, right] = [ninetieth(this.#wrong), ninetieth(this.#right)]
    const usual = isMixed ? Math.max(wrong ?? 0, right ?? 0) : (wrong ?? right ?? 0)
    const seconds = Math.min(usual, this.#most) - (this.#clock() - begunAt)
    if (seconds > 0) await rest(seconds, signal)
  }
}

function ninetieth(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.ceil(values.length * QUANTILE) - 1]
}

function rest(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(aborted(signal))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, seconds * 1000)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
