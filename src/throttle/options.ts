import type { Limiter } from '../core/limiter.ts'
import { type Budget, type BudgetOptions, budgetOf, duration } from './budget.ts'
import { type DeviceCookieOptions, Devices } from './device-cookie.ts'
import { canonicalName, secretOf } from './keys.ts'

/** The budget of an account together with an address from which somebody logged in to it. */
export interface KnownOptions extends BudgetOptions {
  /** For how many seconds after a success the two are known together: at most 24 days. Default: 14 days. */
  readonly ttlSeconds?: number | undefined
}

/** What `throttle()` is told. */
export interface ThrottleOptions {
  /** Where the figures are kept: `memoryLimiter()` for one process, else one that all processes share. */
  readonly limiter: Limiter
  /**
   * The secret under which names and addresses are hashed before the limiter sees them: at least 32 bytes, a text
   * counting as its UTF-8. All processes must have the same one; another one forgets all failures and devices.
   */
  readonly key: Uint8Array | string
  /**
   * What strangers together may get wrong at one account. Default: 10 failures in a day, then waits from 1 second
   * doubling to an hour: at most 40 guesses in any hour and 66 in any day.
   */
  readonly account?: BudgetOptions | false | undefined
  /**
   * What one address (IPv4 /32, IPv6 /64) may get wrong at all accounts together, unless it is known for the account.
   * Default: 50 failures in an hour, then waits from 1 second doubling to 15 minutes.
   */
  readonly address?: BudgetOptions | false | undefined
  /** The same for the network around it (/24, /48). Default: 500 failures in an hour, then waits up to 15 minutes. */
  readonly network?: BudgetOptions | false | undefined
  /**
   * What an address may get wrong at an account to which somebody has logged in from there; nothing that happens
   * elsewhere counts against it. It also bounds how many requests may be in flight at once with Basic, where every one
   * reserves an attempt. Default: 100 failures in a day, then waits from 1 second doubling to an hour.
   */
  readonly known?: KnownOptions | false | undefined
  /**
   * What a device may get wrong that shows the cookie of an earlier login to this account; nothing that others do
   * counts against it. Default: 10 failures in a day, then waits from 1 second doubling to an hour.
   */
  readonly device?: BudgetOptions | undefined
  /**
   * The cookie `__Host-device`, which only `form` sets and reads. Default: on, under a key made of `key`, for 90 days.
   * With `false` somebody who knows a name can keep its owner out wherever the owner is not `known`.
   */
  readonly deviceCookie?: DeviceCookieOptions | false | undefined
  /**
   * What happens to an attempt while the limiter fails. `'refuse'`: nobody logs in, 503. `'allow'`: everybody may guess
   * as if there were no throttle. Default: `'refuse'`.
   */
  readonly onStoreFailure?: 'refuse' | 'allow' | undefined
  /**
   * Receives what the limiter threw while `onStoreFailure` is `'allow'`; with `'refuse'` it is in the `error` event.
   * Default: the class name on `console.error`.
   */
  readonly onStoreError?: ((error: unknown) => void) | undefined
  /**
   * Turns a name as it was sent into the account that it means. Give the same rules that `validate` looks accounts up
   * by: two spellings of one account that stay apart here have a budget each. Default: NFC, in lower case.
   */
  readonly canonical?: ((account: string) => string) | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** The options, checked and filled up. */
export interface Settings {
  readonly limiter: Limiter
  readonly key: Uint8Array
  readonly account: Budget | undefined
  readonly address: Budget | undefined
  readonly network: Budget | undefined
  readonly known: Budget | undefined
  readonly knownSeconds: number
  readonly device: Budget
  readonly devices: Devices | undefined
  readonly onStoreError: ((error: unknown) => void) | undefined
  readonly canonical: (account: string) => string
  readonly clock: () => number
}

const HOUR = 3600
const DAY = 24 * HOUR
const ownDefault: Budget = { failures: 10, windowSeconds: DAY, waitSeconds: 1, maxWaitSeconds: HOUR }
const knownDefault: Budget = { ...ownDefault, failures: 100 }
const addressDefault: Budget = { failures: 50, windowSeconds: HOUR, waitSeconds: 1, maxWaitSeconds: HOUR / 4 }
const networkDefault: Budget = { ...addressDefault, failures: 500 }

/** @throws TypeError when an option cannot be used. */
export function settingsOf(options: ThrottleOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('throttle(): wants an object of options')
  const { limiter, known, canonical = canonicalName, clock = () => Date.now() / 1000 } = options
  if (
    typeof limiter?.add !== 'function' ||
    typeof limiter.read !== 'function' ||
    typeof limiter.remove !== 'function'
  ) {
    throw new TypeError('throttle(): "limiter" must be a limiter')
  }
  if (typeof canonical !== 'function') throw new TypeError('throttle(): "canonical" must be a function')
  if (typeof clock !== 'function') throw new TypeError('throttle(): "clock" must be a function')
  const key = secretOf('key', options.key)
  const settings = {
    limiter,
    key,
    account: budgetOf('account', options.account, ownDefault),
    address: budgetOf('address', options.address, addressDefault),
    network: budgetOf('network', options.network, networkDefault),
    known: budgetOf('known', known, knownDefault),
    knownSeconds: duration('known.ttlSeconds', (known === false ? undefined : known?.ttlSeconds) ?? 14 * DAY),
    device: budgetOf('device', options.device, ownDefault) ?? ownDefault,
    devices: options.deviceCookie === false ? undefined : new Devices(options.deviceCookie ?? {}, key, canonical),
    onStoreError: storeErrorOf(options),
    canonical,
    clock,
  }
  if (settings.account ?? settings.address ?? settings.network) return settings
  throw new TypeError('throttle(): one of "account", "address" and "network" must be counted')
}

function storeErrorOf({ onStoreFailure = 'refuse', onStoreError }: ThrottleOptions): Settings['onStoreError'] {
  if (onStoreFailure !== 'refuse' && onStoreFailure !== 'allow') {
    throw new TypeError('throttle(): "onStoreFailure" must be "refuse" or "allow"')
  }
  if (onStoreError !== undefined && typeof onStoreError !== 'function') {
    throw new TypeError('throttle(): "onStoreError" must be a function')
  }
  return onStoreFailure === 'refuse' ? undefined : (onStoreError ?? complain)
}

function complain(error: unknown): void {
  console.error(`becauth: an attempt was not counted: ${error instanceof Error ? error.name : typeof error}`)
}
