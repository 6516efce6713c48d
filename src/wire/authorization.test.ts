import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { afterScheme, type Credentials, formatAuthorization, hasScheme, parseAuthorization } from './authorization.ts'
import { isToken68 } from './tokens.ts'

function parameters(value: string): Record<string, string> | undefined {
  const map = parseAuthorization(value)?.parameters
  return map && Object.fromEntries(map)
}

describe('parseAuthorization', () => {
  it('reads a scheme and its token68, both exactly as received', () => {
    expect(parseAuthorization('Bearer mF_9.B5f-4.1JqM')).toEqual({ scheme: 'Bearer', token68: 'mF_9.B5f-4.1JqM' })
    expect(parseAuthorization('bAsIc   abc==')).toEqual({ scheme: 'bAsIc', token68: 'abc==' })
    expect(parseAuthorization(' \tNegotiate a/b+c=\t ')).toEqual({ scheme: 'Negotiate', token68: 'a/b+c=' })
  })

  it('reads a scheme alone as one without parameters', () => {
    for (const value of ['Negotiate', 'Negotiate ', '\tNegotiate\t']) {
      expect(parseAuthorization(value)).toEqual({ scheme: 'Negotiate', parameters: new Map() })
    }
  })

  it('reads parameters in their order, tokens and quoted strings alike', () => {
    const credentials = parseAuthorization('Digest username="Mufasa", qop=auth,nc=00000001 , uri="/a?b=\\"c\\",d"')
    expect([...(credentials?.parameters ?? [])]).toEqual([
      ['username', 'Mufasa'],
      ['qop', 'auth'],
      ['nc', '00000001'],
      ['uri', '/a?b="c",d'],
    ])
  })

  it('allows whitespace round the equals sign and round commas', () => {
    expect(parameters('Digest a = 1 ,\tb\t=\t"2"\t,c= 3')).toEqual({ a: '1', b: '2', c: '3' })
  })

  it('passes over empty list elements', () => {
    expect(parameters('Digest , a=1,,b=2')).toEqual({ a: '1', b: '2' })
    expect(parameters('Digest a=1,\t,')).toEqual({ a: '1' })
    expect(parameters('Digest \t,a=1')).toEqual({ a: '1' })
    expect(parameters('Digest ,')).toEqual({})
  })

  it('keeps obs-text and unescapes quoted pairs', () => {
    expect(parameters('Digest a="caf\u00e9\u0080\u00ff"')).toEqual({ a: 'caf\u00e9\u0080\u00ff' })
    expect(parameters('Digest a="\\\\\\"\\x\\\t\\\u00e9"')).toEqual({ a: '\\"x\t\u00e9' })
    expect(parameters('Digest a=""')).toEqual({ a: '' })
  })

  it('treats __proto__ and constructor as ordinary names', () => {
    const map = parseAuthorization('Digest __proto__=a, constructor=b, toString=c')?.parameters
    expect([...(map ?? [])]).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['tostring', 'c'],
    ])
    expect(parameters('Digest __proto__=a, __PROTO__=b')).toBeUndefined()
  })

  it.each([
    ['two Basic lines joined', 'Basic eHg=, Basic eHg='],
    ['two Bearer lines joined', 'Bearer a, Bearer b'],
    ['two Digest lines joined', 'Digest a=1, Digest b=2'],
    ['two bare schemes joined', 'Negotiate, Negotiate'],
    ['an empty line joined with another', ', Basic eHg='],
    ['a bare scheme joined with parameters', 'Digest, a=1'],
    ['a token68 followed by a comma', 'Bearer a,'],
    ['a token68 beside parameters', 'Basic abc==, a=1'],
    ['parameters beside a token68', 'Basic a=1, abc=='],
    ['a parameter twice', 'Digest a=1, b=2, a=1'],
    ['a parameter twice in another case', 'Digest realm="a", Realm="a"'],
    ['no scheme', ''],
    ['only whitespace', ' \t '],
    ['a scheme that is not a token', '@foo bar'],
    ['a tab after the scheme', 'Basic\tZm9vOmJhcg=='],
    ['a tab before the first parameter', 'Digest \ta=1'],
    ['parameters without a comma between', 'Digest a=1 b=2'],
    ['an unterminated quoted string', 'Digest a="x'],
    ['a quoted string that ends in its escape', 'Digest a="x\\'],
    ['an escaped closing quote', 'Digest a="x\\"'],
    ['text after a quoted string', 'Digest a="x"y'],
    ['a NUL in a quoted string', 'Digest a="\0"'],
    ['a line break in a quoted string', 'Digest a="x\r\n y"'],
    ['an escaped control character', 'Digest a="\\\u0001"'],
    ['DEL in a quoted string', 'Digest a="\u007f"'],
    ['a character above one octet', 'Digest a="\u0100"'],
    ['a lone surrogate', 'Digest a="\ud800"'],
    ['a non-ASCII token68', 'Bearer caf\u00e9'],
    ['a line break at the end', 'Bearer abc\r\n'],
    ['a non-breaking space before the scheme', '\u00a0Bearer abc'],
    ['an element that is not a parameter', 'Digest a=1, @'],
  ])('refuses %s', (_, value) => {
    expect(parseAuthorization(value)).toBeUndefined()
  })

  it('F28: refuses a parameter without a value at the end instead of reading past it', () => {
    expect(parseAuthorization('Digest a=b, c=')).toBeUndefined()
    expect(parseAuthorization('Digest a=b, c= ')).toBeUndefined()
    // Alone it has the form of a token68, and no parameter comes of it.
    expect(parseAuthorization('Digest c=')).toEqual({ scheme: 'Digest', token68: 'c=' })
  })

  it('D35: compares names whatever their case, refuses a second one, takes a tab for whitespace, wants token characters', () => {
    expect(parameters('Digest A=1')).toEqual({ a: '1' })
    expect(parameters('Digest a=1, a=2')).toBeUndefined()
    expect(parameters('Digest a=1, A=2')).toBeUndefined()
    expect(parameters('Digest a=1,\tb=2')).toEqual({ a: '1', b: '2' })
    for (const value of ['x/y', 'x@y', 'x(y', 'x\u00e9', 'x\u0001']) expect(parameters(`D a=${value}`)).toBeUndefined()
  })

  it('D36: keeps the case of a token68, so that two different tokens never compare equal', () => {
    expect(parseAuthorization('Bearer abC')).not.toEqual(parseAuthorization('Bearer abc'))
  })
})

describe('hasScheme', () => {
  it('compares the scheme whatever its case and whatever follows', () => {
    for (const value of ['Basic', 'basic x', 'BASIC ###', ' \tBaSiC  "', 'Basic\tx', 'Basic,x', 'Basic="']) {
      expect(hasScheme(value, 'basic'), value).toBe(true)
    }
  })

  it('says no to another scheme, to a longer one and to non-ASCII look-alikes', () => {
    for (const value of ['', ' ', 'Bas', 'Basics x', 'basic_Zm9v', 'xBasic', 'Bearer x', 'Ba\u017fic x', ',Basic x']) {
      expect(hasScheme(value, 'basic'), value).toBe(false)
    }
    expect(hasScheme('to\u212aen x', 'token')).toBe(false)
    expect(hasScheme(' x', '')).toBe(false)
  })

  it('agrees with the scheme of everything that parses', () => {
    fc.assert(
      fc.property(credentials(), (given) => {
        const text = formatAuthorization(given) ?? ''
        expect(hasScheme(text, given.scheme.toLowerCase())).toBe(true)
        expect(hasScheme(text, `${given.scheme.toLowerCase()}x`)).toBe(false)
      }),
    )
  })
})

describe('afterScheme', () => {
  it('gives the place after the scheme and its spaces, of a value that begins with it', () => {
    expect(afterScheme('bEaReR   abc', 'bearer')).toBe(9)
    expect(afterScheme('Bearer ', 'bearer')).toBe(7)
    for (const value of ['', 'Bearer', 'Bearer\tabc', 'Bearer/abc', ' Bearer abc', '       Bearer/abc', 'Basic abc']) {
      expect(afterScheme(value, 'bearer'), value).toBeUndefined()
    }
  })

  it('finds the same token68 as the parser, wherever it finds one', () => {
    const text = fc.string({
      unit: fc.constantFrom('Basic', 'bASIC', ' ', '\t', 'a', '/', '=', ',', 'b=', '"'),
      maxLength: 8,
    })
    fc.assert(
      fc.property(text, (value) => {
        const from = afterScheme(value, 'basic')
        const rest = from === undefined ? '' : value.slice(from)
        if (isToken68(rest)) expect(parseAuthorization(value)?.token68).toBe(rest)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('formatAuthorization', () => {
  it('quotes all parameters but algorithm, qop and nc, as RFC 7616 wants', () => {
    const map = new Map([
      ['username', 'Mu"fa\\sa'],
      ['algorithm', 'SHA-256'],
      ['qop', 'auth'],
      ['nc', '00000001'],
    ])
    expect(formatAuthorization({ scheme: 'Digest', parameters: map })).toBe(
      'Digest username="Mu\\"fa\\\\sa", algorithm=SHA-256, qop=auth, nc=00000001',
    )
    expect(formatAuthorization({ scheme: 'Negotiate', parameters: new Map() })).toBe('Negotiate')
  })

  it('refuses what cannot be sent', () => {
    expect(formatAuthorization({ scheme: 'Bea rer', token68: 'a' })).toBeUndefined()
    expect(formatAuthorization({ scheme: 'Bearer', token68: 'a\r\nb' })).toBeUndefined()
    expect(formatAuthorization({ scheme: 'Bearer', token68: '' })).toBeUndefined()
    for (const [name, value] of [
      ['a b', 'c'],
      ['a', '\n'],
      ['a', '\u0100'],
      ['', 'c'],
    ] as const) {
      expect(formatAuthorization({ scheme: 'Digest', parameters: new Map([[name, value]]) })).toBeUndefined()
    }
    const twice = new Map([
      ['a', '1'],
      ['A', '2'],
    ])
    expect(formatAuthorization({ scheme: 'Digest', parameters: twice })).toBeUndefined()
  })

  it('writes what parseAuthorization reads back unchanged', () => {
    fc.assert(
      fc.property(credentials(), (given) => {
        expect(parseAuthorization(formatAuthorization(given) ?? '')).toEqual(given)
      }),
      { numRuns: 500 },
    )
  })
})

function credentials(): fc.Arbitrary<Credentials> {
  const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/)
  const name = token.map((text) => text.toLowerCase())
  const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/)
  const pairs = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 6 })
  return fc.oneof(
    fc.record({ scheme: token, token68: fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,40}={0,3}$/) }),
    fc.record({ scheme: token, parameters: pairs.map((list) => new Map(list)) }),
  )
}
