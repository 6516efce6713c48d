import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import type { Outcome } from '../../core/who.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { parseChallenges } from '../../wire/challenges.ts'
import {
  type ApiKeyCredential,
  type ApiKeyOptions,
  apiKey,
  generateApiKey,
  hashApiKey,
  verifyApiKey,
} from './api-key.ts'

interface Machine {
  readonly machine: number
}

const RIGHT = 'right-key'

const validate = ({ key }: ApiKeyCredential): Machine | null => (key === RIGHT ? { machine: 7 } : null)

function decide(request: TestRequestOptions, options: Partial<ApiKeyOptions<Machine>> = {}): Promise<Outcome> {
  const auth = authentication({ machines: apiKey({ validate, ...options }) })
  return Promise.resolve(auth.decide(testRequest(request), 'machines'))
}

function withKey(key: string, options: Partial<ApiKeyOptions<Machine>> = {}): Promise<Outcome> {
  return decide({ headers: { 'X-Api-Key': key } }, options)
}

/** Status, the challenges as a client reads them, and the cause, of a refusal. */
function refusal(
  outcome: Outcome,
): readonly [status: number, challenges: readonly unknown[], cause: string | undefined] {
  if (outcome.kind !== 'rejected' && outcome.kind !== 'unavailable') throw new Error(`not refused: ${outcome.kind}`)
  const lines = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate')
  const challenges = lines.flatMap(([, value]) => parseChallenges(value) ?? [])
  const [failure] = outcome.failures
  const cause = failure?.cause
  return [
    outcome.response.status,
    challenges.map(({ scheme, parameters = new Map() }) => ({ scheme, ...Object.fromEntries(parameters) })),
    cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind,
  ]
}

const challenge = { scheme: 'ApiKey', realm: 'machines' }
const absent = [401, [challenge], 'NoCredentials']
const refused = [401, [challenge], undefined]
const malformed = [401, [challenge], 'malformed-credential']

describe('apiKey(): absent', () => {
  it('F27: challenges for a missing key, as every 401 does', async () => {
    expect(refusal(await decide({}))).toEqual(absent)
    expect(refusal(await decide({}, { realm: 'lathes' }))).toEqual([
      401,
      [{ scheme: 'ApiKey', realm: 'lathes' }],
      'NoCredentials',
    ])
  })

  it('does not look anywhere but in the header field unless told to', async () => {
    const elsewhere = {
      target: `/?X-Api-Key=${RIGHT}`,
      headers: { Cookie: `X-Api-Key=${RIGHT}`, Authorization: `ApiKey ${RIGHT}` },
    }
    expect(refusal(await decide(elsewhere))).toEqual(absent)
  })

  it('does not look at the default header field where a cookie or another field is named', async () => {
    expect(refusal(await withKey(RIGHT, { cookie: 'key' }))).toEqual(absent)
    expect(refusal(await withKey(RIGHT, { header: 'X-Other' }))).toEqual(absent)
  })

  it('passes as anonymous where the key is optional, and says that the answer depends on it', async () => {
    const auth = authentication({ machines: apiKey({ validate }) })
    const outcome = await auth.decide(testRequest(), auth.optional('machines'))
    expect(outcome).toMatchObject({ kind: 'anonymous', amendments: { vary: ['X-Api-Key'], cacheControl: 'private' } })
  })
})

describe('apiKey(): rejected', () => {
  it('refuses a key that validate does not know', async () => {
    expect(refusal(await withKey('other'))).toEqual(refused)
    expect(refusal(await withKey('other', { validate: async () => null }))).toEqual(refused)
  })

  it('keeps the reason that validate gives', async () => {
    const outcome = await withKey('old', { validate: () => invalidCredentials('revoked') })
    expect(refusal(outcome)).toEqual([401, [challenge], 'revoked'])
    const busy = await withKey('old', { validate: () => invalidCredentials('throttled', { retryAfterSeconds: 9 }) })
    expect(refusal(busy)).toEqual([429, [], 'throttled'])
  })

  it.each(['', ' ', 'two words', 'a,b', 'a\u007f', 'caf\u00e9', 'x'.repeat(1025)])(
    'refuses, without asking validate, what is not a key: %j',
    async (key) => {
      const asked = vi.fn(() => ({ machine: 1 }))
      expect(refusal(await withKey(key, { validate: asked }))).toEqual(malformed)
      expect(asked).not.toHaveBeenCalled()
    },
  )

  it('refuses a field that comes twice, even with the same key', async () => {
    const line = ['X-Api-Key', RIGHT] as const
    expect(refusal(await decide({ headers: [line, line] }))).toEqual(malformed)
  })

  it('refuses an optional key that is malformed', async () => {
    const auth = authentication({ machines: apiKey({ validate }) })
    const outcome = await auth.decide(testRequest({ headers: { 'X-Api-Key': '' } }), auth.optional('machines'))
    expect(refusal(outcome)).toEqual(malformed)
  })

  it('refuses a key that comes from two places at once', async () => {
    const both = { target: `/?key=${RIGHT}`, headers: { 'X-Api-Key': RIGHT, Cookie: `key=${RIGHT}` } }
    expect(refusal(await decide(both, { dangerouslyAcceptQueryKey: 'key' }))).toEqual(malformed)
    expect(refusal(await decide(both, { header: 'X-Api-Key', cookie: 'key' }))).toEqual(malformed)
    expect(refusal(await decide(both, { cookie: 'key', dangerouslyAcceptQueryKey: 'key' }))).toEqual(malformed)
  })

  it('sorts out, without asking validate, keys that were not made with its prefix', async () => {
    const asked = vi.fn(() => ({ machine: 1 }))
    const options = { prefix: 'acme_live', validate: asked }
    const key = generateApiKey('acme_live')
    const mistyped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    for (const wrong of [RIGHT, generateApiKey('acme_test'), mistyped, key.slice(1), `${key}0`]) {
      expect(refusal(await withKey(wrong, options))).toEqual(malformed)
    }
    expect(asked).not.toHaveBeenCalled()
    expect((await withKey(key, options)).kind).toBe('authenticated')
  })

  it('sends what a challenge function answers instead', async () => {
    const own = () => ({ challenges: [{ scheme: 'Bearer' }] })
    expect(refusal(await withKey('other', { challenge: own }))).toEqual([
      401,
      [{ scheme: 'Bearer', realm: 'machines' }],
      undefined,
    ])
  })
})

describe('apiKey(): authenticated', () => {
  it('D24, F26: gives the principal under the name of its provider', async () => {
    const outcome = await withKey(RIGHT)
    expect(outcome).toMatchObject({
      kind: 'authenticated',
      provider: 'machines',
      principal: { machine: 7 },
      principals: { machines: { machine: 7 } },
      amendments: { vary: ['X-Api-Key'], cacheControl: 'private' },
    })
  })

  it('hands on the longest key and every character that a key may have', async () => {
    const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index))
    const longest = visible
      .filter((character) => character !== ',')
      .join('')
      .repeat(12)
      .slice(0, 1024)
    expect(longest).toHaveLength(1024)
    const outcome = await withKey(longest, { validate: ({ key }) => (key === longest ? { machine: 1 } : null) })
    expect(outcome.principal).toEqual({ machine: 1 })
  })

  it('reads the header field that it is told to', async () => {
    const outcome = await decide({ headers: { 'x-key': RIGHT } }, { header: 'X-Key' })
    expect(outcome).toMatchObject({ principal: { machine: 7 }, amendments: { vary: ['X-Key'] } })
  })

  it('accepts a key in the URL only where told to, beside the header field', async () => {
    const options = { dangerouslyAcceptQueryKey: 'key' }
    const outcome = await decide({ target: `/a?b=c&key=${RIGHT}` }, options)
    expect(outcome.principal).toEqual({ machine: 7 })
    expect((await withKey(RIGHT, options)).principal).toEqual({ machine: 7 })
    expect(refusal(await decide({ target: '/?key=' }, options))).toEqual(malformed)
    expect(refusal(await decide({ target: `/?key=${RIGHT}&key=${RIGHT}` }, options))).toEqual(malformed)
    expect(refusal(await decide({ target: '/?other=a' }, options))).toEqual(absent)
  })

  it('keeps the answer to a key in the URL out of shared caches, where no header field is read', async () => {
    const outcome = await decide({ target: `/?key=${RIGHT}` }, { cookie: 'k', dangerouslyAcceptQueryKey: 'key' })
    if (outcome.kind !== 'authenticated') throw new Error(outcome.kind)
    const added = outcome.amendments?.headers?.({ status: 200, header: () => undefined })
    expect(added).toEqual([['Cache-Control', 'private']])
  })

  it('decides in the same tick when validate does', () => {
    const auth = authentication({ machines: apiKey({ validate }) })
    expect(auth.decide(testRequest({ headers: { 'X-Api-Key': RIGHT } }), 'machines')).not.toBeInstanceOf(Promise)
  })

  it('finds hashed keys in a table, and one whose hash is configured', async () => {
    const key = generateApiKey('acme')
    const table = new Map([[await hashApiKey(key), { machine: 3 }]])
    const stored = await hashApiKey(key)
    const lookups: readonly ApiKeyOptions<Machine>['validate'][] = [
      async (credential) => table.get(await hashApiKey(credential.key)) ?? null,
      (credential) => verifyApiKey(credential.key, stored, { machine: 3 }),
    ]
    for (const lookup of lookups) {
      expect((await withKey(key, { validate: lookup })).principal).toEqual({ machine: 3 })
      expect(refusal(await withKey(generateApiKey('acme'), { validate: lookup }))).toEqual(refused)
    }
  })
})

describe('apiKey() with the key in a cookie', () => {
  const withCookie = (value: string, method = 'GET', headers: Record<string, string> = {}) =>
    decide({ method, headers: { Cookie: value, ...headers } }, { cookie: 'key' })

  it('accepts it among other cookies, and says that answers depend on it', async () => {
    const outcome = await withCookie(`a=b; key=${RIGHT}`)
    expect(outcome).toMatchObject({ principal: { machine: 7 }, amendments: { vary: ['Cookie'] } })
  })

  it.each(['key=', 'key=a; key=b', `key=${RIGHT}; key=${RIGHT}`])('refuses %s as malformed', async (value) => {
    expect(refusal(await withCookie(value))).toEqual(malformed)
  })

  it('denies an unsafe request that another site may have caused', async () => {
    const value = `key=${RIGHT}`
    expect(refusal(await withCookie(value, 'POST'))).toEqual([403, [], undefined])
    expect(refusal(await withCookie(value, 'POST', { Origin: 'https://evil.example' }))).toEqual([403, [], undefined])
    expect((await withCookie(value, 'POST', { 'Sec-Fetch-Site': 'same-origin' })).kind).toBe('authenticated')
  })
})

describe('apiKey(): faults', () => {
  it('D25, F21: refuses to be made without validate', () => {
    expect(() => Reflect.apply(apiKey, undefined, [{}])).toThrow('apiKey(): "validate" must be a function')
    expect(() => Reflect.apply(apiKey, undefined, [])).toThrow('apiKey(): wants an object of options')
  })

  it.each([
    [{ header: '' }, '"header"'],
    [{ header: 'Cookie' }, '"header"'],
    [{ header: 'authorization' }, '"header"'],
    [{ cookie: 'a;b' }, '"cookie"'],
    [{ dangerouslyAcceptQueryKey: true }, '"dangerouslyAcceptQueryKey"'],
    [{ dangerouslyAcceptQueryKey: '' }, '"dangerouslyAcceptQueryKey"'],
    [{ prefix: 'Acme' }, '"prefix"'],
    [{ realm: '' }, '"realm"'],
    [{ realm: 'caf\u00e9' }, '"realm"'],
    [{ challenge: {} }, '"challenge"'],
  ])('refuses to be made with %j', (options, named) => {
    const make = () => Reflect.apply(apiKey, undefined, [{ validate, ...options }])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`apiKey(): ${named}`)
  })

  it('answers 503 without a challenge when validate throws, and lets nobody in', async () => {
    const boom = () => {
      throw new Error('down')
    }
    for (const failing of [boom, async () => boom()]) {
      expect(refusal(await withKey(RIGHT, { validate: failing }))).toEqual([503, [], 'Error'])
    }
  })

  it.each([true, 'yes', undefined])('takes the answer %s of validate for an Error, never for a yes', async (answer) => {
    const auth = authentication({ machines: Reflect.apply(apiKey, undefined, [{ validate: () => answer }]) })
    const outcome = await auth.decide(testRequest({ headers: { 'X-Api-Key': 'x' } }), 'machines')
    expect(refusal(outcome)).toEqual([503, [], 'Error'])
    expect(outcome.failures).toMatchObject([{ cause: { message: expect.stringMatching(/^apiKey\(\): "validate"/) } }])
  })

  it('takes an Error from validate for what it is', async () => {
    class Down extends AuthenticationFailedCause.Error {}
    const outcome = await withKey(RIGHT, { validate: () => new Down('no table') })
    expect(refusal(outcome)).toEqual([503, [], 'Error'])
  })

  it('lets no header value throw, or in without the word of validate', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const keys: string[] = []
        const accept = ({ key }: ApiKeyCredential) => {
          keys.push(key)
          return { machine: 1 }
        }
        const outcome = await withKey(text, { validate: accept })
        expect(['authenticated', 'rejected']).toContain(outcome.kind)
        expect(keys).toEqual(outcome.kind === 'authenticated' ? [text] : [])
        expect((await withKey(text, { validate: () => null })).kind).toBe('rejected')
      }),
    )
  })
})
