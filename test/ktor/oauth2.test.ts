import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Difference } from './differences.ts'
import { answersByPage, codeEnds, formEssence, onlyAtCallback, serverOutage } from './login-differences.ts'
import { ktorService, type Oauth2Request, type Oauth2Setup, refusing } from './oauth2-kit.ts'

interface Oauth2Case {
  readonly id: string
  readonly deviations: readonly string[]
  readonly request: Oauth2Request
  readonly expected: { readonly status?: number }
}

const file: { readonly cases: readonly Oauth2Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/ktor/oauth2-cases.json', import.meta.url), 'utf8'),
)

/** What becauth answers to a case once a login was begun in the browser, and why where it is not what Ktor answers. */
interface Row {
  readonly setup?: Oauth2Setup
  readonly status?: number
  readonly said?: string
  readonly location?: RegExp
  readonly because?: Difference
}

const posted = { responseMode: 'form_post' } as const

/** By the id of the case. */
const rows: Readonly<Record<string, Row>> = {
  'oauth2.redirect': { location: /^https:\/\/login-server-com\/authorize\?client_id=clientId1&/ },
  'oauth2.redirect.extra': {
    setup: { authorizationParameters: { a: ['a1', 'a2'], b: 'b1' } },
    location: /[?&]a=a1&a=a2&b=b1&/,
  },
  'oauth2.redirect.interceptor': {
    setup: { hooks: { onAuthorizationRequest: (parameters) => parameters.set('custom', 'value1') } },
    location: /[?&]custom=value1&/,
  },
  'oauth2.redirect.multi-provider1': {
    setup: { lookup: true },
    location:
      /^https:\/\/provider1-com\/authorize\?client_id=provider1-id&redirect_uri=http%3A%2F%2Flocalhost%2Flogin%2Fprovider1&/,
  },
  'oauth2.fallback.denied': {
    setup: { fallback: '/login-after-fallback' },
    status: 302,
    said: 'oauth2-redirect',
    location: /^\/login-after-fallback$/,
    because: answersByPage,
  },
  'oauth2.fallback.token-error': {
    setup: { token: () => refusing('Invalid response!') },
    status: 401,
    said: 'oauth2-token',
    because: answersByPage,
  },
  'oauth2.fallback.unhandled': { setup: { token: () => refusing('error') }, said: 'oauth2-token' },
  'oauth2.token.get': {},
  'oauth2.token.multi-provider1': { setup: { lookup: true } },
  'oauth2.token.multi-provider2': { setup: { lookup: true } },
  'oauth2.token.post': {},
  'oauth2.token.form-post-callback': { setup: posted },
  'oauth2.token.bad-code': {
    status: 401,
    said: 'oauth2-invalid-grant',
    because: codeEnds,
  },
  'oauth2.callback-error': { said: 'oauth2-redirect' },
  'oauth2.password.wrong': { status: 401, said: 'wrong-secret' },
  'oauth2.password.right': { status: 200 },
  'oauth2.params-in-url': {},
  'oauth2.application-state.start': { location: /[?&]state=[\w-]{43}&/, status: 302 },
  'oauth2.application-state.back': { status: 200 },
  'oauth2.body-readable': { setup: { ...posted, optional: true } },
  'oauth2.src-code-without-state': {
    status: 401,
    said: 'malformed-request',
    because: onlyAtCallback,
  },
  'oauth2.src-form-with-charset': {
    setup: posted,
    status: 200,
    because: formEssence,
  },
  'oauth2.src-token-404': {
    setup: { token: () => new Response('', { status: 404 }) },
    status: 503,
    because: serverOutage,
  },
  'oauth2.src-token-500': {
    setup: { token: () => new Response('', { status: 500 }) },
    status: 503,
    because: serverOutage,
  },
  'oauth2.src-token-no-access-token': { setup: { token: () => Response.json({}) }, status: 503, because: serverOutage },
  'oauth2.src-token-json-or-form': {
    setup: { token: () => new Response(new URLSearchParams({ access_token: 'at', token_type: 'bearer' })) },
    status: 200,
  },
  'oauth2.src-optional-token-failure': {
    setup: { optional: true, token: () => new Response('', { status: 500 }) },
    status: 503,
    because: serverOutage,
  },
}

function requestOf({ id, request }: Oauth2Case): Oauth2Request {
  if (id === 'oauth2.application-state.start') return { ...request, path: '/login' }
  return { ...request, path: request.path.replace('<code>', 'code1').replace('<state>', 'state1') }
}

/** What a case of Ktor brings to the path of callbacks. */
function isAnswer({ path, body }: Oauth2Request): boolean {
  return /[?&](?:code|error)=/.test(`${path}?${body ?? ''}`)
}

describe('cases of Ktor about OAuth 2', () => {
  it.each(file.cases)('$id', async (one) => {
    const { setup = {}, status = one.expected.status, said, location } = rows[one.id] ?? {}
    const { send, bound, tokenRequests } = ktorService(setup)
    const request = requestOf(one)
    const hasState = isAnswer(request) && one.id !== 'oauth2.src-code-without-state'
    const answer = await send(hasState ? await bound(request) : request)
    expect(answer.status).toBe(status)
    if (said !== undefined) expect(answer.said).toBe(said)
    if (location !== undefined) expect(answer.location).toMatch(location)
    if (answer.status === 401) expect(answer.challenge).toBeDefined()
    if (one.id === 'oauth2.body-readable') expect([answer.kind, answer.body]).toEqual(['anonymous', 'foo=bar'])
    for (const { url, form, headers } of tokenRequests) {
      // D27 and D53: nothing in the URL, no state, one kind of client authentication.
      expect([url.search, form.get('state'), headers.get('authorization')]).toEqual(['', null, null])
      expect(form.get('client_secret')).toBe('clientSecret1')
    }
  })

  it.each(file.cases.filter((one) => isAnswer(one.request) && !one.id.includes('without-state')))(
    '$id: in a browser that began no login it is refused, and the token server is not asked (F17, D28)',
    async (one) => {
      const { send, tokenRequests } = ktorService({ ...rows[one.id]?.setup, optional: false, fallback: undefined })
      const request = requestOf(one)
      const hasState = `${request.path}${request.body ?? ''}`.includes('state=')
      const answer = await send({ ...request, path: hasState ? request.path : `${request.path}&state=x` })
      expect([answer.status, answer.said]).toEqual([401, 'unknown'])
      expect(tokenRequests).toEqual([])
    },
  )

  it('are answered as in Ktor, or there is a reason', () => {
    expect(Object.keys(rows).toSorted()).toEqual(file.cases.map(({ id }) => id).toSorted())
    const others = file.cases.filter(({ id, expected }) => {
      const status = rows[id]?.status
      return status !== undefined && expected.status !== undefined && status !== expected.status
    })
    expect(others.filter(({ id }) => rows[id]?.because === undefined).map(({ id }) => id)).toEqual([])
  })
})

const caseOf = (id: string): Oauth2Case => file.cases.find((one) => one.id === id) ?? raise()

function raise(): never {
  throw new Error('there is no such case')
}

describe('flaws and deviations of Ktor about OAuth 2', () => {
  it('F17g, D30: the password grant knows no state, and asks the token server once, with one proof of the client', async () => {
    const { send, tokenRequests } = ktorService({})
    expect((await send(caseOf('oauth2.password.right').request)).status).toBe(200)
    expect(tokenRequests.map(({ form }) => [...form.keys()].toSorted())).toEqual([
      ['client_id', 'client_secret', 'grant_type', 'password', 'username'],
    ])
  })

  it('D55: an error that came back is the failure that is recorded, of which there is exactly one', async () => {
    const { send, bound, tokenRequests } = ktorService({})
    const answer = await send(await bound(requestOf(caseOf('oauth2.callback-error'))))
    expect([answer.status, answer.said, answer.failures]).toEqual([401, 'oauth2-redirect', 1])
    expect(tokenRequests).toEqual([])
  })
})
