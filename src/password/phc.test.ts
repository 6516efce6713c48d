import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeB64, encodeB64, formatPhc, parseDecimal, parsePhc } from './phc.ts'

const word = fc.stringMatching(/^[a-z0-9-]{1,8}$/)
const value = fc.stringMatching(/^[A-Za-z0-9/+.-]{1,12}$/)
const phc = fc.record({
  id: word,
  version: fc.option(fc.nat(), { nil: undefined }),
  parameters: fc.uniqueArray(fc.tuple(word, value), { maxLength: 4, selector: ([name]) => name }),
  salt: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  hash: fc.uint8Array({ minLength: 1, maxLength: 64 }),
})

describe('parsePhc()', () => {
  it('reads what formatPhc() writes', () => {
    fc.assert(
      fc.property(phc, (hash) => {
        expect(parsePhc(formatPhc(hash))).toEqual(hash)
      }),
    )
  })

  it('accepts one spelling only: what it reads is written back unchanged, and nothing throws', () => {
    const nearly = fc.tuple(phc, fc.nat(), fc.string({ maxLength: 2 })).map(([hash, at, insert]) => {
      const text = formatPhc(hash)
      return text.slice(0, at % text.length) + insert + text.slice((at % text.length) + 1)
    })
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        const read = parsePhc(text)
        if (read !== undefined) expect(formatPhc(read)).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('reads Argon2 with and without its version', () => {
    expect(parsePhc('$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA')).toMatchObject({ id: 'argon2i', version: 19 })
    expect(parsePhc('$argon2i$m=8,t=1,p=1$c2FsdA$aGFzaA')).toEqual({
      id: 'argon2i',
      version: undefined,
      parameters: [
        ['m', '8'],
        ['t', '1'],
        ['p', '1'],
      ],
      salt: new TextEncoder().encode('salt'),
      hash: new TextEncoder().encode('hash'),
    })
  })

  it.each([
    ['nothing', ''],
    ['no dollar at the beginning', 'x$m=8$c2FsdA$aGFzaA'],
    ['an upper-case name', '$X$m=8$c2FsdA$aGFzaA'],
    ['a name of 33 characters', `$${'x'.repeat(33)}$m=8$c2FsdA$aGFzaA`],
    ['a version with a leading zero', '$x$v=019$m=8$c2FsdA$aGFzaA'],
    ['a parameter that comes twice', '$x$m=8,m=8$c2FsdA$aGFzaA'],
    ['a parameter without value', '$x$m=$c2FsdA$aGFzaA'],
    ['an empty list of parameters', '$x$$c2FsdA$aGFzaA'],
    ['a comma at the end of the parameters', '$x$m=8,$c2FsdA$aGFzaA'],
    ['no salt', '$x$m=8$aGFzaA'],
    ['an empty salt', '$x$m=8$$aGFzaA'],
    ['no hash', '$x$m=8$c2FsdA$'],
    ['padding', '$x$m=8$c2FsdA==$aGFzaA'],
    ['base64url', '$x$m=8$c2F_dA$aGFzaA'],
    ['bits after the end of the salt', '$x$m=8$c2FsdB$aGFzaA'],
    ['an impossible length of base64', '$x$m=8$c2Fsd$aGFzaA'],
    ['another field', '$x$m=8$c2FsdA$aGFzaA$aGFzaA'],
    ['a line feed at the end', '$x$m=8$c2FsdA$aGFzaA\n'],
    ['513 characters', `$x$m=8$c2FsdA$${'aaaa'.repeat(125)}`.padEnd(513, 'a')],
  ])('refuses %s', (_what, text) => {
    expect(parsePhc(text)).toBeUndefined()
  })

  it('answers in linear time for texts made to backtrack', () => {
    const start = performance.now()
    parsePhc(`$x$${'a=a,'.repeat(100_000)}`)
    parsePhc(`$${'a'.repeat(1_000_000)}`)
    expect(performance.now() - start).toBeLessThan(500)
  })
})

describe('parseDecimal()', () => {
  it.each(['', '0', '01', '-1', '+1', '1.0', '1e3', ' 1', '12345678901', '１'])('refuses %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })

  it('reads any other number of up to ten digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (number) => {
        expect(parseDecimal(String(number))).toBe(number)
      }),
    )
  })
})

describe('decodeB64()', () => {
  it('reads what encodeB64() writes, and no padding', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeB64(encodeB64(bytes))).toEqual(bytes)
      }),
    )
    expect(decodeB64('azE=')).toBeUndefined()
    expect(decodeB64('azF')).toBeUndefined()
    expect(decodeB64('azE')).toEqual(new TextEncoder().encode('k1'))
  })
})
