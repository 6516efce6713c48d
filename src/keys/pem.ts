import { decodeBase64, encodeBase64Url } from '../wire/base64.ts'
import type { PssHash } from './algorithms.ts'
import { coordinateOctets } from './curves.ts'
import { type DerElement, hexOf, readDer, readInside } from './der.ts'
import type { BareJwk } from './verification-key.ts'

/** A public key that was written as PEM, as a JWK yet to be checked. */
export interface ReadPem {
  readonly jwk: BareJwk
  /** What an RSASSA-PSS key is limited to. */
  readonly pss?: PssHash | 'any'
}

const SEQUENCE = 0x30
const INTEGER = 0x02
const BIT_STRING = 0x03
const NULL = 0x05
const OBJECT_IDENTIFIER = 0x06
const context = (number: number): number => 0xa0 + number

const MAXIMUM_LENGTH = 65_536

const RSA_ENCRYPTION = '2a864886f70d010101'
const RSASSA_PSS = '2a864886f70d01010a'
const MGF1 = '2a864886f70d010108'
const EC_PUBLIC_KEY = '2a8648ce3d0201'
const ED25519 = '2b6570'

const namedCurves: Readonly<Record<string, string>> = {
  '2a8648ce3d030107': 'P-256',
  '2b81040022': 'P-384',
  '2b81040023': 'P-521',
}

const mlDsa: Readonly<Record<string, string>> = {
  '608648016503040311': 'ML-DSA-44',
  '608648016503040312': 'ML-DSA-65',
  '608648016503040313': 'ML-DSA-87',
}

const hashes: Readonly<Record<string, PssHash>> = {
  '608648016503040201': 256,
  '608648016503040202': 384,
  '608648016503040203': 512,
}

/**
 * Reads the first block of a PEM text: a public key or a certificate. A text is the problem, said of "the key".
 *
 * @see RFC 7468, sections 2, 5 and 13; RFC 8017, appendix A.1.1
 */
export function readPem(text: string): ReadPem | string {
  if (text.length > MAXIMUM_LENGTH) return 'is a PEM text that is too long'
  const begin = text.indexOf('-----BEGIN ')
  const label = /^-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text.slice(begin, begin + 60))?.[1]
  if (begin === -1 || label === undefined) return 'is a text that is not PEM; a secret is given as octets'
  if (label.endsWith('PRIVATE KEY')) return 'is private, and verifying takes the public key alone'
  const from = begin + label.length + '-----BEGIN -----'.length
  const end = text.indexOf(`-----END ${label}-----`, from)
  const der = end === -1 ? undefined : decodeBase64(text.slice(from, end).replace(/[\t\n\r ]/g, ''))
  if (der === undefined) return 'is a PEM text that is cut short or not base64'
  switch (label) {
    case 'PUBLIC KEY':
      return readSpki(readInside(der, SEQUENCE))
    case 'RSA PUBLIC KEY':
      return readRsa(der)
    case 'CERTIFICATE':
      return readCertificate(der)
    default:
      return 'is a PEM text that is neither a public key nor a certificate'
  }
}

const unreadable = 'is a PEM text in which no public key can be read'
const otherParameters = 'is an RSA-PSS key with parameters that no algorithm has'

/** RFC 5280, section 4.1: the key comes after version, serial number, algorithm, issuer, dates and subject. */
function readCertificate(der: Uint8Array): ReadPem | string {
  const [tbs] = readInside(der, SEQUENCE) ?? []
  const fields = tbs?.tag === SEQUENCE ? readDer(tbs.content) : undefined
  const withVersion = fields?.[0]?.tag === context(0) ? 1 : 0
  return readSpki(readInside(fields?.[withVersion + 5]?.whole, SEQUENCE))
}

/** RFC 5280, section 4.1: `SubjectPublicKeyInfo`. */
function readSpki(parts: readonly DerElement[] | undefined): ReadPem | string {
  const [algorithm, bits] = parts ?? []
  const [identifier, parameters] = readInside(algorithm?.whole, SEQUENCE) ?? []
  if (identifier?.tag !== OBJECT_IDENTIFIER || bits?.tag !== BIT_STRING || bits.content[0] !== 0) return unreadable
  const octets = bits.content.subarray(1)
  const oid = hexOf(identifier.content)
  switch (oid) {
    case RSA_ENCRYPTION:
      return readRsa(octets)
    case RSASSA_PSS: {
      const pss = readPss(parameters)
      const read = readRsa(octets)
      if (pss === undefined || typeof read === 'string') return pss === undefined ? otherParameters : read
      return { ...read, pss }
    }
    case EC_PUBLIC_KEY:
      return readEc(octets, parameters)
    case ED25519:
      return { jwk: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(octets) } }
    default: {
      const alg = Object.hasOwn(mlDsa, oid) ? mlDsa[oid] : undefined
      if (alg === undefined) return 'has a type that is not supported'
      return { jwk: { kty: 'AKP', alg, pub: encodeBase64Url(octets) } }
    }
  }
}

function readRsa(der: Uint8Array): ReadPem | string {
  const [n, e] = readInside(der, SEQUENCE) ?? []
  if (n?.tag !== INTEGER || e?.tag !== INTEGER) return unreadable
  return { jwk: { kty: 'RSA', n: encodeBase64Url(n.content), e: encodeBase64Url(e.content) } }
}

function readEc(point: Uint8Array, parameters: DerElement | undefined): ReadPem | string {
  const oid = parameters?.tag === OBJECT_IDENTIFIER ? hexOf(parameters.content) : ''
  const crv = Object.hasOwn(namedCurves, oid) ? namedCurves[oid] : undefined
  const octets = crv === undefined ? undefined : coordinateOctets(crv)
  if (crv === undefined || octets === undefined) return 'has a curve that is not supported'
  if (point[0] !== 0x04) return 'is a point on a curve that is not written in full'
  const x = encodeBase64Url(point.subarray(1, 1 + octets))
  return { jwk: { kty: 'EC', crv, x, y: encodeBase64Url(point.subarray(1 + octets)) } }
}

/**
 * RFC 4055, section 3.1: hash, mask generation with its hash, and the shortest salt, each with a default of the times of
 * SHA-1. An algorithm of JOSE has one hash for everything, and its salt is as long as the hash.
 */
function readPss(parameters: DerElement | undefined): PssHash | 'any' | undefined {
  if (parameters === undefined) return 'any'
  const fields = readInside(parameters.whole, SEQUENCE)
  const field = (number: number): Uint8Array | undefined => fields?.find(({ tag }) => tag === context(number))?.content
  const hash = hashOf(readInside(field(0), SEQUENCE))
  const [generator, generatorHash] = readInside(field(1), SEQUENCE) ?? []
  const isMgf1 = generator?.tag === OBJECT_IDENTIFIER && hexOf(generator.content) === MGF1
  const isSame = hash !== undefined && isMgf1 && hashOf(readInside(generatorHash?.whole, SEQUENCE)) === hash
  if (!isSame || fields?.some(({ tag }) => tag < context(0) || tag > context(2))) return undefined
  const [salt] = readDer(field(2) ?? Uint8Array.of(INTEGER, 1, 20)) ?? []
  const [octets, ...more] = salt?.tag === INTEGER ? salt.content : []
  return octets !== undefined && more.length === 0 && octets <= hash / 8 ? hash : undefined
}

function hashOf(algorithm: readonly DerElement[] | undefined): PssHash | undefined {
  const [identifier, parameters] = algorithm ?? []
  if (identifier?.tag !== OBJECT_IDENTIFIER || (parameters !== undefined && parameters.tag !== NULL)) return undefined
  const oid = hexOf(identifier.content)
  return Object.hasOwn(hashes, oid) ? hashes[oid] : undefined
}
