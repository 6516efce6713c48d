import type { NonceStore } from '../../core/ports.ts'

/** What `memoryNonceStore()` may be told. */
export interface MemoryNonceStoreOptions {
  /** How many nonces are remembered; one takes about 200 bytes. Default: 100,000. */
  readonly limit?: number | undefined
}

/** A `NonceStore` that answers at once, needs no signal for it, and says how full it is. */
export interface MemoryNonceStore extends NonceStore {
  /** How many nonces are remembered now; never more than the limit. */
  readonly size: number
  accept(nonceKey: string, nc: number, expiresAt: number, mode: 'window' | 'strict'): 'fresh' | 'seen' | 'stale'
}

/** How many counts back a request may come out of order. */
const WINDOW = 128

/** The counts of one nonce. */
interface Counts {
  /** The highest count so far. */
  last: number
  /** Bit n: the count `last - n` was used. */
  used: bigint
  readonly expiresAt: number
}

/**
 * Makes a store of Digest nonce counts in this process's memory.
 *
 * It is never full. When there is no room it drops the nonce that was used first longest ago, and from then on every nonce
 * that it does not know and that ends no later than that one is stale: its client takes a new one and nobody notices, and
 * nothing that was forgotten can be replayed. One store should serve providers whose nonces live equally long, since the
 * floor that a long-lived one leaves would be high for the others. Several processes behind one address need a store that
 * they share.
 *
 * @throws TypeError when `limit` is not a whole number above 0.
 * @see RFC 7616, section 5.4
 */
export function memoryNonceStore(options: MemoryNonceStoreOptions = {}): MemoryNonceStore {
  const { limit = 100_000 } = options
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new TypeError('memoryNonceStore(): "limit" must be a whole number above 0')
  }
  return new InMemory(limit)
}

/** Tells whether a store is one of these. To make the signal that others want takes longer than these take to answer. */
export function isMemoryNonceStore(store: NonceStore): store is MemoryNonceStore {
  return store instanceof InMemory
}

class InMemory implements MemoryNonceStore {
  readonly #limit: number
  readonly #nonces = new Map<string, Counts>()
  /** The keys in the order of their first use, in a ring: to look for a Map's first key after many deletions is slow. */
  readonly #order: string[] = []
  #oldest = 0
  /** What ends no later than this and is not known may have been forgotten. */
  #floor = Number.NEGATIVE_INFINITY

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#nonces.size
  }

  accept(nonceKey: string, nc: number, expiresAt: number, mode: 'window' | 'strict'): 'fresh' | 'seen' | 'stale' {
    const counts = this.#nonces.get(nonceKey)
    if (counts !== undefined) return mode === 'strict' ? acceptNext(counts, nc) : acceptUnused(counts, nc)
    if (expiresAt <= this.#floor) return 'stale'
    if (mode === 'strict' && nc !== 1) return 'seen'
    this.#remember(nonceKey, { last: nc, used: 1n, expiresAt })
    return 'fresh'
  }

  /** Without a clock: what has expired is refused before anybody asks here, and is dropped like the rest. */
  #remember(nonceKey: string, counts: Counts): void {
    const dropped = this.#order[this.#oldest]
    if (this.#nonces.size < this.#limit || dropped === undefined) {
      this.#order.push(nonceKey)
    } else {
      this.#floor = Math.max(this.#floor, this.#nonces.get(dropped)?.expiresAt ?? 0)
      this.#nonces.delete(dropped)
      this.#order[this.#oldest] = nonceKey
      this.#oldest = (this.#oldest + 1) % this.#limit
    }
    this.#nonces.set(nonceKey, counts)
  }
}

function acceptNext(counts: Counts, nc: number): 'fresh' | 'seen' {
  if (nc !== counts.last + 1) return 'seen'
  counts.last = nc
  counts.used = 1n
  return 'fresh'
}

function acceptUnused(counts: Counts, nc: number): 'fresh' | 'seen' {
  const ahead = nc - counts.last
  if (ahead > 0) {
    counts.last = nc
    counts.used = ahead < WINDOW ? BigInt.asUintN(WINDOW, (counts.used << BigInt(ahead)) | 1n) : 1n
    return 'fresh'
  }
  // What is further back than the window may have been used.
  if (ahead <= -WINDOW) return 'seen'
  const bit = 1n << BigInt(-ahead)
  if ((counts.used & bit) !== 0n) return 'seen'
  counts.used |= bit
  return 'fresh'
}
