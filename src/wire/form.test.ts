import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatForm, parseForm } from './form.ts'
import { percentDecode, percentEncode } from './percent.ts'

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 30 })

describe('percent-encoding', () => {
  it('encodes all but the unreserved characters, in upper-case hexadecimal', () => {
    const ascii = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code))
    const bare = [...ascii].filter((character) => percentEncode(character) === character).join('')
    expect(bare).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~')
    expect(percentEncode("!'()* \u00e9\u{1f600}")).toBe('%21%27%28%29%2A%20%C3%A9%F0%9F%98%80')
  })

  it('decodes what it encodes, and leaves + alone', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(percentDecode(percentEncode(text) ?? '%')).toBe(text)
      }),
    )
    expect(percentDecode('a+b%2b%C3%a9')).toBe('a+b+\u00e9')
  })

  it('refuses incomplete and foreign escapes, octets that are not UTF-8, and lone surrogates', () => {
    for (const text of [
      '%',
      '%4',
      'a%zz',
      '%C3',
      '%C3%41',
      '%C0%80',
      '%ED%A0%80',
      '%F4%90%80%80',
      '%u0041',
      '\ud800',
    ]) {
      expect(percentDecode(text), text).toBeUndefined()
    }
    expect(percentEncode('\ud800')).toBeUndefined()
  })
})

describe('forms', () => {
  it('reads pairs in order, repeated names included', () => {
    expect(parseForm('user=a+b%2B&pass=%C3%A9&user=&flag&=x&&a=b=c')).toEqual([
      ['user', 'a b+'],
      ['pass', '\u00e9'],
      ['user', ''],
      ['flag', ''],
      ['', 'x'],
      ['a', 'b=c'],
    ])
    expect(parseForm('')).toEqual([])
    expect(parseForm(`${'+\u00e9\u{1f600}'.repeat(3000)}`)).toEqual([[' \u00e9\u{1f600}'.repeat(3000), '']])
  })

  it('refuses the whole for one bad escape, where URLSearchParams would replace', () => {
    for (const text of ['a=%', 'a=1&%zz=2', 'a=%E9', 'a=\ud800', 'a=1&b%C3'])
      expect(parseForm(text), text).toBeUndefined()
  })

  it('writes what it reads back, and what URLSearchParams reads alike', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wellFormed, wellFormed), { maxLength: 5 }), (pairs) => {
        const text = formatForm(pairs) ?? '%'
        expect(text).toMatch(/^[A-Za-z0-9\-._~%+=&]*$/)
        expect(parseForm(text)).toEqual(pairs)
        expect([...new URLSearchParams(text)]).toEqual(pairs)
        expect(parseForm(new URLSearchParams(pairs).toString())).toEqual(pairs)
      }),
    )
    expect(formatForm([['a', '\udc00']])).toBeUndefined()
  })
})
