import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { importKey, type Jwk } from './index.ts'
import { VerificationKey } from './verification-key.ts'

const { privateKey: rsaPrivate, publicKey: rsaPublic } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const { privateKey: ecPrivate, publicKey: ecPublic } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { privateKey: edPrivate, publicKey: edPublic } = generateKeyPairSync('ed25519')
const { privateKey: xPrivate, publicKey: xPublic } = generateKeyPairSync('x25519')

const jwk = (key: { export(options: { format: 'jwk' }): JsonWebKey }): JsonWebKey => key.export({ format: 'jwk' })
const rsa = jwk(rsaPublic)
const ec = jwk(ecPublic)
const ed = jwk(edPublic)

function octets(length: number): Uint8Array {
  return new Uint8Array(length).fill(7)
}

function secret(length: number): Jwk {
  return { kty: 'oct', k: Buffer.from(octets(length)).toString('base64url') }
}

function rsaOf(options: { modulusLength?: number; publicExponent?: number }): JsonWebKey {
  return jwk(generateKeyPairSync('rsa', { modulusLength: 2048, ...options }).publicKey)
}

function curve(namedCurve: string): JsonWebKey {
  return jwk(generateKeyPairSync('ec', { namedCurve }).publicKey)
}

/** A number of so many bits, all of them ones. */
function ones(bits: number): string {
  return Buffer.from(((1n << BigInt(bits)) - 1n).toString(16).padStart(Math.ceil(bits / 8) * 2, '0'), 'hex').toString(
    'base64url',
  )
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('importKey() says which algorithms a key may serve', () => {
  const everyRsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  it.each<[string, Jwk | Uint8Array, string[]]>([
    ['RSA', rsa, everyRsa],
    ['RSA with exponent 3', rsaOf({ publicExponent: 3 }), everyRsa],
    ['RSA with an alg', { ...rsa, alg: 'PS384' }, ['PS384']],
    ['P-256', ec, ['ES256']],
    ['P-384', curve('P-384'), ['ES384']],
    ['P-521', curve('P-521'), ['ES512']],
    ['Ed25519', ed, ['EdDSA', 'Ed25519']],
    ['Ed25519 with an alg', { ...ed, alg: 'Ed25519' }, ['Ed25519']],
    ['a secret of 32 octets', octets(32), ['HS256']],
    ['a secret of 48 octets', octets(48), ['HS256', 'HS384']],
    ['a secret of 64 octets', octets(64), ['HS256', 'HS384', 'HS512']],
    ['a secret as a JWK', { ...secret(64), alg: 'HS512' }, ['HS512']],
    ['a key for "sig" and "verify"', { ...ec, use: 'sig', key_ops: ['verify'] }, ['ES256']],
    ['a secret for both operations', { ...secret(32), key_ops: ['sign', 'verify'] }, ['HS256']],
  ])('%s', (_what, key, algorithms) => {
    expect(importKey(key).algorithms).toEqual(algorithms)
  })

  it('and takes an algorithm and an id that the JWK does not state, or states as well', () => {
    expect(importKey(rsa, { alg: 'RS256', kid: '1' })).toMatchObject({ kid: '1', use: 'sig', algorithms: ['RS256'] })
    expect(importKey({ ...rsa, alg: 'RS256', kid: '1' }, { alg: 'RS256', kid: '1' }).kid).toBe('1')
    expect(importKey(rsa).kid).toBeUndefined()
  })
})

describe('importKey() takes keys for decryption', () => {
  const agreement = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
  it.each<[string, Jwk | Uint8Array, string[]]>([
    ['RSA', jwk(rsaPrivate), ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512']],
    ['P-256', jwk(ecPrivate), agreement],
    ['X25519', jwk(xPrivate), agreement],
    ['16 octets', octets(16), ['dir', 'A128KW', 'A128GCMKW']],
    ['64 octets', octets(64), ['dir']],
    ['RSA with an alg', { ...jwk(rsaPrivate), alg: 'RSA-OAEP-256', key_ops: ['decrypt'] }, ['RSA-OAEP-256']],
  ])('%s', (_what, key, algorithms) => {
    expect(importKey(key, { use: 'enc' })).toMatchObject({ use: 'enc', algorithms })
  })

  it('by what the JWK says in "use" as well, in the form that jose takes', async () => {
    const key = importKey({ ...jwk(ecPrivate), use: 'enc', alg: 'ECDH-ES' })
    expect(key.use).toBe('enc')
    expect(await VerificationKey.joseOf(key, 'ECDH-ES')).toMatchObject({ type: 'private' })
    const raw = importKey(octets(32), { use: 'enc', alg: 'dir' })
    expect(await VerificationKey.joseOf(raw, 'dir')).toEqual(octets(32))
  })

  it.each<[string, Jwk | Uint8Array | string]>([
    ['is public, and decrypting takes the private key', rsa],
    ['has a curve that is not supported', jwk(edPrivate)],
    ['has a "use" other than "enc"', { ...jwk(rsaPrivate), use: 'sig' }],
    ['may not decrypt, by its "key_ops"', { ...jwk(rsaPrivate), key_ops: ['sign'] }],
    ['has no "qi" in base64url', { ...jwk(rsaPrivate), qi: undefined }],
    ['has no "d" of 32 octets in base64url', { ...jwk(ecPrivate), d: 'AQ' }],
    ['does not go with its algorithm, by type, size, curve or parameters', { ...jwk(rsaPrivate), alg: 'RSA1_5' }],
    ['is a secret of a length that no algorithm takes', octets(33)],
    ['is a text, and a key for decryption is given as a JWK or octets', 'text'],
  ])('but not one that %s', (problem, key) => {
    expect(() => importKey(key, { use: 'enc' })).toThrow(new TypeError(`importKey(): the key ${problem}`))
  })
})

describe('importKey() refuses', () => {
  const notItsAlgorithm = 'does not go with its algorithm, by type, size, curve or parameters'
  const exponent = 'has an RSA exponent that is not an odd number from 3 to 2⁶⁴'
  const point = 'has no "x" and "y" of the curve\'s length in base64url'
  it.each<[string, string, unknown]>([
    ['RSA of 1024 bits', 'is an RSA key of less than 2048 bits', rsaOf({ modulusLength: 1024 })],
    ['RSA of 2047 bits', 'is an RSA key of less than 2048 bits', { ...rsa, n: ones(2047) }],
    ['RSA of 16,385 bits', 'is an RSA key of more than 16384 bits', { ...rsa, n: ones(16_385) }],
    ['an even modulus', 'has an even RSA modulus', { ...rsa, n: `${rsa.n?.slice(0, -1)}A` }],
    ['the exponent 1', exponent, { ...rsa, e: 'AQ' }],
    ['the exponent 65536', exponent, { ...rsa, e: 'AQAA' }],
    ['an exponent of 65 bits', exponent, { ...rsa, e: 'AQAAAAAAAAAB' }],
    ['the exponent 0', 'has no "n" and "e" in base64url', { ...rsa, e: 'AA' }],
    ['padded base64', 'has no "n" and "e" in base64url', { ...rsa, e: 'AQAB==' }],
    ['RSA under the algorithm of a curve', notItsAlgorithm, { ...rsa, alg: 'ES256' }],
    ['RSA under the algorithm of a secret', notItsAlgorithm, { ...rsa, alg: 'HS256' }],
    ['P-256 under ES384', notItsAlgorithm, { ...ec, alg: 'ES384' }],
    ['P-384 under ES256', notItsAlgorithm, { ...curve('P-384'), alg: 'ES256' }],
    ['Ed25519 under ES256', notItsAlgorithm, { ...ed, alg: 'ES256' }],
    ['"none"', notItsAlgorithm, { ...rsa, alg: 'none' }],
    ['an algorithm named as a method of every object', notItsAlgorithm, { ...rsa, alg: 'toString' }],
    ['secp256k1', 'has a curve that is not supported', curve('secp256k1')],
    ['a curve named as a method of every object', 'has a curve that is not supported', { ...ec, crv: 'constructor' }],
    ['X25519, which signs nothing', 'has a curve that is not supported', jwk(xPublic)],
    ['a point off its curve', 'is a point that is not on its curve', { ...ec, x: ec.y, y: ec.x }],
    ['a point of another curve', point, { ...curve('P-384'), crv: 'P-256' }],
    ['a coordinate cut short', point, { ...ec, x: ec.x?.slice(0, -2) }],
    ['coordinates beyond the field', 'is a point that is not on its curve', { ...ec, x: ones(256), y: ones(256) }],
    ['a short Ed25519 key', 'has no "x" of 32 octets in base64url', { ...ed, x: ed.x?.slice(0, -2) }],
    ['private RSA', 'has private members, and verifying takes the public key alone', jwk(rsaPrivate)],
    ['private EC', 'has private members, and verifying takes the public key alone', jwk(ecPrivate)],
    ['private Ed25519', 'has private members, and verifying takes the public key alone', jwk(edPrivate)],
    [
      'a public key with a secret in it',
      'has private members, and verifying takes the public key alone',
      { ...ec, k: 'AQ' },
    ],
    ['a key of an unknown type', 'has a type that is not supported', { ...ec, kty: 'XY' }],
    ['a key without a type', 'has a type that is not supported', {}],
    ['31 octets', 'is a secret of less than 32 octets', octets(31)],
    ['32 octets for HS384', notItsAlgorithm, { ...secret(32), alg: 'HS384' }],
    ['a secret for an asymmetric algorithm', notItsAlgorithm, { ...secret(64), alg: 'RS256' }],
    ['a secret of nothing', 'has no "k" in base64url', { kty: 'oct', k: '' }],
    ['another use', 'has a "use" other than "sig"', { ...ec, use: 'tls' }],
    ['a use that is null', 'has a "use" other than "sig"', { ...ec, use: null }],
    ['key_ops without "verify"', 'may not verify, by its "key_ops"', { ...ec, key_ops: ['sign'] }],
    [
      'key_ops that repeat',
      'has "key_ops" that are not a list of different texts',
      { ...ec, key_ops: ['verify', 'verify'] },
    ],
    ['key_ops that are a text', 'has "key_ops" that are not a list of different texts', { ...ec, key_ops: 'verify' }],
    ['an alg that is a number', 'has an "alg" that is not a text, or not the one asked for', { ...ec, alg: 7 }],
    ['a kid that is a number', 'has a "kid" that is not a text, or not the one asked for', { ...ec, kid: 7 }],
    ['an empty kid', 'has a "kid" that is empty or longer than 256 characters', { ...ec, kid: '' }],
    [
      'a kid of 257 characters',
      'has a "kid" that is empty or longer than 256 characters',
      { ...ec, kid: 'x'.repeat(257) },
    ],
    ['a list', 'is not a JWK, a PEM text or octets', [ec]],
    ['null', 'is not a JWK, a PEM text or octets', null],
    ['a JWK by inheritance', 'has a type that is not supported', Object.create(ec)],
    ['a text that may be meant as a secret', 'is a text that is not PEM; a secret is given as octets', 's'.repeat(64)],
  ])('%s', (_what, problem, key) => {
    expect(() => Reflect.apply(importKey, undefined, [key])).toThrow(new TypeError(`importKey(): the key ${problem}`))
  })

  it('an algorithm or id other than the one asked for', () => {
    expect(() => importKey({ ...rsa, alg: 'RS256' }, { alg: 'RS384' })).toThrow('not the one asked for')
    expect(() => importKey({ ...rsa, kid: 'a' }, { kid: 'b' })).toThrow('not the one asked for')
  })
})

describe('ML-DSA', () => {
  const pub = Buffer.alloc(1952, 5).toString('base64url')
  const key: Jwk = { kty: 'AKP', alg: 'ML-DSA-65', pub }

  it('is taken where the runtime has it', () => {
    const supports = (operation: string, alg: string) => operation === 'verify' && alg === 'ML-DSA-65'
    vi.stubGlobal(
      'SubtleCrypto',
      Object.assign(() => {}, { supports }),
    )
    expect(importKey(key).algorithms).toEqual(['ML-DSA-65'])
    expect(() => importKey({ ...key, pub: pub.slice(0, -4) })).toThrow('has no "pub" of 1952 octets in base64url')
    expect(() => importKey({ ...key, alg: undefined })).toThrow('has no algorithm that is supported')
    const full = { ...key, priv: 'AA' }
    expect(() => importKey(full)).toThrow('has private members')
  })

  it('is refused where it has not', () => {
    vi.stubGlobal('SubtleCrypto', class {})
    expect(() => importKey(key)).toThrow('importKey(): the key has an algorithm that this runtime lacks')
  })
})

describe('a key', () => {
  it('keeps what the secret was, whatever becomes of the octets that it was made of', async () => {
    const bytes = octets(32)
    const key = importKey(bytes, { alg: 'HS256' })
    bytes.fill(0)
    expect(VerificationKey.materialOf(key)).toEqual({ kind: 'secret', octets: octets(32) })
  })

  it('shows its secret in no text form', () => {
    const key = importKey({ ...secret(32), kid: 'id' })
    const material = Buffer.from(octets(32)).toString('base64url')
    expect(`${JSON.stringify(key)} ${key} ${Object.entries(key)}`).not.toContain(material)
    expect(Object.isFrozen(key)).toBe(true)
  })

  it('is made ready once for each algorithm', async () => {
    const key = importKey(rsa)
    expect(await VerificationKey.joseOf(key, 'RS256')).toBe(await VerificationKey.joseOf(key, 'RS256'))
    expect(await VerificationKey.joseOf(key, 'PS256')).not.toBe(await VerificationKey.joseOf(key, 'RS256'))
    const make = vi.fn((): Date => new Date(0))
    const form = { is: (value: unknown) => value instanceof Date, make }
    expect(VerificationKey.nativeOf(key, form)).toBe(VerificationKey.nativeOf(key, form))
    expect(make).toHaveBeenCalledTimes(1)
  })

  it('tolerates the zeros that some issuers write before a number', () => {
    const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(String(rsa.n), 'base64url')]).toString('base64url')
    expect(VerificationKey.materialOf(importKey({ ...rsa, n: padded }))).toEqual({ kind: 'public', jwk: rsa })
  })
})

describe('importKey() of anything', () => {
  const refusal = /^importKey\(\): the key [^\n]+$/

  /** Answers the key, or nothing when it was refused as it should be. */
  function attempt(value: unknown): VerificationKey | undefined {
    try {
      return Reflect.apply(importKey, undefined, [value])
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error).replace('TypeError: ', '')).toMatch(refusal)
      return undefined
    }
  }

  it('gives a key or a sentence', () => {
    fc.assert(fc.property(fc.anything(), (value) => void attempt(value)))
    const members = ['kty', 'kid', 'alg', 'use', 'key_ops', 'crv', 'x', 'y', 'n', 'e', 'k', 'd', 'pub', '__proto__']
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...members), fc.anything()), (value) => void attempt(value)))
  })

  it('gives for a mutated JWK a key that Node and jose take too, or a sentence', async () => {
    const mutation = fc.record({
      original: fc.constantFrom(rsa, ec, ed, curve('P-384'), curve('P-521')),
      member: fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'alg', 'use', 'kid'),
      change: fc.oneof(
        fc.constant({ remove: true } as const),
        fc.jsonValue().map((value) => ({ value }) as const),
        fc.record({ at: fc.nat(400), character: fc.constantFrom(...'AQ_-g=+/ é\u0000') }),
      ),
    })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(mutation, async ({ original, member, change }) => {
        const before: Record<string, unknown> = { ...original }
        const mutated = { ...before }
        const text = String(before[member] ?? '')
        if ('remove' in change) delete mutated[member]
        else if ('value' in change) mutated[member] = change.value
        else mutated[member] = text.slice(0, change.at) + change.character + text.slice(change.at + 1)
        const key = attempt(mutated)
        if (key === undefined) return
        taken++
        const material = VerificationKey.materialOf(key)
        if (material.kind !== 'public') return
        expect(() => createPublicKey({ key: { ...material.jwk }, format: 'jwk' })).not.toThrow()
        for (const alg of key.algorithms) await VerificationKey.joseOf(key, alg)
      }),
      { numRuns: 400 },
    )
    expect(taken).toBeGreaterThan(20)
  })
})

const vectors = new URL('../../../shared/vectors/04-jose/', import.meta.url)

interface Vector {
  readonly id: string
  readonly jwk?: Jwk | null
  readonly header?: { readonly alg?: string }
}

function vectorsOf(file: string): (Vector & { readonly jwk: Jwk })[] {
  if (!existsSync(vectors)) return []
  const { cases }: { cases: Vector[] } = JSON.parse(readFileSync(new URL(file, vectors), 'utf8'))
  return cases.flatMap((vector) => (vector.jwk ? [{ ...vector, jwk: vector.jwk }] : []))
}

describe.skipIf(!existsSync(vectors))('keys of the RFCs, from ../shared/vectors', () => {
  it.each(vectorsOf('jwk-thumbprint.json'))('$id is imported as it is printed', ({ jwk: printed }) => {
    const { kid, alg, ...members } = printed
    const key = importKey(printed)
    expect(key.kid).toBe(kid)
    expect(key.algorithms).toEqual(alg === undefined ? ['EdDSA', 'Ed25519'] : [alg])
    expect(VerificationKey.materialOf(key)).toEqual({ kind: 'public', jwk: members })
  })

  it.each(vectorsOf('rfc-jws.json'))('$id is imported for its algorithm, without its private members', (vector) => {
    const { d, p, q, dp, dq, qi, ...members } = vector.jwk
    const { algorithms } = importKey(members)
    expect(algorithms).toContain(vector.header?.alg ?? algorithms[0])
    if (d !== undefined) expect(() => importKey(vector.jwk)).toThrow('has private members')
  })
})
