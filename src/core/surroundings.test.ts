import { describe, expect, it } from 'vitest'
import { type RequestOptions, requestOf } from '../../test/model/request.ts'
import { Surroundings, type SurroundingsOptions } from './surroundings.ts'

const plain = { address: '192.0.2.9', encrypted: false }
const proxy = { address: '10.0.0.1', encrypted: false }
const trusting = { trustedProxies: ['10.0.0.0/8'] }

function urlOf(request: RequestOptions, options: SurroundingsOptions = {}): string {
  return new Surroundings(options).url(requestOf({ peer: plain, ...request })).href
}

function addressOf(request: RequestOptions, options: SurroundingsOptions): string | undefined {
  return new Surroundings(options).peer(requestOf({ peer: proxy, ...request })).address
}

describe('without trusted proxies', () => {
  const spoofed = {
    host: 'shop.example',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
    forwarded: 'for=203.0.113.7;proto=https;host=evil.example',
  }

  it('believes the connection and Host, and no forwarding header', () => {
    for (const forwardedHeaders of ['x-forwarded', 'forwarded'] as const) {
      const surroundings = new Surroundings({ forwardedHeaders })
      const request = requestOf({ peer: plain, target: '/cart?a=1', headers: spoofed })
      expect(surroundings.peer(request)).toEqual(plain)
      expect(surroundings.url(request).href).toBe('http://shop.example/cart?a=1')
      expect(surroundings.origin(request)).toBe('http://shop.example')
    }
  })

  it('believes no forwarding header from a peer outside of the trusted ranges', () => {
    const request = requestOf({ peer: plain, headers: spoofed })
    const surroundings = new Surroundings(trusting)
    expect(surroundings.peer(request)).toEqual(plain)
    expect(surroundings.origin(request)).toBe('http://shop.example')
    const unknown = requestOf({ peer: { address: undefined, encrypted: false }, headers: spoofed })
    expect(surroundings.peer(unknown).address).toBeUndefined()
    expect(surroundings.origin(unknown)).toBe('http://shop.example')
  })

  it('takes the scheme from the connection, and the absolute URL of runtimes that have one', () => {
    const headers = { host: 'shop.example' }
    expect(urlOf({ peer: { address: '192.0.2.9', encrypted: true }, headers })).toBe('https://shop.example/')
    const absoluteUrl = 'https://edge.example/a?b'
    expect(urlOf({ target: '/a?b', absoluteUrl })).toBe('https://edge.example/a?b')
  })
})

describe('behind trusted proxies', () => {
  const headers = { host: 'inside:8080', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }

  it('sees the client, scheme and host that the proxy names', () => {
    expect(addressOf({ headers }, trusting)).toBe('203.0.113.7')
    expect(urlOf({ peer: proxy, headers }, trusting)).toBe('https://inside:8080/')
    const named = { ...headers, 'x-forwarded-host': 'shop.example' }
    expect(urlOf({ peer: proxy, headers: named }, trusting)).toBe('https://shop.example/')
    expect(new Surroundings(trusting).peer(requestOf({ peer: proxy, headers })).encrypted).toBe(true)
  })

  it.each([
    ['the nearest hop that is not trusted', '1.1.1.1, 203.0.113.7, 10.0.0.5', '203.0.113.7'],
    ['the outermost when all are trusted', '10.0.0.7, 10.0.0.5', '10.0.0.7'],
    ['nobody when a hop is no address', 'unknown, 10.0.0.5', undefined],
    ['nobody when the nearest hop is a name', '203.0.113.7, evil.example', undefined],
    ['an address with a port', '203.0.113.7:4711', '203.0.113.7'],
    ['an IPv6 address in brackets with a port', '[2001:db8::1]:4711', '2001:db8::1'],
    ['a bare IPv6 address', '2001:db8::1', '2001:db8::1'],
    ['an IPv4 address inside IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['nobody for octal or shortened IPv4', '0313.0.113.7', undefined],
    ['nobody for an empty element', '203.0.113.7,', undefined],
  ])('takes for the client %s', (_, value, address) => {
    expect(addressOf({ headers: { 'x-forwarded-for': value } }, trusting)).toBe(address)
  })

  it('takes scheme and host from the nearest proxy, not from what the client sent through', () => {
    const forged = { ...headers, 'x-forwarded-proto': 'http, https', 'x-forwarded-host': 'evil.example, shop.example' }
    expect(urlOf({ peer: proxy, headers: forged }, trusting)).toBe('https://shop.example/')
  })

  it('ignores a scheme other than http and https', () => {
    expect(urlOf({ peer: proxy, headers: { ...headers, 'x-forwarded-proto': 'javascript' } }, trusting)).toBe(
      'http://inside:8080/',
    )
  })

  it('ignores Forwarded where the proxies write X-Forwarded-*, and the other way round', () => {
    const both = { ...headers, 'x-forwarded-host': 'x.example', forwarded: 'for=198.51.100.1;host=f.example' }
    expect(addressOf({ headers: both }, trusting)).toBe('203.0.113.7')
    const standard = { ...trusting, forwardedHeaders: 'forwarded' } as const
    expect(addressOf({ headers: both }, standard)).toBe('198.51.100.1')
    expect(urlOf({ peer: proxy, headers: both }, standard)).toBe('http://f.example/')
  })

  it('reads Forwarded with quoted IPv6, ports and several proxies, and the word of the outermost trusted one', () => {
    const standard = { ...trusting, forwardedHeaders: 'forwarded' } as const
    const forwarded =
      'for=1.1.1.1;host=evil.example, For="[2001:db8::7]:4711";Proto=HTTPS;Host="shop.example", for=10.0.0.5;host=mid'
    const request = { peer: proxy, headers: { host: 'inside', forwarded } }
    expect(addressOf(request, standard)).toBe('2001:db8::7')
    expect(urlOf(request, standard)).toBe('https://shop.example/')
    expect(addressOf({ headers: { forwarded: 'for=_hidden' } }, standard)).toBeUndefined()
  })

  it('trusts nobody else: ranges of IPv4, IPv6 and single addresses', () => {
    const options = { trustedProxies: ['192.0.2.7', '2001:db8:1::/48', '::1'] }
    const seen = (address: string) =>
      new Surroundings(options).peer(
        requestOf({ peer: { address, encrypted: false }, headers: { 'x-forwarded-for': '203.0.113.7' } }),
      ).address
    for (const inside of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:1::5', '::1']) {
      expect(seen(inside)).toBe('203.0.113.7')
    }
    for (const outside of ['192.0.2.8', '2001:db8:2::5', '::2', 'localhost', '']) expect(seen(outside)).toBe(outside)
  })

  it('knows an IPv4 proxy that is configured as a mapped address', () => {
    const options = { trustedProxies: ['::ffff:10.0.0.1'] }
    expect(addressOf({ headers: { 'x-forwarded-for': '203.0.113.7' } }, options)).toBe('203.0.113.7')
  })
})

describe('baseUrl', () => {
  it('wins over Host, forwarding headers and the runtime, and its path is a prefix', () => {
    const options = { ...trusting, baseUrl: 'https://shop.example/app/' }
    const request = {
      peer: proxy,
      target: '/cart?a=1',
      absoluteUrl: 'http://inside/cart?a=1',
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    }
    expect(urlOf(request, options)).toBe('https://shop.example/app/cart?a=1')
    expect(new Surroundings(options).origin(requestOf(request))).toBe('https://shop.example')
  })
})

describe('the URL of a hostile request', () => {
  it.each([
    'evil.example/path',
    'shop.example@evil.example',
    'shop.example, evil.example',
    'shop.example:99999',
    'shop.example#x',
    'shop.example?x',
    'shop.example\\evil',
    'a b',
    '',
    '[::1',
    ':80',
    'shop.example\r\nX: y',
  ])('has no origin of its own when Host is %j', (host) => {
    const request = requestOf({ peer: plain, target: '/a', headers: { host } })
    const surroundings = new Surroundings({})
    expect(surroundings.origin(request)).toBeUndefined()
    expect(surroundings.url(request).href).toBe('http://unknown.invalid/a')
  })

  it.each([
    ['/a/b?c=d', '/a/b?c=d'],
    ['*', '/'],
    ['', '/'],
    ['http://other.example/a?b', '/a?b'],
    ['HTTPS://user@other.example?b', '/?b'],
    ['shop.example:443', '/shop.example:443'],
    ['//evil.example/a', '//evil.example/a'],
    ['/\\evil.example', '//evil.example'],
    ['/a#b', '/a%23b'],
    ['/a?b#c', '/a?b%23c'],
  ])('keeps the host whatever the target %j says', (target, path) => {
    const url = urlOf({ target, headers: { host: 'shop.example' } })
    expect(url.startsWith('http://shop.example/')).toBe(true)
    if (target !== 'shop.example:443') expect(url).toBe(`http://shop.example${path}`)
  })

  it('keeps IPv6 literals and ports of Host', () => {
    expect(urlOf({ headers: { host: '[2001:db8::1]:8080' } })).toBe('http://[2001:db8::1]:8080/')
    expect(urlOf({ headers: { host: 'SHOP.example:80' } })).toBe('http://shop.example/')
  })
})

describe('the options', () => {
  it.each([
    ['10.0.0.0/33'],
    ['::1/129'],
    ['10.0.0.0/'],
    ['10.0.0.0/8/8'],
    ['10.0.0/8'],
    ['010.0.0.1'],
    ['::ffff:10.0.0.0/104'],
    ['proxy.internal'],
    [''],
    ['*'],
  ])('refuse the proxy %j', (range) => {
    expect(() => new Surroundings({ trustedProxies: [range] })).toThrow(/^authentication\(\): "trustedProxies" must/)
  })

  it.each(['shop.example', 'ftp://shop.example', 'https://shop.example?a', 'https://shop.example#a', ''])(
    'refuse the base URL %j',
    (baseUrl) => {
      expect(() => new Surroundings({ baseUrl })).toThrow(/^authentication\(\): "baseUrl" must/)
    },
  )
})
