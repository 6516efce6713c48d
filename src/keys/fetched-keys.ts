import { AuthenticationError, type AuthenticationFailedCause, invalidCredentials } from '../core/cause.ts'
import type { Awaitable } from '../core/provider.ts'
import { Attempt, type LoadedKeys } from './attempt.ts'
import { MAXIMUM_KID_LENGTH } from './import-key.ts'
import { KeySet, type SkippedKey, sameKeys } from './key-set.ts'
import type { KeySource, KeyWant } from './key-source.ts'
import type { FetchedKeysSettings } from './options.ts'
import type { VerificationKey } from './verification-key.ts'
import { formatWarmStart, type WarmKeys } from './warm-start.ts'

/** How a source of fetched keys stands. Times are seconds since 1970. */
export interface FetchedKeysStatus {
  /** Fetches that were begun. */
  readonly fetches: number
  /** When the last fetch that succeeded began; `undefined` when there are no keys. */
  readonly fetchedAt: number | undefined
  /** Until when the keys are fresh. Somewhat earlier a request starts a refresh in the background. */
  readonly freshUntil: number | undefined
  /** Until when the keys are good while fetches fail. */
  readonly usableUntil: number | undefined
  /** Why the newest fetch failed; `undefined` when it did not. Never holds anything that was fetched. */
  readonly failure: AuthenticationError | undefined
  /** The keys of the set that are not used. */
  readonly skipped: readonly SkippedKey[]
}

/** A source whose keys come from the network, when the first request needs them. */
export interface FetchedKeySource extends KeySource {
  /** Answers how the source stands, for a health page. Starts nothing. */
  status(): FetchedKeysStatus
}

/** Keys as they were fetched, and how long they last. */
interface Held extends LoadedKeys {
  readonly set: KeySet
  readonly fetchedAt: number
  readonly refreshAt: number
  readonly freshUntil: number
  readonly usableUntil: number
}

/** Where keys are fetched from. */
export interface Origin {
  /** What exported keys are filed under: they are taken back for the same place only. */
  readonly name: string
  /** Fetches, once. Gets the keys that are at hand, to keep those that did not change. */
  load(known: readonly VerificationKey[], signal: AbortSignal): Promise<LoadedKeys>
}

type Found = readonly VerificationKey[] | AuthenticationFailedCause

const DEFAULT_FRESH_SECONDS = 600
const MINIMUM_FRESH_SECONDS = 60
const MAXIMUM_FRESH_SECONDS = 86_400
const REFRESH_AFTER = 0.8

const unknownKey = invalidCredentials('unknown-key')

/** Keeps keys of an origin: when to fetch, for whom to wait, what is good how long. */
export class FetchedKeys implements FetchedKeySource {
  readonly #origin: Origin
  readonly #settings: FetchedKeysSettings
  #generation = 0
  #held: Held | undefined
  #newest: Attempt | undefined
  #fetches = 0
  /** Failures since the last success. */
  #failures = 0
  /** What was added to the clock so that it never went back. */
  #offset = 0
  #seen = Number.NEGATIVE_INFINITY

  constructor(origin: Origin, settings: FetchedKeysSettings, warm: WarmKeys | undefined) {
    this.#origin = origin
    this.#settings = settings
    if (warm === undefined) return
    const now = this.#now()
    this.#hold({ ...warm, fetchedAt: Math.min(warm.fetchedAt, now) })
  }

  get generation(): number {
    this.#tend(this.#now())
    return this.#generation
  }

  find(want: KeyWant, signal: AbortSignal): Awaitable<Found> {
    if (want.kid !== undefined && want.kid.length > MAXIMUM_KID_LENGTH) return unknownKey
    const now = this.#now()
    this.#tend(now)
    return this.#settle(want, now) ?? this.#search(want, now, signal)
  }

  async export(): Promise<string> {
    const now = this.#now()
    this.#tend(now)
    while (this.#held === undefined) {
      const attempt = this.#pending() ?? this.#begin(now)
      await attempt.settled
      if (attempt.failure !== undefined) throw attempt.failure
    }
    return formatWarmStart(this.#origin.name, this.#held, this.#held.fetchedAt - this.#offset)
  }

  status(): FetchedKeysStatus {
    const held = this.#held
    const wall = (time: number | undefined) => (time === undefined ? undefined : time - this.#offset)
    return {
      fetches: this.#fetches,
      fetchedAt: wall(held?.fetchedAt),
      freshUntil: wall(held?.freshUntil),
      usableUntil: wall(held?.usableUntil),
      failure: this.#newest?.failure,
      skipped: held?.skipped ?? [],
    }
  }

  /** Drops what is past its limit, and starts a refresh that is due. */
  #tend(now: number): void {
    const held = this.#held
    if (held === undefined || now < held.refreshAt) return
    if (now >= held.usableUntil) {
      this.#held = undefined
      this.#generation++
    } else if (this.#mayBegin(now)) {
      this.#begin(now)
    }
  }

  /** Whether keys that are no longer fresh wait for the fetch under way: nobody knows of an outage yet. */
  #mustRevalidate(now: number): boolean {
    const held = this.#held
    return held !== undefined && now >= held.freshUntil && this.#failures === 0 && this.#newest?.isPending === true
  }

  /** Answers what can be said at once, or `undefined` when a fetch must be waited for. */
  #settle(want: KeyWant, now: number): Found | undefined {
    const known = this.#held?.set.choose(want)
    if (known !== undefined) return this.#mustRevalidate(now) ? undefined : known
    const newest = this.#newest
    if (newest === undefined || newest.isPending) return undefined
    if (newest.failure !== undefined) return this.#mayBegin(now) ? undefined : newest.failure
    return this.#held !== undefined && this.#speaksFor(newest, now) ? unknownKey : undefined
  }

  async #search(want: KeyWant, arrived: number, signal: AbortSignal): Promise<Found> {
    for (;;) {
      const attempt = this.#pending() ?? this.#begin(this.#now())
      if (!(await attempt.settledOr(signal))) return aborted()
      const found = this.#held?.set.choose(want) ?? attempt.failure
      if (found !== undefined) return found
      if (this.#speaksFor(attempt, arrived)) return unknownKey
    }
  }

  /** Whether a fetch says something about a token: it began afterwards, or so recently that it stands for one. */
  #speaksFor(attempt: Attempt, arrived: number): boolean {
    return attempt.beganAt > arrived - this.#settings.cooldownSeconds
  }

  #pending(): Attempt | undefined {
    return this.#newest?.isPending && this.#newest.isShared ? this.#newest : undefined
  }

  /** Whether the cooldown, or the wait after a failure, is over. */
  #mayBegin(now: number): boolean {
    const newest = this.#newest
    if (newest === undefined) return true
    if (newest.isPending) return false
    const { cooldownSeconds } = this.#settings
    if (newest.failure === undefined) return now >= newest.beganAt + cooldownSeconds
    return now >= newest.failedAt + this.#backOffSeconds()
  }

  #backOffSeconds(): number {
    return Math.min(this.#settings.cooldownSeconds, 2 ** Math.max(0, this.#failures - 1))
  }

  #begin(now: number): Attempt {
    this.#fetches++
    const attempt: Attempt = new Attempt({
      beganAt: now,
      timeoutSeconds: this.#settings.timeoutSeconds,
      load: (signal) => this.#origin.load(this.#held?.set.keys ?? [], signal),
      onLoaded: (loaded) => {
        this.#failures = 0
        this.#hold({ ...loaded, fetchedAt: now })
      },
      onFailed: (cause) => {
        this.#failures++
        attempt.fail(this.#now(), this.#unavailable(cause))
      },
    })
    this.#newest = attempt
    return attempt
  }

  #unavailable(cause: AuthenticationError): AuthenticationError {
    return new AuthenticationError(`The keys cannot be fetched. ${cause.message}`, {
      code: 'keys-unavailable',
      retryAfterSeconds: Math.ceil(this.#backOffSeconds()),
      cause,
    })
  }

  /** Replaces the keys as a whole. */
  #hold(loaded: LoadedKeys & { readonly fetchedAt: number }): void {
    const { fetchedAt, maxAgeSeconds = DEFAULT_FRESH_SECONDS } = loaded
    const fresh = Math.min(Math.max(maxAgeSeconds, MINIMUM_FRESH_SECONDS), MAXIMUM_FRESH_SECONDS)
    const before = this.#held
    const isSame = before !== undefined && sameKeys(before.set.keys, loaded.keys)
    if (!isSame) this.#generation++
    this.#held = {
      ...loaded,
      set: isSame ? before.set : new KeySet(loaded.keys, false),
      refreshAt: fetchedAt + fresh * REFRESH_AFTER,
      freshUntil: fetchedAt + fresh,
      usableUntil: fetchedAt + Math.max(fresh, this.#settings.staleIfErrorSeconds),
    }
  }

  /** The clock, made one that never goes back: keys do not live longer because somebody sets it. */
  #now(): number {
    const now = this.#settings.clock()
    if (now + this.#offset < this.#seen) this.#offset = this.#seen - now
    this.#seen = now + this.#offset
    return this.#seen
  }
}

function aborted(): AuthenticationError {
  return new AuthenticationError('The request ended while keys were being fetched.', { code: 'keys-unavailable' })
}
