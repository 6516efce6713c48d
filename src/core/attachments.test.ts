import { describe, expect, it } from 'vitest'
import { attachments } from './attachments.ts'

describe('attachments', () => {
  it.each([
    ['a plain object', () => ({})],
    ['a frozen object', () => Object.freeze({})],
    ['a function', () => () => undefined],
    ['a proxy', () => new Proxy({}, {})],
    ['a class instance', () => new Request('http://shop.example/')],
  ])('keep a value for %s, and replace it', (_, make) => {
    const values = attachments<number>()
    const object = make()
    expect(values.get(object)).toBeUndefined()
    values.set(object, 1)
    values.set(object, 2)
    expect(values.get(object)).toBe(2)
    expect(values.get(make())).toBeUndefined()
  })

  it('are unseen from outside, and apart from those of another set', () => {
    const object = {}
    const first = attachments<string>()
    const second = attachments<string>()
    first.set(object, 'a')
    expect(Reflect.ownKeys(object)).toEqual([])
    expect(JSON.stringify(object)).toBe('{}')
    expect(second.get(object)).toBeUndefined()
    expect(first.get({ ...object })).toBeUndefined()
    expect(first.get(Object.create(object))).toBeUndefined()
  })

  it('stay when the object is frozen afterwards, or was given before', () => {
    const values = attachments<number>()
    const object = {}
    values.set(object, 1)
    Object.freeze(object)
    values.set(object, 2)
    expect(values.get(object)).toBe(2)
  })
})
