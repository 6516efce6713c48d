import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { repeatsMember } from './json-members.ts'

describe('repeatsMember()', () => {
  it.each([
    ['{"a":1,"a":2}', true],
    ['{ "a" : "x" , "a" : "x" }', true],
    ['{"a":1,"\\u0061":2}', true],
    ['{"\\"":{}, "a":[1,"]",2],"a":0}', true],
    ['{"a":1,"A":2}', false],
    ['{"a":"a","b":["a","a"]}', false],
    ['{"a":{"a":1},"b":{"a":1,"a":2}}', false],
    ['{"x":1,"x":2,"a":1}', false],
    ['{"a":"\\\\","b":"\\"a\\":,"}', false],
    ['[{"a":1},{"a":2}]', false],
    ['"a"', false],
    ['{}', false],
  ])('judges %s', (text, expected) => {
    expect(repeatsMember(text, ['a'])).toBe(expected)
  })

  it('finds nothing in what JSON.stringify wrote, and a member that is written again', () => {
    const key = fc.oneof(fc.constantFrom('user', 'password', '"', '\\', '{', ':'), fc.string())
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue()), (value) => {
        const text = JSON.stringify({ ...value, user: 1 }, null, 1)
        expect(repeatsMember(text, ['user', 'password'])).toBe(false)
        expect(repeatsMember(`${text.slice(0, -1)},"user":2}`, ['user', 'password'])).toBe(true)
      }),
    )
  })
})
