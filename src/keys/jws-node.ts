import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  timingSafeEqual,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto'
import { decodeBase64Url } from '../wire/base64.ts'
import type { JwsHeader, SegmentDecoder } from '../wire/jws.ts'
import { SigningKey } from './signing-key.ts'
import { type KeyForm, type KeyMaterial, VerificationKey } from './verification-key.ts'

// It keeps nothing between calls, since nothing here decodes a stream.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Below, a loop is faster than asking Node twice.
const SHORT_SEGMENT = 64

/** Decodes the segments of tokens. Node's decoder takes anything, so that what it made is encoded again to compare. */
export const segments: SegmentDecoder = {
  bytes: (segment) => {
    if (segment.length <= SHORT_SEGMENT) return decodeBase64Url(segment)
    const bytes = Buffer.from(segment, 'base64url')
    return bytes.toString('base64url') === segment ? bytes : undefined
  },
  text: (segment) => {
    const bytes = Buffer.from(segment, 'base64url')
    if (bytes.toString('base64url') !== segment) return undefined
    try {
      return utf8.decode(bytes)
    } catch {
      return undefined
    }
  },
}

/**
 * Tells whether a key made a signature. Synchronous here, but for ML-DSA; a promise elsewhere. The caller has chosen the
 * key for the algorithm, and has read the header in its strictest form.
 *
 * @param signed header and payload as sent, joined by a dot
 * @throws TypeError when the key is not of the algorithm's type.
 * @see RFC 7518, sections 3.2 to 3.5; RFC 8037, section 3.1
 */
export function verifySignature(
  key: VerificationKey,
  alg: string,
  signed: string,
  signature: Uint8Array,
): boolean | Promise<boolean> {
  if (alg.startsWith('ML-DSA-')) return verifyElsewhere(key, alg, signed, signature)
  return VerificationKey.nativeOf(key, nodeForm).verifierFor(alg)(signed, signature)
}

/** Not every Node that has ML-DSA takes its keys as JWK. */
async function verifyElsewhere(
  key: VerificationKey,
  alg: string,
  signed: string,
  signature: Uint8Array,
): Promise<boolean> {
  const { verifySignature: byWebCrypto } = await import('./jws-web.ts')
  return byWebCrypto(key, alg, signed, signature)
}

type Verifier = (signed: string, signature: Uint8Array) => boolean

/** A key as Node takes it, made ready for each algorithm once. */
class NodeKey {
  readonly #object: KeyObject
  readonly #verifiers = new Map<string, Verifier>()

  constructor(object: KeyObject) {
    this.#object = object
  }

  verifierFor(alg: string): Verifier {
    const known = this.#verifiers.get(alg)
    if (known !== undefined) return known
    const verifier = verifierOf(this.#object, alg)
    this.#verifiers.set(alg, verifier)
    return verifier
  }
}

const nodeForm: KeyForm<NodeKey> = {
  is: (value) => value instanceof NodeKey,
  make: (material) => new NodeKey(keyObjectOf(material)),
}

function keyObjectOf(material: KeyMaterial): KeyObject {
  if (material.kind === 'secret') return createSecretKey(material.octets)
  return createPublicKey({ key: { ...material.jwk }, format: 'jwk' })
}

function verifierOf(key: KeyObject, alg: string): Verifier {
  const family = alg.slice(0, 2)
  if ((family === 'HS') !== (key.type === 'secret')) {
    throw new TypeError('verifySignature(): the key is not of the type of the algorithm')
  }
  const hash = family === 'Ed' ? null : `sha${alg.slice(2)}`
  if (hash !== null && family === 'HS') return hmacVerifier(key, hash)
  const input = inputOf(key, family)
  return (signed, signature) => verify(hash, Buffer.from(signed, 'latin1'), input, signature)
}

function hmacVerifier(key: KeyObject, hash: string): Verifier {
  return (signed, signature) => {
    // A short text and a pooled buffer are cheaper than memory of its own for every tag.
    const tag = Buffer.from(createHmac(hash, key).update(signed).digest('binary'), 'binary')
    return tag.length === signature.length && timingSafeEqual(tag, signature)
  }
}

/** What Node does not do by itself: a salt of any length, and ECDSA in DER, would pass otherwise. */
function inputOf(key: KeyObject, family: string): VerifyKeyObjectInput & SignKeyObjectInput {
  if (family === 'ES') return { key, dsaEncoding: 'ieee-p1363' }
  if (family === 'PS') {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  }
  return family === 'RS' ? { key, padding: constants.RSA_PKCS1_PADDING } : { key }
}

/**
 * Signs a payload into a JWS in compact serialization. Synchronous here, a promise elsewhere.
 *
 * @param header its `alg` must be the key's
 * @see RFC 7515, section 5.1; RFC 7518, sections 3.3 to 3.5; RFC 8037, section 3.1
 */
export function signCompact(key: SigningKey, header: JwsHeader, payload: string): string | Promise<string> {
  const signed = `${base64Url(JSON.stringify(header))}.${base64Url(payload)}`
  const signature = SigningKey.nativeOf(key, signingForm).sign(key.alg, signed)
  return `${signed}.${signature.toString('base64url')}`
}

/** A private key as Node takes it. */
class NodeSigningKey {
  readonly #object: KeyObject

  constructor(object: KeyObject) {
    this.#object = object
  }

  sign(alg: string, signed: string): Buffer {
    const family = alg.slice(0, 2)
    const hash = family === 'Ed' ? null : `sha${alg.slice(2)}`
    return sign(hash, Buffer.from(signed, 'latin1'), inputOf(this.#object, family))
  }
}

const signingForm: KeyForm<NodeSigningKey> = {
  is: (value) => value instanceof NodeSigningKey,
  make: (material) => {
    if (material.kind !== 'private') throw new TypeError('signCompact(): the key is not private')
    return new NodeSigningKey(createPrivateKey({ key: { ...material.jwk }, format: 'jwk' }))
  },
}

function base64Url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
