import { all, chain } from '../core/awaitable.ts'
import type { Limiter } from '../core/limiter.ts'
import type { Awaitable } from '../core/provider.ts'
import { type Budget, waitOf } from './budget.ts'
import { withinDeadline } from './deadline.ts'

/** What a budget charged for an attempt, or how long the attempt has to wait. */
export type Charge =
  | { readonly ok: true; readonly account: Account; readonly gate: { readonly until: number } | undefined }
  | { readonly ok: false; readonly retryAfterSeconds: number }

export type Charged = Charge & { readonly ok: true }

/** Where one budget counts one thing. */
interface Account {
  readonly budget: Budget
  readonly key: string
  /** Which of the key's windows: counts of another one are other keys, so that nothing is given back to a later one. */
  readonly window: number
  readonly windowEnds: number
}

/**
 * Charges attempts to budgets in a limiter.
 *
 * Three figures per key: attempts of the window that were not given back; the gate, which is closed while it exists and
 * lets through whoever creates it; and how many waits there were in the window, from which the length of the next follows.
 */
export class Ledger {
  readonly #limiter: Limiter
  readonly #clock: () => number
  /** What is given back must arrive also when the client that caused it has gone. */
  readonly #unaborted: AbortSignal = new AbortController().signal

  constructor(limiter: Limiter, clock: () => number) {
    this.#limiter = limiter
    this.#clock = clock
  }

  /** Reserves an attempt: within the budget at once, beyond it only through the gate. */
  charge(key: string, budget: Budget, signal: AbortSignal): Awaitable<Charge> {
    const account = this.#accountOf(key, budget)
    return chain(this.#add(attempts(account), 1, budget.windowSeconds, signal), ({ count }) =>
      count < budget.failures ? { ok: true, account, gate: undefined } : this.#enter(account, signal),
    )
  }

  /** Gives back what was charged, unless its window is over anyway. */
  giveBack({ account, gate }: Charged): Awaitable<unknown> {
    const now = this.#clock()
    const steps: Awaitable<unknown>[] = []
    if (now < account.windowEnds) {
      steps.push(this.#add(attempts(account), -1, account.budget.windowSeconds, this.#unaborted))
      if (gate) steps.push(this.#add(waits(account), -1, account.budget.windowSeconds, this.#unaborted))
    }
    // Afterwards it is somebody else's gate.
    if (gate && now < gate.until) {
      steps.push(withinDeadline(this.#limiter.remove(gateOf(account), this.#unaborted)))
    }
    return all(steps)
  }

  /** How long a mark still stands, in seconds; 0 where there is none. */
  standing(key: string, signal: AbortSignal): Awaitable<number> {
    return chain(withinDeadline(this.#limiter.read(key, signal)), (mark) => mark?.expiresInSeconds ?? 0)
  }

  /** Sets a mark anew. */
  mark(key: string, seconds: number): Awaitable<unknown> {
    return chain(withinDeadline(this.#limiter.remove(key, this.#unaborted)), () =>
      this.#add(key, 1, seconds, this.#unaborted),
    )
  }

  #enter(account: Account, signal: AbortSignal): Awaitable<Charge> {
    const { budget } = account
    return chain(withinDeadline(this.#limiter.read(waits(account), signal)), (before) => {
      const wait = waitOf(budget, before?.count ?? 0)
      const until = this.#clock() + wait
      return chain(this.#add(gateOf(account), 1, wait, signal), ({ count, expiresInSeconds }) => {
        if (count === 1) {
          const charged = { ok: true, account, gate: { until } } as const
          return chain(this.#add(waits(account), 1, budget.windowSeconds, signal), () => charged)
        }
        const retryAfterSeconds = Math.max(1, Math.min(expiresInSeconds, account.windowEnds - this.#clock()))
        return chain(this.#add(attempts(account), -1, budget.windowSeconds, this.#unaborted), () => ({
          ok: false,
          retryAfterSeconds: Math.ceil(retryAfterSeconds),
        }))
      })
    })
  }

  #add(key: string, points: number, windowSeconds: number, signal: AbortSignal) {
    return withinDeadline(this.#limiter.add(key, points, windowSeconds, signal))
  }

  /** Windows of different keys begin at different times, so that there is no moment at which all budgets are fresh. */
  #accountOf(key: string, budget: Budget): Account {
    const shifted = this.#clock() + offsetOf(key)
    const window = Math.floor(shifted / budget.windowSeconds)
    const windowEnds = this.#clock() + (window + 1) * budget.windowSeconds - shifted
    return { budget, key, window, windowEnds }
  }
}

function attempts({ key, window }: Account): string {
  return `${key}:${window}:n`
}

function waits({ key, window }: Account): string {
  return `${key}:${window}:w`
}

function gateOf({ key }: Account): string {
  return `${key}:g`
}

/** 30 bits of the key's hash, as seconds. */
function offsetOf(key: string): number {
  let offset = 0
  for (let index = key.length - 5; index < key.length; index++) offset = offset * 64 + (key.charCodeAt(index) & 63)
  return offset
}
