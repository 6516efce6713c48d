import { describe, expect, it, vi } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { Outcome } from '../../core/who.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type BearerOptions, bearer } from './bearer.ts'

const RIGHT = 'mF_9.B5f-4.1JqM'

interface User {
  readonly user: number
}

function decide(options: Partial<BearerOptions<User>>, request: TestRequestOptions): Promise<Outcome> {
  const auth = authentication({
    api: bearer({ validate: ({ token }) => (token === RIGHT ? { user: 7 } : null), ...options }),
  })
  return Promise.resolve(auth.decide(testRequest(request), 'api'))
}

function refusal(outcome: Outcome): readonly [status: number, challenges: readonly string[]] {
  if (outcome.kind !== 'rejected' && outcome.kind !== 'unavailable') throw new Error(`not refused: ${outcome.kind}`)
  const lines = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  return [outcome.response.status, lines]
}

function amendments(outcome: Outcome, before: Readonly<Record<string, string>> = {}): unknown {
  if (outcome.kind !== 'authenticated' && outcome.kind !== 'anonymous') throw new Error(`refused: ${outcome.kind}`)
  const { vary, cacheControl, headers } = outcome.amendments ?? { vary: [] }
  const added = headers?.({ status: 200, header: (name) => before[name.toLowerCase()] }) ?? []
  return { vary, cacheControl, added }
}

const absent = [401, ['Bearer realm="api"']]
const invalidToken = [401, ['Bearer realm="api", error="invalid_token"']]
const invalidRequest = [400, ['Bearer realm="api", error="invalid_request"']]

describe('bearer() with the token in a cookie', () => {
  const tokenFrom = { cookie: 'token' }
  const withCookie = (value: string, more: TestRequestOptions = {}, headers: Record<string, string> = {}) =>
    decide({ tokenFrom }, { ...more, headers: { Cookie: value, ...headers } })

  it('accepts it among other cookies, and says that answers depend on it', async () => {
    const outcome = await withCookie(`a=b; token=${RIGHT}; xtoken=c`)
    expect(outcome.principal).toEqual({ user: 7 })
    expect(amendments(outcome)).toEqual({ vary: ['Cookie'], cacheControl: 'private', added: [] })
  })

  it('takes cookies of other names for no credentials', async () => {
    expect(refusal(await withCookie(`Token=${RIGHT}; xtoken=${RIGHT}`))).toEqual(absent)
  })

  it.each(['token=', 'token=a b', 'token="a""', 'token=a; token=b', `token=${RIGHT}; token=${RIGHT}`])(
    'refuses %s as malformed, without asking validate',
    async (value) => {
      const validate = vi.fn(() => ({ user: 1 }))
      const outcome = await decide({ tokenFrom, validate }, { headers: { Cookie: value } })
      expect(refusal(outcome)).toEqual(invalidToken)
      expect(outcome.failures).toMatchObject([{ cause: { reason: 'malformed-credential', discardable: false } }])
      expect(validate).not.toHaveBeenCalled()
    },
  )

  it('denies an unsafe request that another site may have caused', async () => {
    const post = { method: 'POST' }
    const value = `token=${RIGHT}`
    expect((await withCookie(value, post, { 'Sec-Fetch-Site': 'cross-site' })).kind).toBe('rejected')
    expect(refusal(await withCookie(value, post))).toEqual([403, []])
    expect((await withCookie(value, post, { 'Sec-Fetch-Site': 'same-origin' })).kind).toBe('authenticated')
    expect((await withCookie(value, post, { Origin: 'https://service.example' })).kind).toBe('authenticated')
  })
})

describe('bearer() with the token in a header field of its own', () => {
  const tokenFrom = { header: 'X-Access-Token' }

  it('accepts the whole field as the token, and says that answers depend on it', async () => {
    const outcome = await decide({ tokenFrom }, { method: 'POST', headers: { 'x-access-token': RIGHT } })
    expect(outcome.principal).toEqual({ user: 7 })
    expect(amendments(outcome)).toEqual({ vary: ['X-Access-Token'], cacheControl: 'private', added: [] })
  })

  it('refuses a field that is not a token, and one that comes twice', async () => {
    const field = (...values: readonly string[]) =>
      decide({ tokenFrom }, { headers: values.map((value) => ['X-Access-Token', value] as const) })
    expect(refusal(await field(''))).toEqual(invalidToken)
    expect(refusal(await field(`Bearer ${RIGHT}`))).toEqual(invalidToken)
    expect(refusal(await field(RIGHT, RIGHT))).toEqual(invalidRequest)
    expect(refusal(await field())).toEqual(absent)
  })

  it('reads Authorization by its scheme when that is the field', async () => {
    const options = { tokenFrom: { header: 'authorization', cookie: 'token' } }
    const outcome = await decide(options, { headers: { Authorization: `Bearer ${RIGHT}` } })
    expect(outcome.principal).toEqual({ user: 7 })
    expect(amendments(outcome)).toEqual({ vary: ['Cookie'], cacheControl: 'private', added: [] })
    expect(refusal(await decide(options, { headers: { Authorization: RIGHT } }))).toEqual(absent)
  })

  it('refuses a token that comes in the field and in the cookie as well', async () => {
    const options = { tokenFrom: { header: 'Authorization', cookie: 'token' } }
    const headers = { Authorization: `Bearer ${RIGHT}`, Cookie: `token=${RIGHT}` }
    expect(refusal(await decide(options, { headers }))).toEqual(invalidRequest)
  })

  it('guards only the cookie against other sites when both are read', async () => {
    const options = { tokenFrom: { header: 'Authorization', cookie: 'token' } }
    const post = { method: 'POST' }
    expect((await decide(options, { ...post, headers: { Authorization: `Bearer ${RIGHT}` } })).kind).toBe(
      'authenticated',
    )
    expect(refusal(await decide(options, { ...post, headers: { Cookie: `token=${RIGHT}` } }))).toEqual([403, []])
  })
})

describe('bearer() with the token wherever a function finds it', () => {
  it('accepts what the function answers, and keeps the answer out of shared caches', async () => {
    const tokenFrom = vi.fn(() => RIGHT)
    const outcome = await decide({ tokenFrom }, { target: '/socket' })
    expect(outcome.principal).toEqual({ user: 7 })
    expect(tokenFrom).toHaveBeenCalledWith(expect.objectContaining({ method: 'GET', target: '/socket' }))
    expect(amendments(outcome)).toMatchObject({ added: [['Cache-Control', 'private']] })
    const stricter = amendments(await decide({ tokenFrom }, {}), { 'cache-control': 'no-store' })
    expect(stricter).toMatchObject({ added: [] })
  })

  it('takes undefined for no credentials and an ill-formed token for a wrong one', async () => {
    expect(refusal(await decide({ tokenFrom: () => undefined }, {}))).toEqual(absent)
    expect(refusal(await decide({ tokenFrom: () => '' }, {}))).toEqual(invalidToken)
    expect(refusal(await decide({ tokenFrom: () => 'a b' }, {}))).toEqual(invalidToken)
  })

  it('takes a throw of the function for an Error', async () => {
    const tokenFrom = () => {
      throw new Error('boom')
    }
    const outcome = await decide({ tokenFrom }, {})
    expect(refusal(outcome)).toEqual([503, []])
    expect(outcome.failures).toMatchObject([{ cause: { kind: 'Error', cause: { message: 'boom' } } }])
  })

  it.each([null, 7, Promise.resolve(RIGHT)])(
    'takes the answer %s for an Error that names the option',
    async (answer) => {
      const auth = authentication({
        api: Reflect.apply(bearer, undefined, [{ validate: () => ({ user: 1 }), tokenFrom: () => answer }]),
      })
      const outcome = await auth.decide(testRequest(), 'api')
      expect(refusal(outcome)).toEqual([503, []])
      expect(outcome.failures).toMatchObject([
        { cause: { code: 'invalid-answer', message: 'bearer(): "tokenFrom" must answer a string or undefined' } },
      ])
    },
  )
})

describe('bearer() with the token in the URL', () => {
  const query = (target: string, headers: Record<string, string> = {}, name: true | string = true) =>
    decide({ dangerouslyAcceptQueryToken: name }, { target, headers })

  it('accepts it, decoded, and keeps the answer out of shared caches', async () => {
    const outcome = await query(`/orders?a=b&access_token=${RIGHT}`)
    expect(outcome.principal).toEqual({ user: 7 })
    expect(amendments(outcome)).toEqual({ vary: [], cacheControl: undefined, added: [['Cache-Control', 'private']] })
    expect((await query(`/?access%5Ftoken=${RIGHT.replace('.', '%2E')}`)).kind).toBe('authenticated')
    expect((await query(`/?t=${RIGHT}`, {}, 't')).kind).toBe('authenticated')
  })

  it('still accepts Authorization, without touching the answer', async () => {
    const outcome = await query('/?a=b', { Authorization: `Bearer ${RIGHT}` })
    expect(outcome.principal).toEqual({ user: 7 })
    expect(amendments(outcome)).toEqual({ vary: [], cacheControl: undefined, added: [] })
  })

  it('takes other parameters, and none, for no credentials', async () => {
    for (const target of ['/', '/?', '/?token=a', '/?q=100%', '/access_token=a', '*']) {
      expect(refusal(await query(target))).toEqual(absent)
    }
  })

  it.each([
    '/?access_token=',
    '/?access_token',
    '/?access_token=%zz',
    '/?access_token=%ff',
    '/?access_token=a%20b',
    '/?access_token=a+b',
  ])('refuses %s as malformed', async (target) => {
    expect(refusal(await query(target))).toEqual(invalidToken)
  })

  it('refuses a parameter that comes twice, and two methods at once', async () => {
    expect(refusal(await query(`/?access_token=${RIGHT}&access_token=${RIGHT}`))).toEqual(invalidRequest)
    expect(refusal(await query(`/?access_token=${RIGHT}`, { Authorization: `Bearer ${RIGHT}` }))).toEqual(
      invalidRequest,
    )
    expect(refusal(await query('/?access_token=%zz', { Authorization: 'Bearer a b' }))).toEqual(invalidRequest)
  })

  it('leaves a header of another scheme out of account', async () => {
    expect((await query(`/?access_token=${RIGHT}`, { Authorization: 'Basic YTpi' })).kind).toBe('authenticated')
  })
})
