import type {
  RememberExchange,
  RememberedBrowser,
  RememberRecord,
  RememberStore,
  RememberSuccessor,
  StoreContext,
} from '../../core/session-store.ts'
import { type Ending, ExpiryHeap } from './expiry-heap.ts'

/** What `memoryRememberStore()` may be told. */
export interface MemoryRememberStoreOptions {
  /** How many browsers are remembered; one takes about 1 KB. Default: 100,000. */
  readonly limit?: number | undefined
}

/** All that this store needs of a context. */
type Clock = Pick<StoreContext, 'now'>

/** A `RememberStore` that answers at once, needs no signal for it, and says how full it is. */
export interface MemoryRememberStore extends RememberStore {
  /** How many browsers are remembered now; never more than the limit. */
  readonly size: number
  create(family: string, record: RememberRecord, context: Clock): void
  exchange(family: string, tokenHash: string, successor: RememberSuccessor, context: Clock): RememberExchange
  deleteFamily(family: string, context: Clock): boolean
  deleteBySubject(subject: string, context: Clock): number
  listBySubject(subject: string, context: Clock): readonly RememberedBrowser[]
  sweep(limit: number, context: Clock): number
}

interface Family extends Ending {
  readonly name: string
  readonly subject: string
  readonly createdAt: number
  tokenHash: string
  before: { readonly tokenHash: string; readonly sealed: Uint8Array; readonly graceUntil: number } | undefined
}

/**
 * Makes a store of remembered browsers in this process's memory, for services of one process, and for tests.
 *
 * It is bounded: those that are over go first, then remembering another one is an error.
 *
 * @throws TypeError when `limit` is not a whole number above 0.
 */
export function memoryRememberStore(options: MemoryRememberStoreOptions = {}): MemoryRememberStore {
  const { limit = 100_000 } = options
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new TypeError('memoryRememberStore(): "limit" must be a whole number above 0')
  }
  return new InMemory(limit)
}

class InMemory implements MemoryRememberStore {
  readonly #limit: number
  readonly #families = new Map<string, Family>()
  readonly #bySubject = new Map<string, Set<Family>>()
  readonly #ends = new ExpiryHeap<Family>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#families.size
  }

  create(name: string, record: RememberRecord, context: Clock): void {
    if (this.#own(name, context) !== undefined) throw new Error('memoryRememberStore(): this family is there already')
    const { subject, tokenHash, createdAt, expiresAt: endsAt } = record
    while (this.#families.size >= this.#limit) {
      if (this.sweep(1, context) === 0) throw new Error('memoryRememberStore(): there is no room for another browser')
    }
    const family: Family = { name, subject, createdAt, tokenHash, before: undefined, endsAt, place: -1 }
    this.#families.set(name, family)
    this.#ends.add(family)
    const others = this.#bySubject.get(subject)
    if (others === undefined) this.#bySubject.set(subject, new Set([family]))
    else others.add(family)
  }

  exchange(name: string, tokenHash: string, successor: RememberSuccessor, context: Clock): RememberExchange {
    const family = this.#own(name, context)
    if (family === undefined) return undefined
    const { subject, createdAt, before } = family
    if (family.tokenHash === tokenHash) {
      family.before = { tokenHash, sealed: successor.sealed, graceUntil: successor.graceUntil }
      family.tokenHash = successor.tokenHash
      family.endsAt = successor.expiresAt
      this.#ends.moved(family)
      return { kind: 'exchanged', subject, createdAt }
    }
    if (before?.tokenHash === tokenHash && context.now() < before.graceUntil) {
      return { kind: 'repeated', subject, createdAt, sealed: before.sealed }
    }
    this.#forget(family)
    return { kind: 'stolen', subject }
  }

  deleteFamily(name: string, context: Clock): boolean {
    const family = this.#own(name, context)
    if (family !== undefined) this.#forget(family)
    return family !== undefined
  }

  deleteBySubject(subject: string, context: Clock): number {
    const families = this.#of(subject, context)
    for (const family of families) this.#forget(family)
    return families.length
  }

  listBySubject(subject: string, context: Clock): readonly RememberedBrowser[] {
    return this.#of(subject, context).map(({ name, createdAt, endsAt }) => ({
      family: name,
      createdAt,
      expiresAt: endsAt,
    }))
  }

  sweep(limit: number, context: Clock): number {
    const now = context.now()
    let swept = 0
    for (let { soonest } = this.#ends; swept < limit && soonest !== undefined; soonest = this.#ends.soonest) {
      if (soonest.endsAt > now) break
      this.#forget(soonest)
      swept++
    }
    return swept
  }

  /** The family of this name. One that is over goes. */
  #own(name: string, context: Clock): Family | undefined {
    const family = this.#families.get(name)
    if (family === undefined || family.endsAt > context.now()) return family
    this.#forget(family)
    return undefined
  }

  #of(subject: string, context: Clock): readonly Family[] {
    const now = context.now()
    return [...(this.#bySubject.get(subject) ?? [])].filter(({ endsAt }) => endsAt > now)
  }

  #forget(family: Family): void {
    this.#families.delete(family.name)
    this.#ends.remove(family)
    const others = this.#bySubject.get(family.subject)
    others?.delete(family)
    if (others?.size === 0) this.#bySubject.delete(family.subject)
  }
}
