import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OAuth2DPoP, oauth2Client } from '../../src/providers/oauth2/oauth2.ts'
import { fetchWithToken } from '../../src/providers/oauth2/service-calls/service-call.ts'
import { FetchBrowser } from './browser.ts'
import { type IdentityProvider, ORDERS, startIdentityProvider } from './identity-provider.ts'
import { kit, origin as scriptedOrigin } from './kit.ts'
import { keys, loginService, withService } from './service.ts'

const origin = 'http://127.0.0.1:1'
const redirectUris = [`${origin}/callback/office`]
type PrivateJwk = JWK & { readonly key_ops?: undefined }

let provider: IdentityProvider
let strict: IdentityProvider

beforeAll(async () => {
  provider = await startIdentityProvider({ redirectUris })
  strict = await startIdentityProvider({ redirectUris, wantsNonces: true })
})
afterAll(async () => {
  await provider.stop()
  await strict.stop()
})

async function privateJwk(alg = 'ES256'): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const { key_ops: _, ...jwk } = await exportJWK(privateKey)
  return jwk
}

describe('a login with tokens that are bound (RFC 9449) at oidc-provider', () => {
  it.each([
    ['a JWK of ES256', () => privateJwk(), {}],
    ['a JWK of EdDSA', async () => ({ ...(await privateJwk('Ed25519')), alg: 'EdDSA' }), {}],
    ['a pair of Web Crypto', () => generateKeyPair('ES256'), {}],
    ['a pushed request', () => privateJwk(), { pushedAuthorizationRequests: true }],
  ] as const)(
    'succeeds by %s, with the code bound as well, and UserInfo asked with a proof',
    async (_name, key, more) => {
      const service = loginService({
        issuer: provider.issuer,
        origin,
        settings: { userInfo: true, ...more },
        client: { dpop: { key: await key() } },
      })
      const browser = new FetchBrowser(withService(origin, service.handle))
      expect(await (await browser.go(`${origin}/me`)).response?.json()).toEqual({ me: 'ada' })
      const [login] = service.logins
      expect(login?.tokens.tokenType).toBe('dpop')
      expect(login?.userInfo?.sub).toBe('ada')
      const authorization = browser.visited.find((one) => one.startsWith(`${provider.issuer}/auth?`)) ?? ''
      const isPushed = 'pushedAuthorizationRequests' in more
      expect(new URL(authorization).searchParams.get('dpop_jkt')).toEqual(
        isPushed ? null : expect.stringMatching(/^[\w-]{43}$/),
      )
      // Without a proof the token is of no use.
      const stolen = await fetch(`${provider.issuer}/me`, {
        headers: { authorization: `Bearer ${login?.tokens.accessToken}` },
      })
      expect(stolen.status).toBe(401)
    },
  )

  it('has the thumbprint of its key in the access token, and is told every nonce that the server wants', async () => {
    const service = loginService({
      issuer: strict.issuer,
      origin,
      settings: { resources: [ORDERS], scopes: ['openid', 'orders:read'] },
      client: { dpop: { key: await privateJwk() } },
    })
    for (const name of ['ada', 'grace']) {
      const browser = new FetchBrowser(withService(origin, service.handle))
      expect(await (await browser.go(`${origin}/me`, { name })).response?.json()).toEqual({ me: name })
    }
    expect(service.failures).toEqual([])
    const [ada] = service.logins
    expect(decodeJwt(ada?.tokens.accessToken ?? '')).toMatchObject({
      aud: ORDERS,
      cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) },
    })
  })

  it('fails when the code is exchanged with a proof by another key', async () => {
    const begun = loginService({ issuer: provider.issuer, origin, client: { dpop: { key: await privateJwk() } } })
    const ended = loginService({ issuer: provider.issuer, origin, client: { dpop: { key: await privateJwk() } } })
    const handle = (request: Request): Promise<Response> =>
      (new URL(request.url).pathname === '/callback/office' ? ended : begun).handle(request)
    const browser = new FetchBrowser(withService(origin, handle))
    expect((await browser.go(`${origin}/me`)).response?.status).toBe(401)
    expect(ended.failures).toMatchObject([{ code: 'oauth2-invalid-grant' }])
  })

  it.each([
    ['', () => provider],
    [', told the nonce that the service wants', () => strict],
  ] as const)('gives a token that another key cannot use, and its own can%s', async (_name, at) => {
    const { issuer } = at()
    const [mine, other] = [await privateJwk(), await privateJwk()]
    const service = loginService({ issuer, origin, settings: { userInfo: true }, client: { dpop: { key: mine } } })
    await new FetchBrowser(withService(origin, service.handle)).go(`${origin}/me`)
    const [login] = service.logins
    if (login === undefined) throw new Error('nobody logged in')
    const ask = async (key: PrivateJwk): Promise<number> => {
      const client = oauth2Client({
        settings: { issuer, clientId: 'any', clientAuthentication: { method: 'none' } },
        redirectUri: '/callback',
        keys,
        dpop: { key },
      })
      return (await fetchWithToken(client, login.tokens, `${issuer}/me`)).status
    }
    expect([await ask(mine), await ask(other)]).toEqual([200, 401])
  })
})

describe('a server that does not bind', () => {
  it('is refused, since a token that anybody can use is not what was asked for', async () => {
    const { begin, comeBack, said, issuer } = await kit({ client: { dpop: { key: await privateJwk() } } })
    expect(said(await comeBack(await begin()))).toEqual([401, 'oauth2-not-bound'])
    issuer.token = async () => Response.json({ ...(await issuer.tokens()), token_type: 'DPoP' })
    expect((await comeBack(await begin())).status).toBe(303)
  })
})

describe('a proof', () => {
  it('is by the clock of the service, for the token endpoint, and new each time', async () => {
    const { begin, comeBack, issuer, time } = await kit({
      client: { dpop: { key: { ...(await privateJwk('Ed25519')), alg: 'EdDSA' } } },
    })
    issuer.token = async () => Response.json({ ...(await issuer.tokens()), token_type: 'DPoP' })
    await comeBack(await begin())
    time.now += 5000
    await comeBack(await begin())
    const proofs = issuer.tokenRequests.map(({ headers }) => headers.get('dpop') ?? '')
    const [first, second] = proofs.map((proof) => decodeJwt(proof))
    expect(second).toMatchObject({ iat: time.now, htm: 'POST', htu: `${issuer.issuer}/token` })
    expect(first).toMatchObject({ iat: time.now - 5000 })
    expect(first?.jti).not.toBe(second?.jti)
    expect(decodeProtectedHeader(proofs[0] ?? '')).toEqual({
      alg: 'EdDSA',
      typ: 'dpop+jwt',
      jwk: { kty: 'OKP', crv: 'Ed25519', x: expect.any(String) },
    })
  })

  it('cannot be replaced by the application: neither the parameter nor its thumbprint', async () => {
    const settings = { authorizationParameters: { dpop_jkt: 'mine' } }
    await expect(kit({ settings })).rejects.toThrow('"settings.authorizationParameters" must not have "dpop_jkt"')
    const { begin } = await kit({
      client: {
        dpop: { key: await privateJwk() },
        onAuthorizationRequest: (parameters) => {
          parameters.set('dpop_jkt', 'mine')
        },
      },
    })
    expect((await begin()).parameters.getAll('dpop_jkt')).toEqual([expect.stringMatching(/^[\w-]{43}$/)])
  })
})

describe('fetchWithToken()', () => {
  const asked: Headers[] = []
  const client = async (dpop: OAuth2DPoP | undefined) =>
    oauth2Client({
      settings: { issuer: 'https://id.example', clientId: 'any', clientAuthentication: { method: 'none' } },
      redirectUri: '/callback',
      keys,
      dpop,
      fetch: async (_input, init) => {
        asked.push(new Headers(init?.headers))
        return new Response()
      },
    })

  it('proves nothing for a token that is not bound', async () => {
    const token = { accessToken: 'at', tokenType: 'bearer' }
    await fetchWithToken(await client({ key: await privateJwk() }), token, 'https://api.example/')
    const headers = asked.at(-1)
    expect([headers?.get('authorization'), headers?.get('dpop')]).toEqual(['Bearer at', null])
  })

  it('takes a bound token nowhere without its key', async () => {
    const token = { accessToken: 'at', tokenType: 'dpop' }
    await expect(fetchWithToken(await client(undefined), token, 'https://api.example/')).rejects.toMatchObject({
      code: 'oauth2-no-key',
      retryable: false,
    })
    expect(asked).toHaveLength(1)
  })
})

describe('the key', () => {
  const problem = (key: unknown) => () => {
    const dpop: { readonly key: never } = JSON.parse('{}')
    Reflect.set(dpop, 'key', key)
    return loginService({ issuer: 'https://id.example', origin: scriptedOrigin, client: { dpop } })
  }

  it('must be one that signs', async () => {
    const { d: _, ...publicHalf } = await privateJwk()
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const encrypting = await generateKeyPair('ECDH-ES')
    const format = { name: 'ECDSA', namedCurve: 'P-256' }
    const hidden = await crypto.subtle.importKey('jwk', { ...(await exportJWK(publicKey)) }, format, false, ['verify'])
    const wrong = 'oidc(): "dpop.key" must be a private JWK'
    for (const key of [
      undefined,
      null,
      'text',
      publicHalf,
      { kty: 'oct', k: 'c2VjcmV0' },
      { kty: 'EC' },
      [],
      privateKey,
    ]) {
      expect(problem(key)).toThrow(wrong)
    }
    for (const key of [
      { publicKey, privateKey: publicKey },
      { publicKey: privateKey, privateKey },
      { privateKey, publicKey: null },
      { privateKey, publicKey: hidden },
      encrypting,
    ]) {
      expect(problem(key)).toThrow('oidc(): "dpop.key" must be a pair that signs')
    }
  })
})
