import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prefersHtml } from './accept.ts'
import { afterScheme, hasScheme, parseAuthorization } from './authorization.ts'
import { decodeBase64, decodeBase64Url, decodeShortAscii } from './base64.ts'
import { parseChallenges } from './challenges.ts'
import { cookieValues } from './cookies.ts'
import { formatExtendedValue, parseExtendedValue } from './extended-value.ts'
import { parseForm } from './form.ts'
import { encodeFilter, escapeFilterValue, parseFilterTemplate } from './ldap-filter.ts'
import { dnKey, escapeDnValue, parseDn, parseDnTemplate } from './ldap-names.ts'
import { parseMediaType } from './media-type.ts'
import { percentDecode, percentEncode } from './percent.ts'
import { safeReturnTo } from './return-to.ts'
import { isFieldValue, isPrintableAscii, isToken, isToken68 } from './tokens.ts'

interface Subject {
  readonly call: (text: string) => unknown
  /** What brings the parser into its deeper states. */
  readonly prefixes?: readonly string[]
  /** Milliseconds for a megabyte. Default: 250. What writes an escape for each octet, or reads one, needs more. */
  readonly bound?: number
}

const subjects: Record<string, Subject> = {
  parseAuthorization: { call: parseAuthorization, prefixes: ['Digest ', 'Digest a=', 'Digest a="'] },
  parseChallenges: { call: parseChallenges, prefixes: ['A ', 'A, B a=1, c="'] },
  hasScheme: { call: (text) => hasScheme(text, 'basic'), prefixes: ['Basic'] },
  afterScheme: { call: (text) => afterScheme(text, 'basic'), prefixes: ['Basic'] },
  decodeBase64: { call: decodeBase64 },
  decodeShortAscii: { call: (text) => decodeShortAscii(text, 0) },
  decodeBase64Url: { call: decodeBase64Url },
  parseExtendedValue: { call: parseExtendedValue, prefixes: ["UTF-8'", "UTF-8''"] },
  formatExtendedValue: { call: (text) => formatExtendedValue(text) },
  formatExtendedValueLanguage: { call: (text) => formatExtendedValue('', text), prefixes: ['en-'] },
  parseForm: { call: parseForm, prefixes: ['a='] },
  parseMediaType: { call: parseMediaType, prefixes: ['a/b', 'a/b;', 'a/b;c="'] },
  percentDecode: { call: percentDecode },
  percentEncode: { call: percentEncode },
  prefersHtml: { call: prefersHtml, prefixes: ['text/html;q="', 'text/html;'] },
  cookieValues: { call: (text) => cookieValues(text, 'sid'), prefixes: ['sid="'] },
  safeReturnTo: { call: (text) => safeReturnTo(text, 'https://app.example'), prefixes: ['/'] },
  parseDn: { bound: 500, call: parseDn, prefixes: ['cn=', 'cn=#', 'cn=\\'] },
  dnKey: { bound: 500, call: dnKey, prefixes: ['cn='] },
  escapeDnValue: { bound: 500, call: escapeDnValue },
  parseDnTemplate: { bound: 500, call: (text) => parseDnTemplate(text, ['a']), prefixes: ['cn={a}', 'cn='] },
  encodeFilter: { bound: 500, call: encodeFilter, prefixes: ['(a=', '(&(a=b)', '(a:=\\'] },
  escapeFilterValue: { bound: 500, call: escapeFilterValue },
  parseFilterTemplate: { bound: 500, call: (text) => parseFilterTemplate(text, ['a']), prefixes: ['(a={a}'] },
  isFieldValue: { call: isFieldValue },
  isPrintableAscii: { call: isPrintableAscii },
  isToken: { call: isToken },
  isToken68: { call: isToken68 },
}

const MEGABYTE = 1_000_000
const shapes = [
  ',',
  '"',
  '\\',
  '\\"',
  'a=',
  ' ',
  '\t',
  '=',
  ';',
  '%',
  '+',
  '&',
  '/',
  'A',
  'a ',
  '%41',
  ' sid',
  '\u00e9',
  '\ud800',
]
// These give as many results as elements, so that most of the time goes into making those.
const lists = [', a', 'a b=c,', 'a&', '*/*,', ';sid=1']

/** CPU time of this process, so that what else the machine does counts for little; the best of three if need be. */
function milliseconds(call: () => unknown, bound: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3 && best >= bound; round++) {
    const start = process.cpuUsage()
    call()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

// A bound on a megabyte is a bound on growth too: anything quadratic would take minutes. Most take 10 to 20 ms where nothing
// else runs, and five times that where two other suites of tests do.
function expectFast(call: (text: string) => unknown, prefix: string, shape: string, bound: number): void {
  const text = prefix + shape.repeat(MEGABYTE / shape.length)
  expect(
    milliseconds(() => call(text), bound),
    `${prefix}${shape}…`,
  ).toBeLessThan(bound)
}

describe.each(Object.entries(subjects))('%s', (_, { call, prefixes = [], bound = 250 }) => {
  it('never throws, whatever the text', () => {
    const grammar = fc.string({ unit: fc.constantFrom(...'aB1=",;\\ \t/%*+&-.\0\u00e9', '\ud800', 'q=', "UTF-8'") })
    const anything = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })
    const prefixed = fc
      .tuple(fc.constantFrom('', ...prefixes), fc.oneof(grammar, anything, fc.string({ unit: 'binary' })))
      .map(([prefix, text]) => prefix + text)
    fc.assert(
      fc.property(prefixed, (text) => {
        call(text)
      }),
      { numRuns: 1000 },
    )
  })

  it(`answers a megabyte of any shape within ${bound} ms`, () => {
    for (const prefix of ['', ...prefixes]) for (const shape of shapes) expectFast(call, prefix, shape, bound)
  })

  it('takes linear time for a megabyte of list elements', () => {
    for (const prefix of ['', ...prefixes]) for (const shape of lists) expectFast(call, prefix, shape, 500)
  })
})

describe('base64 of a megabyte', () => {
  it('is decoded within 250 ms', () => {
    const text = 'QUJD'.repeat(MEGABYTE / 4)
    expect(decodeBase64(text)).toHaveLength(750_000)
    expect(milliseconds(() => decodeBase64(text), 250)).toBeLessThan(250)
    expect(milliseconds(() => decodeBase64(`${text}!`), 250)).toBeLessThan(250)
  })
})
