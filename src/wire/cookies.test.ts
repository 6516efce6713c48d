import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cookieValues } from './cookies.ts'
import { isToken } from './tokens.ts'

interface Parsed {
  readonly id: string
  readonly cookie: string
  readonly expected: Readonly<Record<string, string>>
}

interface Sent {
  readonly test: string
  readonly sent: readonly { readonly name: string; readonly value: string }[]
}

/** Both files come from other people's repositories, so they stay where they are. */
const shared = new URL('../../../shared/vectors/06-cookies/', import.meta.url)
const noShared = !existsSync(shared)

function casesOf<C>(file: string): readonly C[] {
  if (noShared) return []
  const url = new URL(file, shared)
  const { cases }: { readonly cases: readonly C[] } = JSON.parse(readFileSync(url, 'utf8'))
  return cases
}

/** Both authors leave the quotes on; RFC 6265 section 4.1.1 has them around the value. */
function bare(value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value
}

const parsed = casesOf<Parsed>('jshttp-cookie-parse.json')
const sent = casesOf<Sent>('http-state-parser.json').filter((one) => one.sent.length > 0)

/** What jshttp/cookie decodes; its second value of a name is dropped there. */
const differing: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'jshttp-9': { email: ['%20%22%2c%3b%2f'] },
  'jshttp-13': { '': [] },
  'jshttp-15': { '': [] },
  'jshttp-20': { foo: ['%1', 'boo'], bar: ['bar'] },
  'jshttp-21': { foo: ['false', 'true'], bar: ['bar'] },
  'jshttp-22': { foo: ['', 'boo'], bar: ['bar'] },
}

describe.skipIf(noShared)('cookieValues and the cases of jshttp/cookie', () => {
  it.each(parsed)('$id: $cookie', ({ id, cookie, expected }) => {
    const theirs = Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, [bare(value)]]))
    const names = Object.keys(expected)
    expect(Object.fromEntries(names.map((name) => [name, cookieValues(cookie, name)]))).toEqual(differing[id] ?? theirs)
    expect(cookieValues(cookie, 'absent')).toEqual([])
  })

  it('are all there', () => expect(parsed).toHaveLength(24))
})

describe.skipIf(noShared)('cookieValues and what user agents send in the cases of http-state', () => {
  it.each(sent)('$test', ({ sent: pairs }) => {
    const header = pairs.map(({ name, value }) => `${name}=${value}`).join('; ')
    for (const { name } of pairs) {
      const values = pairs.filter((pair) => pair.name === name).map(({ value }) => bare(value))
      expect(cookieValues(header, name)).toEqual(isToken(name) ? values : [])
    }
  })

  it('are all there', () => expect(sent.length).toBeGreaterThan(70))
})
