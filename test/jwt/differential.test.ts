import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { importKey, type VerificationKey } from 'becauth/keys'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifySignature as byNode, segments as nodeSegments } from '../../src/keys/jws-node.ts'
import { verifySignature as byWeb, segments as webSegments } from '../../src/keys/jws-web.ts'
import { decodeBase64Url, isBase64Url } from '../../src/wire/base64.ts'
import { signatureOf } from './kit.ts'

interface Signer {
  readonly alg: string
  readonly privateKey: KeyObject
  readonly key: VerificationKey
}

function signers(): readonly Signer[] {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pairs = {
    ...Object.fromEntries(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, rsa])),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    EdDSA: generateKeyPairSync('ed25519'),
  }
  const asymmetric = Object.entries(pairs).map(([alg, { privateKey, publicKey }]) => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    return { alg, privateKey, key: importKey(pem, { alg }) }
  })
  const symmetric = ['HS256', 'HS384', 'HS512'].map((alg) => {
    const octets = new Uint8Array(64).fill(Number(alg.slice(2)))
    return { alg, privateKey: createSecretKey(octets), key: importKey(octets, { alg }) }
  })
  return [...asymmetric, ...symmetric]
}

const all = signers()

/** How a signature is changed before both look at it. */
type Change = (signature: Buffer, random: number) => Buffer

const changes: readonly Change[] = [
  (signature) => signature,
  (signature, random) => {
    const at = random % signature.length
    return Buffer.from(signature.map((byte, index) => (index === at ? byte ^ (1 << (random % 8)) : byte)))
  },
  (signature, random) => signature.subarray(0, random % (signature.length + 1)),
  (signature, random) => Buffer.concat([signature, Buffer.alloc(1 + (random % 4), random)]),
  (signature, random) => Buffer.concat([Buffer.alloc(1 + (random % 4)), signature]),
  (signature) => Buffer.alloc(signature.length),
  (signature) => Buffer.alloc(signature.length, 0xff),
  (signature) => Buffer.from(signature.toReversed()),
  // The halves of ECDSA swapped, and each of them nothing.
  (signature) => {
    const half = signature.length / 2
    return Buffer.concat([signature.subarray(half), signature.subarray(0, half)])
  },
  (signature) => Buffer.concat([Buffer.alloc(signature.length >> 1), signature.subarray(signature.length >> 1)]),
  (signature) => Buffer.concat([signature.subarray(0, signature.length >> 1), Buffer.alloc(signature.length >> 1)]),
]

describe('node:crypto and jose', () => {
  it('agree about every signature, right or changed, of every algorithm', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...all),
        fc.constantFrom(...changes),
        fc.nat(),
        fc.base64String(),
        async ({ alg, privateKey, key }, change, random, text) => {
          const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
          const signed = `${header}.${Buffer.from(text).toString('base64url')}`
          const signature = change(signatureOf(signed, alg, privateKey), random).toString('base64url')
          const answers = [await byNode(key, alg, signed, signature), await byWeb(key, alg, signed, signature)]
          expect(answers[0]).toBe(answers[1])
          if (change === changes[0]) expect(answers).toEqual([true, true])
          if (answers[0]) accepted++
        },
      ),
      { numRuns: 600 },
    )
    expect(accepted).toBeGreaterThan(10)
  })

  it('agree about signatures made with salts of other lengths', async () => {
    const pss = all.filter(({ alg }) => alg.startsWith('PS'))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...pss),
        fc.integer({ min: 0, max: 100 }),
        async ({ alg, privateKey, key }, salt) => {
          const signed = `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.e30`
          const signature = signatureOf(signed, alg, privateKey, salt).toString('base64url')
          const right = salt === Number(alg.slice(2)) / 8
          expect(await byNode(key, alg, signed, signature)).toBe(right)
          expect(await byWeb(key, alg, signed, signature)).toBe(right)
        },
      ),
      { numRuns: 100 },
    )
  })

  it("agree that no signature is another key's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), fc.constantFrom(...all), async (one, other) => {
        fc.pre(one.alg !== other.alg && one.alg.slice(0, 2) === other.alg.slice(0, 2))
        const signed = `${Buffer.from(JSON.stringify({ alg: one.alg })).toString('base64url')}.e30`
        const signature = signatureOf(signed, other.alg, other.privateKey).toString('base64url')
        expect(await byNode(one.key, one.alg, signed, signature)).toBe(false)
        expect(await byWeb(one.key, one.alg, signed, signature)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('agree about segments, whatever they are made of', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }).map((plain) => Buffer.from(plain).toString('base64url')),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
      fc.stringMatching(/^[\w+/=-]{0,100}$/),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '77u_', 'AB', 'A', 'AA==', '_-8', `${'A'.repeat(99)}B`, 'A'.repeat(97)),
    )
    fc.assert(
      fc.property(text, fc.constantFrom('', ' ', '=', '\n', 'A', '.', 'é'), (segment, more) => {
        for (const one of [segment, segment + more]) {
          expect(nodeSegments.text(one)).toBe(webSegments.text(one))
          expect(isBase64Url(one)).toBe(decodeBase64Url(one) !== undefined)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
