import { CompactEncrypt, exportJWK, generateKeyPair, type JWTPayload, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { importKey, staticKeys } from '../../src/keys/index.ts'
import { memoryOneTimeStore } from '../../src/stores/memory/index.ts'
import { SECRET } from './identity-provider.ts'
import { ISSUER } from './kit.ts'
import { type Changes, EVENT, issuerKey, type JoseHeader, logoutKit, textOf } from './logout-kit.ts'

type Kit = Awaited<ReturnType<typeof logoutKit>>

const now = 1_800_000_000
const asymmetric = 'id_token_signing_alg_values_supported'

describe('a logout token', () => {
  it('that is right ends the session, once, with an answer that nobody keeps', async () => {
    const { logIn, isIn, logoutToken, deliver, failures } = await logoutKit()
    const browser = await logIn()
    expect(await isIn(browser)).toBe(true)
    const response = await deliver(await logoutToken())
    expect([response.status, response.headers.get('cache-control'), await response.text()]).toEqual([
      200,
      'no-store',
      '',
    ])
    expect([await isIn(browser), failures]).toEqual([false, []])
  })

  it.each<[string, Changes, JoseHeader]>([
    ['without a typ', {}, { typ: undefined }],
    ['with the typ of any JWT', {}, { typ: 'JWT' }],
    ['with its typ as a whole media type', {}, { typ: 'application/logout+jwt' }],
    ['for several clients, of which this is one', { aud: ['billing', 'orders'] }, {}],
    ['almost ten minutes old', { iat: now - 599 }, {}],
    ['from a clock that is a little ahead', { iat: now + 4 }, {}],
    ['with an nbf that has come', { nbf: now }, {}],
    ['with a claim that nobody knows', { color: 'blue' }, {}],
  ])('is taken %s', async (_name, claims, header) => {
    const { logIn, isIn, logoutToken, deliver } = await logoutKit()
    const browser = await logIn()
    const response = await deliver(await logoutToken(claims, header))
    expect([response.status, await isIn(browser)]).toEqual([200, false])
  })
})

describe('back-channel logout', () => {
  it('takes a logout token without a key id where one key fits, and refuses it where several do', async () => {
    const { logoutToken, deliver, published, heard } = await logoutKit()
    published.shift()
    expect((await deliver(await logoutToken({}, { kid: undefined }))).status).toBe(200)
    const several = await logoutKit()
    expect((await several.deliver(await several.logoutToken({}, { kid: undefined }))).status).toBe(400)
    expect([heard(), several.heard()]).toEqual([undefined, 'unknown-key'])
  })

  it.each<[string, string, Changes]>([
    ['is for another client', 'wrong-audience', { aud: 'billing' }],
    ['is for nobody', 'wrong-audience', { aud: undefined }],
    ['is for other clients', 'wrong-audience', { aud: ['billing', 'shipping'] }],
    ['is of another issuer', 'wrong-issuer', { iss: `${ISSUER}/` }],
    ['names no issuer', 'wrong-issuer', { iss: undefined }],
    ['has no iat', 'missing-claim', { iat: undefined }],
    ['is from the future', 'not-yet-valid', { iat: now + 6 }],
    ['does not count yet', 'not-yet-valid', { nbf: now + 60 }],
    ['is older than ten minutes', 'expired', { iat: now - 606, exp: now + 600 }],
    ['has no exp', 'missing-claim', { exp: undefined }],
    ['is over', 'expired', { exp: now - 6 }],
    ['has no jti', 'missing-claim', { jti: undefined }],
    ['has an empty jti', 'missing-claim', { jti: '' }],
    ['has no events', 'wrong-type', { events: undefined }],
    ['has another event', 'wrong-type', { events: { 'https://schemas.example/event': {} } }],
    ['has another event as well', 'wrong-type', { events: { [EVENT]: {}, 'https://schemas.example/event': {} } }],
    ['has an event that is no object', 'wrong-type', { events: { [EVENT]: true } }],
    ['has events in a list', 'wrong-type', { events: [EVENT] }],
    ['has a nonce', 'wrong-type', { nonce: 'n' }],
    ['names neither a person nor a session', 'missing-claim', { sub: undefined, sid: undefined }],
    ['names a session that is no text', 'missing-claim', { sid: 7 }],
    ['names a person that is empty', 'missing-claim', { sub: '', sid: undefined }],
  ])('refuses a logout token that %s', async (_name, reason, claims) => {
    const kit = await logoutKit()
    await expectRefused(kit, () => kit.logoutToken(claims), reason)
  })

  it.each<[string, string, JoseHeader]>([
    ['says that it is an access token', 'wrong-type', { typ: 'at+jwt' }],
    ['says that it is a proof', 'wrong-type', { typ: 'dpop+jwt' }],
    ['has another token in it', 'wrong-type', { cty: 'JWT' }],
    ['names a key that nobody has', 'unknown-key', { kid: 'gone' }],
  ])('refuses a logout token that %s', async (_name, reason, header) => {
    const kit = await logoutKit()
    await expectRefused(kit, () => kit.logoutToken({}, header), reason)
  })

  it('refuses a logout token that somebody else signed under a known key id', async () => {
    const kit = await logoutKit()
    const foreign = await issuerKey('logout')
    await expectRefused(kit, () => kit.logoutToken({}, {}, foreign), 'bad-signature')
  })

  it('refuses a logout token whose claims were changed after it was signed', async () => {
    const kit = await logoutKit()
    const changed = async (): Promise<string> => {
      const [[header], [, payload], [, , signature]] = [
        (await kit.logoutToken()).split('.'),
        (await kit.logoutToken({ sub: 'eve', sid: 's1' })).split('.'),
        (await kit.logoutToken()).split('.'),
      ]
      return `${header}.${payload}.${signature}`
    }
    await expectRefused(kit, changed, 'bad-signature')
  })

  it('refuses a logout token that is not signed', async () => {
    const kit = await logoutKit()
    const claims = { sub: 'ada', sid: 's1', jti: 'j', events: { [EVENT]: {} } }
    const unsigned = async () =>
      new UnsecuredJWT(claims)
        .setIssuer(ISSUER)
        .setAudience('orders')
        .setIssuedAt(now)
        .setExpirationTime(now + 60)
        .encode()
    await expectRefused(kit, unsigned, 'bad-signature')
  })

  it.each([
    ['the client secret', new TextEncoder().encode(SECRET)],
    ['the public key', new TextEncoder().encode('-----BEGIN PUBLIC KEY-----\nMFkwEwYH')],
  ])('refuses a logout token that is signed with %s as a shared secret', async (_name, secret) => {
    const kit = await logoutKit()
    kit.issuer.metadata = { ...kit.issuer.metadata, [asymmetric]: ['ES256', 'HS256'] }
    const confused = { kid: 'logout', alg: 'HS256', key: secret, jwk: {} }
    await expectRefused(kit, () => kit.logoutToken({}, {}, confused), 'bad-signature')
  })

  it('refuses a logout token that is signed by an algorithm by which id_tokens are not', async () => {
    const other = await issuerKey('rsa', 'RS256')
    const byMetadata = await logoutKit()
    byMetadata.published.push(other.jwk)
    await expectRefused(byMetadata, () => byMetadata.logoutToken({}, {}, other), 'bad-signature')
    const bySettings = await logoutKit({ settings: { idTokenAlgorithm: 'ES256' } })
    bySettings.published.push(other.jwk)
    bySettings.issuer.metadata = { ...bySettings.issuer.metadata, [asymmetric]: ['ES256', 'RS256'] }
    await expectRefused(bySettings, () => bySettings.logoutToken({}, {}, other), 'bad-signature')
  })

  it('refuses a logout token that is the id_token of a login', async () => {
    const kit = await logoutKit()
    await expectRefused(kit, () => kit.issuer.idToken(), 'wrong-type')
    kit.issuer.nonce = ''
    kit.issuer.claims = { nonce: undefined, jti: 'j' }
    await expectRefused(kit, () => kit.issuer.idToken(), 'wrong-type', { sub: 'ada', sid: 's1' })
  })

  it.each([
    ['is no JWT', 'no.jwt'],
    ['is encrypted', 'eyJhbGciOiJkaXIifQ....'],
    ['is empty', ''],
  ])('refuses a logout token that %s', async (_name, token) => {
    const kit = await logoutKit()
    await expectRefused(kit, async () => token, token === '' ? 'malformed-request' : 'malformed-credential')
  })

  it('refuses a logout token that came before, also in another process that shares the store', async () => {
    const store = memoryOneTimeStore()
    const [one, two] = [await logoutKit({ logout: { store } }), await logoutKit({ logout: { store } })]
    two.published.push(one.key.jwk)
    two.published.splice(1, 1)
    const token = await one.logoutToken()
    expect((await one.deliver(token)).status).toBe(200)
    for (const kit of [one, two]) {
      kit.time.now++
      await expectRefused(kit, async () => token, 'replayed')
    }
  })
})

describe('the logout token of a client whose tokens are encrypted', () => {
  it('is taken when it is encrypted to the client, and refused when it is not or to somebody else', async () => {
    const [own, foreign] = [await generateKeyPair('ECDH-ES', { extractable: true }), await generateKeyPair('ECDH-ES')]
    const jwk = { ...(await exportJWK(own.privateKey)), kid: 'enc', use: 'enc', alg: 'ECDH-ES' }
    const sessions: number[] = []
    const kit = await logoutKit({
      settings: { decryption: { keys: staticKeys([importKey(jwk)]) } },
      logout: { onLogout: (logout) => void sessions.push(logout.sessions) },
    })
    const encrypted = async (token: string, key = own.publicKey) =>
      new CompactEncrypt(new TextEncoder().encode(token))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: 'enc', cty: 'JWT' })
        .encrypt(key)
    const foreigner = await issuerKey('logout')
    const refused: readonly [token: string, reason: string][] = [
      [await kit.logoutToken(), 'wrong-type'],
      [await encrypted(await kit.logoutToken(), foreign.publicKey), 'bad-signature'],
      [await encrypted(await kit.logoutToken({}, {}, foreigner)), 'bad-signature'],
      [await encrypted('{"sub":"ada"}'), 'malformed-credential'],
    ]
    for (const [token, reason] of refused) {
      expect([(await kit.deliver(token)).status, kit.heard()]).toEqual([400, reason])
    }
    expect(sessions).toEqual([])
    expect((await kit.deliver(await encrypted(await kit.logoutToken()))).status).toBe(200)
    expect(sessions).toEqual([0])
  })
})

/** Refuses, says nothing of why, leaves the session alone, and shows nobody the token. */
async function expectRefused(
  kit: Kit,
  token: () => Promise<string>,
  reason: string,
  login: JWTPayload = { sub: 'ada', sid: 's1' },
): Promise<void> {
  const browser = await kit.logIn(login)
  const text = await token()
  const response = await kit.deliver(text)
  expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store'])
  expect([response.headers.get('content-type'), await response.text()]).toEqual([
    'application/json',
    '{"error":"invalid_request"}',
  ])
  expect([kit.heard(), await kit.isIn(browser)]).toEqual([reason, true])
  const [route, failure] = kit.failures.at(-1) ?? []
  expect(route).toBe('backChannel')
  for (const part of text.split('.').filter((one) => one.length > 8)) expect(textOf(failure)).not.toContain(part)
}
