import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Challenge, formatChallenge, formatChallenges, parseChallenges } from './challenges.ts'

function read(value: string): unknown {
  return parseChallenges(value)?.map(({ scheme, token68, parameters }) => [
    scheme,
    parameters ? Object.fromEntries(parameters) : token68,
  ])
}

describe('parseChallenges', () => {
  it('tells the commas between challenges from those between parameters', () => {
    expect(read('Newauth realm="a, b", basic=foo, Basic realm="c"')).toEqual([
      ['Newauth', { realm: 'a, b', basic: 'foo' }],
      ['Basic', { realm: 'c' }],
    ])
  })

  it('tells a token68 from a parameter with whitespace or an empty look', () => {
    expect(read('Bearer abc==, Bearer abc=def, Basic def===, Digest')).toEqual([
      ['Bearer', 'abc=='],
      ['Bearer', { abc: 'def' }],
      ['Basic', 'def==='],
      ['Digest', {}],
    ])
    expect(read('A b= c, D e =f, G h , I j=')).toEqual([
      ['A', { b: 'c' }],
      ['D', { e: 'f' }],
      ['G', 'h'],
      ['I', 'j='],
    ])
  })

  it('F2: reads several challenges of one field value, not only the first', () => {
    expect(read('Basic, Bearer abc=def,Digest abc==')).toEqual([
      ['Basic', {}],
      ['Bearer', { abc: 'def' }],
      ['Digest', 'abc=='],
    ])
  })

  it('passes over empty elements between, before and after challenges', () => {
    expect(read(' ,, A ,\t, B c=1,,d=2,,E ,')).toEqual([
      ['A', {}],
      ['B', { c: '1', d: '2' }],
      ['E', {}],
    ])
  })

  it('gives parameters after a comma only to a scheme that a space follows', () => {
    expect(read('Basic ,realm=x')).toEqual([['Basic', { realm: 'x' }]])
    expect(read('Basic, realm=x')).toBeUndefined()
    expect(read('A b=1, C, d=2')).toBeUndefined()
    expect(read('A b==, d=2')).toBeUndefined()
  })

  it.each([
    ['no challenge', ''],
    ['nothing but empty elements', ' , ,'],
    ['a parameter twice', 'Basic realm="foo", realm="bar"'],
    ['a parameter twice in a later challenge', 'A b=1, Basic realm="foo",c=1, REALM="bar"'],
    ['a parameter before any scheme', 'realm="foo"'],
    ['three tokens in a row', 'close Bearer realm="x"'],
    ['a missing comma', 'Digest realm="secret" opaque="1"'],
    ['a scheme and a parameter with a tab between', 'Basic\trealm="x"'],
    ['an unterminated value', 'Basic realm="x, Digest'],
    ['a value that is no token', 'Basic realm=foo@bar'],
    ['an element that is no token', 'Basic realm=x, "y"'],
    ['a control character', 'Basic realm="\u0000"'],
    ['a folded line', 'Basic\r\n realm="foo"'],
  ])('refuses %s', (_, value) => {
    expect(parseChallenges(value)).toBeUndefined()
  })
})

describe('formatChallenge', () => {
  it('D02: always quotes the realm', () => {
    expect(formatChallenge({ scheme: 'Basic', parameters: [['realm', 'ktor-test']] })).toBe('Basic realm="ktor-test"')
    expect(formatChallenge({ scheme: 'Bearer', parameters: [['Realm', 'x']] })).toBe('Bearer Realm="x"')
  })

  it('quotes and escapes every value but algorithm and stale', () => {
    const parameters = [
      ['realm', 'a "b" \\c'],
      ['charset', 'UTF-8'],
      ['algorithm', 'SHA-256'],
      ['stale', 'true'],
      ['empty', ''],
    ] as const
    expect(formatChallenge({ scheme: 'Digest', parameters })).toBe(
      'Digest realm="a \\"b\\" \\\\c", charset="UTF-8", algorithm=SHA-256, stale=true, empty=""',
    )
    expect(formatChallenge({ scheme: 'Digest', parameters: [['algorithm', 'no token']] })).toBe(
      'Digest algorithm="no token"',
    )
  })

  it('writes a scheme alone and a token68', () => {
    expect(formatChallenge({ scheme: 'Negotiate' })).toBe('Negotiate')
    expect(formatChallenge({ scheme: 'Negotiate', token68: 'abc=', parameters: [] })).toBe('Negotiate abc=')
  })

  it.each<[string, Challenge]>([
    ['a scheme that is no token', { scheme: 'Bas ic' }],
    ['an empty scheme', { scheme: '' }],
    ['a scheme with a line break', { scheme: 'Basic\r\nX: y' }],
    ['a name that is no token', { scheme: 'A', parameters: [['b c', 'd']] }],
    [
      'a name twice',
      {
        scheme: 'A',
        parameters: [
          ['b', '1'],
          ['B', '1'],
        ],
      },
    ],
    ['a bad token68', { scheme: 'A', token68: 'b=c' }],
    ['an empty token68', { scheme: 'A', token68: '' }],
    ['a token68 beside parameters', { scheme: 'A', token68: 'b', parameters: [['c', 'd']] }],
    ['a line break in a value', { scheme: 'A', parameters: [['b', 'x\r\nSet-Cookie: y']] }],
    ['a tab in a value', { scheme: 'A', parameters: [['b', '\t']] }],
    ['a non-ASCII value', { scheme: 'A', parameters: [['b', 'caf\u00e9']] }],
    ['DEL in a value', { scheme: 'A', parameters: [['b', '\u007f']] }],
  ])('refuses %s', (_, challenge) => {
    expect(formatChallenge(challenge)).toBeUndefined()
    expect(formatChallenges([{ scheme: 'Basic' }, challenge])).toBeUndefined()
  })
})

describe('formatChallenges', () => {
  it('F2: joins all challenges into one field value, and has none for an empty list', () => {
    const realm = [['realm', 'x']] as const
    expect(formatChallenges([{ scheme: 'Basic', parameters: realm }, { scheme: 'Negotiate' }])).toBe(
      'Basic realm="x", Negotiate',
    )
    expect(formatChallenges([])).toBeUndefined()
  })

  it('writes what parseChallenges reads back unchanged', () => {
    const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,8}$/)
    const value = fc.stringMatching(/^[ -~]{0,20}$/)
    const pairs = fc.uniqueArray(fc.tuple(token, value), { selector: ([key]) => key.toLowerCase(), maxLength: 5 })
    const challenge = fc.oneof(
      fc.record({ scheme: token, token68: fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,20}={0,3}$/) }),
      fc.record({ scheme: token, parameters: pairs }),
    )
    fc.assert(
      fc.property(fc.array(challenge, { minLength: 1, maxLength: 5 }), (given: readonly Challenge[]) => {
        const expected = given.map(({ scheme, token68, parameters = [] }) =>
          token68 === undefined
            ? { scheme, parameters: new Map(parameters.map(([name, text]) => [name.toLowerCase(), text])) }
            : { scheme, token68 },
        )
        expect(parseChallenges(formatChallenges(given) ?? '')).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })
})
