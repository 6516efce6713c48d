import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAccountName, isBindName, isFullAccountName, isUsablePassword } from './names.ts'

describe('isBindName()', () => {
  it('says no to what is empty or written like a SASL mechanism, whatever is around it', () => {
    const mechanism = fc.stringMatching(/^[A-Za-z0-9_-]{0,20}$/)
    const blank = fc.constantFrom('', ' ', '\t', '\u00ad', '\u200b', '\ufeff')
    fc.assert(
      fc.property(blank, mechanism, blank, (before, name, after) => {
        expect(isBindName(before + name + after)).toBe(false)
      }),
    )
  })

  it.each(['uid=EXTERNAL,dc=example', 'ada@corp.example', 'CORP\\ada', 'cn=Zoë'])('says yes to %j', (name) => {
    expect(isBindName(name)).toBe(true)
  })

  it.each(['uid=ada\0,dc=example', 'cn=\ud800'])('says no to %j', (name) => {
    expect(isBindName(name)).toBe(false)
  })
})

describe('isUsablePassword()', () => {
  it('says yes to everything visible without a NUL, up to 1024 octets', () => {
    const visible = fc.string({ minLength: 1, maxLength: 200, unit: fc.constantFrom('a', ' ', '€', '😀', '*', '\\') })
    fc.assert(
      fc.property(visible, (text) => {
        expect(isUsablePassword(text)).toBe(true)
      }),
    )
    expect(isUsablePassword('x'.repeat(1024))).toBe(true)
    expect(isUsablePassword('€'.repeat(342))).toBe(false)
  })
})

describe('names of Active Directory', () => {
  it('never become another kind of name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
        if (isAccountName(text)) expect(text).not.toMatch(/[@\\=,;"<>]|^ | $|\p{Cc}/u)
        if (isFullAccountName(text)) expect(text.match(/[@\\]/g)).toHaveLength(1)
      }),
    )
    expect(isAccountName('Zoë Müller-Lüdenscheidt')).toBe(true)
    expect(isFullAccountName('CORP\\svc_1')).toBe(true)
  })
})
