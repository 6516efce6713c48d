import { describe, expect, it } from 'vitest'
import { isFieldValue, isPrintableAscii, isToken, isToken68 } from './tokens.ts'

const codes = Array.from({ length: 0x300 }, (_, code) => code)
const accepted = (predicate: (text: string) => boolean): string =>
  String.fromCharCode(...codes.filter((code) => predicate(String.fromCharCode(code))))
const range = (from: number, to: number): string =>
  String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, index) => from + index))

describe('character classes', () => {
  it('a token has the 77 characters of RFC 9110 section 5.6.2 and no others', () => {
    const characters = accepted(isToken)
    expect(characters).toHaveLength(77)
    expect(characters).toBe(
      codes
        .map((code) => String.fromCharCode(code))
        .filter((character) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(character))
        .join(''),
    )
    expect(isToken('')).toBe(false)
    expect(isToken('realm ')).toBe(false)
  })

  it('a token68 is at least one of its 68 characters, with padding at the end only', () => {
    expect(accepted(isToken68)).toHaveLength(68)
    for (const text of ['a', 'a=', 'a==', 'abc/def+-._~', 'a===']) expect(isToken68(text), text).toBe(true)
    for (const text of ['', '=', 'a=b', 'a b', 'a ', 'é', 'a,']) expect(isToken68(text), text).toBe(false)
  })

  it('printable ASCII goes from SP to ~', () => {
    expect(accepted(isPrintableAscii)).toBe(range(0x20, 0x7e))
    expect(isPrintableAscii('')).toBe(true)
  })

  it('a field value has HTAB, SP to ~ and obs-text, no control character and nothing above one octet', () => {
    expect(accepted(isFieldValue)).toBe(`\t${range(0x20, 0x7e)}${range(0x80, 0xff)}`)
    expect(isFieldValue('a\r\nb')).toBe(false)
    expect(isFieldValue('\ud800')).toBe(false)
  })
})
