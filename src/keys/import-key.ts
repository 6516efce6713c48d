import { decryptionAlgorithms, type PssHash, runtimeHas, signatureAlgorithms } from './algorithms.ts'
import { ownMember, type ReadMaterial, readMaterial, secretMaterial } from './jwk.ts'
import type { KeyUse } from './key-source.ts'
import { readPem } from './pem.ts'
import { VerificationKey } from './verification-key.ts'

/**
 * A key as a JWK. Any other member is ignored: `x5c`, `x5u` and their like are never followed.
 *
 * @see RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2; RFC 9964, section 3
 */
export interface Jwk extends Partial<Record<JwkText, string | undefined>> {
  readonly key_ops?: readonly string[] | undefined
}

type JwkText = 'kty' | 'kid' | 'alg' | 'use' | 'crv' | 'x' | 'y' | 'n' | 'e' | 'pub' | 'k' | JwkPrivate
type JwkPrivate = 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi'

/** What `importKey()` may be told about a key beside the key. */
export interface ImportKeyOptions {
  /**
   * The one algorithm that the key may serve. Default: what its JWK says in `alg`, else every algorithm that goes with its
   * type, size and curve; a secret serves each HS algorithm whose hash is no longer than the secret.
   */
  readonly alg?: string | undefined
  /** The id by which tokens name the key. Default: what its JWK says in `kid`, else none. */
  readonly kid?: string | undefined
  /**
   * `'sig'` verifies signatures and takes a public key or a secret; `'enc'` decrypts and takes a private key or a secret.
   * Default: what its JWK says in `use`, else `'sig'`.
   */
  readonly use?: KeyUse | undefined
}

/** A key id longer than this is nobody's. */
export const MAXIMUM_KID_LENGTH = 256

const operations: Readonly<Record<KeyUse, readonly string[]>> = {
  sig: ['verify'],
  enc: ['decrypt', 'unwrapKey', 'deriveKey', 'deriveBits'],
}

/**
 * Makes a key of a JWK, of a PEM text (public key or certificate) or of a secret's octets, and checks all rules for keys once
 * and for every way of verifying: the curve belongs to the algorithm, RSA has at least 2048 bits and an odd exponent from 3, a
 * secret is at least as long as its hash, an RSA-PSS key keeps its own parameters, and `use`, `key_ops` and `alg` of a JWK
 * allow it. A certificate is only a key here: neither its dates nor who signed it are looked at.
 *
 * A secret is given as octets, so that a public key in PEM can never be taken for one.
 *
 * @example
 * import { importKey, staticKeys } from 'becauth/keys'
 *
 * declare const secret: Uint8Array // 32 octets or more
 *
 * export const keys = staticKeys([importKey(secret, { alg: 'HS256', kid: '2026-11' })])
 *
 * @throws TypeError when the key breaks a rule, or the runtime lacks its algorithm.
 * @see RFC 7517, section 4; RFC 7518, section 3; RFC 8725, section 3.5
 */
export function importKey(key: Jwk | string | Uint8Array, options: ImportKeyOptions = {}): VerificationKey {
  const imported = tryImport(key, options)
  if (typeof imported === 'string') throw new TypeError(`importKey(): the key ${imported}`)
  return imported
}

/** Does what `importKey()` does, and answers the problem, said of "the key", instead of throwing. */
export function tryImport(key: unknown, options: ImportKeyOptions): VerificationKey | string {
  const use = options.use ?? (isObject(key) && ownMember(key, 'use') === 'enc' ? 'enc' : 'sig')
  if (use !== 'sig' && use !== 'enc') return 'has a "use" that is neither "sig" nor "enc"'
  if (key instanceof Uint8Array) return judge(secretMaterial(Uint8Array.from(key)), use, options.alg, options.kid)
  if (typeof key === 'string') {
    const read = use === 'sig' ? readPem(key) : 'is a text, and a key for decryption is given as a JWK or octets'
    if (typeof read === 'string') return read
    return importJwk(read.jwk, { ...options, use }, read.pss)
  }
  return isObject(key) ? importJwk(key, { ...options, use }, undefined) : 'is not a JWK, a PEM text or octets'
}

function importJwk(
  jwk: object,
  options: ImportKeyOptions & { readonly use: KeyUse },
  pss: PssHash | 'any' | undefined,
): VerificationKey | string {
  const { use } = options
  const problem = mayServe(jwk, use)
  if (problem !== undefined) return problem
  const alg = agreed(ownMember(jwk, 'alg'), options.alg)
  if (alg === null) return 'has an "alg" that is not a text, or not the one asked for'
  const kid = agreed(ownMember(jwk, 'kid'), options.kid)
  if (kid === null) return 'has a "kid" that is not a text, or not the one asked for'
  const read = readMaterial(jwk, use)
  if (typeof read === 'string') return read
  return judge({ material: read.material, shape: { ...read.shape, pss } }, use, alg, kid)
}

/** What a JWK says about its use. It must allow what it is wanted for, wherever it says something. */
function mayServe(jwk: object, use: KeyUse): string | undefined {
  const stated = ownMember(jwk, 'use')
  if (stated !== undefined && stated !== use) return `has a "use" other than "${use}"`
  const allowed = ownMember(jwk, 'key_ops')
  if (allowed === undefined) return undefined
  if (!Array.isArray(allowed) || new Set(allowed).size !== allowed.length) {
    return 'has "key_ops" that are not a list of different texts'
  }
  if (operations[use].some((operation) => allowed.includes(operation))) return undefined
  return use === 'sig' ? 'may not verify, by its "key_ops"' : 'may not decrypt, by its "key_ops"'
}

function judge(
  { material, shape }: ReadMaterial,
  use: KeyUse,
  alg: string | undefined,
  kid: string | undefined,
): VerificationKey | string {
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MAXIMUM_KID_LENGTH)) {
    return `has a "kid" that is empty or longer than ${MAXIMUM_KID_LENGTH} characters`
  }
  const possible = use === 'sig' ? signatureAlgorithms(shape) : decryptionAlgorithms(shape)
  if (possible.length === 0) return tooShort(shape.kty, use)
  const algorithms = Object.freeze(alg === undefined ? possible : possible.filter((name) => name === alg))
  if (algorithms.length === 0) return 'does not go with its algorithm, by type, size, curve or parameters'
  if (!algorithms.every(runtimeHas)) return 'has an algorithm that this runtime lacks'
  return new VerificationKey({ kid, use, algorithms, material })
}

function tooShort(kty: string, use: KeyUse): string {
  if (kty !== 'oct') return 'serves no algorithm that is supported'
  return use === 'sig' ? 'is a secret of less than 32 octets' : 'is a secret of a length that no algorithm takes'
}

/** What two places say; `undefined` when neither says anything, `null` when they differ or one is not a text. */
function agreed(stated: unknown, wanted: string | undefined): string | undefined | null {
  if (stated === undefined) return wanted
  if (typeof stated !== 'string' || (wanted !== undefined && wanted !== stated)) return null
  return stated
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
