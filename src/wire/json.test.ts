import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonObject, parseJson, parseJsonObject } from './json.ts'

describe('parseJson()', () => {
  it.each([
    '{}',
    '[]',
    'null',
    '""',
    '-0.5e-3',
    ' {"a" : [ { "b" : "c:d,{\\"[" } , null ] }\r\n',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a\\\\":1,"a\\"":2,"a":3,"":4}',
    '{"emoji":"\\ud83d\\ude00","é":"\\u00e9"}',
    '{"toString":1,"constructor":2}',
  ])('reads %s as JSON.parse does', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  it.each([
    ['a member that comes twice', '{"a":1,"a":1}'],
    ['a member that comes twice, spelled otherwise', '{"alg":"none","\\u0061lg":"HS256"}'],
    ['a member that comes twice, deep inside', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
    ['a repeated member whose first value is large', '{"a":{"b":1,"c":2},"a":1}'],
    ['a member that comes twice beside an exponent', '{"a":1e9,"b":11,"b":10}'],
    ['a member that comes twice beside several exponents', '{"a":1e3,"b":1e3,"c":1e3,"d":1e3,"e":1e3,"f":1,"f":1e3}'],
    ['a member __proto__', '{"__proto__":1}'],
    ['a member __proto__, deep inside and spelled otherwise', '[{"a":{"\\u005f_proto__":{}}}]'],
    ['a number beyond a double', '{"exp":1e400}'],
    ['a negative number beyond a double', '[-1e999]'],
    ['a lone high surrogate', '"\\ud800"'],
    ['a lone low surrogate', '{"a":"\\udc00x"}'],
    ['surrogates in the wrong order', '"\\udc00\\ud800"'],
    ['a lone surrogate in a name', '{"\\ud800x":1}'],
    ['a byte order mark', '\ufeff{}'],
    ['NaN', '{"exp":NaN}'],
    ['a trailing comma', '{"a":1,}'],
    ['a comment', '{"a":1}//'],
    ['two values', '{}{}'],
    ['an unterminated string', '{"a'],
    ['a string that ends in a backslash', '"\\'],
    ['nothing', ''],
    ['a control character in a string', '"\n"'],
  ])('refuses %s', (_what, text) => {
    expect(parseJson(text)).toBeUndefined()
  })

  it('goes 64 levels deep and no deeper', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expect(parseJson(nested(64))).toBeDefined()
    expect(parseJson(nested(65))).toBeUndefined()
    expect(parseJson(nested(100_000))).toBeUndefined()
    expect(parseJson(`"${nested(100)}"`)).toBe(nested(100))
  })

  it('reads everything that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        fc.pre(!text.includes('__proto__'))
        const expected: unknown = JSON.parse(text)
        expect(parseJson(text)).toEqual(expected)
      }),
    )
  })

  it('refuses every object in which a member is written again', () => {
    const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__')
    const names = fc.uniqueArray(name, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(names, fc.nat(), fc.json({ maxDepth: 2 }), (unique, at, value) => {
        fc.pre(!value.includes('__proto__'))
        const members = [...unique, unique[at % unique.length] ?? ''].map((name) => `${JSON.stringify(name)}:${value}`)
        expect(parseJson(`[{${members.join(',')}}]`)).toBeUndefined()
        expect(parseJson(`[{${members.slice(0, -1).join(',')}}]`)).toBeDefined()
      }),
    )
  })

  it('refuses a member written again however short the numbers beside it are, and reads them where none is', () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{0,4}0{0,6}$/)
    const exponent = fc.constantFrom('', 'e0', 'e1', 'e2', 'e3', 'E+2', 'e15', 'e21', 'e-1', '.5', '.0', '.25e1')
    const number = fc.tuple(fc.constantFrom('', '', '-'), digits, exponent).map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 5 }),
        fc.array(number, { maxLength: 2 }),
        (all, again) => {
          const members = all.map((one, index) => `"${index}":${one}`)
          const repeated = again.map((one, index) => `"${index % all.length}":${one}`)
          const value = parseJson(`{${[...members, ...repeated].join(',')}}`)
          if (again.length > 0) expect(value).toBeUndefined()
          else expect(value).toEqual({ ...all.map(Number) })
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('refuses a member written again in objects and beside lists of any size, however long it is', () => {
    for (let size = 1; size <= 30; size++) {
      const members = Array.from({ length: size }, (_, index) => `"${index}":${index % 2 === 0}`)
      const list = Array.from({ length: size }, (_, index) => (index < 15 ? '"x"' : '[{},[],null]'))
      for (let length = 0; length <= 60; length++) {
        const again = `"0":"${'x'.repeat(length)}"`
        expect(parseJson(`{${[...members, again].join(',')}}`)).toBeUndefined()
        expect(parseJson(`[${[...list, `{"0":1,${again}}`].join(',')}]`)).toBeUndefined()
      }
    }
  })

  it.each(['{"a":[{"b":[]}],"c":{}}', ' {"a" : [{"b":[] }], "c":{"\\u0064":1}}'])('freezes all of %s', (text) => {
    const value = parseJsonObject(text)
    const list = value?.a
    const inner = Array.isArray(list) ? list[0] : undefined
    const all = [value, list, inner, isJsonObject(inner) ? inner.b : undefined, value?.c]
    for (const one of all) expect([typeof one, Object.isFrozen(one)]).toEqual(['object', true])
  })

  it('never throws, whatever the text', () => {
    const near = fc.stringMatching(/^[[\]{}":,\\u0-9aed +-]{0,60}$/)
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (text) => {
        const value = parseJson(text)
        if (value !== undefined) expect(JSON.parse(text)).toEqual(value)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes time linear in the length for strings of quotes and backslashes', () => {
    const text = JSON.stringify('\\"'.repeat(250_000))
    const before = performance.now()
    expect(parseJson(text)).toHaveLength(500_000)
    expect(performance.now() - before).toBeLessThan(1000)
  })
})

describe('parseJsonObject()', () => {
  it('reads objects only', () => {
    expect(parseJsonObject('{"a":null}')).toEqual({ a: null })
    for (const text of ['[]', 'null', '1', '"{}"', '{']) expect(parseJsonObject(text)).toBeUndefined()
    expect([isJsonObject({}), isJsonObject([]), isJsonObject(null), isJsonObject(undefined)]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})
