import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeOf } from './address.ts'

describe('placeOf()', () => {
  it.each([
    ['192.0.2.77', '192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.77', '192.0.2.0/24'],
    ['::ffff:c000:24d', '192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
    ['::1', '0:0:0:0::/64', '0:0:0::/48'],
  ])('counts %s as %s within %s', (text, address, network) => {
    expect(placeOf(text)).toEqual({ address, network })
  })

  it.each([
    undefined,
    '',
    'unknown',
    '1.2.3',
    '0x7f.0.0.1',
    '010.0.0.1',
    '1.2.3.4:80',
    '[::1]',
    '/tmp/socket',
    'fe80::1%',
  ])('counts %s as no address', (text) => {
    expect(placeOf(text)).toBeUndefined()
  })

  it('gives every address of a /64 one place, and never an IPv4 and an IPv6 address the same', () => {
    const half = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 0xffff })))
    fc.assert(
      fc.property(half, half, half, fc.ipV4(), (prefix, a, b, four) => {
        const [one, two] = [a, b].map((rest) => [...prefix, ...rest].map((part) => part.toString(16)).join(':'))
        if (prefix.every((part) => part === 0)) return
        expect(placeOf(one)).toEqual(placeOf(two))
        expect(placeOf(one)?.address).not.toBe(placeOf(four)?.address)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => void placeOf(text)))
  })
})
