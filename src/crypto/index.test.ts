import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { constantTimeEqual, randomToken } from './index.ts'

describe('constantTimeEqual()', () => {
  it('says what === says, for any two texts', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(constantTimeEqual(a, b)).toBe(a === b)
        expect(constantTimeEqual(a, a)).toBe(true)
      }),
    )
  })

  it.each([
    ['secret', 'secre'],
    ['secret', 'secret!'],
    ['secret', 'Secret'],
    ['secret', ''],
    ['', 'secret'],
    ['aa', 'a'],
    ['a', 'aa'],
    ['abab', 'ab'],
    ['\u0000', ''],
    ['', '\u0000'],
    ['é', 'e\u0301'],
    ['\ud800', '\udfff'],
    ['\ud800', '\ufffd'],
    ['ā', '\u0001'],
  ])('tells %j from %j', (a, b) => {
    expect(constantTimeEqual(a, b)).toBe(false)
  })

  it('answers a boolean, not a promise, so that it can stand in a condition', () => {
    expect(constantTimeEqual('right', 'right')).toBe(true)
    expect(constantTimeEqual('wrong', 'right')).toBe(false)
  })

  it.each([undefined, null, 7, Promise.resolve('right'), new Uint8Array(5)])(
    'throws a TypeError at %s, which is a setting that is missing or a forgotten await',
    (other) => {
      expect(() => Reflect.apply(constantTimeEqual, undefined, [other, 'right'])).toThrow(TypeError)
      expect(() => Reflect.apply(constantTimeEqual, undefined, ['right', other])).toThrow(TypeError)
    },
  )
})

describe('randomToken()', () => {
  it('gives 32 bytes in base64url unless told otherwise', () => {
    expect(randomToken()).toMatch(/^[\w-]{43}$/)
    expect(randomToken(16)).toMatch(/^[\w-]{22}$/)
    expect(randomToken(1024)).toMatch(/^[\w-]{1366}$/)
  })

  it('gives another token each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => randomToken(16)))).toHaveProperty('size', 1000)
  })

  it.each([0, 15, 1025, 16.5, Number.NaN, -1])('refuses a size of %s bytes', (bytes) => {
    expect(() => randomToken(bytes)).toThrow('randomToken(): "bytes" must be a whole number from 16 to 1024')
  })
})
