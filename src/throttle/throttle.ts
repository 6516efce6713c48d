import { all, chain } from '../core/awaitable.ts'
import type { Attempt, DeviceCookie, Reservation, Throttle } from '../core/ports.ts'
import type { Awaitable } from '../core/provider.ts'
import { isThenable } from '../core/validate.ts'
import { type Place, placeOf } from './address.ts'
import type { Budget } from './budget.ts'
import { Keys } from './keys.ts'
import { type Charge, type Charged, Ledger } from './ledger.ts'
import { type Settings, settingsOf, type ThrottleOptions } from './options.ts'

export type { Count, Limiter } from '../core/limiter.ts'
export type { Attempt, DeviceCookie, Reservation, Throttle } from '../core/ports.ts'
export type { BudgetOptions } from './budget.ts'
export type { DeviceCookieOptions } from './device-cookie.ts'
export type { KnownOptions, ThrottleOptions } from './options.ts'

/**
 * Makes the throttle that `basic`, `form` and `digest` take: it slows down guessing and never sleeps.
 *
 * An attempt is charged before the secret is looked at and given back when it was right, so that a thousand parallel
 * guesses count as a thousand. Strangers are counted by account, address and network; whoever logged in to the account
 * before, from this address or on this device, has a budget that nobody else can use up. What is over a budget is 429
 * with `Retry-After`, and the wait doubles with every failure. One throttle may serve several providers: they share the
 * budgets. Addresses come from the request's `peer`, so name your proxies in `trustedProxies`.
 *
 * @example
 * import { authentication } from 'becauth'
 * import { form } from 'becauth/form'
 * import { type Limiter, throttle } from 'becauth/throttle'
 *
 * declare const limiter: Limiter
 * declare const secret: string
 * declare const people: { check(name: string, password: string): Promise<{ id: number } | null> }
 *
 * export const auth = authentication({
 *   login: form({
 *     throttle: throttle({ limiter, key: secret }),
 *     validate: ({ username, password }) => people.check(username, password),
 *   }),
 * })
 *
 * @throws TypeError when an option cannot be used, a duration longer than 24 days among them.
 * @see NIST SP 800-63B, section 5.2.2; OWASP ASVS 4.0.3, 2.2.1
 */
export function throttle(options: ThrottleOptions): Throttle {
  return new BudgetThrottle(settingsOf(options))
}

type Charging = () => Awaitable<Charge>

/** The key of account and address together, where a success is to make them known. */
type Pair = (() => Awaitable<string>) | undefined

class BudgetThrottle implements Throttle {
  readonly deviceCookie: DeviceCookie | undefined
  readonly #settings: Settings
  readonly #keys: Keys
  readonly #ledger: Ledger

  constructor(settings: Settings) {
    this.deviceCookie = settings.devices
    this.#settings = settings
    this.#keys = new Keys(settings.key)
    this.#ledger = new Ledger(settings.limiter, settings.clock)
  }

  reserve(attempt: Attempt, signal: AbortSignal): Awaitable<Reservation> {
    const { onStoreError } = this.#settings
    if (onStoreError === undefined) return this.#reserve(attempt, signal)
    const open = (error: unknown): Reservation => {
      onStoreError(error)
      return uncounted
    }
    return attempted(() => this.#reserve(attempt, signal), open)
  }

  #reserve({ account, address, device }: Attempt, signal: AbortSignal): Awaitable<Reservation> {
    const { devices, canonical, clock } = this.#settings
    const place = placeOf(address)
    return chain(devices?.read(device, account, clock()), (id) => {
      const name = canonical(account)
      return id === undefined ? this.#withoutDevice(name, place, signal) : this.#onDevice(id, name, place, signal)
    })
  }

  #onDevice(id: string, name: string, place: Place | undefined, signal: AbortSignal): Awaitable<Reservation> {
    const charge = () => this.#charge('device', id, this.#settings.device, signal)
    return this.#chargeAll([charge], [], place && (() => this.#pair(name, place)))
  }

  #withoutDevice(name: string, place: Place | undefined, signal: AbortSignal): Awaitable<Reservation> {
    const { known, knownSeconds } = this.#settings
    if (known === undefined || place === undefined) return this.#stranger(name, place, undefined, signal)
    return chain(this.#pair(name, place), (pair) =>
      chain(this.#ledger.standing(markOf(pair), signal), (left) => {
        if (left === 0) return this.#stranger(name, place, () => pair, signal)
        // A mark is renewed in its second half only: one write a week, not one per request.
        const renewed = left < knownSeconds / 2 ? () => pair : undefined
        return this.#chargeAll([() => this.#ledger.charge(pair, known, signal)], [], renewed)
      }),
    )
  }

  #stranger(name: string, place: Place | undefined, pair: Pair, signal: AbortSignal): Awaitable<Reservation> {
    const { account, address, network } = this.#settings
    const charges: Charging[] = []
    if (account !== undefined) charges.push(() => this.#charge('account', name, account, signal))
    if (address !== undefined && place !== undefined) {
      charges.push(() => this.#charge('address', place.address, address, signal))
    }
    if (network !== undefined && place !== undefined) {
      charges.push(() => this.#charge('network', place.network, network, signal))
    }
    return this.#chargeAll(charges, [], pair)
  }

  #charge(kind: string, text: string, budget: Budget, signal: AbortSignal): Awaitable<Charge> {
    return chain(this.#keys.of(kind, text), (key) => this.#ledger.charge(key, budget, signal))
  }

  /**
   * Charges all budgets or none: one that refuses gives the attempt back to those before it. One after the other, so that
   * a flood which the first refuses costs the limiter least.
   */
  #chargeAll(charges: readonly Charging[], charged: readonly Charged[], pair: Pair): Awaitable<Reservation> {
    const next = charges[charged.length]
    if (next === undefined) return this.#reserved(charged, pair)
    return chain(next(), (charge) => {
      if (charge.ok) return this.#chargeAll(charges, [...charged, charge], pair)
      return chain(this.#giveBack(charged), () => charge)
    })
  }

  #reserved(charged: readonly Charged[], pair: Pair): Reservation {
    return {
      ok: true,
      settle: (success) => (success ? this.#guarded(() => this.#succeeded(charged, pair)) : undefined),
      release: () => this.#guarded(() => this.#giveBack(charged)),
    }
  }

  #succeeded(charged: readonly Charged[], pair: Pair): Awaitable<unknown> {
    const mark = (key: string) => this.#ledger.mark(markOf(key), this.#settings.knownSeconds)
    const known = pair !== undefined && this.#settings.known !== undefined ? [chain(pair(), mark)] : []
    return all([this.#giveBack(charged), ...known])
  }

  #giveBack(charged: readonly Charged[]): Awaitable<unknown> {
    return all(charged.map((charge) => this.#ledger.giveBack(charge)))
  }

  #pair(name: string, place: Place): Awaitable<string> {
    return this.#keys.of('known', `${place.address}\0${name}`)
  }

  /** Runs something to its end; with `'allow'` a failing limiter is reported and ends it as well. */
  #guarded(run: () => Awaitable<unknown>): Awaitable<void> {
    const { onStoreError } = this.#settings
    const done = () => {}
    return onStoreError === undefined ? chain(run(), done) : attempted(() => chain(run(), done), onStoreError)
  }
}

/** What is let through while the limiter fails and that is `'allow'`: there is nothing to give back. */
const uncounted: Reservation = Object.freeze({ ok: true, settle: () => undefined, release: () => undefined })

function markOf(pair: string): string {
  return `${pair}:k`
}

function attempted<T>(run: () => Awaitable<T>, instead: (error: unknown) => T): Awaitable<T> {
  try {
    const value = run()
    return isThenable(value) ? value.then(undefined, instead) : value
  } catch (error) {
    return instead(error)
  }
}
