import { BoundedMap } from '../../core/bounded-map.ts'
import { isCause } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { Issuers } from './issuers.ts'
import type { JwtCredential } from './options.ts'
import type { Rules } from './rules.ts'
import type { Verified } from './verifier.ts'

/** A token whose signature, rules and schema were found right. Its time is to be judged each time. */
export interface Accepted<C> {
  readonly credential: JwtCredential<C>
  readonly verified: Verified
}

interface Entry<C> {
  readonly accepted: Accepted<C>
  /** The generation of the keys in which the token's key was last seen. */
  generation: number | undefined
}

/**
 * Remembers verified tokens by their hash, which is of no use to whoever reads the memory. An entry dies with its key and
 * with the rules by which it was judged.
 */
export class Remembered<C> {
  readonly #entries: BoundedMap<Entry<C>>
  readonly #issuers: Issuers

  constructor(maxEntries: number, issuers: Issuers) {
    this.#entries = new BoundedMap(maxEntries)
    this.#issuers = issuers
  }

  set(hash: string, accepted: Accepted<C>): void {
    this.#entries.set(hash, { accepted, generation: undefined })
  }

  delete(hash: string): void {
    this.#entries.delete(hash)
  }

  /** The token, `undefined` when it must be verified anew. */
  get(hash: string, context: AuthenticationContext): Awaitable<Accepted<C> | undefined> {
    const entry = this.#entries.get(hash)
    if (entry === undefined) return undefined
    const { rules } = entry.accepted.verified
    if (this.#issuers.only !== undefined) return alive(entry, rules, context)
    const current = this.#issuers.choose(rules.issuer, context)
    return current instanceof Promise
      ? current.then((settled) => alive(entry, settled, context))
      : alive(entry, current, context)
  }
}

function alive<C>(
  entry: Entry<C>,
  current: Rules | null,
  context: AuthenticationContext,
): Awaitable<Accepted<C> | undefined> {
  const { accepted } = entry
  const { rules, key, header } = accepted.verified
  if (current !== rules) return undefined
  const { generation } = rules.keys.source
  if (generation === entry.generation) return accepted
  const keys = rules.keys.find(header.alg, header.kid, context)
  if (keys instanceof Promise) {
    return keys.then((settled) => (!isCause(settled) && settled.includes(key) ? accepted : undefined))
  }
  if (isCause(keys) || !keys.includes(key)) return undefined
  entry.generation = generation
  return accepted
}
