import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FetchBrowser } from './browser.ts'
import { startRefreshProvider } from './refresh-provider.ts'
import { withService } from './service.ts'
import { tokensService } from './tokens-service.ts'

const origin = 'http://127.0.0.1:1'

async function logIn(knowsDPoP: boolean) {
  const provider = await startRefreshProvider({
    redirectUri: `${origin}/callback/office`,
    accessTokenSeconds: 60,
    knowsDPoP,
  })
  onTestFinished(() => provider.stop())
  const time = { now: Date.now() / 1000 }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), alg: 'ES256' }
  const sent: Headers[] = []
  const service = tokensService({
    issuer: provider.issuer,
    origin,
    clock: () => time.now,
    scopes: ['openid', 'offline_access'],
    authorizationParameters: { prompt: 'consent' },
    fetch: (input, init) => {
      sent.push(new Request(input, init).headers)
      return globalThis.fetch(input, init)
    },
    ...(knowsDPoP ? { dpop: { key } } : {}),
  })
  const browser = new FetchBrowser(withService(origin, service.handle))
  await browser.go(`${origin}/login`, { until: (url) => url === `${origin}/home` })
  sent.length = 0
  return { provider, time, browser, sent }
}

describe('the tokens of a session at oidc-provider', () => {
  it.each([
    ['bearer tokens', false, 'Bearer'],
    ['tokens that are bound to a key, with nonces', true, 'DPoP'],
  ])('are used and refreshed: %s', async (_name, knowsDPoP, scheme) => {
    const { provider, time, browser, sent } = await logIn(knowsDPoP)
    const about = async () => {
      const response = await browser.ask(`${origin}/about`)
      return [response.status, await response.json()]
    }
    expect(await about()).toEqual([200, { sub: 'ada' }])
    expect(provider.counts.rotated).toBe(0)
    time.now += 31
    expect(await about()).toEqual([200, { sub: 'ada' }])
    expect(provider.counts.rotated).toBe(1)
    const used = sent.map((headers) => headers.get('authorization') ?? '').filter((one) => !one.startsWith('Basic '))
    expect(new Set(used.map((one) => one.split(' ')[0]))).toEqual(new Set([scheme]))
    expect(new Set(used).size).toBe(2)
    expect(sent.some((headers) => headers.has('dpop'))).toBe(knowsDPoP)
  })
})
