import type { OneTimeStore } from '../../core/ports.ts'
import type { StoreContext } from '../../core/session-store.ts'
import { type Ending, ExpiryHeap } from './expiry-heap.ts'

/** What `memoryOneTimeStore()` may be told. */
export interface MemoryOneTimeStoreOptions {
  /** How many keys are remembered; one takes about 250 bytes. Beyond that the store is `full`. Default: 500,000. */
  readonly limit?: number | undefined
}

/** A `OneTimeStore` that answers at once and says how full it is. */
export interface MemoryOneTimeStore extends OneTimeStore {
  /** How many keys are remembered now; never more than the limit. */
  readonly size: number
  consume(
    namespace: string,
    key: string,
    expiresAt: number,
    context: Pick<StoreContext, 'now'>,
  ): 'fresh' | 'seen' | 'full'
}

/**
 * Makes a store of one-time keys in this process's memory.
 *
 * It forgets a key when it has expired and not before: when there is no room it is `full`, which callers answer with 503.
 * Several processes behind one address need a store that they share, or each takes what another has seen.
 *
 * @throws TypeError when `limit` is not a whole number above 0.
 */
export function memoryOneTimeStore(options: MemoryOneTimeStoreOptions = {}): MemoryOneTimeStore {
  const { limit = 500_000 } = options
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new TypeError('memoryOneTimeStore(): "limit" must be a whole number above 0')
  }
  return new InMemory(limit)
}

interface Used extends Ending {
  readonly key: string
}

class InMemory implements MemoryOneTimeStore {
  readonly #limit: number
  readonly #used = new Map<string, Used>()
  readonly #ends = new ExpiryHeap<Used>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#used.size
  }

  consume(
    namespace: string,
    key: string,
    expiresAt: number,
    context: Pick<StoreContext, 'now'>,
  ): 'fresh' | 'seen' | 'full' {
    this.#drop(context.now())
    const name = `${namespace}:${key}`
    if (this.#used.has(name)) return 'seen'
    if (this.#used.size >= this.#limit) return 'full'
    const used: Used = { key: name, endsAt: expiresAt, place: -1 }
    this.#used.set(name, used)
    this.#ends.add(used)
    return 'fresh'
  }

  #drop(now: number): void {
    for (let first = this.#ends.soonest; first !== undefined && first.endsAt <= now; first = this.#ends.soonest) {
      this.#ends.remove(first)
      this.#used.delete(first.key)
    }
  }
}
