import { unless } from '../unless.ts'
import type { AccessToken } from './service-call.ts'

/** When a token that is kept is replaced. */
export interface KeepingRules {
  readonly renewBeforeSeconds: number
  readonly unknownLifeSeconds: number
  /** Seconds since 1970. */
  now(): number
}

interface Held {
  readonly token: AccessToken
  readonly heldSince: number
  /** From when a new one is asked for while this one is still given out. */
  readonly renewAt: number
  /** From when it is given out only if there is no new one. */
  readonly waitAt: number
}

/** For as long a failure stands, so that a flood of callers is not a flood of requests. */
const FAILURE_SECONDS = 1

/** A token, kept until shortly before it is over and asked for once however many wait for it. */
export class KeptToken {
  readonly #ask: () => Promise<AccessToken>
  readonly #rules: KeepingRules
  #held: Held | undefined
  #flight: Promise<AccessToken> | undefined
  #failure: { readonly error: unknown; readonly at: number } | undefined

  constructor(ask: () => Promise<AccessToken>, rules: KeepingRules) {
    this.#ask = ask
    this.#rules = rules
  }

  /**
   * Answers the token that is kept, or a new one.
   *
   * @throws (rejects) why there is none.
   */
  async token(signal: AbortSignal | undefined): Promise<AccessToken> {
    signal?.throwIfAborted()
    const now = this.#rules.now()
    const held = this.#held
    // What was held since a time to come was held by a clock that was put back since.
    const isTimely = held !== undefined && now >= held.heldSince
    if (isTimely && now < held.renewAt) return held.token
    const renewal = this.#renewal(now)
    // Not everybody waits for it.
    renewal.catch(() => {})
    if (isTimely && now < held.waitAt) return held.token
    try {
      return await unless(signal, renewal)
    } catch (error) {
      signal?.throwIfAborted()
      const kept = this.#held?.token
      if (kept !== undefined && (kept.expiresAt === undefined || this.#rules.now() < kept.expiresAt)) return kept
      throw error
    }
  }

  /**
   * Forgets a token that was refused, unless another is kept by now.
   *
   * @returns whether the next one will be another.
   */
  refused(token: AccessToken, youngSeconds: number): boolean {
    const held = this.#held
    if (held?.token !== token) return true
    const age = this.#rules.now() - held.heldSince
    if (age >= 0 && age < youngSeconds) return false
    this.#held = undefined
    return true
  }

  #renewal(now: number): Promise<AccessToken> {
    if (this.#flight !== undefined) return this.#flight
    const failure = this.#failure
    if (failure !== undefined && now >= failure.at && now < failure.at + FAILURE_SECONDS) {
      return rejected(failure.error)
    }
    this.#flight = this.#renewed().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #renewed(): Promise<AccessToken> {
    try {
      const token = await this.#ask()
      this.#held = this.#keep(token)
      this.#failure = undefined
      return token
    } catch (error) {
      this.#failure = { error, at: this.#rules.now() }
      throw error
    }
  }

  #keep(token: AccessToken): Held {
    const { renewBeforeSeconds, unknownLifeSeconds } = this.#rules
    const heldSince = this.#rules.now()
    const end = token.expiresAt ?? heldSince + unknownLifeSeconds
    const before = Math.min(renewBeforeSeconds, Math.max(0, end - heldSince) / 2)
    return { token, heldSince, renewAt: end - before, waitAt: end - before / 3 }
  }
}

async function rejected(error: unknown): Promise<never> {
  throw error
}
