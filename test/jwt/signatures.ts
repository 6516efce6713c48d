import { constants, createSecretKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { JwsAlgorithm } from 'becauth/jwt'
import { importKey, staticKeys, type VerificationKey } from 'becauth/keys'
import { describe, expect, it } from 'vitest'
import { verifySignature } from '#jws'
import { parseCompactJws } from '../../src/wire/jws.ts'
import { decider, encode, rightClaims, signatureOf, signedToken } from './kit.ts'

interface RfcCase {
  readonly id: string
  readonly compact?: string
  readonly jwk?: JsonWebKey | null
  readonly expected: string
}

interface CookbookCase {
  readonly id: string
  readonly input: { readonly key: JsonWebKey; readonly alg: string }
  readonly output: { readonly compact?: string }
}

const rfc: { readonly cases: readonly RfcCase[] } = JSON.parse(
  readFileSync(new URL('../vectors/04-jose/rfc-jws.json', import.meta.url), 'utf8'),
)
const cookbookFile = new URL('../../../shared/vectors/04-jose/cookbook-rfc7520.json', import.meta.url)
const cookbook: { readonly cases: readonly CookbookCase[] } = existsSync(cookbookFile)
  ? JSON.parse(readFileSync(cookbookFile, 'utf8'))
  : { cases: [] }

const verifiable = rfc.cases.filter(({ compact, jwk }) => compact !== undefined && jwk !== null && jwk !== undefined)
const printed = cookbook.cases.filter(({ id, output }) => /^(jws|curve25519\/jws)/.test(id) && output?.compact)

/** The public half of a key, or the secret. */
function imported(jwk: JsonWebKey, alg: string): VerificationKey {
  if (jwk.kty === 'oct') return importKey(new Uint8Array(Buffer.from(jwk.k ?? '', 'base64url')), { alg })
  const { kty = '', crv, x, y, n, e } = jwk
  const members = Object.entries({ crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  return importKey({ kty, ...Object.fromEntries(members) }, { alg })
}

async function verifies(compact: string, key: VerificationKey): Promise<boolean | string> {
  const jws = parseCompactJws(compact, 16_384)
  return typeof jws === 'string' ? jws : await verifySignature(key, jws.header.alg, jws.signed, jws.signature)
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
// The types have a salt's length as a text; Node wants a number.
const pss: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = Reflect.apply(
  generateKeyPairSync,
  undefined,
  ['rsa-pss', { modulusLength: 2048, hashAlgorithm: 'sha384', mgf1HashAlgorithm: 'sha384', saltLength: 48 }],
)
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
const ed25519 = generateKeyPairSync('ed25519')
const secret = createSecretKey(Buffer.alloc(64, 9))

const everyAlgorithm: readonly (readonly [JwsAlgorithm, KeyObject, KeyObject])[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map(
    (alg) => [alg, rsa.privateKey, rsa.publicKey] as const,
  ),
  ['ES256', p256.privateKey, p256.publicKey],
  ['ES384', p384.privateKey, p384.publicKey],
  ['ES512', p521.privateKey, p521.publicKey],
  ['EdDSA', ed25519.privateKey, ed25519.publicKey],
  ['Ed25519', ed25519.privateKey, ed25519.publicKey],
  ...(['HS256', 'HS384', 'HS512'] as const).map((alg) => [alg, secret, secret] as const),
]

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function keyOf(key: KeyObject, alg?: string): VerificationKey {
  const material = key.type === 'secret' ? new Uint8Array(key.export()) : pem(key)
  return importKey(material, alg === undefined ? {} : { alg })
}

/** Vectors, and what the bare functions of runtimes would let pass, on whichever signature path is behind `#jws`. */
export function describeSignatures(path: string): void {
  describe(`signatures of the RFCs, verified by ${path}`, () => {
    it.each(verifiable)('$id', async ({ id, compact = '', jwk, expected }) => {
      const alg = String(JSON.parse(Buffer.from(compact.split('.')[0] ?? '', 'base64url').toString()).alg)
      const answer = await verifies(compact, imported(jwk ?? {}, alg))
      // Payloads without base64url do not go with JWTs.
      if (id === 'rfc7797-4.2') expect(answer).toBe('critical')
      else expect([expected, answer]).toEqual([expect.stringMatching(/valid/), true])
    })

    it('are most of the file: the others are no signatures of compact tokens, or of none', () => {
      expect(verifiable).toHaveLength(8)
      expect(rfc.cases.filter((one) => !verifiable.includes(one)).map(({ id }) => id)).toEqual([
        'rfc7515-A.5',
        'rfc7515-A.6-general-json',
        'rfc7515-A.7-flattened-json',
        'rfc7515-E-crit',
        'rfc7515-C-base64url',
      ])
    })

    it('are refused where nothing is signed or the extension is unknown', () => {
      const compact = (id: string): string => rfc.cases.find((one) => one.id === id)?.compact ?? ''
      expect(parseCompactJws(compact('rfc7515-A.5'), 16_384)).toMatchObject({ header: { alg: 'none' } })
      expect(parseCompactJws(compact('rfc7515-E-crit'), 16_384)).toBe('critical')
    })
  })

  describe.skipIf(printed.length === 0)(`signatures of the RFC 7520 cookbook, verified by ${path}`, () => {
    it.each(printed)('$id', async ({ input, output }) => {
      const { compact = '' } = output
      // A detached payload is no JWT's.
      const isDetached = compact.split('.')[1] === ''
      expect(await verifies(compact, imported(input.key, input.alg))).toBe(!isDetached)
    })
  })

  describe(`algorithms, verified by ${path}`, () => {
    it('are verified by it indeed', async () => {
      const answer = verifySignature(keyOf(secret), 'HS256', 'a.b', 'A'.repeat(43))
      expect(answer instanceof Promise).toBe(path === 'jose')
      expect(await answer).toBe(false)
    })

    it.each(everyAlgorithm)('%s: accepts the right signature and no other', async (alg, privateKey, publicKey) => {
      const decide = decider({ keys: staticKeys([keyOf(publicKey)]), algorithms: [alg] })
      const token = signedToken(rightClaims, { alg, typ: 'at+jwt' }, privateKey)
      expect(await decide(token)).toMatchObject({ status: 200, principal: rightClaims })
      const [header = '', payload = '', signature = ''] = token.split('.')
      const bytes = Buffer.from(signature, 'base64url')
      const other = (octets: Uint8Array): string =>
        `${header}.${payload}.${encode(Buffer.from(octets).toString('latin1'))}`
      expect(other(Buffer.from('a'))).toBe(`${header}.${payload}.YQ`)
      for (const wrong of [
        Buffer.alloc(0),
        Buffer.alloc(bytes.length),
        bytes.subarray(1),
        bytes.subarray(0, -1),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.from(bytes.map((byte, index) => (index === 7 ? byte ^ 1 : byte))),
      ]) {
        const seen = await decide(`${header}.${payload}.${wrong.toString('base64url')}`)
        expect(seen).toMatchObject({ status: 401, reason: 'bad-signature' })
      }
    })

    it.each(everyAlgorithm)('%s: is not accepted unless it is allowed', async (alg, privateKey, publicKey) => {
      const algorithms = everyAlgorithm.map(([name]) => name).filter((name) => name !== alg)
      const decide = decider({ keys: staticKeys([keyOf(publicKey)]), algorithms })
      const token = signedToken(rightClaims, { alg, typ: 'at+jwt' }, privateKey)
      expect(await decide(token)).toMatchObject({
        reason: 'bad-signature',
        detail: expect.stringContaining('"algorithms"'),
      })
    })

    it.each(everyAlgorithm)('%s: verifies by no key that was made for another', async (alg, privateKey, publicKey) => {
      for (const [other, , theirs] of everyAlgorithm) {
        const key = keyOf(theirs, other)
        if (key.algorithms.includes(alg) && theirs === publicKey) continue
        const decide = decider({ keys: staticKeys([key]), algorithms: everyAlgorithm.map(([name]) => name) })
        const { reason } = await decide(signedToken(rightClaims, { alg, typ: 'at+jwt' }, privateKey))
        expect(['unknown-key', 'bad-signature']).toContain(reason)
      }
    })

    it.each(['PS256', 'RS256'] as const)(
      '%s: refuses a signature without the zero octet that it begins with',
      async (alg) => {
        const decide = decider({ keys: staticKeys([keyOf(rsa.publicKey)]), algorithms: [alg] })
        // One signature in 256 begins so.
        for (let number = 0; number < 8192; number++) {
          const token = signedToken({ ...rightClaims, number }, { alg, typ: 'at+jwt' }, rsa.privateKey)
          const end = token.lastIndexOf('.') + 1
          const bytes = Buffer.from(token.slice(end), 'base64url')
          if (bytes[0] !== 0) continue
          expect(await decide(token)).toMatchObject({ status: 200 })
          const short = token.slice(0, end) + bytes.subarray(1).toString('base64url')
          return expect(await decide(short)).toMatchObject({ status: 401, reason: 'bad-signature' })
        }
        expect.fail('no signature began with a zero octet')
      },
    )

    it.each([0, 20, 64, 'maximal'] as const)('PS256: refuses a salt of %s octets', async (salt) => {
      const decide = decider({ keys: staticKeys([pem(rsa.publicKey)]), algorithms: ['PS256'] })
      const signed = `${encode({ alg: 'PS256', typ: 'at+jwt' })}.${encode(rightClaims)}`
      const saltLength = salt === 'maximal' ? constants.RSA_PSS_SALTLEN_MAX_SIGN : salt
      const signature = signatureOf(signed, 'PS256', rsa.privateKey, saltLength)
      expect(await decide(`${signed}.${signature.toString('base64url')}`)).toMatchObject({ reason: 'bad-signature' })
      const right = signatureOf(signed, 'PS256', rsa.privateKey).toString('base64url')
      expect(await decide(`${signed}.${right}`)).toMatchObject({ reason: 'accepted' })
    })

    it('ES256: refuses a signature in DER', async () => {
      const decide = decider({ keys: staticKeys([pem(p256.publicKey)]), algorithms: ['ES256'] })
      const signed = `${encode({ alg: 'ES256', typ: 'at+jwt' })}.${encode(rightClaims)}`
      const der = sign('sha256', Buffer.from(signed), p256.privateKey)
      expect(await decide(`${signed}.${der.toString('base64url')}`)).toMatchObject({ reason: 'bad-signature' })
    })

    it('ES256: refuses a signature of another curve with the right hash', async () => {
      const decide = decider({ keys: staticKeys([pem(p384.publicKey)]), algorithms: ['ES256', 'ES384'] })
      const token = signedToken(rightClaims, { alg: 'ES256', typ: 'at+jwt' }, p384.privateKey)
      expect(await decide(token)).toMatchObject({ reason: 'unknown-key' })
    })

    it('RS256: takes no key of 1024 bits', () => {
      expect(() => staticKeys([pem(weak.publicKey)])).toThrow(TypeError)
    })

    it('keeps an RSA-PSS key to its own hash', async () => {
      const decide = decider({
        keys: staticKeys([pem(pss.publicKey)]),
        algorithms: ['RS256', 'PS256', 'PS384', 'PS512'],
      })
      const reason = async (alg: string): Promise<string> => {
        const signed = `${encode({ alg, typ: 'at+jwt' })}.${encode(rightClaims)}`
        const signature = sign('sha384', Buffer.from(signed), pss.privateKey)
        return (await decide(`${signed}.${signature.toString('base64url')}`)).reason
      }
      expect(await reason('PS384')).toBe('accepted')
      for (const alg of ['RS256', 'PS256', 'PS512']) expect(await reason(alg)).toBe('unknown-key')
    })

    it('HS256: is never keyed with a public key, not even by a source that offers one', async () => {
      const key = keyOf(rsa.publicKey)
      const keys = { find: () => [key], generation: 0, export: async () => '' }
      const decide = decider({ keys, algorithms: ['HS256', 'RS256'] })
      const text = pem(rsa.publicKey)
      for (const octets of [
        Buffer.from(text),
        Buffer.from(text.trim()),
        rsa.publicKey.export({ type: 'spki', format: 'der' }),
      ]) {
        const token = signedToken(rightClaims, { alg: 'HS256', typ: 'at+jwt' }, createSecretKey(octets))
        expect(await decide(token)).toMatchObject({ reason: 'unknown-key' })
      }
    })
  })
}
