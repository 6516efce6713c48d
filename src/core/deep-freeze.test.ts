import { describe, expect, it } from 'vitest'
import { deepFreeze } from './deep-freeze.ts'

describe('deepFreeze()', () => {
  it('freezes objects and lists all the way down, those without a prototype too', () => {
    const bare: { inner?: object } = Object.create(null)
    bare.inner = { deep: [1] }
    const value = { list: [{ a: 1 }, [bare]], none: null, text: 'x' }
    expect(deepFreeze(value)).toBe(value)
    for (const part of [value, value.list, value.list[0], value.list[1], bare, bare.inner]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
    expect(() => Reflect.apply(Array.prototype.push, value.list, [1])).toThrow(TypeError)
  })

  it('leaves instances of classes as they are, and ends where something holds itself', () => {
    const loop: { self?: object; date: Date; map: Map<string, object> } = { date: new Date(0), map: new Map() }
    loop.self = loop
    deepFreeze(loop)
    expect(Object.isFrozen(loop)).toBe(true)
    expect(Object.isFrozen(loop.date)).toBe(false)
    expect(Object.isFrozen(loop.map)).toBe(false)
  })

  it.each(['text', 1, null, undefined, true])('answers %s', (plain) => {
    expect(deepFreeze(plain)).toBe(plain)
  })
})
