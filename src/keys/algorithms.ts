/** A type of key, as a JWK names it in `kty`. */
export type KeyType = 'RSA' | 'EC' | 'OKP' | 'AKP' | 'oct'

/** The parameters of RSA keys that are made for RSASSA-PSS alone: an algorithm's hash is the key's. */
export type PssHash = 256 | 384 | 512

/** What decides which algorithms a key may serve. */
export interface KeyShape {
  readonly kty: KeyType
  /** Curve of an EC or OKP key. */
  readonly crv?: string | undefined
  /** Octets of a secret. */
  readonly octets?: number | undefined
  /** The algorithm of an AKP key, which has no other. */
  readonly alg?: string | undefined
  /** What an RSASSA-PSS key is limited to; `'any'` for one without parameters. */
  readonly pss?: PssHash | 'any' | undefined
}

/** Octets of a public ML-DSA key (FIPS 204, section 4). */
export const mlDsaOctets: Readonly<Record<string, number>> = { 'ML-DSA-44': 1312, 'ML-DSA-65': 1952, 'ML-DSA-87': 2592 }

const signatureCurves: Readonly<Record<string, readonly string[]>> = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  // RFC 9864 names the same algorithm a second time.
  Ed25519: ['EdDSA', 'Ed25519'],
}

const agreement = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
const agreementCurves = ['P-256', 'P-384', 'P-521', 'X25519']

/** Octets of the keys of the content encryptions, with which `dir` encrypts (RFC 7518, section 5.1). */
const directOctets = [16, 24, 32, 48, 64]

/**
 * Says which JWS algorithms a key may verify.
 *
 * @see RFC 7518, sections 3.1 to 3.5; RFC 8037, section 3.1; RFC 9864
 */
export function signatureAlgorithms(shape: KeyShape): readonly string[] {
  switch (shape.kty) {
    case 'RSA':
      if (shape.pss === undefined) return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
      return shape.pss === 'any' ? ['PS256', 'PS384', 'PS512'] : [`PS${shape.pss}`]
    case 'EC':
    case 'OKP':
      return own(signatureCurves, shape.crv) ?? []
    case 'AKP':
      return own(mlDsaOctets, shape.alg) !== undefined && shape.alg !== undefined ? [shape.alg] : []
    case 'oct':
      return [256, 384, 512].filter((bits) => (shape.octets ?? 0) * 8 >= bits).map((bits) => `HS${bits}`)
  }
}

/**
 * Says which key management algorithms of JWE a private or secret key may serve. RSA1_5 and PBES2 are none of them.
 *
 * @see RFC 7518, section 4.1
 */
export function decryptionAlgorithms(shape: KeyShape): readonly string[] {
  switch (shape.kty) {
    case 'RSA':
      return shape.pss === undefined ? ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'] : []
    case 'EC':
    case 'OKP':
      return agreementCurves.includes(shape.crv ?? '') ? agreement : []
    case 'AKP':
      return []
    case 'oct': {
      const octets = shape.octets ?? 0
      const wrapping = [16, 24, 32].includes(octets) ? [`A${octets * 8}KW`, `A${octets * 8}GCMKW`] : []
      return directOctets.includes(octets) ? ['dir', ...wrapping] : []
    }
  }
}

/** Says whether this runtime can verify ML-DSA; everything else every supported runtime can. */
export function runtimeHas(alg: string): boolean {
  if (own(mlDsaOctets, alg) === undefined) return true
  const { SubtleCrypto } = globalThis
  // Whatever has ML-DSA has this function too; the types of the DOM do not know it yet.
  if (typeof SubtleCrypto !== 'function' || !('supports' in SubtleCrypto)) return false
  const { supports } = SubtleCrypto
  return typeof supports === 'function' && Reflect.apply(supports, SubtleCrypto, ['verify', alg]) === true
}

function own<T>(table: Readonly<Record<string, T>>, name: string | undefined): T | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined
}
