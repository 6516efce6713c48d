import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, decodeBase64Url, decodeShortAscii, encodeBase64, encodeBase64Url } from './base64.ts'
import { decodeLatin1, decodeUtf8, encodeUtf8, isWellFormed } from './text.ts'

const octets = fc.uint8Array({ maxLength: 600 })

describe('base64', () => {
  it('encodes and decodes the vectors of RFC 4648 section 10', () => {
    const vectors = [
      ['', ''],
      ['f', 'Zg=='],
      ['fo', 'Zm8='],
      ['foo', 'Zm9v'],
      ['foob', 'Zm9vYg=='],
      ['fooba', 'Zm9vYmE='],
      ['foobar', 'Zm9vYmFy'],
    ] as const
    for (const [text, encoded] of vectors) {
      expect(encodeBase64(encodeUtf8(text))).toBe(encoded)
      expect(decodeBase64(encoded)).toEqual(encodeUtf8(text))
      expect(encodeBase64Url(encodeUtf8(text))).toBe(encoded.replaceAll('=', ''))
      expect(decodeBase64Url(encoded.replaceAll('=', ''))).toEqual(encodeUtf8(text))
    }
  })

  it('is decoded the quick way to the same, where it is short and printable US-ASCII, and not at all where it is not', () => {
    const base64Like = fc.string({ unit: fc.constantFrom(...'AZaz09+/=', 'Q', ' ', '\n', '\u00e9'), maxLength: 12 })
    const encoded = fc.oneof(octets, fc.string().map(encodeUtf8)).map(encodeBase64)
    fc.assert(
      fc.property(fc.oneof(base64Like, encoded), fc.constantFrom('', 'Basic ', ' ='), (text, before) => {
        const bytes = decodeBase64(text)
        const plain = bytes?.every((octet) => octet >= 0x20 && octet < 0x7f) === true && text.length <= 256
        const expected = plain && bytes !== undefined ? decodeLatin1(bytes) : undefined
        expect(decodeShortAscii(before + text, before.length)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('writes what Node writes and reads it back', () => {
    fc.assert(
      fc.property(octets, (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
        expect(decodeBase64(encodeBase64(bytes))).toEqual(new Uint8Array(bytes))
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  it('accepts only what an encoder writes', () => {
    const alphabet = fc.constantFrom(...'ABZaz059+/-_= \n\u00e9')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 8 }), (text) => {
        const standard = decodeBase64(text)
        const urlSafe = decodeBase64Url(text)
        if (standard !== undefined) expect(encodeBase64(standard)).toBe(text)
        else expect(Buffer.from(text, 'base64').toString('base64')).not.toBe(text)
        if (urlSafe !== undefined) expect(encodeBase64Url(urlSafe)).toBe(text)
        else expect(Buffer.from(text, 'base64url').toString('base64url')).not.toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['missing padding', 'Zm8'],
    ['one padding of two', 'Zg='],
    ['too much padding', 'Zm9v===='],
    ['only padding', '===='],
    ['three paddings', 'Z==='],
    ['padding inside', 'Zg==Zg=='],
    ['whitespace', 'Zm 9v'],
    ['a line break', 'Zm9v\n'],
    ['the other alphabet', '-_-_'],
    ['set bits before one padding', 'Zm9='],
    ['set bits before two paddings', 'Zh=='],
    ['a character above one octet', 'Zm9\u0176'],
  ])('refuses %s', (_, text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })

  it('refuses padding, a single leftover digit, set unused bits and + / in base64url', () => {
    for (const text of ['Zg==', 'Zm8=', 'Z', 'Zm9vZ', 'Zh', 'Zm9', '+/+/']) {
      expect(decodeBase64Url(text), text).toBeUndefined()
    }
  })
})

describe('text', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text)
      }),
    )
  })

  it('decodes exactly the octets that are UTF-8, also after a refusal', () => {
    fc.assert(
      fc.property(octets, (bytes) => {
        const lenient = Buffer.from(bytes).toString('utf8')
        const valid = Buffer.from(lenient).equals(Buffer.from(bytes))
        expect(decodeUtf8(bytes)).toBe(valid ? lenient : undefined)
        expect(decodeUtf8(Uint8Array.of(0xc3, 0xa9))).toBe('\u00e9')
      }),
    )
  })

  it('keeps a byte order mark and a NUL', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
    expect(decodeUtf8(Uint8Array.of(0x61, 0, 0x62))).toBe('a\0b')
  })

  it.each([
    ['an overlong NUL', [0xc0, 0x80]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a truncated sequence', [0x61, 0xc3]],
    ['ISO-8859-1', [0x31, 0xa3]],
  ])('refuses %s', (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined()
  })

  it('decodes ISO-8859-1 octet by octet, 0x80 to 0x9F included, beyond one chunk', () => {
    const bytes = Uint8Array.from({ length: 9000 }, (_, index) => index % 256)
    expect(decodeLatin1(bytes)).toBe(Buffer.from(bytes).toString('latin1'))
    expect(decodeLatin1(new Uint8Array())).toBe('')
  })

  it('tells lone surrogates from pairs', () => {
    expect(isWellFormed('a\u{1f600}')).toBe(true)
    for (const text of ['\ud83d', '\ude00\ud83d', 'a\udc00']) expect(isWellFormed(text)).toBe(false)
  })
})
