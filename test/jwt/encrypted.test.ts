import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { AuthenticationContext } from 'becauth'
import type { DecryptOptions, JweContentEncryption, JweKeyManagement } from 'becauth/jwt'
import { importKey, type Jwk, staticKeys, type VerificationKey } from 'becauth/keys'
import fc from 'fast-check'
import { CompactEncrypt, type JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { decryptionOf, decryptToken } from '../../src/providers/jwt/decrypt.ts'
import { decider, hmacToken, ISSUER, NOW, reasonOf, rightClaims, secretKeys } from './kit.ts'

const octets = (length: number): Uint8Array => new Uint8Array(length).fill(length)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The private key of Node's, as the service has it. */
function ownKey(key: Uint8Array | typeof rsa.privateKey): VerificationKey {
  if (key instanceof Uint8Array) return importKey(key, { use: 'enc' })
  const { kty = '', ...members } = key.export({ format: 'jwk' })
  return importKey({ kty, ...members }, { use: 'enc' })
}

interface Recipient {
  readonly alg: JweKeyManagement
  readonly enc: JweContentEncryption
  readonly encryptWith: Parameters<CompactEncrypt['encrypt']>[0]
  readonly own: VerificationKey
}

const recipients: readonly Recipient[] = [
  { alg: 'RSA-OAEP', enc: 'A256GCM', encryptWith: rsa.publicKey, own: ownKey(rsa.privateKey) },
  { alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', encryptWith: rsa.publicKey, own: ownKey(rsa.privateKey) },
  { alg: 'ECDH-ES', enc: 'A256CBC-HS512', encryptWith: ec.publicKey, own: ownKey(ec.privateKey) },
  { alg: 'ECDH-ES+A128KW', enc: 'A128GCM', encryptWith: ec.publicKey, own: ownKey(ec.privateKey) },
  { alg: 'A256KW', enc: 'A256GCM', encryptWith: octets(32), own: ownKey(octets(32)) },
  { alg: 'A128GCMKW', enc: 'A192CBC-HS384', encryptWith: octets(16), own: ownKey(octets(16)) },
  { alg: 'dir', enc: 'A256GCM', encryptWith: octets(32), own: ownKey(octets(32)) },
]

async function encrypt(
  text: string,
  { alg, enc, encryptWith }: Recipient,
  more: object = { cty: 'JWT' },
): Promise<string> {
  const encrypter = new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader({ alg, enc, ...more })
  return await encrypter.encrypt(encryptWith)
}

function decryptBy({ alg, enc, own }: Recipient, more: Partial<DecryptOptions> = {}): DecryptOptions {
  return { keys: staticKeys([own]), keyManagement: [alg], contentEncryption: [enc], ...more }
}

const right = hmacToken(rightClaims)
const [first, direct] = [recipients[0], recipients.at(-1)]
if (first === undefined || direct === undefined) throw new Error('there are no recipients')

describe('jwt() with "decrypt"', () => {
  it.each(recipients)('opens $alg with $enc and judges the signed token inside', async (recipient) => {
    const decide = decider({ decrypt: decryptBy(recipient) })
    expect(await decide(await encrypt(right, recipient))).toMatchObject({ status: 200, principal: rightClaims })
    const reasons: string[] = []
    for (const inside of [
      hmacToken({ ...rightClaims, iss: 'x' }),
      hmacToken({ ...rightClaims, aud: 'x' }),
      hmacToken({ ...rightClaims, exp: NOW - 60 }),
      hmacToken(rightClaims, { alg: 'HS256', typ: 'JWT' }),
      hmacToken(rightClaims, undefined, octets(32)),
      hmacToken({ ...rightClaims, cnf: { jkt: 'x' } }),
    ]) {
      reasons.push((await decide(await encrypt(inside, recipient))).reason)
    }
    expect(reasons).toEqual([
      'wrong-issuer',
      'wrong-audience',
      'expired',
      'wrong-type',
      'bad-signature',
      'proof-missing',
    ])
  })

  it('still takes tokens that are only signed', async () => {
    expect((await decider({ decrypt: decryptBy(first) })(right)).status).toBe(200)
  })

  it('chooses among several issuers by the token inside', async () => {
    const rules = { audience: rightClaims.aud, keys: secretKeys, algorithms: ['HS256'] } as const
    const decide = decider({ issuers: { [ISSUER]: rules }, decrypt: decryptBy(first) })
    expect((await decide(await encrypt(right, first))).status).toBe(200)
    const stranger = hmacToken({ ...rightClaims, iss: 'https://else.example' })
    expect((await decide(await encrypt(stranger, first))).reason).toBe('wrong-issuer')
  })

  it('does not believe claims that nobody signed: everybody has the public key', async () => {
    const decide = decider({ decrypt: decryptBy(first) })
    for (const inside of [JSON.stringify(rightClaims), 'a.b', `${right}.x`, '']) {
      const token = await encrypt(inside, first, { cty: 'JWT', typ: 'at+jwt' })
      expect(await decide(token)).toMatchObject({ status: 401, reason: 'bad-signature' })
    }
  })

  it('wants the encryption to say that a token is inside, and takes no token inside a token inside', async () => {
    const decide = decider({ decrypt: decryptBy(first) })
    expect((await decide(await encrypt(right, first, {}))).reason).toBe('bad-signature')
    expect((await decide(await encrypt(right, first, { cty: 'json' }))).reason).toBe('bad-signature')
    expect((await decide(await encrypt(await encrypt(right, first), first))).reason).toBe('bad-signature')
  })

  it('refuses what is not allowed: algorithms, compression, extensions, unknown keys', async () => {
    const decide = decider({ decrypt: decryptBy(first) })
    for (const other of recipients.slice(1)) {
      expect((await decide(await encrypt(right, other))).reason).toBe('wrong-type')
    }
    expect((await decide(await encrypt(right, { ...first, enc: 'A128GCM' }))).reason).toBe('wrong-type')
    expect((await decide(await encrypt(right, first, { cty: 'JWT', zip: 'DEF' }))).reason).toBe('wrong-type')
    const keyed = decider({ decrypt: decryptBy(first, { keys: staticKeys([ownKey(ec.privateKey)]) }) })
    expect((await keyed(await encrypt(right, first))).reason).toBe('unknown-key')
    const [header = '', ...rest] = (await encrypt(right, first)).split('.')
    const extended = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), crit: ['x'] }),
    )
    expect((await decide([extended.toString('base64url'), ...rest].join('.'))).reason).toBe('malformed-credential')
  })

  it('refuses a token encrypted for another key, and any change of one, all alike', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const decide = decider({ decrypt: decryptBy(first) })
    expect((await decide(await encrypt(right, { ...first, encryptWith: other.publicKey }))).reason).toBe(
      'bad-signature',
    )
    for (const recipient of [first, direct]) {
      const token = await encrypt(right, recipient)
      const answer = decider({ decrypt: decryptBy(recipient) })
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.constantFrom(...'AZaz09-_.'), async (at, character) => {
          const changed = `${token.slice(0, at)}${character}${token.slice(at + 1)}`
          fc.pre(changed !== token)
          const { status, reason } = await answer(changed)
          expect(status).toBe(401)
          expect(['bad-signature', 'malformed-credential', 'wrong-type', 'unknown-key']).toContain(reason)
        }),
        { numRuns: 200 },
      )
    }
  })

  it('takes claims that nobody signed by a secret where that is asked for, and judges them all the same', async () => {
    const decrypt = decryptBy(direct, { dangerouslyAcceptUnsigned: true })
    const decide = decider({ decrypt })
    const token = (claims: object, header: object = { typ: 'at+jwt' }) =>
      encrypt(JSON.stringify(claims), direct, header)
    expect((await decide(await token(rightClaims))).principal).toEqual(rightClaims)
    const reasons = [
      await decide(await token({ ...rightClaims, aud: 'x' })),
      await decide(await token({ ...rightClaims, exp: NOW - 60 })),
      await decide(await token(rightClaims, {})),
      await decide(await encrypt('{"iss":1,"iss":2}', direct, { typ: 'at+jwt' })),
      await decide(await encrypt(right, direct)),
    ].map(({ reason }) => reason)
    expect(reasons).toEqual(['wrong-audience', 'expired', 'wrong-type', 'malformed-credential', 'accepted'])
  })

  it.each([
    [{ keys: undefined }, '"decrypt.keys"'],
    [{ keyManagement: undefined }, '"decrypt.keyManagement"'],
    [{ keyManagement: [] }, '"decrypt.keyManagement"'],
    [{ keyManagement: ['RSA1_5'] }, '"decrypt.keyManagement"'],
    [{ keyManagement: ['PBES2-HS256+A128KW'] }, '"decrypt.keyManagement"'],
    [{ contentEncryption: undefined }, '"decrypt.contentEncryption"'],
    [{ contentEncryption: ['A256CTR'] }, '"decrypt.contentEncryption"'],
    [{ dangerouslyAcceptUnsigned: true }, 'needs a secret'],
  ])('is not made with %o', (more, sentence) => {
    const decrypt = Reflect.apply(Object.assign, undefined, [{}, decryptBy(first), more])
    expect(() => decider({ decrypt })).toThrow(TypeError)
    expect(() => decider({ decrypt })).toThrow(sentence)
  })
})

interface PrintedCase {
  readonly id: string
  readonly compact: string
  readonly jwk: JWK
  readonly plaintext: string
}

const context: AuthenticationContext = Object.create({
  get signal() {
    return new AbortController().signal
  },
  now: () => NOW,
})

async function opened({ compact, jwk }: PrintedCase): Promise<string> {
  const { alg = '', enc = '' } = JSON.parse(Buffer.from(compact.split('.')[0] ?? '', 'base64url').toString())
  // Some name the content encryption in "alg", which is not what RFC 7517 has it for.
  const { kty = '', kid: _, alg: _1, ...members } = jwk
  const key: Jwk = { kty, ...members }
  const make = () =>
    Reflect.apply(decryptionOf, undefined, [
      { keys: staticKeys([importKey(key, { use: 'enc' })]), keyManagement: [alg], contentEncryption: [enc] },
    ])
  try {
    const decrypted = await decryptToken(compact, make(), context)
    return 'plaintext' in decrypted ? decrypted.plaintext : reasonOf(decrypted)
  } catch (error) {
    if (error instanceof TypeError) return 'TypeError'
    throw error
  }
}

const rfc: { readonly cases: readonly (Omit<PrintedCase, 'plaintext'> & { readonly plaintext_utf8: string })[] } =
  JSON.parse(readFileSync(new URL('../vectors/04-jose/rfc-jwe.json', import.meta.url), 'utf8'))

describe('the encrypted tokens of RFC 7516', () => {
  it.each(rfc.cases)('$id', async ({ id, plaintext_utf8: plaintext, ...one }) => {
    const answer = await opened({ id, plaintext, ...one })
    // RSAES-PKCS1-v1_5 is what Bleichenbacher's attack is about; it cannot even be allowed.
    expect(answer).toBe(id === 'rfc7516-A.2' ? 'TypeError' : plaintext)
  })
})

const cookbookFile = new URL('../../../shared/vectors/04-jose/cookbook-rfc7520.json', import.meta.url)
interface CookbookCase {
  readonly id: string
  readonly input?: { readonly plaintext: string; readonly key?: JWK }
  readonly output?: { readonly compact?: string }
}
const cookbook: { readonly cases: readonly CookbookCase[] } = existsSync(cookbookFile)
  ? JSON.parse(readFileSync(cookbookFile, 'utf8'))
  : { cases: [] }
const printed = cookbook.cases.flatMap(({ id, input, output }): readonly PrintedCase[] =>
  id.startsWith('jwe/') && output?.compact !== undefined && input?.key !== undefined
    ? [{ id, compact: output.compact, jwk: input.key, plaintext: input.plaintext }]
    : [],
)

describe.skipIf(printed.length === 0)('the encrypted tokens of the RFC 7520 cookbook', () => {
  it.each(printed)('$id', async (one) => {
    const wanted = one.id.includes('rsa_v15')
      ? 'TypeError'
      : one.id.includes('compressed')
        ? 'wrong-type'
        : one.plaintext
    expect(await opened(one)).toBe(wanted)
  })

  it('are most of the file', () => {
    expect(printed.length).toBeGreaterThanOrEqual(8)
  })
})
