import * as crypto from 'node:crypto'
import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createVerify,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
  timingSafeEqual,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto'
import type { JwsHeader, SegmentDecoder } from '../wire/jws.ts'
import { hasRightLength } from './signature-length.ts'
import { SigningKey } from './signing-key.ts'
import { type KeyForm, type KeyMaterial, VerificationKey } from './verification-key.ts'

// Bun and Deno run this file too, and not every version of theirs has the one-call function.
const oneCall: typeof crypto.hash | undefined = 'hash' in crypto ? crypto.hash : undefined

/** Longer texts are rare, and what Node's own HMAC costs is little beside them. */
const LONGEST_TEXT = 4096

// It keeps nothing between calls, since nothing here decodes a stream.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes the segments of tokens. Node's decoder takes anything, so that what it made is encoded again to compare. */
export const segments: SegmentDecoder = {
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
 * @param signed header and payload as sent, joined by a dot; the payload is to be read in its strictest form afterwards
 * @param signature the signature as sent: base64url in its strictest form
 * @throws TypeError when the key is not of the algorithm's type.
 * @see RFC 7518, sections 3.2 to 3.5; RFC 8037, section 3.1
 */
export function verifySignature(
  key: VerificationKey,
  alg: string,
  signed: string,
  signature: string,
): boolean | Promise<boolean> {
  if (alg.startsWith('ML-DSA-')) return verifyElsewhere(key, alg, signed, signature)
  const verifier = VerificationKey.nativeOf(key, nodeForm).verifierFor(alg)
  return hasRightLength(key, signature) && verifier(signed, signature)
}

/** Not every Node that has ML-DSA takes its keys as JWK. */
async function verifyElsewhere(key: VerificationKey, alg: string, signed: string, signature: string): Promise<boolean> {
  const { verifySignature: byWebCrypto } = await import('./jws-web.ts')
  return byWebCrypto(key, alg, signed, signature)
}

/** Tells whether a signature, base64url in its strictest form, is that of a text, whose characters are octets. */
type Verifier = (signed: string, signature: string) => boolean

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
  if (hash !== null && key.asymmetricKeyType === 'rsa') {
    // Measured: it takes the text as it is, and so is faster. Of ECDSA, it throws at signatures of another length.
    return (signed, signature) => createVerify(hash).update(signed, 'latin1').verify(input, signature, 'base64url')
  }
  return (signed, signature) => verify(hash, Buffer.from(signed, 'latin1'), input, Buffer.from(signature, 'base64url'))
}

function hmacVerifier(secret: KeyObject, hash: string): Verifier {
  const usual: Verifier = (signed, signature) => {
    const tag = createHmac(hash, secret).update(signed, 'latin1').digest()
    const given = Buffer.from(signature, 'base64url')
    return tag.length === given.length && timingSafeEqual(tag, given)
  }
  if (oneCall === undefined) return usual
  const short = verifierByHashing(secret.export(), hash, oneCall)
  return (signed, signature) => (signed.length > LONGEST_TEXT ? usual(signed, signature) : short(signed, signature))
}

/**
 * HMAC as it is defined: H((K ⊕ opad) ‖ H((K ⊕ ipad) ‖ text)). Measured: Node's one-call hash twice takes half the time of
 * its HMAC, which makes, and leaves to the garbage collector, an object for each text.
 *
 * @see RFC 2104, section 2
 */
function verifierByHashing(secret: Buffer, hash: string, hashed: typeof crypto.hash): Verifier {
  const { length } = hashed(hash, '', 'buffer')
  const block = hash === 'sha256' ? 64 : 128
  // All four are overwritten by each text.
  const inner = Buffer.alloc(block + LONGEST_TEXT)
  const outer = Buffer.alloc(block + length)
  const tag = Buffer.alloc(length)
  const given = Buffer.alloc(length)
  const key = Buffer.alloc(block)
  key.set(secret.length > block ? hashed(hash, secret, 'buffer') : secret)
  for (const [index, octet] of key.entries()) {
    inner[index] = 0x36 ^ octet
    outer[index] = 0x5c ^ octet
  }
  const digits = Math.ceil((length * 4) / 3)
  return (signed, signature) => {
    if (signature.length !== digits) return false
    const end = block + inner.write(signed, block, 'latin1')
    outer.write(hashed(hash, inner.subarray(0, end), 'binary'), block, 'latin1')
    tag.write(hashed(hash, outer, 'binary'), 'latin1')
    // Whatever is no base64url would leave there what was given before.
    return given.write(signature, 'base64url') === length && timingSafeEqual(tag, given)
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
