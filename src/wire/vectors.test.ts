import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseAuthorization } from './authorization.ts'
import { decodeBase64 } from './base64.ts'
import { parseChallenges } from './challenges.ts'
import { decodeLatin1, decodeUtf8 } from './text.ts'

interface Parsed {
  readonly scheme: string
  readonly params?: Readonly<Record<string, string>>
  readonly token68?: string
}

interface Case {
  readonly id: string
  readonly field?: string
  readonly header?: string
  readonly headers?: readonly string[]
  readonly header_builder?: string
  readonly expected?: readonly Parsed[] | Parsed | string | null
  readonly params?: readonly (readonly [string, string])[] | null
  readonly parsed?: Readonly<Record<string, string | null>> | null
  readonly scheme?: string
  readonly note?: string
  readonly strict_rfc9110_valid?: boolean
  readonly valid?: boolean | string
  readonly user?: string
  readonly pass?: string
  readonly charset?: string
  readonly derived?: boolean
}

const own = new URL('../../test/vectors/', import.meta.url)
const shared = new URL('../../../shared/vectors/', import.meta.url)
const noShared = !existsSync(shared)

function cases(folder: URL, file: string): readonly Case[] {
  const path = new URL(file, folder)
  // One case, so that the report shows what was skipped.
  if (folder === shared && noShared) return [{ id: `../shared/vectors/${file} is absent` }]
  const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(path, 'utf8'))
  expect(cases.length).toBeGreaterThan(0)
  return cases
}

function challenges(value: string): unknown {
  return parseChallenges(value)?.map(({ scheme, token68, parameters }) =>
    parameters
      ? { scheme: scheme.toLowerCase(), params: Object.fromEntries(parameters) }
      : { scheme: scheme.toLowerCase(), token68 },
  )
}

function credentials(value: string): unknown {
  const parsed = parseAuthorization(value)
  return parsed && { scheme: parsed.scheme.toLowerCase(), token68: parsed.token68 }
}

/** What RFC 9112, section 5.2, has the HTTP parser do with a folded line before anybody sees the value. */
function unfold(value: string): string {
  return value.replace(/[ \t]*\r?\n[ \t]+/g, ' ')
}

function verdict(one: Case, value: string): void {
  const expected = one.expected === 'reject' || one.expected === 'lenient-only' ? undefined : one.expected
  expect(one.field === 'Authorization' ? credentials(value) : challenges(value)).toEqual(expected)
}

describe('examples printed in RFCs', () => {
  it.each(cases(own, '01-auth-header/rfc-examples.json'))('$id parses as printed', (one) => {
    verdict(one, one.header ?? '')
  })
})

describe('RFC 7617 credentials', () => {
  it.each(cases(own, '02-basic/rfc7617.json'))('$id has the user and password of the vector', basic)
})

describe.skipIf(noShared)('shared vectors: RFC examples of other collections', () => {
  it.each(cases(shared, '01-auth-header/rfc-examples.json'))('$id', (one) => {
    if (one.header_builder !== undefined) {
      const long = 'a'.repeat(33 * 1024)
      const value = one.header_builder.replace('<33*1024 x a>', long)
      expect(Object.values(Object.fromEntries(parseChallenges(value)?.[0]?.parameters ?? []))).toContain(long)
      return
    }
    const header = one.header ?? ''
    if (/[\r\n]/.test(header)) expect(parseChallenges(header)).toBeUndefined()
    verdict(one, unfold(header))
  })
})

describe.skipIf(noShared)('shared vectors: Reschke’s cases', () => {
  it.each(cases(shared, '01-auth-header/greenbytes-httpauth.json'))('$id', (one) => {
    const value = (one.headers ?? []).join(', ')
    if (one.id === 'multibasicunknown2mf') {
      expect(challenges(value)).toEqual([
        { scheme: 'newauth', params: { realm: 'newauth' } },
        { scheme: 'basic', params: { realm: 'basic' } },
      ])
      return
    }
    // A folded line is no field value any more (RFC 9110, section 5.5): the HTTP parser replaces it first.
    if (/[\r\n]/.test(value)) expect(parseChallenges(value)).toBeUndefined()
    verdict(one, unfold(value))
  })
})

describe.skipIf(noShared)('shared vectors: Chromium’s tokenizer', () => {
  it.each(cases(shared, '01-auth-header/chromium-tokenizer.json'))('$id', (one) => {
    const header = one.header ?? ''
    if (one.id === 'NoValue') {
      // Chromium sees a parameter without a value. The grammar has a reading: `qop=` is a token68, and no parameter.
      expect(challenges(header)).toEqual([{ scheme: 'digest', token68: 'qop=' }])
    } else if (one.id === 'Base64') {
      // Chromium cuts padding that base64 cannot have; the grammar of token68 has any number of it, kept as received.
      expect(challenges(header)).toEqual([{ scheme: 'ntlm', token68: 'SGVsbG8sIFdvcmxkCg===' }])
    } else if (one.strict_rfc9110_valid === false) {
      // Unterminated quoted strings, and `@` in a token.
      expect(parseChallenges(header)).toBeUndefined()
    } else {
      expect(challenges(header)).toEqual([{ scheme: one.scheme, params: Object.fromEntries(one.params ?? []) }])
    }
  })
})

describe.skipIf(noShared)('shared vectors: Chromium’s Basic and Digest challenges', () => {
  it.each(cases(shared, '01-auth-header/chromium-basic-challenge.json'))('Basic $id', (one) => {
    // Chromium takes the last of two realms, Firefox the first; RFC 9110, section 11.2, allows one.
    const strict = one.id === 'init-6' ? undefined : 1
    expect(parseChallenges(one.header ?? '')?.length).toBe(strict)
  })

  it.each(cases(shared, '01-auth-header/chromium-digest-challenge.json'))('Digest $id', (one) => {
    const parameters = parseChallenges(one.header ?? '')?.[0]?.parameters
    expect(parameters).toBeDefined()
    for (const name of ['realm', 'nonce', 'opaque', 'domain']) {
      const value = one.parsed?.[name]
      if (value) expect(parameters?.get(name)).toBe(value)
    }
  })
})

describe.skipIf(noShared)('shared vectors: schemes that clients choose from', () => {
  it.each(cases(shared, '01-auth-header/challenge-selection.json'))('$id', (one) => {
    const value = (one.headers ?? []).join(', ')
    const named = ['Digest', 'NTLM', 'Basic', 'Newauth', 'NewAuth', 'NewAuth2', 'Fake'].filter((scheme) =>
      new RegExp(`(?:^|, *)${scheme}(?: |$)`).test(value),
    )
    const parsed = parseChallenges(value)?.map((challenge) => challenge.scheme)
    expect(parsed && [...new Set(parsed)].sort()).toEqual(value === '' ? undefined : named.sort())
  })
})

describe.skipIf(noShared)('shared vectors: npm auth-header', () => {
  it.each(cases(shared, '01-auth-header/npm-auth-header.json'))('$id', (one) => {
    const parsed = parseAuthorization(one.header ?? '')
    // Parameters without a comma, a token68 beside parameters, `/` and `;` in a token: outside the grammar.
    if (one.strict_rfc9110_valid === false || one.expected === 'reject') expect(parsed).toBeUndefined()
    else expect(one.expected).toMatchObject({ scheme: parsed?.scheme, token: parsed?.token68 ?? null })
    if (parsed?.parameters) expect(one.expected).toMatchObject({ params: Object.fromEntries(parsed.parameters) })
  })
})

describe.skipIf(noShared)('shared vectors: Basic of other implementations', () => {
  it.each(cases(shared, '02-basic/basic.json'))('$id', basic)
})

/** Grammar, base64 and character decoding; that a colon is there and controls are not is the provider's to judge. */
function basic(one: Case): void {
  const token68 = parseAuthorization(one.header ?? '')?.token68
  const bytes = token68 === undefined ? undefined : decodeBase64(token68)
  const text = bytes && (one.charset === 'iso-8859-1' ? decodeLatin1(bytes) : decodeUtf8(bytes))
  if (one.charset === 'iso-8859-1' && bytes) expect(decodeUtf8(bytes)).toBeUndefined()
  if (one.user !== undefined) expect(text).toBe(`${one.user}:${one.pass}`)
  else expect(text === undefined || !text.includes(':') || text.includes('\0')).toBe(true)
}
