import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefersHtml } from './accept.ts'
import { cookieValues } from './cookies.ts'
import { formatExtendedValue, parseExtendedValue } from './extended-value.ts'
import { parseMediaType } from './media-type.ts'

describe('extended values', () => {
  it('reads the examples of RFC 7616 and RFC 8187', () => {
    expect(parseExtendedValue("UTF-8''J%C3%A4s%C3%B8n%20Doe")).toEqual({
      charset: 'UTF-8',
      language: '',
      value: 'J\u00e4s\u00f8n Doe',
    })
    expect(parseExtendedValue("utf-8'en-GB'%c2%a3%20rates")).toEqual({
      charset: 'utf-8',
      language: 'en-GB',
      value: '\u00a3 rates',
    })
    expect(parseExtendedValue("UTF-8''")?.value).toBe('')
  })

  it.each([
    ['another charset', "iso-8859-1'en'%A3%20rates"],
    ['octets that are not UTF-8', "UTF-8''%A3"],
    ['an incomplete escape', "UTF-8''a%4"],
    ['a bad language', "UTF-8'e_n'a"],
    ['a missing quote', "UTF-8'a"],
    ['a space', "UTF-8''a b"],
    ['a third quote', "UTF-8''a'b"],
    ['a raw non-ASCII character', "UTF-8''\u00e9"],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseExtendedValue(text)).toBeUndefined()
  })

  it('writes what it reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'en', 'de-CH-1996'), (value, language) => {
        expect(parseExtendedValue(formatExtendedValue(value, language) ?? '')).toEqual({
          charset: 'UTF-8',
          language,
          value,
        })
      }),
    )
    expect(formatExtendedValue('\ud800')).toBeUndefined()
    expect(formatExtendedValue('a', "e'n")).toBeUndefined()
  })
})

describe('parseMediaType', () => {
  it('reads type and parameters, names and essence in lower case', () => {
    const type = parseMediaType(' Text/HTML ;\tCharset="utf\\-8"; ; b=C;')
    expect(type?.essence).toBe('text/html')
    expect([...(type?.parameters ?? [])]).toEqual([
      ['charset', 'utf-8'],
      ['b', 'C'],
    ])
    expect(parseMediaType('application/problem+json')).toEqual({
      essence: 'application/problem+json',
      parameters: new Map(),
    })
  })

  it.each([
    '',
    'text',
    'text/',
    '/html',
    'text/html, text/plain',
    'text / html',
    'text/html charset=a',
    'text/html;charset',
    'text/html;charset=',
    'text/html;charset =a',
    'text/html;charset= a',
    'text/html;charset="a',
    'text/html;charset=a;CHARSET=a',
    'text/html;=a',
    'text/h\u00e9',
  ])('refuses %j', (value) => {
    expect(parseMediaType(value)).toBeUndefined()
  })
})

describe('prefersHtml', () => {
  it.each([
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'TEXT/HTML',
    'text/html;q=0.2, application/json;q=0.1',
    'text/html, application/json;q=0.9, application/problem+json;q=0',
    'text/html;level="a,\\"b";q=1.000 , */*;q=0.5',
    'application/*;q=0.3, */*, text/html;q=0.4',
    'application/json;q=2, text/html;q=0.1',
    ',,/,;,text/html',
  ])('yes for %j', (accept) => {
    expect(prefersHtml(accept)).toBe(true)
  })

  it.each([
    undefined,
    '',
    '*/*',
    'text/*',
    'text/html, application/json',
    'text/html, */*',
    'text/html;q=0.5, application/problem+json;q=0.5',
    'text/html;q=0.5, application/problem+json;q=0.6, application/json;q=0',
    'text/html;q=0.5, application/*;q=0.6',
    'text/html;q=0',
    'text/html;q=0.0',
    'text/html;q=1.5',
    'text/html;q=',
    'text/html;q=-1',
    'text/html x',
    'a/b;c="text/html, text/html',
    'application/xhtml+xml',
    'application/json',
  ])('no for %j', (accept) => {
    expect(prefersHtml(accept)).toBe(false)
  })
})

describe('cookieValues', () => {
  it('gives every value of the name, in order, as sent', () => {
    expect(cookieValues('sid=a%20b; x=sid=no; sid="c d"; SID=e;sid=; sid = f=g ;xsid=h; sidx=i', 'sid')).toEqual([
      'a%20b',
      'c d',
      '',
      'f=g',
    ])
  })

  it('takes off one pair of double quotes only', () => {
    expect(cookieValues('a=""b""; a="; a=""; a="c', 'a')).toEqual(['"b"', '"', '', '"c'])
  })

  it('finds nothing without a header, in a nameless pair, and for a name that no cookie can have', () => {
    expect(cookieValues(undefined, 'sid')).toEqual([])
    expect(cookieValues('=sid=1; sid; y sid=2; sid,sid=3', 'sid')).toEqual([])
    expect(cookieValues('a=1; =2', '')).toEqual([])
    expect(cookieValues('a b=1', 'a b')).toEqual([])
  })

  it('agrees with cutting the header at every semicolon', () => {
    const header = fc.string({ unit: fc.constantFrom('a', 'b', '=', ';', ' ', '\t', '"', ','), maxLength: 40 })
    fc.assert(
      fc.property(header, fc.constantFrom('a', 'b', 'ab', 'aa'), (text, name) => {
        const trim = (part: string): string => part.replace(/^[ \t]+|[ \t]+$/g, '')
        const expected = text.split(';').flatMap((pair) => {
          const equals = pair.indexOf('=')
          return equals !== -1 && trim(pair.slice(0, equals)) === name
            ? [trim(pair.slice(equals + 1)).replace(/^"(.*)"$/, '$1')]
            : []
        })
        expect(cookieValues(text, name)).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
  })
})
