import { decodeJwt, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importKey, type KeySource, staticKeys } from '../../src/keys/index.ts'
import { clientCredentials, deviceLogin, fetchWithToken, oauth2Client } from '../../src/providers/oauth2/oauth2.ts'
import type { OAuth2ClientOptions, OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import { oidcClient } from '../../src/providers/oidc/oidc.ts'
import { FetchBrowser } from './browser.ts'
import { type IdentityProvider, ORDERS, SECRET, startIdentityProvider } from './identity-provider.ts'
import { kit, origin as scripted } from './kit.ts'
import { keys, loginService, type ServiceOptions, withService } from './service.ts'

const origin = 'http://127.0.0.1:1'
let provider: IdentityProvider
let strict: IdentityProvider

beforeAll(async () => {
  const redirectUris = [`${origin}/callback/office`]
  provider = await startIdentityProvider({ redirectUris })
  strict = await startIdentityProvider({ redirectUris, wantsNonces: true, reaches: ['gold'] })
})
afterAll(async () => {
  await provider.stop()
  await strict.stop()
})

function setUp(options: Partial<ServiceOptions> = {}) {
  const service = loginService({ issuer: provider.issuer, origin, ...options })
  return { ...service, browser: new FetchBrowser(withService(origin, service.handle)) }
}

function optionsOf(settings: Partial<OAuth2Settings>, dpop?: OAuth2ClientOptions['dpop']): OAuth2ClientOptions {
  return {
    settings: { issuer: provider.issuer, clientId: 'tv', clientAuthentication: { method: 'none' }, ...settings },
    redirectUri: '/callback',
    keys,
    dpop,
  }
}

const machine = {
  clientId: 'machine',
  clientAuthentication: { method: 'client_secret_basic', secret: SECRET },
} as const

/** An EC key as what `crypto.subtle` makes of it. */
function signingKey(jwk: JWK | undefined): Promise<CryptoKey> {
  const format = { name: 'ECDSA', namedCurve: 'P-256' }
  return crypto.subtle.importKey('jwk', { ...jwk }, format, false, ['sign'])
}

describe('oidc() at oidc-provider', () => {
  it('authenticates the client by private_key_jwt with the id of its key, and by no other key', async () => {
    const clientId = 'private_key_jwt'
    const key = await signingKey(provider.clientKeys.private_key_jwt)
    const right = setUp({ settings: { clientId, clientAuthentication: { method: clientId, key, kid: 'client-key' } } })
    expect(await (await right.browser.go(`${origin}/me`)).response?.json()).toEqual({ me: 'ada' })
    const other = await signingKey(strict.clientKeys.private_key_jwt)
    const wrong = setUp({
      settings: { clientId, clientAuthentication: { method: clientId, key: other, kid: 'client-key' } },
    })
    expect((await wrong.browser.go(`${origin}/me`)).response?.status).toBe(401)
    expect(wrong.failures).toMatchObject([{ error: 'invalid_client' }])
  })

  it('gets an access token for the resource that it names (RFC 8707)', async () => {
    const { browser, logins } = setUp({ settings: { resources: [ORDERS], scopes: ['openid', 'orders:read'] } })
    await browser.go(`${origin}/me`)
    expect(logins[0]?.tokens.scopes).toContain('orders:read')
    expect(decodeJwt(logins[0]?.tokens.accessToken ?? '')).toMatchObject({ aud: ORDERS, scope: 'orders:read' })
  })
})

it('begins no login at a server that names no place for it, which is a 503', async () => {
  const { issuer, newBrowser } = await kit()
  issuer.metadata = { authorization_endpoint: undefined }
  expect((await newBrowser().ask(`${scripted}/login`)).status).toBe(503)
})

describe('step-up at oidc-provider', () => {
  it('lets in who comes back with the login that was demanded', async () => {
    const { browser, logins } = setUp({ issuer: strict.issuer })
    expect(await (await browser.go(`${origin}/me`)).response?.json()).toEqual({ me: 'ada' })
    expect(logins[0]?.claims.acr).toBeUndefined()
    const { url, response } = await browser.go(`${origin}/gold`)
    expect([url, await response?.json()]).toEqual([`${origin}/gold`, { gold: true }])
    expect(logins[1]?.claims.acr).toBe('gold')
  })

  it('ends with a page where the provider has no such login', async () => {
    const { browser, failures } = setUp()
    await browser.go(`${origin}/me`)
    const { url, response } = await browser.go(`${origin}/gold`)
    expect([new URL(url).pathname, response?.status, await response?.text()]).toEqual([
      '/callback/office',
      401,
      '<h1>No login</h1>',
    ])
    expect(failures).toMatchObject([{ code: 'oauth2-step-up' }])
    expect(browser.visited.filter((one) => one.startsWith(`${provider.issuer}/auth?`))).toHaveLength(2)
  })
})

describe.each(['RSA-OAEP-256', 'ECDH-ES'] as const)('what oidc-provider encrypts by %s', (alg) => {
  const settings = (keys: OAuth2Settings['keys']): Partial<OAuth2Settings> => ({
    clientId: alg,
    userInfo: true,
    signedUserInfo: 'ES256',
    ...(keys === undefined ? {} : { decryption: { keys } }),
  })
  const keyOf = ({ clientKeys }: IdentityProvider): KeySource =>
    staticKeys([importKey({ ...plain(clientKeys[alg]) }, { use: 'enc' })])

  it('is decrypted: the id_token and UserInfo', async () => {
    const { browser, logins, failures } = setUp({ settings: settings(keyOf(provider)) })
    const { response } = await browser.go(`${origin}/me`)
    expect(failures).toEqual([])
    expect(await response?.json()).toEqual({ me: 'ada' })
    expect(logins[0]).toMatchObject({ claims: { sub: 'ada' }, userInfo: { sub: 'ada' } })
    // What is kept is what a logout can show to the server.
    expect(decodeJwt(logins[0]?.tokens.idToken ?? '')).toMatchObject({ aud: alg, sub: 'ada' })
  })

  it.each([
    ['without a key', (): undefined => undefined, 'malformed-credential'],
    ['by another key of the same id', (): KeySource => keyOf(strict), 'bad-signature'],
  ] as const)('is refused %s', async (_name, key, reason) => {
    const { browser, failures } = setUp({ settings: settings(key()) })
    expect((await browser.go(`${origin}/me`)).response?.status).toBe(401)
    expect(failures).toMatchObject([{ reason }])
  })
})

it('refuses an id_token that is not encrypted where it must be', async () => {
  const key = importKey(plain(provider.clientKeys['ECDH-ES']), { use: 'enc' })
  const { browser, failures } = setUp({ settings: { decryption: { keys: staticKeys([key]) } } })
  expect((await browser.go(`${origin}/me`)).response?.status).toBe(401)
  expect(failures).toMatchObject([{ reason: 'wrong-type' }])
})

describe('clientCredentials() at oidc-provider', () => {
  it('gets a token for a resource', async () => {
    const client = oauth2Client(optionsOf(machine))
    const source = clientCredentials({ client, scopes: ['orders:read'], resources: [ORDERS] })
    const { accessToken, tokenType } = await source.token()
    expect(tokenType).toBe('bearer')
    expect(decodeJwt(accessToken)).toMatchObject({ aud: ORDERS, client_id: 'machine', scope: 'orders:read' })
  })

  it('gets a token that is bound to its key, with the nonce that the server wants', async () => {
    const key = plain({ ...strict.clientKeys.private_key_jwt })
    const client = oauth2Client(optionsOf({ ...machine, issuer: strict.issuer }, { key }))
    const source = clientCredentials({ client, scopes: ['orders:read'], resources: [ORDERS] })
    const { accessToken, tokenType } = await source.token()
    expect(tokenType).toBe('dpop')
    expect(decodeJwt(accessToken)).toMatchObject({ cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) } })
  })

  it('is told no by the server for what it may not have', async () => {
    const settings = { clientId: 'client_secret_basic', clientAuthentication: machine.clientAuthentication }
    const source = clientCredentials({ client: oauth2Client(optionsOf(settings)) })
    await expect(source.token()).rejects.toMatchObject({ error: 'invalid_request', retryable: false })
  })
})

describe('deviceLogin() at oidc-provider', () => {
  it.each([
    ['with a bearer token', () => provider, undefined],
    ['with a token that is bound', () => strict, 'dpop'],
  ] as const)('answers who logged in on the other device, %s', async (_name, at, type) => {
    const { issuer, clientKeys } = at()
    const dpop = type === undefined ? undefined : { key: plain(clientKeys.private_key_jwt) }
    const client = oidcClient(optionsOf({ issuer, userInfo: true, scopes: ['openid', 'profile'] }, dpop))
    let asked = 0
    const begun = await deviceLogin({
      client,
      wait: async () => {
        // The person is done after the first question.
        if (++asked === 2) await new FetchBrowser().go(begun.verificationUriComplete ?? '')
      },
    }).begin()
    expect(begun.verificationUri).toBe(`${issuer}/device`)
    const login = await begun.complete()
    expect(asked).toBe(2)
    expect(login).toMatchObject({ issuer, claims: { sub: 'ada', aud: 'tv' }, userInfo: { name: 'ADA' } })
    expect(login.tokens.tokenType).toBe(type ?? 'bearer')
    expect((await fetchWithToken(client, login.tokens, `${issuer}/me`)).status).toBe(200)
    await expect(begun.complete()).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('of a client without OpenID Connect asks UserInfo with the proof that its token needs, and reads no id_token', async () => {
    const dpop = { key: plain(strict.clientKeys.private_key_jwt) }
    const settings = { issuer: strict.issuer, userInfo: true, scopes: ['openid', 'profile'] }
    const client = oauth2Client(optionsOf(settings, dpop))
    const begun = await deviceLogin({
      client,
      wait: async () => {
        await new FetchBrowser().go(begun.verificationUriComplete ?? '')
      },
    }).begin()
    const login = await begun.complete()
    expect(login).toMatchObject({ tokens: { tokenType: 'dpop', idToken: undefined }, userInfo: { name: 'ADA' } })
    expect('claims' in login).toBe(false)
  })

  it('says so when the person said no', async () => {
    const client = oidcClient(optionsOf({}))
    const begun = await deviceLogin({ client, wait: async () => {} }).begin()
    const browser = new FetchBrowser()
    const page = await (await browser.ask(begun.verificationUriComplete ?? '')).text()
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const body = new URLSearchParams({ xsrf, user_code: begun.userCode, abort: 'yes' })
    await browser.ask(begun.verificationUri, { method: 'POST', body })
    await expect(begun.complete()).rejects.toMatchObject({ error: 'access_denied' })
  })
})

/** A JWK without what its type here has and becauth's has otherwise. */
function plain(
  jwk: JWK | undefined,
): Record<
  'kty' | 'crv' | 'x' | 'y' | 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi' | 'kid' | 'alg',
  string | undefined
> {
  const { kty, crv, x, y, n, e, d, p, q, dp, dq, qi, kid, alg } = jwk ?? {}
  return { kty, crv, x, y, n, e, d, p, q, dp, dq, qi, kid, alg }
}
