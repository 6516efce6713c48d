import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url } from '../../../wire/base64.ts'
import type { OidcCredential } from '../tokens.ts'
import { appleClientSecret } from './apple-client-secret.ts'
import { apple } from './presets.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' })
const jwk = { kty, crv, x, y, d }
const names = { clientId: 'example.shop.web', teamId: 'DEF123GHIJ', keyId: 'ABC123DEFG' }

function parts(token: string) {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  const isRight = verify(
    'sha256',
    Buffer.from(`${head}.${payload}`),
    { key: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), dsaEncoding: 'ieee-p1363' },
    decodeBase64Url(signature) ?? new Uint8Array(),
  )
  return { head: read(head), payload: read(payload), isRight }
}

describe('the client secret of apple()', () => {
  it.each([
    ['a .p8 file', pem],
    ['a JWK', jwk],
  ])('is signed with ES256 by the key of %s', async (_name, key) => {
    const secret = appleClientSecret({ ...names, privateKey: key, clock: () => 1_800_000_000 })
    expect(parts(await secret())).toEqual({
      head: { alg: 'ES256', kid: 'ABC123DEFG' },
      payload: {
        iss: 'DEF123GHIJ',
        iat: 1_799_999_940,
        exp: 1_800_003_600,
        aud: 'https://appleid.apple.com',
        sub: 'example.shop.web',
      },
      isRight: true,
    })
  })

  it('is used again until shortly before its end, and then made anew', async () => {
    const time = { now: 1_800_000_000 }
    const secret = appleClientSecret({ ...names, privateKey: pem, clock: () => time.now })
    const first = await secret()
    time.now += 3299
    expect(await secret()).toBe(first)
    time.now += 1
    const second = await secret()
    expect(parts(second).payload.exp).toBe(time.now + 3600)
  })

  it('is made anew when the clock is set back', async () => {
    const time = { now: 1_800_000_000 }
    const secret = appleClientSecret({ ...names, privateKey: pem, clock: () => time.now })
    await secret()
    time.now -= 7200
    expect(parts(await secret()).payload.exp).toBe(time.now + 3600)
  })

  it('says what is wrong with a key that only looks like one, and tries again', async () => {
    const broken = pem.replace(/\n[^\n]+\n-----END/, '\n-----END')
    const secret = appleClientSecret({ ...names, privateKey: broken })
    for (let time = 0; time < 2; time++) {
      await expect(secret()).rejects.toMatchObject({ kind: 'Error', code: 'oauth2-client-secret', retryable: false })
    }
  })

  it.each([
    ['no key', ''],
    ['a public key', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a key in another format', privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    [
      'a key on another curve',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    ['a public JWK', { kty, crv, x, y }],
    ['a JWK on another curve', { ...jwk, crv: 'P-384' }],
  ])('refuses %s, and shows nothing of it', (_name, key) => {
    const make = () => apple({ ...names, privateKey: key })
    expect(make).toThrow(
      new TypeError('apple(): "privateKey" must be the text of a .p8 file or a JWK: a private key on the curve P-256'),
    )
  })

  it.each(['clientId', 'teamId', 'keyId'])('refuses an empty %s', (name) => {
    expect(() => apple({ ...names, privateKey: pem, [name]: '' })).toThrow(`apple(): "${name}" must be`)
  })
})

describe('the name at apple()', () => {
  const { validate } = apple({ ...names, privateKey: pem })
  const login = (user: string): OidcCredential => ({
    issuer: 'https://appleid.apple.com',
    tenant: undefined,
    tokens: { accessToken: 'at', tokenType: 'bearer', extra: {} },
    userInfo: undefined,
    returnTo: '/',
    parameters: { user },
    claims: {
      iss: 'https://appleid.apple.com',
      sub: '1',
      aud: 'a',
      exp: 2,
      iat: 1,
      email: 'a@b.example',
      email_verified: 'false',
    },
  })

  it.each([
    ['{"name":{"firstName":"Ada","lastName":"Lovelace"}}', 'Ada Lovelace'],
    ['{"name":{"lastName":"Lovelace"}}', 'Lovelace'],
    ['{"name":{"firstName":7}}', undefined],
    ['{"name":"Ada"}', undefined],
    ['[]', undefined],
    ['no JSON', undefined],
  ])('is what the first form says: %s', (user, name) => {
    expect(validate(login(user))).toMatchObject({ name, subject: '1' })
  })

  it("comes with nothing else: the address in that form is nobody's", () => {
    const person = validate(login('{"name":{},"email":"eve@example.com"}'))
    expect(person).toMatchObject({ email: 'a@b.example', isEmailVerified: false })
  })

  it('is cut where it is too long to be one', () => {
    const user = JSON.stringify({ name: { firstName: 'A'.repeat(1000) } })
    expect(validate(login(user))).toMatchObject({ name: 'A'.repeat(256) })
  })
})
