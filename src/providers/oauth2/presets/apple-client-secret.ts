import { AuthenticationError } from '../../../core/cause.ts'
import { hexOf } from '../../../keys/der.ts'
import type { Jwk } from '../../../keys/import-key.ts'
import { decodeBase64, encodeBase64Url } from '../../../wire/base64.ts'
import { encodeUtf8 } from '../../../wire/text.ts'

/** What a client secret of Apple's is made of. */
export interface AppleSecretOptions {
  /** The identifier of the service ("Services ID"). */
  readonly clientId: string
  /** The ten characters that name the team of developers. */
  readonly teamId: string
  /** The ten characters that name the key. */
  readonly keyId: string
  /** The private key: the text of the `.p8` file (PEM), or a JWK. */
  readonly privateKey: string | Jwk
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** A client secret, and until when it is good. */
interface MadeSecret {
  readonly madeAt: number
  readonly text: Promise<string>
}

/** How long a client secret is good. Apple allows half a year. */
const LIFETIME_SECONDS = 3600
/** How long before its end the next one is made. */
const RENEWAL_SECONDS = 300
/** Apple refuses what comes from the future, and clocks differ. */
const BACKDATED_SECONDS = 60

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
/** `id-ecPublicKey` and `secp256r1`, as they stand at the start of a private key (RFC 5208, RFC 5480). */
const P256 = '06072a8648ce3d020106082a8648ce3d030107'

/**
 * Makes the function that answers a client secret for now: a JWT signed by the team's key with ES256, which is used again
 * until shortly before its end.
 *
 * @throws TypeError when an option cannot be used.
 * @see https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
 */
export function appleClientSecret(options: AppleSecretOptions): () => Promise<string> {
  const { clientId, teamId, keyId, privateKey, clock = () => Date.now() / 1000 } = options
  for (const [name, value] of Object.entries({ clientId, teamId, keyId })) {
    if (typeof value !== 'string' || value === '') throw new TypeError(`apple(): "${name}" must be a non-empty string`)
  }
  if (typeof clock !== 'function') throw new TypeError('apple(): "clock" must be a function')
  const importKey = importerOf(privateKey)
  let key: Promise<CryptoKey> | undefined
  let made: MadeSecret | undefined
  const make = async (now: number): Promise<string> => {
    try {
      key ??= importKey()
      const iat = Math.floor(now) - BACKDATED_SECONDS
      const claims = {
        iss: teamId,
        iat,
        exp: Math.floor(now) + LIFETIME_SECONDS,
        aud: 'https://appleid.apple.com',
        sub: clientId,
      }
      return await signed({ alg: 'ES256', kid: keyId }, claims, await key)
    } catch (error) {
      key = undefined
      made = undefined
      throw new AuthenticationError('apple(): the private key cannot be used', {
        code: 'oauth2-client-secret',
        retryable: false,
        cause: error,
      })
    }
  }
  return () => {
    const now = clock()
    const age = made === undefined ? Number.NaN : now - made.madeAt
    if (made !== undefined && age >= 0 && age < LIFETIME_SECONDS - RENEWAL_SECONDS) return made.text
    made = { madeAt: now, text: make(now) }
    return made.text
  }
}

async function signed(header: object, claims: object, key: CryptoKey): Promise<string> {
  const [head, payload] = [header, claims].map((part) => encodeBase64Url(encodeUtf8(JSON.stringify(part))))
  const input = `${head}.${payload}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, encodeUtf8(input))
  return `${input}.${encodeBase64Url(new Uint8Array(signature))}`
}

/** @throws TypeError when it is no private key for ES256. */
function importerOf(privateKey: unknown): () => Promise<CryptoKey> {
  if (typeof privateKey === 'string') {
    const der = pkcs8Of(privateKey)
    if (der === undefined) throw wrongKey()
    return () => crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
  }
  if (typeof privateKey !== 'object' || privateKey === null) throw wrongKey()
  const { kty, crv, x, y, d } = Object.fromEntries(Object.entries(privateKey))
  const members = [x, y, d]
  if (kty !== 'EC' || crv !== 'P-256' || !members.every((one) => typeof one === 'string' && one.length === 43)) {
    throw wrongKey()
  }
  return () => crypto.subtle.importKey('jwk', { kty, crv, x, y, d }, algorithm, false, ['sign'])
}

/** @see RFC 7468, section 10 */
function pkcs8Of(text: string): Uint8Array<ArrayBuffer> | undefined {
  const inner = /^-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\t\n\r ]{1,4096})-----END PRIVATE KEY-----$/.exec(
    text.trim(),
  )?.[1]
  const der = inner === undefined ? undefined : decodeBase64(inner.replace(/[\t\n\r ]/g, ''))
  return der !== undefined && hexOf(der.subarray(0, 48)).includes(P256) ? der : undefined
}

function wrongKey(): TypeError {
  return new TypeError(
    'apple(): "privateKey" must be the text of a .p8 file or a JWK: a private key on the curve P-256',
  )
}
