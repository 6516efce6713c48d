import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { returnTo } from './return-to.ts'

describe('returnTo()', () => {
  it.each([
    ['/login?returnTo=%2Forders%3Fpage%3D2', '/orders?page=2'],
    ['https://service.example/login?returnTo=%2Forders', '/orders'],
    [new URL('https://service.example/login?returnTo=%2Forders'), '/orders'],
    ['/login', '/'],
    [undefined, '/'],
    ['http://', '/'],
    ['/login?returnTo=', '/'],
    ['/login?returnTo=https%3A%2F%2Fevil.example', '/'],
    ['/login?returnTo=%2F%2Fevil.example', '/'],
    ['/login?returnTo=%2F%5Cevil.example', '/'],
    ['/login?returnTo=%2F%09%2Fevil.example', '/'],
    ['/login?returnTo=javascript%3Aalert(1)', '/'],
    ['/login?returnTo=%2Fa&returnTo=%2Fb', '/'],
  ])('answers for the URL %s a place of this site', (url, expected) => {
    expect(returnTo({ url })).toBe(expected)
  })

  it('takes a Request, another parameter and a value of one’s own', () => {
    expect(returnTo(new Request('https://service.example/login?next=%2Fa'), { parameter: 'next' })).toBe('/a')
    expect(returnTo({ url: '/login?returnTo=%2Fa' }, { value: '/b?c=d' })).toBe('/b?c=d')
    for (const value of ['https://evil.example', ['/a'], null, 7]) {
      expect(returnTo({ url: '/login?returnTo=%2Fa' }, { value })).toBe('/')
    }
  })

  it('never throws and never leaves the site, whatever it is given', () => {
    const tricky = fc.array(fc.constantFrom('/', '\\', '.', 'evil.example', ':', '@', '\t', '?', '#', '%2F', 'http:'))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          tricky.map((parts) => parts.join('')),
        ),
        (value) => {
          for (const place of [
            returnTo({}, { value }),
            returnTo({ url: value }),
            returnTo({ url: `/?returnTo=${value}` }),
          ]) {
            expect(new URL(place, 'https://service.example').origin).toBe('https://service.example')
            expect(place).toMatch(/^\/(?![/\\])/)
          }
        },
      ),
    )
  })
})
