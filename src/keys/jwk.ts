import { decodeBase64Url, encodeBase64Url } from '../wire/base64.ts'
import type { KeyShape } from './algorithms.ts'
import { mlDsaOctets } from './algorithms.ts'
import { coordinateOctets, isOnCurve } from './curves.ts'
import type { KeyUse } from './key-source.ts'
import type { BareJwk, KeyMaterial } from './verification-key.ts'

/** What a key turned out to be made of. */
export interface ReadMaterial {
  readonly material: KeyMaterial
  readonly shape: KeyShape
}

const MINIMUM_RSA_BITS = 2048
// OpenSSL takes no more, and neither do the others.
const MAXIMUM_RSA_BITS = 16_384
const MAXIMUM_EXPONENT_OCTETS = 8

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const crtMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** Reads a member of an object that may come from anywhere, and never one that it inherits. */
export function ownMember(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

/**
 * Reads the key in a JWK and checks everything that can be known of it alone. A text is the problem, said of "the key".
 *
 * @see RFC 7518, section 6; RFC 8037, section 2; RFC 9964, section 3
 */
export function readMaterial(jwk: object, use: KeyUse): ReadMaterial | string {
  const kty = ownMember(jwk, 'kty')
  if (kty === 'oct') return readSecret(jwk)
  const hasPrivate = privateMembers.some((name) => ownMember(jwk, name) !== undefined)
  if (use === 'sig' && hasPrivate) return 'has private members, and verifying takes the public key alone'
  if (use === 'enc' && !hasPrivate) return 'is public, and decrypting takes the private key'
  switch (kty) {
    case 'RSA':
      return readRsa(jwk, use)
    case 'EC':
      return readEc(jwk, use)
    case 'OKP':
      return readOkp(jwk, use)
    case 'AKP':
      return readAkp(jwk)
    default:
      return 'has a type that is not supported'
  }
}

function readSecret(jwk: object): ReadMaterial | string {
  const octets = octetsOf(jwk, 'k')
  return octets === undefined ? 'has no "k" in base64url' : secretMaterial(octets)
}

/** Takes octets as a secret. They must be nobody else's. */
export function secretMaterial(octets: Uint8Array<ArrayBuffer>): ReadMaterial {
  return { material: { kind: 'secret', octets }, shape: { kty: 'oct', octets: octets.length } }
}

function readRsa(jwk: object, use: KeyUse): ReadMaterial | string {
  const n = numberOf(jwk, 'n')
  const e = numberOf(jwk, 'e')
  if (n === undefined || e === undefined) return 'has no "n" and "e" in base64url'
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24
  if (bits < MINIMUM_RSA_BITS) return `is an RSA key of less than ${MINIMUM_RSA_BITS} bits`
  if (bits > MAXIMUM_RSA_BITS) return `is an RSA key of more than ${MAXIMUM_RSA_BITS} bits`
  if (!isOdd(n)) return 'has an even RSA modulus'
  const isOne = e.length === 1 && e[0] === 1
  if (!isOdd(e) || isOne || e.length > MAXIMUM_EXPONENT_OCTETS) {
    return 'has an RSA exponent that is not an odd number from 3 to 2⁶⁴'
  }
  const shape: KeyShape = { kty: 'RSA' }
  const bare: BareJwk = { kty: 'RSA', n: encodeBase64Url(n), e: encodeBase64Url(e) }
  if (use === 'sig') return { material: { kind: 'public', jwk: bare }, shape }
  if (ownMember(jwk, 'oth') !== undefined) return 'has more than two RSA primes'
  const crt: Partial<Record<(typeof crtMembers)[number], string>> = {}
  for (const name of crtMembers) {
    const number = numberOf(jwk, name)
    if (number === undefined || number.length > n.length) return `has no "${name}" in base64url`
    crt[name] = encodeBase64Url(number)
  }
  return { material: { kind: 'private', jwk: { ...bare, ...crt } }, shape }
}

function readEc(jwk: object, use: KeyUse): ReadMaterial | string {
  const crv = ownMember(jwk, 'crv')
  const octets = typeof crv === 'string' ? coordinateOctets(crv) : undefined
  if (typeof crv !== 'string' || octets === undefined) return 'has a curve that is not supported'
  const x = octetsOf(jwk, 'x')
  const y = octetsOf(jwk, 'y')
  if (x?.length !== octets || y?.length !== octets) return 'has no "x" and "y" of the curve\'s length in base64url'
  if (!isOnCurve(crv, x, y)) return 'is a point that is not on its curve'
  const bare: BareJwk = { kty: 'EC', crv, x: encodeBase64Url(x), y: encodeBase64Url(y) }
  return withPrivate(jwk, use, bare, octets)
}

function readOkp(jwk: object, use: KeyUse): ReadMaterial | string {
  const crv = use === 'sig' ? 'Ed25519' : 'X25519'
  if (ownMember(jwk, 'crv') !== crv) return 'has a curve that is not supported'
  const x = octetsOf(jwk, 'x')
  if (x?.length !== 32) return 'has no "x" of 32 octets in base64url'
  return withPrivate(jwk, use, { kty: 'OKP', crv, x: encodeBase64Url(x) }, 32)
}

function withPrivate(jwk: object, use: KeyUse, bare: BareJwk, octets: number): ReadMaterial | string {
  const shape: KeyShape = { kty: bare.kty, crv: bare.crv }
  if (use === 'sig') return { material: { kind: 'public', jwk: bare }, shape }
  const d = octetsOf(jwk, 'd')
  if (d?.length !== octets) return `has no "d" of ${octets} octets in base64url`
  return { material: { kind: 'private', jwk: { ...bare, d: encodeBase64Url(d) } }, shape }
}

function readAkp(jwk: object): ReadMaterial | string {
  const alg = ownMember(jwk, 'alg')
  const octets = typeof alg === 'string' && Object.hasOwn(mlDsaOctets, alg) ? mlDsaOctets[alg] : undefined
  if (typeof alg !== 'string' || octets === undefined) return 'has no algorithm that is supported'
  const pub = octetsOf(jwk, 'pub')
  if (pub?.length !== octets) return `has no "pub" of ${octets} octets in base64url`
  const shape: KeyShape = { kty: 'AKP', alg }
  return { material: { kind: 'public', jwk: { kty: 'AKP', alg, pub: encodeBase64Url(pub) } }, shape }
}

function octetsOf(jwk: object, name: string): Uint8Array<ArrayBuffer> | undefined {
  const text = ownMember(jwk, name)
  return typeof text === 'string' && text !== '' ? decodeBase64Url(text) : undefined
}

/** A number without the zeros that some issuers write before it, though they must not. */
function numberOf(jwk: object, name: string): Uint8Array | undefined {
  const octets = octetsOf(jwk, name)
  const first = octets?.findIndex((octet) => octet !== 0) ?? -1
  return first === -1 ? undefined : octets?.subarray(first)
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1
}
