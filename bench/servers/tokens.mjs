import { createSecretKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { authentication } from 'becauth'
import { jwt } from 'becauth/jwt'
import { staticKeys } from 'becauth/keys'

export const issuer = 'https://id.service.example'
export const audience = 'https://orders.service.example'
/** A text, since some take nothing else. */
export const secret = randomBytes(32).toString('base64url')
export const secretKey = createSecretKey(Buffer.from(secret))

const pss = { padding: 6, saltLength: -1 }

/** How each algorithm is signed, and the type of its keys. */
const algorithms = {
  RS256: { pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }), hash: 'sha256' },
  PS256: { pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }), hash: 'sha256', with: pss },
  ES256: {
    pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    hash: 'sha256',
    with: { dsaEncoding: 'ieee-p1363' },
  },
  EdDSA: { pair: () => generateKeyPairSync('ed25519'), hash: null },
}
export const asymmetric = Object.keys(algorithms)

/** A key pair of one algorithm, and what makes tokens with it. */
export function makeIssuer(alg, kid) {
  const { privateKey, publicKey } = algorithms[alg].pair()
  const by = (signed) =>
    sign(algorithms[alg].hash, Buffer.from(signed), { key: privateKey, ...(algorithms[alg].with ?? {}) })
  const jwk = { ...publicKey.export({ format: 'jwk' }), alg, use: 'sig', ...(kid === undefined ? {} : { kid }) }
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  return { alg, publicKey, pem, jwk, token: (claims) => tokenOf({ alg, kid }, claims, by) }
}

const base64Url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function tokenOf({ alg, kid }, claims, by) {
  const signed = `${base64Url({ alg, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })}.${base64Url(claims)}`
  return `${signed}.${by(signed).toString('base64url')}`
}

/** What every token of the bench says, some 300 bytes of JSON. */
export function claimsOf(seconds = Date.now() / 1000) {
  const now = Math.floor(seconds)
  return {
    iss: issuer,
    aud: audience,
    sub: 'ada',
    client_id: 'shop',
    iat: now,
    exp: now + 86_400,
    jti: '0d2f6a34-9a1c-4a8e-8f65-2d5be8f1c8aa',
    scope: 'orders:read orders:write profile',
    roles: ['editor', 'reader'],
  }
}

/** The providers of becauth that a server of the bench guards its routes with. */
export function guardedBy(rs256) {
  const rules = { issuer, audience, profile: 'any' }
  const hs256 = () =>
    jwt({ ...rules, algorithms: ['HS256'], keys: staticKeys([new Uint8Array(Buffer.from(secret))]), cache: false })
  const keys = staticKeys([rs256.jwk])
  const auth = authentication({
    hs256: hs256(),
    rs256: jwt({ ...rules, keys, cache: false }),
    rs256Cached: jwt({ ...rules, keys }),
  })
  return {
    '/hs256': auth.require('hs256'),
    '/rs256': auth.require('rs256'),
    '/rs256-cached': auth.require('rs256Cached'),
  }
}
