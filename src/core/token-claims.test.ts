import { describe, expect, it } from 'vitest'
import { hasClaim, isAudience, isDate, isFor, isText } from './token-claims.ts'

describe('the members of a token', () => {
  it("are there when they say something, and are nobody else's", () => {
    expect(hasClaim({ aud: '' }, 'aud')).toBe(true)
    expect(hasClaim({ aud: null }, 'aud')).toBe(false)
    expect(hasClaim({}, 'constructor')).toBe(false)
  })

  it.each([0, 1.5, 253_402_300_799, undefined])('that are dates may be %s', (value) => {
    expect(isDate(value)).toBe(true)
  })

  it.each([-1, 253_402_300_800, '1', null, true, Number.NaN])('that are dates may not be %s', (value) => {
    expect(isDate(value)).toBe(false)
  })

  it('that name an audience are a text or a list of texts', () => {
    for (const aud of ['a', [], ['a', 'b']]) expect(isAudience(aud)).toBe(true)
    for (const aud of [undefined, null, 1, {}, [1], ['a', null]]) expect(isAudience(aud)).toBe(false)
    for (const text of ['', undefined]) expect(isText(text)).toBe(true)
    for (const text of [null, 1, ['a']]) expect(isText(text)).toBe(false)
  })

  it('that name an audience are for a service by an exact name, one of several being enough', () => {
    const audiences = new Set(['a', 'b'])
    for (const aud of ['a', ['x', 'b']]) expect(isFor(aud, audiences)).toBe(true)
    for (const aud of ['A', 'a ', [], ['x'], 'a,b']) expect(isFor(aud, audiences)).toBe(false)
  })
})
