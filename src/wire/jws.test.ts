import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCompactJws, parseJsonSegment } from './jws.ts'

const encode = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url')
const header = encode('{"alg":"HS256","kid":"k","typ":"JWT","jwk":{"kty":"oct"}}')
const parse = (token: string, maxLength = 1000): unknown => parseCompactJws(token, maxLength)

describe('parseCompactJws()', () => {
  it('cuts a token into header, payload, what was signed and signature', () => {
    expect(parse(`${header}.e30.AAEC`)).toEqual({
      header: { alg: 'HS256', kid: 'k', typ: 'JWT', jwk: { kty: 'oct' } },
      segment: header,
      isKnown: false,
      payload: 'e30',
      signed: `${header}.e30`,
      signature: 'AAEC',
    })
  })

  it('leaves the payload unread, and takes an empty signature for what it is', () => {
    expect(parse(`${header}.###.`)).toMatchObject({ payload: '###', signature: '' })
  })

  it('counts the length before it reads anything', () => {
    const token = `${header}.e30.AAEC`
    expect(parse(token, token.length)).toHaveProperty('header')
    expect(parse(token, token.length - 1)).toBe('too-long')
  })

  it.each(['', '.', 'a', `${header}.e30`, `${header}.e30.AAEC.`, `${header}.e30.AAEC.a`, `${header}.e30.AAEC.a.b.c`])(
    'takes %j for no compact token',
    (token) => {
      expect(parse(token)).toBe('not-compact')
    },
  )

  it('tells an encrypted token by its five segments', () => {
    expect(parse(`${header}.a.b.c.d`)).toBe('encrypted')
  })

  it.each([
    ['padding', `${header}=.e30.AAEC`],
    ['a newline in the signature', `${header}.e30.AA\nEC`],
    ['trailing bits in the signature', `${header}.e30.AB`],
    ['the other alphabet', `${header}.e30.++//`],
    ['a byte order mark', `${encode('\ufeff{"alg":"HS256"}')}.e30.AAEC`],
    ['octets that are not UTF-8', `${encode(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))}.e30.AAEC`],
    ['a header that is a list', `${encode('["alg"]')}.e30.AAEC`],
    ['a header with "alg" twice', `${encode('{"alg":"none","alg":"HS256"}')}.e30.AAEC`],
  ])('refuses %s', (_what, token) => {
    expect(parse(token)).toBe('not-compact')
  })

  it.each([
    '{}',
    '{"alg":1}',
    '{"alg":""}',
    '{"alg":"HS256","kid":{}}',
    '{"alg":"HS256","kid":""}',
    '{"alg":"HS256","typ":null}',
  ])('refuses the header %s', (text) => {
    expect(parse(`${encode(text)}.e30.AAEC`)).toBe('bad-header')
  })

  it.each(['{"alg":"HS256","crit":[]}', '{"alg":"HS256","crit":null}', '{"alg":"HS256","b64":true}'])(
    'refuses the extension in %s',
    (text) => {
      expect(parse(`${encode(text)}.e30.AAEC`)).toBe('critical')
    },
  )

  it('is not confused by names that every object inherits', () => {
    expect(parse(`${encode('{"__proto__":{"alg":"HS256"}}')}.e30.AAEC`)).toBe('not-compact')
    expect(parse(`${encode('{"alg":"HS256","constructor":1}')}.e30.AAEC`)).toHaveProperty('header')
  })

  it('never throws, and gives back what it was given', () => {
    const segment = fc.oneof(fc.constant(header), fc.base64String(), fc.string(), fc.json().map(encode))
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const token = segments.join('.')
        const jws = parseCompactJws(token, 10_000)
        if (typeof jws === 'string') return
        expect(`${jws.signed}.${jws.signature}`).toBe(token)
        expect(encode(Buffer.from(jws.signature, 'base64url'))).toBe(jws.signature)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('parseJsonSegment()', () => {
  it('reads an object, and nothing else', () => {
    expect(parseJsonSegment(encode('{"iss":"é"}'))).toEqual({ iss: 'é' })
    for (const text of ['[]', '1', 'null', 'x', '']) expect(parseJsonSegment(encode(text))).toBeUndefined()
    expect(parseJsonSegment('e30=')).toBeUndefined()
  })
})
