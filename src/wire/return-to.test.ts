import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeReturnTo } from './return-to.ts'

const ORIGIN = 'https://app.example'

describe('safeReturnTo', () => {
  it.each([
    ['/orders?page=2#top', '/orders?page=2'],
    ['/', '/'],
    ['', '/'],
    ['orders', '/orders'],
    ['?a=b', '/?a=b'],
    ['/a/../b', '/b'],
    ['https://app.example/x?y', '/x?y'],
    ['https:evil.example/x', '/evil.example/x'],
    ['HTTPS://APP.EXAMPLE:443/x', '/x'],
    ['/%2F/evil.example', '/%2F/evil.example'],
    ['/caf\u00e9', '/caf%C3%A9'],
    ['/x?u=//evil.example', '/x?u=//evil.example'],
  ])('accepts %j', (value, expected) => {
    expect(safeReturnTo(value, ORIGIN)).toBe(expected)
  })

  it.each([
    ['another host', 'https://evil.example/'],
    ['a host without a scheme', '//evil.example'],
    ['three slashes', '///evil.example'],
    ['another scheme', 'http://app.example/'],
    ['another port', 'https://app.example:8443/'],
    ['a host that starts alike', 'https://app.example.evil.example/'],
    ['a host behind a user name', 'https://app.example@evil.example/'],
    ['a backslash', '/\\evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a tab', '/\t/evil.example'],
    ['a line break', '/x\r\nSet-Cookie: a=b'],
    ['a NUL', '/\0'],
    ['leading whitespace', ' //evil.example'],
    ['trailing whitespace', '/x '],
    ['a leading no-break space', '\u00a0/x'],
    ['a script', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['a blob of the same origin', 'blob:https://app.example/1'],
    ['a path of two slashes on this origin', 'https://app.example//evil.example'],
    ['a path that normalises to two slashes', '/.//evil.example'],
    ['a path that climbs to two slashes', '/a/..//evil.example'],
    ['a lone surrogate', '/\ud800'],
    ['no URL at all', 'https://['],
  ])('refuses %s', (_, value) => {
    expect(safeReturnTo(value, ORIGIN)).toBeUndefined()
  })

  it('accepts nothing for an origin that is none', () => {
    for (const origin of ['', 'null', 'app.example', 'https://app.example/', 'https://app.example/base']) {
      expect(safeReturnTo('/x', origin)).toBeUndefined()
    }
  })

  it('never leads a browser to another origin', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      ':',
      '@',
      '?',
      '#',
      '%2f',
      '%5c',
      'https:',
      'evil.example',
      'app.example',
      '\t',
      ' ',
    )
    fc.assert(
      fc.property(fc.string({ unit: piece, maxLength: 8 }), (value) => {
        const path = safeReturnTo(value, ORIGIN)
        if (path === undefined) return
        expect(path).toMatch(/^\/(?![/\\])/)
        expect(new URL(path, `${ORIGIN}/deep/page`).origin).toBe(ORIGIN)
      }),
      { numRuns: 3000 },
    )
  })
})
