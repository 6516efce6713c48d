import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'

/** A key of a client, with everything that a proof needs of it. */
export interface ProofKey {
  readonly alg: string
  readonly privateKey: KeyObject
  readonly jwk: JWK
  readonly jkt: string
}

/** What a proof says that a test does not leave to the defaults; `undefined` leaves a member out. */
export interface ProofParts {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Makes a key for `ES256`, `Ed25519` or `RS256`. */
export async function proofKey(alg: 'ES256' | 'Ed25519' | 'RS256' | 'PS256' = 'ES256'): Promise<ProofKey> {
  const { privateKey, publicKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : alg === 'Ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = await exportJWK(publicKey)
  return { alg, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) }
}

/** Signs a proof for a token, a method and an address. */
export function madeProof(
  key: ProofKey,
  about: { token: string; method?: string; uri: string; at: number; jti: string; nonce?: string | undefined },
  parts: ProofParts = {},
): string {
  const header = { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...parts.header }
  const claims = {
    jti: about.jti,
    htm: about.method ?? 'GET',
    htu: about.uri,
    iat: about.at,
    ath: createHash('sha256').update(about.token).digest('base64url'),
    nonce: about.nonce,
    ...parts.claims,
  }
  const signed = `${segment(header)}.${segment(claims)}`
  return `${signed}.${signature(key, signed).toString('base64url')}`
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signature({ alg, privateKey }: ProofKey, signed: string): Buffer {
  if (alg === 'Ed25519') return sign(null, Buffer.from(signed), privateKey)
  if (alg === 'ES256') return sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  if (alg === 'PS256') return sign('sha256', Buffer.from(signed), { key: privateKey, padding: 6, saltLength: 32 })
  return sign('sha256', Buffer.from(signed), privateKey)
}
