import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFilter, escapeFilterValue, parseFilterTemplate } from '../../src/wire/ldap-filter.ts'
import { dnKey, escapeDnValue, parseDn, parseDnTemplate } from '../../src/wire/ldap-names.ts'
import type { LdapTemplate, TemplateFault } from '../../src/wire/ldap-template.ts'
import { hex, type ReadFilter, readDn, readFilter } from './grammar.ts'

interface Case {
  readonly id: string
  readonly kind: string
  readonly dn?: string
  readonly rdns?: readonly (readonly (readonly [string, string | { readonly ber_hex: string }])[])[]
  readonly filter?: string
  readonly expected?: string
  readonly value?: string
  readonly escaped?: string
  readonly rfc4514_alternative?: string
  readonly correct_escaped?: string
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/06-misc/ldap.json', import.meta.url), 'utf8'),
)
const ofKind = (...kinds: readonly string[]) => cases.filter(({ kind }) => kinds.includes(kind))

/** What stands in a template for these values; throws for a template that is none. */
function filled(template: LdapTemplate | TemplateFault, username: string): string | undefined {
  if ('fault' in template) throw new Error(template.fault)
  return template.fill({ username })
}

function filterOf(template: string, username: string): ReadFilter {
  const text = filled(parseFilterTemplate(template, ['username']), username)
  return readFilter(encodeFilter(text ?? '') ?? new Uint8Array())
}

const wellFormed = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({ unit: fc.constantFrom(...'\\*()=,+"<>;#& |!~:\0\r\n a2', '\\2a', 'ö', '😀', ',dc='), minLength: 1 }),
)

describe('names of RFC 4514', () => {
  it.each(ofKind('dn-parse'))('$id is read as the vector says', ({ dn = '', rdns, expected }) => {
    const read = parseDn(dn)?.map((rdn) =>
      rdn.map(({ type, value }) => [
        type,
        typeof value === 'string' ? value : { ber_hex: Buffer.from(value).toString('hex') },
      ]),
    )
    expect(read).toEqual(expected === 'reject' ? undefined : rdns)
  })

  it.each(ofKind('dn-escape'))('$id is escaped and read back', ({ value = '', escaped, rfc4514_alternative }) => {
    expect(escapeDnValue(value)).toBe(escaped)
    expect(parseDn(`cn=${escaped}`)).toEqual([[{ type: 'cn', value }]])
    // The alternative of one vector has a plain carriage return, which RFC 4514 allows.
    expect(parseDn(`cn=${rfc4514_alternative}`)).toEqual([[{ type: 'cn', value }]])
  })

  it.each([
    'cn',
    'cn=',
    '=a',
    'cn=a,',
    ',cn=a',
    'cn=a;o=b',
    'cn="a"',
    'cn= a',
    'cn=a ',
    'cn=a\\',
    'cn=a\\g1',
    'cn=\\ff',
  ])('refuses %j, or reads it as an empty value', (text) => {
    expect(parseDn(text)).toEqual(text === 'cn=' ? [[{ type: 'cn', value: '' }]] : undefined)
  })

  it('keeps an escaped space at the end and refuses one after an escaped backslash', () => {
    expect(parseDn('cn=a\\ ')).toEqual([[{ type: 'cn', value: 'a ' }]])
    expect(parseDn('cn=a\\\\ ')).toBeUndefined()
  })

  it('gives two ways to write one name the same key, and two names different ones', () => {
    expect(dnKey('CN=Ada  Lovelace+UID=ada,DC=Example')).toBe(dnKey('uid=Ada+cn=ada\\20lovelace,dc=example'))
    expect(dnKey('cn=a\\2cb,dc=x')).toBe(dnKey('cn=a\\,b,dc=x'))
    expect(dnKey('cn=a\\,b=c')).not.toBe(dnKey('cn=a,b=c'))
    expect(dnKey('No Name At All')).toBe('no name at all')
  })

  it('writes a name that means what the author meant, whatever the value', () => {
    const template = parseDnTemplate('uid={username}+sn=x {username} y,ou=people,dc=example', ['username'])
    fc.assert(
      fc.property(wellFormed, (username) => {
        const dn = filled(template, username) ?? ''
        expect(readDn(dn)).toEqual([
          [
            ['uid', hex(username)],
            ['sn', hex(`x ${username} y`)],
          ],
          [['ou', hex('people')]],
          [['dc', hex('example')]],
        ])
        expect(parseDn(dn)?.[0]?.[0]?.value).toBe(username)
        expect(dn).toMatch(/^[ -~]*$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('filters of RFC 4515', () => {
  it.each(ofKind('filter-parse'))('$id is a filter', ({ filter = '' }) => {
    expect(readFilter(encodeFilter(filter) ?? new Uint8Array())).toBeDefined()
  })

  it.each(ofKind('filter-escape', 'filter-injection'))('$id is escaped', ({ value = '', escaped }) => {
    expect(escapeFilterValue(value)).toBe(escaped)
    expect(filterOf('(uid={username})', value)).toEqual({ attribute: 'uid', operator: '=', value: hex(value) })
  })

  it.each(ofKind('filter-escape-hazard'))('$id is escaped all the same', ({ value = '', correct_escaped }) => {
    expect(escapeFilterValue(value)).toBe(correct_escaped)
  })

  it.each([
    [
      '(&(a=b)(|(c>=d)(!(e<=f)))(g~=h))',
      { all: [equal('a', 'b'), { any: [more('c', 'd'), { not: less('e', 'f') }] }, near('g', 'h')] },
    ],
    ['(cn=*)', { present: 'cn' }],
    ['(cn;lang-de=a*b**c*)', undefined],
    [
      '(cn;lang-de=a*b*c*)',
      { attribute: 'cn;lang-de', parts: [`initial:${hex('a')}`, `any:${hex('b')}`, `any:${hex('c')}`] },
    ],
    ['(cn=*a)', { attribute: 'cn', parts: [`final:${hex('a')}`] }],
    ['(sn:dn:2.4.6:=a*)', undefined],
    ['(sn:dn:2.4.6:=a)', { attribute: 'sn', rule: '2.4.6', dn: true, value: hex('a') }],
    ['(:2.4.6:=\\ff)', { attribute: '', rule: '2.4.6', dn: false, value: 'ff' }],
    ['(sn=Lu\\c4\\8di)', equal('sn', 'Luči')],
  ] as const)('encodes %s as RFC 4511 says', (text, expected) => {
    const octets = encodeFilter(text)
    expect(octets && readFilter(octets)).toEqual(expected)
  })

  it.each([
    '',
    'a=b',
    '()',
    '(&)',
    '(a=b',
    '(a=b))',
    '(a=(b)',
    '(!(a=b)(c=d))',
    '(a=\\2)',
    '(a=\\\\)',
    '(a b=c)',
    '(=a)',
    '(a=**)',
    '(:=a)',
    '(a=\0)',
    '(ä=b)',
    '(a=\ud800)',
    `${'(!'.repeat(40)}(a=b)${')'.repeat(40)}`,
  ])('refuses %j', (text) => {
    expect(encodeFilter(text)).toBeUndefined()
  })

  it('encodes as many parts as there are', () => {
    const many = encodeFilter(`(|${'(a=b)'.repeat(200_000)})`)
    expect(many?.length).toBeGreaterThan(1_000_000)
    const substrings = encodeFilter(`(a=x${'*a'.repeat(200_000)})`)
    expect(substrings?.length).toBeGreaterThan(500_000)
  })

  it('encodes a value longer than one length octet can say', () => {
    const long = 'x'.repeat(70_000)
    expect(filterOf('(cn={username})', long)).toEqual(equal('cn', long))
  })

  it('writes a filter that means what the author meant, whatever the value', () => {
    fc.assert(
      fc.property(wellFormed, (username) => {
        expect(
          filterOf('(&(objectClass=person)(|(uid={username})(cn=*{username}*)(!(sn:dn:={username}))))', username),
        ).toEqual({
          all: [
            equal('objectClass', 'person'),
            {
              any: [
                equal('uid', username),
                { attribute: 'cn', parts: [`any:${hex(username)}`] },
                { not: { attribute: 'sn', rule: '', dn: true, value: hex(username) } },
              ],
            },
          ],
        })
      }),
      { numRuns: 2000 },
    )
  })
})

describe('templates', () => {
  it.each([
    ['uid={user},dc=example', 'has {user}, and the names known here are {username}, {domain}'],
    ['uid={username', 'has a brace outside {name}; write \\7b for { and \\7d for }'],
    ['{username}=ada,dc=example', 'is not a distinguished name with names in its values alone'],
    ['uid={username}dc=example', undefined],
    ['uid=#{username},dc=example', 'is not a distinguished name with names in its values alone'],
    ['uid= {username},dc=example', 'is not a distinguished name with names in its values alone'],
    ['', 'is not a distinguished name with names in its values alone'],
    ['uid=\u{f8ff},dc=example', 'has a character that cannot be sent'],
  ])('judges the name %j', (text, fault) => {
    const template = parseDnTemplate(text, ['username', 'domain'])
    expect('fault' in template ? template.fault : undefined).toBe(fault)
  })

  it.each([
    ['(uid={username}', 'is not a search filter with names in its values alone'],
    ['({username}=ada)', 'is not a search filter with names in its values alone'],
    ['(cn:{username}:=ada)', 'is not a search filter with names in its values alone'],
    ['{username}', 'is not a search filter with names in its values alone'],
    ['(member=uid={username},ou=people)', 'has a name inside a distinguished name; write all of that as one value'],
    ['(uid={username}*)', undefined],
    ['(member={username},o=x)', 'has a name inside a distinguished name; write all of that as one value'],
  ])('judges the filter %j', (text, fault) => {
    const template = parseFilterTemplate(text, ['username'])
    expect('fault' in template ? template.fault : undefined).toBe(fault)
  })

  it('name each value once, and fill in nothing that is missing, empty, inherited or a lone surrogate', () => {
    const template = parseDnTemplate('uid={username},ou={ou},o={ou}', ['username', 'ou', 'toString'])
    if ('fault' in template) throw new Error(template.fault)
    expect(template.names).toEqual(['username', 'ou'])
    expect(template.fill({ username: 'ada', ou: 'people' })).toBe('uid=ada,ou=people,o=people')
    expect(template.fill({ username: 'ada', ou: '' })).toBeUndefined()
    expect(template.fill({ username: 'ada' })).toBeUndefined()
    expect(template.fill({ username: '\ud800', ou: 'people' })).toBeUndefined()
    const inherited = parseDnTemplate('uid={toString}', ['toString'])
    expect('fault' in inherited ? inherited : inherited.fill({})).toBeUndefined()
  })

  it('fill in values as they are, also ones that look like a replacement pattern or a template', () => {
    const template = parseFilterTemplate('(&(uid={username})(mail={mail}))', ['username', 'mail'])
    if ('fault' in template) throw new Error(template.fault)
    expect(template.fill({ username: "$&$'{mail}", mail: '$1' })).toBe("(&(uid=$&$'{mail})(mail=$1))")
  })
})

function equal(attribute: string, value: string): ReadFilter {
  return { attribute, operator: '=', value: hex(value) }
}

function more(attribute: string, value: string): ReadFilter {
  return { attribute, operator: '>=', value: hex(value) }
}

function less(attribute: string, value: string): ReadFilter {
  return { attribute, operator: '<=', value: hex(value) }
}

function near(attribute: string, value: string): ReadFilter {
  return { attribute, operator: '~=', value: hex(value) }
}
