import { createCipheriv, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url } from '../wire/base64.ts'
import * as node from './node.ts'
import * as web from './web.ts'

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex')
const octets = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'))
const key = octets('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
const iv = octets('cafebabefacedbaddecaf888')
const plaintext = octets(
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
)
const additional = octets('feedfacedeadbeeffeedfacedeadbeefabaddad2')
const sealed =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
  '76fc6ece0f4e1768cddf8853bb2d551b'

describe.each([
  ['Node', node],
  ['Web Crypto', web],
])('the sealing primitives of %s', (_name, crypto) => {
  it.each([
    [
      '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf',
    ],
    [
      '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
      '',
      '',
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
    ],
  ])('derive the first 32 octets of the RFC 5869 example %#', async (secret, salt, info, derived) => {
    expect(hex(await crypto.hkdfSha256(octets(secret), octets(salt), octets(info)))).toBe(derived)
  })

  it('derive from anything what node:crypto derives', async () => {
    const bytes = fc.uint8Array({ maxLength: 100 })
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        bytes,
        fc.string(),
        async (secret, salt, info) => {
          const expected = new Uint8Array(hkdfSync('sha256', secret, salt, info, 32))
          expect(hex(await crypto.hkdfSha256(secret, salt, info))).toBe(hex(expected))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('seal and open test case 16 of the GCM specification', async () => {
    const gcm = await crypto.aesGcm(key)
    expect(hex(await gcm.encrypt(iv, plaintext, additional))).toBe(sealed)
    expect(hex(await gcm.decrypt(iv, octets(sealed), additional))).toBe(hex(plaintext))
  })

  it('seal and open no octets at all', async () => {
    const gcm = await crypto.aesGcm(key)
    const empty = await gcm.encrypt(iv, new Uint8Array(), new Uint8Array())
    expect(empty).toHaveLength(16)
    expect(await gcm.decrypt(iv, empty, new Uint8Array())).toHaveLength(0)
  })

  it.each([0, 1, 15])('open nothing that has %s octets, which is less than a tag', async (length) => {
    const gcm = await crypto.aesGcm(key)
    expect(await gcm.decrypt(iv, octets(sealed).slice(0, length), additional)).toBe(undefined)
  })

  it('open nothing under another key, another IV or other additional octets', async () => {
    const gcm = await crypto.aesGcm(key)
    const other = await crypto.aesGcm(new Uint8Array(32))
    expect(await other.decrypt(iv, octets(sealed), additional)).toBe(undefined)
    expect(await gcm.decrypt(new Uint8Array(12), octets(sealed), additional)).toBe(undefined)
    expect(await gcm.decrypt(iv, octets(sealed), new Uint8Array())).toBe(undefined)
  })

  it('open what node:crypto sealed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 60 }), async (bytes, about) => {
        const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(about)
        const theirs = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
        const gcm = await crypto.aesGcm(key)
        expect(hex(await gcm.decrypt(iv, theirs, about))).toBe(hex(bytes))
        expect(hex(await gcm.encrypt(iv, bytes, about))).toBe(hex(theirs))
      }),
      { numRuns: 50 },
    )
  })

  it('decode base64url as strictly as the grammar', () => {
    const near = fc.string({ unit: fc.constantFrom(...'AQgwBZz09-_+/= \n.é\u{1f600}') })
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        expect(hex(crypto.base64UrlOctets(text))).toBe(hex(decodeBase64Url(text)))
      }),
      { numRuns: 2000 },
    )
  })
})

it('the sealing primitives of Node answer at once', () => {
  const gcm = node.aesGcm(key)
  expect(gcm).not.toBeInstanceOf(Promise)
  expect(node.hkdfSha256(key, iv, 'x')).toBeInstanceOf(Uint8Array)
})
