import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { Outcome } from '../../core/who.ts'
import { testRequest } from '../../testing/request.ts'
import { hasScheme, parseAuthorization } from '../../wire/authorization.ts'
import { decodeBase64, encodeBase64 } from '../../wire/base64.ts'
import { parseChallenges } from '../../wire/challenges.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { type BasicOptions, basic, basicCredentials, type UserPasswordCredential } from './basic.ts'

interface Person {
  readonly name: string
  readonly password: string
}

const echo = ({ username, password }: UserPasswordCredential): Person => ({ name: username, password })

function staff(options: Partial<BasicOptions<Person>> = {}) {
  return authentication({ staff: basic<Person>({ realm: 'staff only', validate: echo, ...options }) })
}

function withAuthorization(...values: readonly string[]) {
  return testRequest({ headers: values.map((value) => ['Authorization', value] as const) })
}

function encoded(text: string): string {
  return `Basic ${encodeBase64(encodeUtf8(text))}`
}

function refusal(outcome: Outcome) {
  if (!('response' in outcome)) throw new Error('the request was let in')
  const cause = outcome.failures[0]?.cause
  const lines = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  const challenges = lines.flatMap((line) => parseChallenges(line) ?? [])
  return {
    status: outcome.response.status,
    cause: cause?.kind,
    reason: cause?.kind === 'InvalidCredentials' ? cause.reason : undefined,
    challenges: challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters ?? [])]),
    lines,
  }
}

const basicChallenge = ['Basic', { realm: 'staff only', charset: 'UTF-8' }]
const missing = { status: 401, cause: 'NoCredentials', reason: undefined, challenges: [basicChallenge] }
const unreadable = {
  status: 401,
  cause: 'InvalidCredentials',
  reason: 'malformed-credential',
  challenges: [basicChallenge],
}

describe('basic(): credentials absent', () => {
  it('challenges a request without Authorization', async () => {
    expect(refusal(await staff().decide(testRequest(), 'staff'))).toMatchObject(missing)
  })

  it.each(['Bearer abc', 'Digest username="x"', 'Something', 'basic_Zm9vOmJhcg==', 'Basically Zm9vOmJhcg==', '', ' '])(
    'F12: counts another scheme as none of its own: "%s"',
    async (value) => {
      const auth = staff()
      expect(refusal(await auth.decide(withAuthorization(value), 'staff'))).toMatchObject(missing)
      expect(await auth.decide(withAuthorization(value), auth.optional('staff'))).toMatchObject({ kind: 'anonymous' })
    },
  )

  it('D02: writes the realm as a quoted string and the charset beside it', async () => {
    const { lines } = refusal(await staff({ realm: 'a "b" \\c' }).decide(testRequest(), 'staff'))
    expect(lines).toEqual(['Basic realm="a \\"b\\" \\\\c", charset="UTF-8"'])
  })

  it('advertises no charset but UTF-8', async () => {
    const { lines } = refusal(await staff({ charset: 'ISO-8859-1' }).decide(testRequest(), 'staff'))
    expect(lines).toEqual(['Basic realm="staff only"'])
  })

  it('challenges with xBasic when quiet, and still takes Basic', async () => {
    const auth = staff({ quiet: true })
    const quiet = ['xBasic', { realm: 'staff only', charset: 'UTF-8' }]
    expect(refusal(await auth.decide(testRequest(), 'staff'))).toMatchObject({ ...missing, challenges: [quiet] })
    expect(await auth.decide(withAuthorization(encoded('a:b')), 'staff')).toMatchObject({ kind: 'authenticated' })
    const x = withAuthorization(`x${encoded('a:b')}`)
    expect(refusal(await auth.decide(x, 'staff'))).toMatchObject({ ...missing, challenges: [quiet] })
  })
})

describe('basic(): credentials rejected', () => {
  it.each([
    ['foreign characters', 'Basic +-test'],
    ['the URL alphabet', 'Basic _-8='],
    ['padding left out', 'Basic Zm9vOmJhcg'],
    ['padding too long', 'Basic Zm9vOmJhcg==='],
    ['unused bits set', 'Basic Zm9vOmJhcj=='],
    ['no colon', encoded('user1')],
    ['nothing in it', 'Basic ='],
    ['the scheme alone', 'Basic'],
    ['the scheme alone and a space', 'Basic '],
    ['the form with parameters', 'Basic realm=x'],
    ['characters that no scheme can have', 'Basic:Zm9vOmJhcg=='],
    ['a tab after the scheme', 'Basic\tZm9vOmJhcg=='],
    ['more after the credentials', `${encoded('a:b')} x`],
    ['a parameter after the credentials', `${encoded('a:b')}, realm="x"`],
    ['NUL in the password', encoded('user:pa\0ss')],
    ['a line feed in the username', encoded('us\ner:pass')],
    ['DEL in the password', encoded('user:pass\x7f')],
  ])('F11b, D10: refuses %s as malformed, also where credentials are optional', async (_what, value) => {
    const auth = staff()
    expect(refusal(await auth.decide(withAuthorization(value), 'staff'))).toMatchObject(unreadable)
    expect(refusal(await auth.decide(withAuthorization(value), auth.optional('staff')))).toMatchObject(unreadable)
  })

  it('F13, D12: refuses with 401 and not 400, whatever the order of providers', async () => {
    const auth = authentication({
      one: basic({ realm: 'one', validate: echo }),
      two: basic({ realm: 'two', validate: echo }),
    })
    for (const requirement of [auth.anyOf('one', 'two'), auth.anyOf('two', 'one'), auth.allOf('one', 'two')]) {
      expect(refusal(await auth.decide(withAuthorization('Basic ###'), requirement)).status).toBe(401)
    }
    const unparsable = refusal(await staff().decide(withAuthorization('B<sic code'), 'staff'))
    expect(unparsable).toMatchObject({ status: 401, challenges: [basicChallenge] })
  })

  it('F13b: refuses two Authorization lines, whichever of them is right', async () => {
    const auth = staff()
    const outcome = await auth.decide(withAuthorization(encoded('a:b'), encoded('c:d')), auth.optional('staff'))
    expect(refusal(outcome)).toMatchObject(unreadable)
    const mixed = await auth.decide(withAuthorization('Bearer abc', encoded('a:b')), auth.optional('staff'))
    expect(refusal(mixed)).toMatchObject(unreadable)
  })

  it('D64: refuses octets that are not UTF-8 instead of replacing them', async () => {
    const latin1 = withAuthorization('Basic dGVzdDoxMjOj')
    expect(refusal(await staff().decide(latin1, 'staff'))).toMatchObject(unreadable)
  })

  it('refuses what validate answers with null, without a reason', async () => {
    const outcome = await staff({ validate: () => null }).decide(withAuthorization(encoded('a:b')), 'staff')
    expect(refusal(outcome)).toMatchObject({ ...missing, cause: 'InvalidCredentials' })
  })

  it('refuses with the cause that validate answers', async () => {
    const auth = staff({ validate: async () => invalidCredentials('throttled', { retryAfterSeconds: 7 }) })
    const outcome = await auth.decide(withAuthorization(encoded('a:b')), 'staff')
    expect(refusal(outcome)).toMatchObject({ status: 429, reason: 'throttled', challenges: [] })
  })

  it('sends what the challenge function answers', async () => {
    const auth = staff({
      challenge: (cause) => (cause.kind === 'NoCredentials' ? { challenges: [{ scheme: 'Other' }] } : null),
    })
    const none = refusal(await auth.decide(testRequest(), 'staff'))
    expect(none.challenges).toEqual([['Other', { realm: 'staff' }]])
    expect(refusal(await auth.decide(withAuthorization('Basic'), 'staff'))).toMatchObject(unreadable)
  })

  it('keeps the credential of another site’s page from posting, but not a tool’s', async () => {
    const post = (headers: Record<string, string>) =>
      testRequest({ method: 'POST', headers: { Authorization: encoded('a:b'), ...headers } })
    const auth = staff()
    expect(refusal(await auth.decide(post({ 'Sec-Fetch-Site': 'cross-site' }), 'staff')).status).toBe(403)
    expect(refusal(await auth.decide(post({ Origin: 'https://evil.example' }), 'staff')).status).toBe(403)
    expect(await auth.decide(post({}), 'staff')).toMatchObject({ kind: 'authenticated' })
    expect(await auth.decide(post({ 'Sec-Fetch-Site': 'same-origin' }), 'staff')).toMatchObject({
      kind: 'authenticated',
    })
  })
})

describe('basic(): authenticated', () => {
  it.each([
    ['an empty username', 'Basic OnBhc3M=', '', 'pass'],
    ['an empty password', 'Basic YW5vbjo=', 'anon', ''],
    ['both empty', 'Basic Og==', '', ''],
    ['colons in the password', encoded('foo:pass:word'), 'foo', 'pass:word'],
    ['the scheme in any case', 'bAsIc Zm9vOmJhcg==', 'foo', 'bar'],
    ['several spaces after the scheme', 'Basic   Zm9vOmJhcg==', 'foo', 'bar'],
    ['a byte order mark', encoded('\ufefffoo:bar'), '\ufefffoo', 'bar'],
  ])('accepts %s', async (_what, value, name, password) => {
    const outcome = await staff().decide(withAuthorization(value), 'staff')
    expect(outcome).toMatchObject({ kind: 'authenticated', provider: 'staff', principal: { name, password } })
  })

  it('decides in the same tick when validate does', () => {
    expect(staff().decide(withAuthorization(encoded('a:b')), 'staff')).toMatchObject({ kind: 'authenticated' })
    expect(staff().decide(withAuthorization('Basic'), 'staff')).toMatchObject({ kind: 'rejected' })
  })

  it('waits for validate and gives it the context', async () => {
    const auth = staff({ validate: async (credential, { name }) => ({ ...echo(credential), name }) })
    const outcome = await auth.decide(withAuthorization(encoded('a:b')), 'staff')
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: { name: 'staff', password: 'b' } })
  })

  it('F11: decodes ISO-8859-1 where that is said', async () => {
    const outcome = await staff({ charset: 'ISO-8859-1' }).decide(withAuthorization('Basic dGVzdDoxMjOj'), 'staff')
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: { name: 'test', password: '123£' } })
  })

  it('gives back any username without colon and any password, controls aside', async () => {
    const text = fc
      .string({ unit: 'grapheme' })
      .filter((value) => [...value].every((one) => one >= ' ' && one !== '\x7f'))
    const auth = staff()
    await fc.assert(
      fc.asyncProperty(
        text.filter((name) => !name.includes(':')),
        text,
        async (name, password) => {
          const outcome = await auth.decide(withAuthorization(encoded(`${name}:${password}`)), 'staff')
          expect(outcome.principal).toEqual({ name, password })
        },
      ),
    )
  })
})

describe('basic(): faults', () => {
  it('answers 503 when validate throws or rejects', async () => {
    const thrown = staff({
      validate: () => {
        throw new Error('down')
      },
    })
    const rejected = staff({ validate: () => Promise.reject(new Error('down')) })
    for (const auth of [thrown, rejected]) {
      const outcome = await auth.decide(withAuthorization(encoded('a:b')), auth.optional('staff'))
      expect(refusal(outcome)).toMatchObject({ status: 503, cause: 'Error', challenges: [] })
    }
  })

  it.each([true, undefined, 'Ada', 7])('lets nobody in when validate answers %s', async (answer) => {
    const options = { realm: 'staff', validate: () => answer }
    const auth = authentication({ staff: Reflect.apply(basic, undefined, [options]) })
    const outcome = await auth.decide(withAuthorization(encoded('a:b')), 'staff')
    expect(refusal(outcome)).toMatchObject({ status: 503, cause: 'Error' })
  })

  it.each([
    ['realm', {}],
    ['realm', { realm: '' }],
    ['realm', { realm: 'café' }],
    ['realm', { realm: 'a\nb' }],
    ['charset', { charset: 'utf-16' }],
    ['validate', { validate: undefined }],
    ['challenge', { challenge: { redirect: '/login' } }],
  ])('F21, D25: says at construction that "%s" is wrong', (option, wrong) => {
    const options = { ...(option === 'realm' ? {} : { realm: 'staff' }), validate: echo, ...wrong }
    const construct = () => Reflect.apply(basic, undefined, [options])
    expect(construct).toThrow(TypeError)
    expect(construct).toThrow(`basic(): "${option}" must be`)
  })

  it('never throws, and lets nobody in unless validate says so, whatever Authorization holds', async () => {
    const auth = staff({ validate: ({ username }) => (username === 'Ada' ? { name: 'Ada', password: '' } : null) })
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((rest) => `Basic ${rest}`),
      fc.base64String().map((rest) => `Basic ${rest}`),
      fc.uint8Array().map((bytes) => `Basic ${encodeBase64(bytes)}`),
      fc.string().map((password) => encoded(`Ada:${password}`)),
    )
    await fc.assert(
      fc.asyncProperty(value, async (authorization) => {
        const outcome = await auth.decide(withAuthorization(authorization), 'staff')
        const claimed = basicCredentials({ header: () => authorization })
        expect(outcome.kind).toBe(claimed?.username === 'Ada' ? 'authenticated' : 'rejected')
      }),
    )
  })
})

describe('basicCredentials()', () => {
  const read = (value: string | undefined, charset?: 'UTF-8' | 'ISO-8859-1') =>
    basicCredentials({ header: (name) => (name === 'authorization' ? value : undefined) }, charset)

  it('reads what the client claims without judging it', () => {
    expect(read('Basic dXNlcjE6dXNlcjE=')).toEqual({ username: 'user1', password: 'user1' })
    expect(read('Basic dGVzdDoxMjOj', 'ISO-8859-1')).toEqual({ username: 'test', password: '123£' })
  })

  it('reads by the quick way what the grammar and the charset say, and nothing else', () => {
    const unit = fc.constantFrom('a', 'Z', ':', ' ', '~', '\x1f', '\x7f', '\u00a3', '\u20ac', '\ud83d\ude00')
    const credential = fc.string({ unit, maxLength: 200 }).map(encodeUtf8)
    const value = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('Basic ', 'bASIC   ', ' Basic ', 'Basic\t', 'Basic'),
          credential,
          fc.constantFrom('', ' ', '='),
        )
        .map(([before, octets, after]) => before + encodeBase64(octets) + after),
      fc.string({ unit: fc.constantFrom('Basic', ' ', '\t', 'YTpi', 'YTo=', '/', '=', ','), maxLength: 8 }),
    )
    fc.assert(
      fc.property(value, fc.constantFrom('UTF-8', 'ISO-8859-1'), (text, charset) => {
        const token68 = hasScheme(text, 'basic') ? parseAuthorization(text)?.token68 : undefined
        const octets = token68 === undefined ? undefined : decodeBase64(token68)
        const controls = octets?.some((octet) => octet < 0x20 || octet === 0x7f) === true
        const plain = octets === undefined || controls ? Buffer.alloc(0) : Buffer.from(octets)
        const right = plain.toString(charset === 'UTF-8' ? 'utf8' : 'latin1')
        const colon = right.indexOf(':')
        const expected =
          colon === -1 ? undefined : { username: right.slice(0, colon), password: right.slice(colon + 1) }
        expect(read(text, charset)).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('answers undefined when there is nothing, another scheme or nothing readable', () => {
    for (const value of [undefined, 'Bearer abc', 'Basic', 'Basic ###', 'Basic dGVzdDoxMjOj']) {
      expect(read(value)).toBeUndefined()
    }
  })
})
