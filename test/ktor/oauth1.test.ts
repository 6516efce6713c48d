import { readFileSync } from 'node:fs'
import { type AuthenticationFailedCause, authentication } from 'becauth'
import { parseSetCookie } from 'cookie'
import { describe, expect, it } from 'vitest'
import { oauth1 } from '../../src/providers/oauth1/oauth1.ts'
import { testRequest } from '../../src/testing/request.ts'
import { parseOauth1Credentials, signatureBaseString, signatureKey } from '../../src/wire/oauth1.ts'
import { researchedCases } from './cases.ts'
import type { Difference } from './differences.ts'
import { answersByPage, boundToken, codeEnds, wholeSignature } from './login-differences.ts'

interface Oauth1Case {
  readonly id: string
  readonly deviations: readonly string[]
  readonly setup: {
    readonly unit?: string
    readonly providers?: readonly {
      readonly consumerKey: string
      readonly callbackUrl: string
      readonly fallback?: string
    }[]
  }
  readonly request: {
    readonly method: string
    readonly url?: string
    readonly params?: Readonly<Record<string, string>>
    readonly path?: string
  }
  readonly expected: {
    readonly status?: number
    readonly result?: string
    readonly headers?: Readonly<Record<string, { readonly equals?: string; readonly startsWith?: string }>>
    readonly cause?: { readonly default: string }
  }
}

const file: { readonly cases: readonly Oauth1Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/ktor/oauth1-cases.json', import.meta.url), 'utf8'),
)
const research = researchedCases()
const NOW = 1_800_000_000
const CONSUMER_KEY = '1CV4Ud1ZOOzRMwmRyCEe0PY7J'
const CALLBACK = 'http://localhost/login?redirected=true'
const TOKEN_SECRET = 'secret of token1'

/** What becauth answers to a case once a login was begun in the browser, and why where it is not what Ktor answers. */
interface Row {
  readonly status?: number
  readonly cause?: string
  readonly because: Difference
}

/** By the id of the case. */
const rows: Readonly<Record<string, Row>> = {
  'oauth1a.request-token': { because: wholeSignature },
  'oauth1a.access-token': { because: boundToken },
  'oauth1a.wrong-verifier': {
    status: 401,
    cause: 'Error',
    because: codeEnds,
  },
  'oauth1a.wrong-consumer-key': { cause: 'NoCredentials', because: answersByPage },
  'oauth1a.fallback-answers': {
    status: 401,
    because: answersByPage,
  },
  'oauth1a.fallback-silent': { because: answersByPage },
}

/** Ktor's test server, but for that it looks at signatures. */
function ktorServer(asked: URLSearchParams[]): typeof fetch {
  return async (url, init) => {
    const field = new Headers(init?.headers).get('authorization') ?? ''
    const parameters = parseOauth1Credentials(field)?.parameters ?? []
    const said = new URLSearchParams(parameters.map(([name, value]) => [name, value]))
    asked.push(said)
    const isExchange = String(url).endsWith('access_token')
    const base = signatureBaseString({ method: 'POST', url: String(url), parameters })
    const key = signatureKey('consumer secret', isExchange ? TOKEN_SECRET : '')
    if (base === undefined || key === undefined) return new Response('', { status: 500 })
    const imported = await crypto.subtle.importKey('raw', Buffer.from(key), { name: 'HMAC', hash: 'SHA-1' }, false, [
      'sign',
    ])
    const mac = await crypto.subtle.sign('HMAC', imported, Buffer.from(base))
    if (said.get('oauth_signature') !== Buffer.from(mac).toString('base64')) return new Response('', { status: 401 })
    if (said.get('oauth_consumer_key') !== CONSUMER_KEY) return new Response('', { status: 401 })
    if (isExchange) {
      const isRight = said.get('oauth_token') === 'token1' && said.get('oauth_verifier') === 'verifier1'
      return isRight ? new Response('oauth_token=at&oauth_token_secret=as') : new Response('', { status: 401 })
    }
    const confirmed = said.get('oauth_callback') === CALLBACK
    return new Response(`oauth_token=token1&oauth_token_secret=${TOKEN_SECRET}&oauth_callback_confirmed=${confirmed}`)
  }
}

function service({ setup }: Oauth1Case) {
  const { consumerKey = '', callbackUrl = '' } = setup.providers?.[0] ?? {}
  const asked: URLSearchParams[] = []
  const failures: AuthenticationFailedCause[] = []
  const provider = oauth1({
    server: {
      requestTokenUrl: 'https://login-server-com/oauth/request_token',
      authorizeUrl: 'https://login-server-com/oauth/authorize',
      accessTokenUrl: 'https://login-server-com/oauth/access_token',
      consumer: { consumerKey, consumerSecret: 'consumer secret' },
    },
    callbackUrl,
    keys: [{ id: 'a', key: 'the only key of this ring, 32 bytes or more' }],
    // Ktor redirects whatever is asked for.
    always: true,
    onFailure: (cause) => {
      failures.push(cause)
      return null
    },
  })
  const auth = authentication({ default: provider }, { clock: () => NOW, fetch: ktorServer(asked) })
  const visit = async (target: string, cookie?: string) => {
    const headers = { Host: 'localhost', ...(cookie === undefined ? {} : { Cookie: cookie }) }
    const outcome = await auth.decide(testRequest({ target, headers, encrypted: false }), 'default')
    const fields = 'response' in outcome ? outcome.response.headers : []
    const field = (name: string) => fields.find(([one]) => one === name)?.[1]
    return {
      status: 'response' in outcome ? outcome.response.status : 200,
      location: field('Location'),
      challenge: field('WWW-Authenticate'),
      cookie: parseSetCookie(field('Set-Cookie') ?? 'none='),
      cause: outcome.failures[0]?.cause.kind,
      principal: outcome.kind === 'authenticated' ? outcome.principal : undefined,
    }
  }
  return { visit, asked, failures }
}

describe('cases of Ktor about OAuth 1.0a', () => {
  it.each(file.cases.filter(({ setup }) => setup.unit !== undefined))('$id', ({ request, expected }) => {
    const { method, url = '', params = {} } = request
    expect(signatureBaseString({ method, url, parameters: Object.entries(params) })).toBe(expected.result)
  })

  it.each(file.cases.filter(({ setup }) => setup.unit === undefined))('$id', async (one) => {
    const { status = one.expected.status, cause } = rows[one.id] ?? {}
    const { visit, asked } = service(one)
    const target = one.request.path ?? ''
    const { cookie } = target.includes('oauth_token') ? await visit('/login') : { cookie: undefined }
    const seen = await visit(target, cookie && `${cookie.name}=${cookie.value}`)
    expect(seen.status).toBe(status)
    if (seen.status === 200) expect(seen.principal).toMatchObject({ token: 'at', tokenSecret: 'as' })
    if (seen.status === 401) expect(seen.challenge).toBe('OAuth realm="default"')
    expect(seen.cause).toBe(cause ?? one.expected.cause?.default ?? (status === 200 ? undefined : 'NoCredentials'))
    const { equals } = one.expected.headers?.Location ?? {}
    expect(seen.location).toBe(seen.status === 302 ? equals : undefined)
    for (const said of asked) expect(said.get('oauth_timestamp')).toBe(String(NOW))
  })

  it('are answered as in Ktor, or there is a reason', () => {
    const ids = new Set(file.cases.map(({ id }) => id))
    expect(Object.keys(rows).filter((id) => !ids.has(id))).toEqual([])
    const deviating = file.cases.filter(({ deviations }) => deviations.length > 0).map(({ id }) => id)
    expect(deviating.filter((id) => rows[id] === undefined)).toEqual([])
    expect(file.cases).toHaveLength(8)
  })
})

describe.skipIf(research === undefined)('the research on OAuth 1.0a in Ktor', () => {
  it('has no case that is missing or told otherwise here', () => {
    const told = ({ id, request, expected }: { id: string; request: unknown; expected: unknown }) => ({
      id,
      request,
      expected,
    })
    expect(file.cases.map(told)).toEqual(research?.cases.filter(({ area }) => area === 'oauth1a').map(told))
  })
})

const caseOf = (id: string): Oauth1Case => file.cases.find((one) => one.id === id) ?? raise()

function raise(): never {
  throw new Error('there is no such case')
}

describe('flaws and deviations of Ktor about OAuth 1.0a', () => {
  it('F18, D32: the token request is signed with the token secret, or Ktor’s server, now looking, refuses it', async () => {
    const { visit, asked } = service(caseOf('oauth1a.access-token'))
    const { cookie } = await visit('/login')
    const target = '/login?redirected=true&oauth_token=token1&oauth_verifier=verifier1'
    expect((await visit(target, `${cookie.name}=${cookie.value}`)).status).toBe(200)
    expect(asked).toHaveLength(2)
  })

  it('F18, D34: a token and verifier of another browser are not exchanged', async () => {
    const { visit, asked } = service(caseOf('oauth1a.access-token'))
    const seen = await visit('/login?redirected=true&oauth_token=token1&oauth_verifier=verifier1')
    expect([seen.status, seen.cause, seen.location]).toEqual([401, 'InvalidCredentials', undefined])
    expect(asked).toEqual([])
  })

  it('F18, D33: the timestamp is the epoch second in any time zone', async () => {
    const { visit, asked } = service(caseOf('oauth1a.access-token'))
    const zone = process.env.TZ
    process.env.TZ = 'Asia/Kolkata'
    try {
      await visit('/login')
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
    expect(asked[0]?.get('oauth_timestamp')).toBe(String(NOW))
  })

  it('a server that does not know the consumer is told to onFailure, with its status', async () => {
    const { visit, failures } = service(caseOf('oauth1a.wrong-consumer-key'))
    await visit('/login')
    expect(failures).toMatchObject([{ code: 'oauth1-refused', status: 401 }])
  })
})
