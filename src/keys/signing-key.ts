import type { CryptoKey } from 'jose'
import { decodeBase64Url } from '../wire/base64.ts'
import { type Jwk, tryImport } from './import-key.ts'
import { ownMember, readMaterial } from './jwk.ts'
import type { BareJwk, KeyForm, KeyMaterial, VerificationKey } from './verification-key.ts'

/** What `signingKey()` may be told about a key beside the key. */
export interface SigningKeyOptions {
  /**
   * The algorithm that it signs with: one of `RS`, `PS` and `ES` with 256, 384 or 512, `EdDSA` or `Ed25519`. Default: what its
   * JWK says in `alg`, else that of its curve, and `RS256` for RSA.
   */
  readonly alg?: string | undefined
  /** The id by which tokens name it. Needed unless its JWK has a `kid`. */
  readonly kid?: string | undefined
  /**
   * From when it signs, in seconds since 1970; until then it is only published, so that everybody knows it by the time
   * its first token arrives. Default: 0.
   */
  readonly signsFrom?: number | undefined
}

interface SigningFacts {
  readonly kid: string
  readonly alg: string
  readonly signsFrom: number
  readonly material: KeyMaterial
  readonly verification: VerificationKey
}

/** A private key that passed every rule. Made by `signingKey()`; opaque, and without any text form that could show it. */
export class SigningKey {
  readonly #facts: SigningFacts
  #native: unknown
  #jose: Promise<CryptoKey | Uint8Array> | undefined

  constructor(facts: SigningFacts) {
    this.#facts = facts
    Object.freeze(this)
  }

  /** The id by which tokens name the key. */
  get kid(): string {
    return this.#facts.kid
  }

  /** The one algorithm that it signs with. */
  get alg(): string {
    return this.#facts.alg
  }

  /** From when it signs, in seconds since 1970. */
  get signsFrom(): number {
    return this.#facts.signsFrom
  }

  /** The public half, which verifies what it signs. */
  get verification(): VerificationKey {
    return this.#facts.verification
  }

  /** Tells keys from everything that merely has their properties. */
  static is(value: unknown): value is SigningKey {
    return typeof value === 'object' && value !== null && #facts in value
  }

  /**
   * Answers the form in which the runtime's own functions take the key, made on first use and kept with the key.
   *
   * @internal
   * @throws whatever `form.make` throws.
   */
  static nativeOf<T>(key: SigningKey, form: KeyForm<T>): T {
    if (form.is(key.#native)) return key.#native
    const made = form.make(key.#facts.material)
    key.#native = made
    return made
  }

  /**
   * Answers the form in which jose takes the key, made on first use and kept with the key.
   *
   * @internal
   */
  static joseOf(key: SigningKey): Promise<CryptoKey | Uint8Array> {
    key.#jose ??= joseForm(key.#facts.material, key.#facts.alg)
    return key.#jose
  }
}

async function joseForm(material: KeyMaterial, alg: string): Promise<CryptoKey | Uint8Array> {
  if (material.kind === 'secret') return material.octets
  const { importJWK } = await import('jose/key/import')
  return importJWK({ ...material.jwk }, alg)
}

const privateMembers = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv', 'key_ops'])

/**
 * Makes a key that signs of a private JWK, and checks the rules for keys that `importKey()` checks. Only asymmetric keys:
 * whoever verifies with a secret could sign with it too.
 *
 * A key in PEM becomes a JWK by Node's `createPrivateKey(pem).export({ format: 'jwk' })`; `generateSigningKey()` makes a new
 * one.
 *
 * @example
 * import { type Jwk, signingKey } from 'becauth/issuer'
 *
 * declare const jwk: Jwk // from where the service has its secrets
 *
 * export const key = signingKey(jwk, { kid: '2026-11' })
 *
 * @throws TypeError when the key breaks a rule, has no id, or the runtime lacks its algorithm.
 * @see RFC 7517, section 4; RFC 7518, section 3
 */
export function signingKey(jwk: Jwk, options: SigningKeyOptions = {}): SigningKey {
  const made = tryMake(jwk, options)
  if (typeof made === 'string') throw new TypeError(`signingKey(): the key ${made}`)
  return made
}

function tryMake(jwk: unknown, options: SigningKeyOptions): SigningKey | string {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return 'is not a JWK'
  if (ownMember(jwk, 'kty') === 'oct') return 'is a secret, with which whoever verifies could sign'
  const operations = ownMember(jwk, 'key_ops')
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('sign'))) {
    return 'may not sign, by its "key_ops"'
  }
  const half = Object.fromEntries(Object.entries(jwk).filter(([name]) => !privateMembers.has(name)))
  const { alg, kid, signsFrom = 0 } = options
  if (!Number.isFinite(signsFrom) || signsFrom < 0) return 'has a "signsFrom" that is not in seconds since 1970'
  const imported = tryImport(half, { use: 'sig', alg, kid })
  if (typeof imported === 'string') return imported
  const [first] = imported.algorithms
  if (imported.kid === undefined) return 'has no "kid"'
  if (first === undefined) return 'serves no algorithm'
  const material = privateMaterial(jwk)
  if (typeof material === 'string') return material
  // Verifies by the one algorithm that it signs with, whatever else its type could do.
  const verification = tryImport(half, { use: 'sig', alg: first, kid })
  if (typeof verification === 'string') return verification
  return new SigningKey({ kid: imported.kid, alg: first, signsFrom, material, verification })
}

function privateMaterial(jwk: object): KeyMaterial | string {
  switch (ownMember(jwk, 'kty')) {
    case 'RSA':
    case 'EC': {
      const read = readMaterial(jwk, 'enc')
      return typeof read === 'string' ? missing(jwk, read) : read.material
    }
    case 'OKP': {
      const x = ownMember(jwk, 'x')
      const d = ownMember(jwk, 'd')
      if (typeof x !== 'string' || typeof d !== 'string' || decodeBase64Url(d)?.length !== 32) {
        return 'has no "d" of 32 octets in base64url'
      }
      const bare: BareJwk = { kty: 'OKP', crv: 'Ed25519', x, d }
      return { kind: 'private', jwk: bare }
    }
    default:
      return 'has a type that does not sign here'
  }
}

/** Why a key cannot be read is told in the words of decrypting. */
function missing(jwk: object, problem: string): string {
  return ownMember(jwk, 'd') === undefined ? 'is public, and signing takes the private key' : problem
}

/** The algorithms for which `generateSigningKey()` makes keys. */
export type SigningAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

/**
 * Makes a new private key, as a JWK with a random id, to be kept where secrets are kept. RSA keys have 2048 bits.
 *
 * @example
 * import { generateSigningKey } from 'becauth/issuer'
 *
 * export const jwk = await generateSigningKey('EdDSA')
 *
 * @param alg what it will sign with. Default: `'ES256'`.
 * @see RFC 7517, section 4
 */
export async function generateSigningKey(alg: SigningAlgorithm = 'ES256'): Promise<Jwk> {
  const { generateKeyPair } = await import('jose/key/generate/keypair')
  const { exportJWK } = await import('jose/key/export')
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const { kty, crv, x, y, n, e, d, p, q, dp, dq, qi } = await exportJWK(privateKey)
  const members = { kty, crv, x, y, n, e, d, p, q, dp, dq, qi, kid: globalThis.crypto.randomUUID(), alg, use: 'sig' }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
