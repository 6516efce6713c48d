import { BoundedMap } from '../../core/bounded-map.ts'
import { AuthenticationError } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { TokenResource } from '../../core/token-resource.ts'
import { isThenable } from '../../core/validate.ts'
import type { IssuerRules } from './options.ts'
import { type Rules, rulesOf } from './rules.ts'

/** Answers the rules for a token: of its issuer, where there are several, which is not proved yet. */
export interface Issuers {
  /** The rules of the only issuer; `undefined` when the token has to say from whom it is. */
  readonly only: Rules | undefined
  /** The rules of an issuer, `null` when it is not trusted. */
  choose(issuer: string, context: AuthenticationContext): Awaitable<Rules | null>
}

export function oneIssuer(rules: Rules): Issuers {
  return { only: rules, choose: (issuer) => (issuer === rules.issuer ? rules : null) }
}

/** @throws TypeError when the rules of one cannot be used. */
export function listedIssuers(
  record: Readonly<Record<string, IssuerRules>>,
  resource: TokenResource | undefined,
): Issuers {
  const list = Object.entries(record)
  if (list.length === 0) throw new TypeError('jwt(): "issuers" must list an issuer at least')
  const byName = new Map(list.map(([name, rules]) => [name, rulesOf(name, rules, 'jwt() of "issuers"', resource)]))
  return { only: undefined, choose: (issuer) => byName.get(issuer) ?? null }
}

type LookUp = (issuer: string, signal: AbortSignal) => Awaitable<IssuerRules | null>

interface Remembered {
  readonly rules: Rules | null
  readonly until: number
}

const MAXIMUM_ENTRIES = 1000
const LOOK_UP_MILLISECONDS = 10_000

/** Issuers that a function knows. */
class LookedUpIssuers implements Issuers {
  readonly only = undefined
  readonly #lookUp: LookUp
  readonly #ttlSeconds: number
  readonly #resource: TokenResource | undefined
  readonly #trusted = new BoundedMap<Remembered>(MAXIMUM_ENTRIES)
  /** What is not trusted has a memory of its own, so that strangers displace nobody. */
  readonly #strange = new BoundedMap<Remembered>(MAXIMUM_ENTRIES)
  readonly #pending = new Map<string, Promise<Rules | null>>()

  constructor(lookUp: LookUp, ttlSeconds: number, resource: TokenResource | undefined) {
    this.#lookUp = lookUp
    this.#ttlSeconds = ttlSeconds
    this.#resource = resource
  }

  choose(issuer: string, context: AuthenticationContext): Awaitable<Rules | null> {
    const now = context.now()
    const known = this.#trusted.get(issuer) ?? this.#strange.get(issuer)
    if (known !== undefined && now < known.until) return known.rules
    const pending = this.#pending.get(issuer)
    if (pending !== undefined) return pending
    this.#trusted.delete(issuer)
    this.#strange.delete(issuer)
    // Others will wait for the same answer, so that it is not this client's to end it by going away.
    const answer = this.#lookUp(issuer, AbortSignal.timeout(LOOK_UP_MILLISECONDS))
    if (!isThenable(answer)) return this.#remember(issuer, answer, now)
    const settled = this.#settle(issuer, answer, now)
    this.#pending.set(issuer, settled)
    return settled
  }

  async #settle(issuer: string, answer: Promise<IssuerRules | null>, now: number): Promise<Rules | null> {
    try {
      return this.#remember(issuer, await answer, now)
    } finally {
      this.#pending.delete(issuer)
    }
  }

  #remember(issuer: string, answer: IssuerRules | null, now: number): Rules | null {
    if (answer === null) {
      this.#strange.set(issuer, { rules: null, until: now + this.#ttlSeconds / 10 })
      return null
    }
    const rules = checkedRules(issuer, answer, this.#resource)
    this.#trusted.set(issuer, { rules, until: now + this.#ttlSeconds })
    return rules
  }
}

export function lookedUpIssuers(lookUp: LookUp, ttlSeconds: number, resource: TokenResource | undefined): Issuers {
  return new LookedUpIssuers(lookUp, ttlSeconds, resource)
}

function checkedRules(issuer: string, answer: IssuerRules, resource: TokenResource | undefined): Rules {
  try {
    return rulesOf(issuer, answer, 'jwt() of "issuers"', resource)
  } catch (error) {
    throw new AuthenticationError('jwt(): "issuers" answered rules that cannot be used', {
      code: 'invalid-answer',
      cause: error,
    })
  }
}
