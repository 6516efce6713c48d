import type { VerificationKey } from '../../keys/verification-key.ts'
import type { JwsHeader } from '../../wire/jws.ts'

/** The key of a proof, taken out of its header. */
export interface ProofKey {
  readonly header: JwsHeader
  readonly key: VerificationKey
  /** The thumbprint of the key. */
  readonly jkt: string
}

/**
 * Remembers the keys of proofs that were right, by the header's segment: a client writes the same header each time, and to
 * make a key ready takes longer than to verify with it.
 */
export class KnownKeys {
  readonly #half: number
  #young = new Map<string, ProofKey>()
  #old = new Map<string, ProofKey>()

  constructor(limit: number) {
    this.#half = Math.ceil(limit / 2)
  }

  get(segment: string): ProofKey | undefined {
    const young = this.#young.get(segment)
    if (young !== undefined) return young
    const old = this.#old.get(segment)
    if (old !== undefined) this.add(segment, old)
    return old
  }

  /** Keeps a key. When there is no room, those go that were not asked for since about half as many others came. */
  add(segment: string, key: ProofKey): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(segment, key)
  }
}
