import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Remembered } from './remembered.ts'

describe('Remembered', () => {
  it('finds what was kept by the same name and password, until time is over', () => {
    let now = 0
    const remembered = new Remembered<number>(10, 5, () => now)
    remembered.keep('ada', 'lovelace', 1)
    expect(remembered.find('ada', 'lovelace')).toBe(1)
    expect(remembered.find('adal', 'ovelace')).toBeUndefined()
    expect(remembered.find('ADA', 'lovelace')).toBeUndefined()
    now = 10
    expect(remembered.find('ada', 'lovelace')).toBeUndefined()
  })

  it('keeps no more than it may: the oldest goes first, and one that is kept again is young', () => {
    const remembered = new Remembered<number>(10, 2, () => 0)
    remembered.keep('a', 'x', 1)
    remembered.keep('b', 'x', 2)
    remembered.keep('a', 'x', 3)
    remembered.keep('c', 'x', 4)
    expect(['a', 'b', 'c'].map((name) => remembered.find(name, 'x'))).toEqual([3, undefined, 4])
  })

  it('shows neither name nor password', () => {
    const remembered = new Remembered<number>(10, 5, () => 0)
    remembered.keep('ada', 'lovelace', 1)
    expect(inspect(remembered, { depth: 9, showHidden: true })).not.toMatch(/ada|lovelace/)
  })
})
