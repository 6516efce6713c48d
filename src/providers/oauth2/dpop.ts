import { type Configuration, type DPoPHandle, type DPoPOptions, getDPoPHandle, modifyAssertion } from 'openid-client'
import type { Jwk } from '../../keys/import-key.ts'
import { publicJwks } from '../../keys/key-set.ts'
import { SigningKey, signingKey } from '../../keys/signing-key.ts'
import type { OAuth2Client } from './client.ts'
import type { CallScope } from './issuer-fetch.ts'

/**
 * How tokens are bound to a key of the service, so that whoever steals one cannot use it.
 *
 * @see RFC 9449
 */
export interface OAuth2DPoP {
  /**
   * The private key by which proofs are signed: a JWK, or a pair of Web Crypto whose public key can be exported. Tokens are
   * good with it only: keep it as long as they live, and give the same to every process that uses them.
   */
  readonly key: Jwk | CryptoKeyPair
}

const algorithms: ReadonlySet<string> = new Set(['ECDSA', 'Ed25519', 'RSA-PSS', 'RSASSA-PKCS1-v1_5'])

/** Proves that the service has the key that its tokens are bound to, and remembers the nonces that servers want in it. */
export class Prover {
  readonly #pair: () => Promise<CryptoKeyPair>
  readonly #alg: string | undefined
  #now: () => number = () => Date.now() / 1000
  #handle: Promise<DPoPHandle> | undefined

  /** @throws TypeError, in the name of `owner`, when the key cannot be used. */
  constructor(options: OAuth2DPoP, owner: string) {
    const key: unknown = options?.key
    if (typeof key !== 'object' || key === null) {
      throw new TypeError(`${owner}: "dpop.key" must be a private JWK or a CryptoKeyPair`)
    }
    if (isPair(key)) {
      if (!isUsable(key)) {
        throw new TypeError(`${owner}: "dpop.key" must be a pair that signs, with a public key that can be exported`)
      }
      this.#pair = async () => key
    } else {
      const signing = signingKeyOf(key, owner)
      this.#alg = signing.alg
      this.#pair = () => pairOf(signing)
    }
  }

  /**
   * What openid-client is told so that a request carries a proof.
   *
   * @throws (rejects) when the runtime does not take the key.
   */
  async options(configuration: Configuration, scope: Pick<CallScope, 'now'>): Promise<DPoPOptions> {
    this.#now = () => scope.now()
    // Kept for its nonces. The clock that it was made by would be that of its first call.
    this.#handle ??= this.#made(configuration)
    return { DPoP: await this.#handle }
  }

  async #made(configuration: Configuration): Promise<DPoPHandle> {
    return getDPoPHandle(configuration, await this.#pair(), {
      [modifyAssertion]: (header, payload) => {
        payload.iat = Math.floor(this.#now())
        // The runtime has another name for it than servers that read no RFC 9864.
        if (this.#alg === 'EdDSA') header.alg = this.#alg
      },
    })
  }
}

/**
 * Answers what openid-client is told for a request of the client's that carries a proof; `undefined` when its tokens are not
 * bound. For every token request, and for every request with an access token: openid-client then tries again with the nonce
 * that a server wants.
 *
 * A token answer that is not bound although a proof was sent is refused before anybody sees it (RFC 9449, section 5).
 *
 * @throws (rejects) when the runtime does not take the key.
 */
export async function dpopOptions(
  client: OAuth2Client,
  configuration: Configuration,
  scope: Pick<CallScope, 'now'>,
): Promise<DPoPOptions | undefined> {
  return client.shared.prover?.options(configuration, scope)
}

function isPair(key: object): key is { readonly privateKey: unknown; readonly publicKey: unknown } {
  return 'privateKey' in key && 'publicKey' in key
}

function isUsable(pair: { readonly privateKey: unknown; readonly publicKey: unknown }): pair is CryptoKeyPair {
  const { privateKey, publicKey } = pair
  return (
    isKey(privateKey) &&
    isKey(publicKey) &&
    privateKey.type === 'private' &&
    privateKey.usages.includes('sign') &&
    publicKey.type === 'public' &&
    publicKey.extractable &&
    algorithms.has(privateKey.algorithm.name) &&
    privateKey.algorithm.name === publicKey.algorithm.name
  )
}

function isKey(key: unknown): key is CryptoKey {
  return typeof key === 'object' && key !== null && 'type' in key && 'usages' in key && 'algorithm' in key
}

function signingKeyOf(jwk: Jwk, owner: string): SigningKey {
  try {
    // A proof has the key itself, and no id of it.
    return signingKey(jwk, jwk.kid === undefined ? { kid: 'dpop' } : {})
  } catch (error) {
    throw new TypeError(`${owner}: "dpop.key" must be a private JWK that signs`, { cause: error })
  }
}

async function pairOf(key: SigningKey): Promise<CryptoKeyPair> {
  const { importJWK } = await import('jose/key/import')
  const [half] = publicJwks([key.verification])
  const [privateKey, publicKey] = await Promise.all([SigningKey.joseOf(key), importJWK({ ...half }, key.alg)])
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) throw new TypeError('the key is a secret')
  return { privateKey, publicKey }
}
