import { AuthenticationError } from '../../core/cause.ts'
import { constantTimeEqual } from '../../crypto/index.ts'
import { decodeBase64, encodeBase64 } from '../../wire/base64.ts'
import { signatureKey } from '../../wire/oauth1.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { type PemLabel, readPem } from './pem.ts'

/**
 * How a request is signed. The HMAC methods by both secrets, the RSA methods by a private key; `PLAINTEXT` is no signature
 * but the secrets themselves, and goes over TLS only.
 *
 * @see RFC 5849, section 3.4
 */
export type Oauth1SignatureMethod = 'HMAC-SHA256' | 'HMAC-SHA1' | 'RSA-SHA256' | 'RSA-SHA1' | 'PLAINTEXT'

/** What one method needs. */
interface MethodRow {
  readonly kind: 'hmac' | 'rsa' | 'plaintext'
  readonly hash: 'SHA-1' | 'SHA-256'
}

const rows: Readonly<Record<Oauth1SignatureMethod, MethodRow>> = {
  'HMAC-SHA256': { kind: 'hmac', hash: 'SHA-256' },
  'HMAC-SHA1': { kind: 'hmac', hash: 'SHA-1' },
  'RSA-SHA256': { kind: 'rsa', hash: 'SHA-256' },
  'RSA-SHA1': { kind: 'rsa', hash: 'SHA-1' },
  PLAINTEXT: { kind: 'plaintext', hash: 'SHA-256' },
}

/** Shorter RSA keys are refused: NIST SP 800-131A. */
const MINIMUM_RSA_BITS = 2048
const RSA = 'RSASSA-PKCS1-v1_5'

/** Tells whether a text is the name of a method, which is compared exactly. */
export function isMethod(name: unknown): name is Oauth1SignatureMethod {
  return typeof name === 'string' && Object.hasOwn(rows, name)
}

/** Tells by what a method's signatures are made. */
export function kindOf(method: Oauth1SignatureMethod): MethodRow['kind'] {
  return rows[method].kind
}

/** The secrets and keys of both sides. */
export interface Secrets {
  readonly consumerSecret: string
  /** Empty when there is no token. */
  readonly tokenSecret: string
}

/**
 * Makes the signature of a base string by the secrets.
 *
 * @throws AuthenticationError when a secret has a lone surrogate.
 * @see RFC 5849, sections 3.4.2 and 3.4.4
 */
export async function signBySecrets(
  method: Oauth1SignatureMethod,
  baseString: string,
  { consumerSecret, tokenSecret }: Secrets,
): Promise<string> {
  const key = signatureKey(consumerSecret, tokenSecret)
  if (key === undefined) throw keyProblem('a secret has a lone surrogate')
  const { kind, hash } = rows[method]
  if (kind === 'plaintext') return key
  const imported = await crypto.subtle.importKey('raw', encodeUtf8(key), { name: 'HMAC', hash }, false, ['sign'])
  return encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', imported, encodeUtf8(baseString))))
}

/** Tells, in a time that says nothing of where they differ, whether the secrets make this signature. */
export async function isSignedBySecrets(
  method: Oauth1SignatureMethod,
  baseString: string,
  secrets: Secrets,
  signature: string,
): Promise<boolean> {
  return constantTimeEqual(signature, await signBySecrets(method, baseString, secrets))
}

/**
 * Makes the signature of a base string by a private key.
 *
 * @param privateKey PEM, `PRIVATE KEY` (PKCS #8)
 * @throws AuthenticationError when the key is none that can be used.
 * @see RFC 5849, section 3.4.3
 */
export async function signByKey(
  method: Oauth1SignatureMethod,
  baseString: string,
  privateKey: string,
): Promise<string> {
  const key = await importRsa(method, privateKey, 'PRIVATE KEY')
  return encodeBase64(new Uint8Array(await crypto.subtle.sign(RSA, key, encodeUtf8(baseString))))
}

/**
 * Tells whether the owner of a public key made this signature.
 *
 * @param publicKey PEM, `PUBLIC KEY`
 * @throws AuthenticationError when the key is none that can be used.
 * @see RFC 5849, section 3.4.3
 */
export async function isSignedByKey(
  method: Oauth1SignatureMethod,
  baseString: string,
  publicKey: string,
  signature: string,
): Promise<boolean> {
  const key = await importRsa(method, publicKey, 'PUBLIC KEY')
  const octets = decodeBase64(signature)
  return octets !== undefined && crypto.subtle.verify(RSA, key, octets, encodeUtf8(baseString))
}

type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

async function importRsa(method: Oauth1SignatureMethod, pem: string, label: PemLabel): Promise<ImportedKey> {
  const der = readPem(pem, label)
  if (der === undefined) throw keyProblem(`a key is not PEM with the label "${label}"`)
  const [format, use] = label === 'PUBLIC KEY' ? (['spki', 'verify'] as const) : (['pkcs8', 'sign'] as const)
  let key: ImportedKey
  try {
    key = await crypto.subtle.importKey(format, der, { name: RSA, hash: rows[method].hash }, false, [use])
  } catch (error) {
    throw keyProblem('a key is no RSA key', error)
  }
  const { algorithm } = key
  if (!('modulusLength' in algorithm) || Number(algorithm.modulusLength) < MINIMUM_RSA_BITS) {
    throw keyProblem(`an RSA key has less than ${MINIMUM_RSA_BITS} bits`)
  }
  return key
}

function keyProblem(message: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError(message, { code: 'oauth1-key', retryable: false, ...(cause ? { cause } : {}) })
}
