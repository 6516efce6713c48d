import type { CryptoKey } from 'jose'
import type { KeyType } from './algorithms.ts'
import type { KeyUse, KeyWant } from './key-source.ts'

/** The members of a JWK that are the key itself, checked: no `kid`, no `use`, nothing foreign. */
export interface BareJwk {
  readonly kty: KeyType
  readonly alg?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
  readonly pub?: string
  readonly d?: string
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}

/** What a key is made of. Only keys for decryption have private members. */
export type KeyMaterial =
  | { readonly kind: 'public' | 'private'; readonly jwk: BareJwk }
  | { readonly kind: 'secret'; readonly octets: Uint8Array<ArrayBuffer> }

/** What every import has decided about a key. */
export interface KeyFacts {
  readonly kid: string | undefined
  readonly use: KeyUse
  /** The algorithms that it may serve; at least one. */
  readonly algorithms: readonly string[]
  readonly material: KeyMaterial
}

/** How a way of verifying makes its own form of a key, such as a `KeyObject` of Node's. */
export interface KeyForm<T> {
  /** Tells whether something is this form. */
  is(value: unknown): value is T
  make(material: KeyMaterial): T
}

/**
 * A key that passed every rule, for verifying signatures or for decrypting. Made by `importKey()`; opaque, and without any
 * text form that could show a secret.
 */
export class VerificationKey {
  readonly #facts: KeyFacts
  #native: unknown
  #jose: Map<string, Promise<CryptoKey | Uint8Array>> | undefined

  constructor(facts: KeyFacts) {
    this.#facts = facts
    Object.freeze(this)
  }

  /** The key's id, by which tokens name it; `undefined` when it has none. */
  get kid(): string | undefined {
    return this.#facts.kid
  }

  /** The algorithms that the key may serve, by its type, its size, its curve and what its JWK says. */
  get algorithms(): readonly string[] {
    return this.#facts.algorithms
  }

  /** Whether the key checks signatures or decrypts. */
  get use(): KeyUse {
    return this.#facts.use
  }

  /** Tells keys from everything that merely has their properties. */
  static is(value: unknown): value is VerificationKey {
    return typeof value === 'object' && value !== null && #facts in value
  }

  /** @internal */
  static fits(key: VerificationKey, want: KeyWant): boolean {
    return key.#facts.use === want.use && key.#facts.algorithms.includes(want.alg)
  }

  /** @internal */
  static materialOf(key: VerificationKey): KeyMaterial {
    return key.#facts.material
  }

  /**
   * Answers the form in which the runtime's own functions take the key, made on first use and kept with the key.
   *
   * @internal
   * @throws whatever `form.make` throws.
   */
  static nativeOf<T>(key: VerificationKey, form: KeyForm<T>): T {
    if (form.is(key.#native)) return key.#native
    const made = form.make(key.#facts.material)
    key.#native = made
    return made
  }

  /**
   * Answers the form in which jose takes the key for an algorithm, made on first use and kept with the key.
   *
   * @internal
   */
  static joseOf(key: VerificationKey, alg: string): Promise<CryptoKey | Uint8Array> {
    key.#jose ??= new Map()
    const known = key.#jose.get(alg)
    if (known !== undefined) return known
    const made = joseForm(key.#facts.material, alg)
    key.#jose.set(alg, made)
    return made
  }
}

const hmacHashes: Readonly<Record<string, string>> = { HS256: 'SHA-256', HS384: 'SHA-384', HS512: 'SHA-512' }

async function joseForm(material: KeyMaterial, alg: string): Promise<CryptoKey | Uint8Array> {
  if (material.kind === 'secret') {
    // jose imports a secret anew on every call, unless it was made ready.
    const hash = hmacHashes[alg]
    if (hash === undefined) return material.octets
    return crypto.subtle.importKey('raw', material.octets, { name: 'HMAC', hash }, false, ['verify'])
  }
  const { importJWK } = await import('jose/key/import')
  return importJWK({ ...material.jwk }, alg)
}
