import { describe, expect, it } from 'vitest'
import { decideBy, saying } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import type { AuthenticationOptions } from './authentication-options.ts'

const cookie = () => saying({ principal: { id: 7 }, ambient: true })
const basic = () => saying({ principal: { id: 7 }, ambient: 'browser-or-tool' })
const host = { host: 'shop.example' }
const own = 'https://shop.example'

async function passes(
  method: string,
  headers: Record<string, string>,
  provider = cookie(),
  options: AuthenticationOptions = {},
): Promise<boolean> {
  const { outcome } = await decideBy(provider, requestOf({ method, headers: { ...host, ...headers } }), options)
  if (outcome.kind === 'authenticated') return true
  expect(outcome).toMatchObject({
    kind: 'rejected',
    response: { status: 403 },
    denials: [{ requirement: 'cross-site', providers: ['only'], status: 403, challenges: [] }],
    failures: [],
  })
  return false
}

describe('a credential that a browser attaches by itself', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('passes on %s from anywhere', async (method) => {
    expect(await passes(method, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(true)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'PROPFIND', 'get'])(
    'is refused on %s from another site',
    async (method) => {
      expect(await passes(method, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe(false)
      expect(await passes(method, { origin: 'https://evil.example' })).toBe(false)
    },
  )

  it.each([
    ['same-origin metadata', { 'sec-fetch-site': 'same-origin' }, true],
    ['metadata of a typed address', { 'sec-fetch-site': 'none' }, true],
    ['same-site metadata alone', { 'sec-fetch-site': 'same-site' }, false],
    ['cross-site metadata alone', { 'sec-fetch-site': 'cross-site' }, false],
    ['unknown metadata alone', { 'sec-fetch-site': 'Same-Origin' }, false],
    ['its own origin', { origin: own }, true],
    ['a sub-domain', { origin: 'https://a.shop.example' }, false],
    ['its own host by another scheme', { origin: 'http://shop.example' }, false],
    ['its own host at another port', { origin: 'https://shop.example:8443' }, false],
    ['the origin null', { origin: 'null' }, false],
    ['an empty origin', { origin: '' }, false],
    ['two origins', { origin: `${own}, https://evil.example` }, false],
    ['another case of its own origin', { origin: 'https://SHOP.example' }, false],
  ])('on POST with %s', async (_, headers, expected) => {
    expect(await passes('POST', headers)).toBe(expected)
    expect(await passes('POST', headers, basic())).toBe(expected)
  })

  it('is refused on POST without origin information when only browsers send it, and passes when tools do', async () => {
    expect(await passes('POST', {})).toBe(false)
    expect(await passes('POST', {}, basic())).toBe(true)
  })

  it('passes from origins that were allowed, also when metadata say that it is another site', async () => {
    const options = { allowedOrigins: ['https://app.example'] }
    const headers = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }
    expect(await passes('POST', headers, cookie(), options)).toBe(true)
    expect(await passes('POST', { origin: 'https://app.example.evil' }, cookie(), options)).toBe(false)
  })

  it('is judged by the origin that clients see behind a proxy', async () => {
    const options = { baseUrl: 'https://outside.example' }
    expect(await passes('POST', { origin: 'https://outside.example' }, cookie(), options)).toBe(true)
    expect(await passes('POST', { origin: own }, cookie(), options)).toBe(false)
  })

  it('is refused when the request’s own host cannot be read', async () => {
    expect(await passes('POST', { host: 'a@b', origin: 'http://unknown.invalid' })).toBe(false)
  })

  it.each([
    ['websocket', false],
    ['WebSocket', false],
    ['h2c, websocket', false],
    ['h2c', true],
  ])('on a GET that upgrades to %s from another site', async (upgrade, expected) => {
    expect(await passes('GET', { upgrade, origin: 'https://evil.example' })).toBe(expected)
    expect(await passes('GET', { upgrade, origin: own })).toBe(true)
    expect(await passes('GET', { upgrade }, basic())).toBe(true)
    expect(await passes('GET', { upgrade })).toBe(expected)
  })

  it('passes from everywhere when the application says that it dares', async () => {
    const options = { dangerouslyAllowCrossSite: true }
    expect(await passes('POST', { 'sec-fetch-site': 'cross-site' }, cookie(), options)).toBe(true)
  })

  it('is judged strictly when the provider says something else than it may', async () => {
    for (const ambient of [null, false, 'yes', 1]) {
      expect(await passes('POST', {}, saying({ principal: { id: 7 }, ambient }))).toBe(false)
    }
  })
})

describe('a credential that a browser does not attach', () => {
  it('passes from anywhere', async () => {
    const bearer = saying({ principal: { id: 7 } })
    expect(await passes('POST', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, bearer)).toBe(true)
  })
})
