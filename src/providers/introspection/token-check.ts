import { digestHash } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import { BoundedMap } from '../../core/bounded-map.ts'
import { type AuthenticationFailedCause, type InvalidCredentials, isCause } from '../../core/cause.ts'
import { deepFreeze } from '../../core/deep-freeze.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { JsonObject } from '../../wire/json.ts'
import { type ClaimRules, endOf, type IntrospectionClaims, judgeClaims, judgeTime } from './claims.ts'
import type { IntrospectionCredential } from './options.ts'
import { expired, revoked, tooLong, unknown } from './refusals.ts'

/** A token that the issuer called active, and whose rules and schema were right. Its time is to be judged each time. */
export interface Active<C> {
  readonly credential: IntrospectionCredential<C>
  readonly claims: IntrospectionClaims
  readonly cause?: undefined
}

/** A token that is of no use, whatever the time. */
interface Inactive {
  readonly cause: InvalidCredentials
}

/** How answers are remembered. */
export interface Memory {
  readonly maxEntries: number
  readonly activeSeconds: number
  readonly inactiveSeconds: number
}

interface Entry<T> {
  readonly answer: T
  /** When the issuer was asked. What it said later than that is true for longer. */
  readonly askedAt: number
}

type Answered<C> = Active<C> | AuthenticationFailedCause

/** Makes what `validate` gets of what the issuer says, or refuses it. */
export type Reader<C> = (claims: IntrospectionClaims) => Awaitable<IntrospectionCredential<C> | InvalidCredentials>

export interface TokenCheckParts<C> {
  ask(token: string, context: AuthenticationContext): Promise<JsonObject>
  readonly read: Reader<C>
  readonly rules: ClaimRules
  /** `undefined` where the issuer is asked for every request. */
  readonly memory: Memory | undefined
}

const LONGEST_TOKEN = 16_384

/** Answers for tokens: from memory, or by asking their issuer, once for all who wait for the same token. */
export class TokenCheck<C> {
  readonly #parts: TokenCheckParts<C>
  readonly #active: BoundedMap<Entry<Active<C>>>
  /** Apart, so that strangers displace nobody. */
  readonly #inactive: BoundedMap<Entry<Inactive>>
  readonly #pending = new Map<string, Promise<Answered<C>>>()
  /** A Worker is not told what another request of it fetches. */
  readonly #isShared = !('navigator' in globalThis && globalThis.navigator.userAgent === 'Cloudflare-Workers')

  constructor(parts: TokenCheckParts<C>) {
    this.#parts = parts
    this.#active = new BoundedMap(parts.memory?.maxEntries ?? 1)
    this.#inactive = new BoundedMap(parts.memory?.maxEntries ?? 1)
  }

  check(token: string, context: AuthenticationContext): Awaitable<Answered<C>> {
    if (token.length > LONGEST_TOKEN) return tooLong
    const { memory } = this.#parts
    if (memory === undefined) return this.#ask(token, context).then((answer) => this.#timely(answer, context))
    return chain(digestHash('SHA-256', token), (hash) =>
      chain(this.#recall(hash, memory, context) ?? this.#share(token, hash, memory, context), (answer) =>
        this.#timely(answer, context),
      ),
    )
  }

  /** When a token stops counting, in seconds since 1970; `undefined` when the issuer does not say. */
  endOf(claims: IntrospectionClaims): number | undefined {
    return claims.exp === undefined ? undefined : endOf(claims, this.#parts.rules)
  }

  #timely(answer: Answered<C>, context: AuthenticationContext): Answered<C> {
    if (isCause(answer)) return answer
    return judgeTime(answer.claims, this.#parts.rules, context.now()) ?? answer
  }

  #recall(hash: string, memory: Memory, context: AuthenticationContext): Answered<C> | undefined {
    const now = context.now()
    const active = this.#active.get(hash)
    // What is over stays over, so that nobody need be asked.
    if (active !== undefined && !(now < endOf(active.answer.claims, this.#parts.rules))) return expired
    if (active !== undefined && isFresh(active, memory.activeSeconds, now)) return active.answer
    const inactive = this.#inactive.get(hash)
    return inactive !== undefined && isFresh(inactive, memory.inactiveSeconds, now) ? inactive.answer.cause : undefined
  }

  #share(token: string, hash: string, memory: Memory, context: AuthenticationContext): Promise<Answered<C>> {
    const pending = this.#isShared ? this.#pending.get(hash) : undefined
    if (pending !== undefined) return pending
    const asked = this.#askAndRemember(token, hash, memory, context).finally(() => {
      if (this.#pending.get(hash) === asked) this.#pending.delete(hash)
    })
    this.#pending.set(hash, asked)
    return asked
  }

  async #askAndRemember(
    token: string,
    hash: string,
    memory: Memory,
    context: AuthenticationContext,
  ): Promise<Answered<C>> {
    const askedAt = context.now()
    const answer = await this.#ask(token, context)
    if (!isCause(answer)) {
      if (memory.activeSeconds > 0) this.#active.set(hash, { answer, askedAt })
      this.#inactive.delete(hash)
      return answer
    }
    if (answer.kind !== 'InvalidCredentials') return answer
    const wasActive = this.#active.get(hash) !== undefined || this.#inactive.get(hash)?.answer.cause === revoked
    const cause = answer === unknown && wasActive ? revoked : answer
    this.#active.delete(hash)
    if (memory.inactiveSeconds > 0) this.#inactive.set(hash, { answer: { cause }, askedAt })
    return cause
  }

  async #ask(token: string, context: AuthenticationContext): Promise<Answered<C>> {
    const { ask, read, rules } = this.#parts
    const answer = await ask(token, context)
    if (answer.active !== true) return unknown
    const claims = judgeClaims(answer, rules)
    if (isCause(claims)) return claims
    deepFreeze(claims)
    const credential = await read(claims)
    return isCause(credential) ? credential : { credential: Object.freeze(credential), claims }
  }
}

/** Written so that a clock that was put back keeps nothing for longer. */
function isFresh({ askedAt }: Entry<unknown>, seconds: number, now: number): boolean {
  const age = now - askedAt
  return age >= 0 && age < seconds
}
