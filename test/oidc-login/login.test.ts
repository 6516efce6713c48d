import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FetchBrowser } from './browser.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { loginService, type ServiceOptions, withService } from './service.ts'

const origin = 'http://127.0.0.1:1'
const callback = `${origin}/callback/office`
let provider: IdentityProvider

beforeAll(async () => {
  provider = await startIdentityProvider({ redirectUris: [callback] })
})
afterAll(() => provider.stop())

function setUp(options: Partial<ServiceOptions> = {}) {
  const service = loginService({ issuer: provider.issuer, origin, ...options })
  const fetch = withService(origin, service.handle)
  return { ...service, fetch, browser: new FetchBrowser(fetch) }
}

describe('oidc() at oidc-provider', () => {
  it.each([
    ['query', {}],
    ['form_post', { responseMode: 'form_post' }],
    ['query.jwt', { responseMode: 'query.jwt' }],
    ['form_post.jwt', { responseMode: 'form_post.jwt' }],
    ['a pushed request', { pushedAuthorizationRequests: true }],
    ['UserInfo', { userInfo: true, scopes: ['openid', 'profile'] }],
  ] as const)('logs in by %s, and leads to where the person wanted to go', async (_name, settings) => {
    const { browser, failures } = setUp({ settings })
    const { url, response } = await browser.go(`${origin}/me?tab=2`)
    expect(failures).toEqual([])
    expect(url).toBe(`${origin}/me?tab=2`)
    expect(await response?.json()).toEqual({ me: 'ada' })
  })

  it.each(['client_secret_post', 'client_secret_jwt'] as const)('authenticates the client by %s', async (method) => {
    const { browser } = setUp({
      settings: {
        clientId: method,
        clientAuthentication: { method, secret: 'a secret of a test, long enough for anybody' },
      },
    })
    expect(await (await browser.go(`${origin}/me`)).response?.json()).toEqual({ me: 'ada' })
  })

  it('logs in as a client without a secret', async () => {
    const { browser } = setUp({ settings: { clientId: 'none', clientAuthentication: { method: 'none' } } })
    expect(await (await browser.go(`${origin}/me`)).response?.json()).toEqual({ me: 'ada' })
  })
})
