import { importJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import * as node from './jws-node.ts'
import * as web from './jws-web.ts'
import { generateSigningKey, type SigningAlgorithm, signingKey } from './signing-key.ts'

const algorithms: SigningAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
const ways = { 'node:crypto': node, 'Web Crypto': web }

function publicHalf(jwk: object): object {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name)))
}

describe.each(Object.entries(ways))('signCompact by %s', (_name, { signCompact }) => {
  it.each(algorithms)('makes %s signatures that jose and both ways of verifying accept', async (alg) => {
    const jwk = await generateSigningKey(alg)
    const key = signingKey(jwk)
    expect(key.alg).toBe(alg)
    const token = await signCompact(key, { alg, kid: key.kid, typ: 'at+jwt' }, JSON.stringify({ sub: 'zoë' }))
    const read = await jwtVerify(token, await importJWK(publicHalf(jwk), alg), { algorithms: [alg] })
    expect(read.payload).toEqual({ sub: 'zoë' })
    expect(read.protectedHeader).toEqual({ alg, kid: key.kid, typ: 'at+jwt' })
    const [header, payload, signature = ''] = token.split('.')
    for (const { verifySignature } of [node, web]) {
      expect(await verifySignature(key.verification, alg, `${header}.${payload}`, signature)).toBe(true)
      expect(await verifySignature(key.verification, alg, `${header}.${payload}A`, signature)).toBe(false)
    }
  })
})

describe('signingKey()', () => {
  it('takes the algorithm of the curve, RS256 for RSA, and what it is told before that', async () => {
    const { alg: _ec, ...ec } = await generateSigningKey('ES384')
    const { alg: _rsa, ...rsa } = await generateSigningKey('PS256')
    expect(signingKey(ec).alg).toBe('ES384')
    expect(signingKey(rsa).alg).toBe('RS256')
    expect(signingKey(rsa, { alg: 'PS512' }).verification.algorithms).toEqual(['PS512'])
  })

  it.each([
    ['a secret', { kty: 'oct', k: 'A'.repeat(43), kid: 'a' }, 'is a secret, with which whoever verifies could sign'],
    ['no object', 'text', 'is not a JWK'],
    ['another type', { kty: 'XYZ', kid: 'a' }, 'has a type that is not supported'],
  ])('refuses %s', (_name, jwk, problem) => {
    expect(() => Reflect.apply(signingKey, undefined, [jwk])).toThrow(`signingKey(): the key ${problem}`)
  })

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('refuses a public %s key', async (alg) => {
    const half = publicHalf(await generateSigningKey(alg))
    expect(() => signingKey(half)).toThrow(/is public, and signing takes the private key|has no "d" of 32 octets/)
  })

  it('refuses a key without an id, with another algorithm, or that may not sign', async () => {
    const jwk = await generateSigningKey('ES256')
    const { kid: _kid, ...nameless } = jwk
    expect(() => signingKey(nameless)).toThrow('signingKey(): the key has no "kid"')
    expect(() => signingKey(jwk, { alg: 'ES384' })).toThrow('has an "alg"')
    expect(() => signingKey({ ...jwk, key_ops: ['verify'] })).toThrow('may not sign, by its "key_ops"')
    expect(() => signingKey({ ...jwk, use: 'enc' })).toThrow('has a "use" other than "sig"')
    expect(() => signingKey(jwk, { signsFrom: Number.NaN })).toThrow('"signsFrom"')
    expect(signingKey({ ...jwk, key_ops: ['sign'] }, { signsFrom: 5 }).signsFrom).toBe(5)
  })

  it('shows nothing of the private key in any text form', async () => {
    const jwk = await generateSigningKey()
    const key = signingKey(jwk)
    await node.signCompact(key, { alg: 'ES256' }, '{}')
    await web.signCompact(key, { alg: 'ES256' }, '{}')
    const { inspect } = await import('node:util')
    const shown = `${JSON.stringify(key)} ${String(key)} ${inspect(key, { depth: 9, showHidden: true })}`
    expect(shown).not.toContain(jwk.d)
  })
})
