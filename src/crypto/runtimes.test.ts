import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as node from './node.ts'
import * as web from './web.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const octets = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

describe.each([
  ['Node', node],
  ['Web Crypto', web],
])('the primitives of %s', (_name, crypto) => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('hash the FIPS 180 example %j as text and as octets', async (text, digest) => {
    expect(hex(await crypto.sha256(text))).toBe(digest)
    expect(hex(await crypto.sha256(ascii(text)))).toBe(digest)
  })

  it.each([
    [octets(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [ascii('Jefe'), 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    [
      octets(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('authenticate the RFC 4231 example %#', async (key, data, tag) => {
    expect(hex(await crypto.hmacSha256(key, data))).toBe(tag)
    expect(hex(await crypto.hmacSha256(key, ascii(data)))).toBe(tag)
  })

  it('hash any text as UTF-8, and any octets, as node:crypto does', async () => {
    const input = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 300 }))
    await fc.assert(
      fc.asyncProperty(input, async (data) => {
        expect(hex(await crypto.sha256(data))).toBe(createHash('sha256').update(data).digest('hex'))
      }),
    )
  })

  it('authenticate anything under any key, the empty one included', async () => {
    expect(hex(await crypto.hmacSha256(new Uint8Array(), 'x'))).toBe(createHmac('sha256', '').update('x').digest('hex'))
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 150 }), fc.uint8Array({ maxLength: 300 }), async (key, data) => {
        expect(hex(await crypto.hmacSha256(key, data))).toBe(createHmac('sha256', key).update(data).digest('hex'))
      }),
    )
  })

  it('hash for Digest into lower-case hexadecimal digits', async () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(crypto.hasDigestHash('SHA-256')).toBe(true)
    expect(await crypto.digestHash('SHA-256', 'abc')).toBe(digest)
    expect(await crypto.digestHash('SHA-256', ascii('abc'))).toBe(digest)
    const text = fc.string({ unit: 'grapheme' })
    await fc.assert(
      fc.asyncProperty(text, async (data) => {
        expect(await crypto.digestHash('SHA-256', data)).toBe(createHash('sha256').update(data).digest('hex'))
      }),
    )
  })

  it('hash what octets were when asked, not what they became', async () => {
    const data = ascii('abc')
    const digest = crypto.sha256(data)
    data.fill(0)
    expect(hex(await digest)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('compare octets exactly, other lengths included', () => {
    expect(crypto.timingSafeEqual(new Uint8Array(), new Uint8Array())).toBe(true)
    expect(crypto.timingSafeEqual(ascii('abc'), ascii('abcd'))).toBe(false)
    expect(crypto.timingSafeEqual(ascii('abc'), new Uint8Array())).toBe(false)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, flip) => {
        const other = Uint8Array.from(bytes)
        expect(crypto.timingSafeEqual(bytes, other)).toBe(true)
        const index = at % other.length
        other[index] = (other[index] ?? 0) ^ flip
        expect(crypto.timingSafeEqual(bytes, other)).toBe(false)
      }),
    )
  })

  it('give as many random octets as asked, beyond what Web Crypto gives at once', () => {
    expect(crypto.randomBytes(0)).toHaveLength(0)
    const many = crypto.randomBytes(200_000)
    expect(many).toHaveLength(200_000)
    expect(new Set(many.subarray(190_000))).toHaveProperty('size', 256)
    expect(hex(crypto.randomBytes(32))).not.toBe(hex(crypto.randomBytes(32)))
  })

  it.each([-1, 1.5, Number.NaN, 2 ** 31])('refuse to give %s octets', (count) => {
    expect(() => crypto.randomBytes(count)).toThrow(RangeError)
  })
})

it('Node answers at once', () => {
  expect(node.sha256('abc')).toBeInstanceOf(Uint8Array)
  expect(node.hmacSha256(ascii('k'), 'abc')).toBeInstanceOf(Uint8Array)
})

it('Node has the other hash functions of Digest, by the examples of RFC 1321 and of FIPS 180-4', () => {
  expect(node.hasDigestHash('MD5')).toBe(true)
  expect(node.digestHash('MD5', 'abc')).toBe('900150983cd24fb0d6963f7d28e17f72')
  expect(node.hasDigestHash('SHA-512-256')).toBe(true)
  expect(node.digestHash('SHA-512-256', 'abc')).toBe('53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23')
})

it.each(['MD5', 'SHA-512-256'] as const)('Web Crypto says that it has no %s', async (hash) => {
  expect(web.hasDigestHash(hash)).toBe(false)
  await expect(web.digestHash(hash, 'abc')).rejects.toThrow(new TypeError(`digestHash(): Web Crypto has no ${hash}`))
})
