import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCause } from '../../src/core/cause.ts'
import {
  OAuth2TokenError,
  OAuth2Unavailable,
  oauth2Client,
  type SharedClientOptions,
} from '../../src/providers/oauth2/oauth2.ts'
import type { OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import {
  type ClientCredentialsOptions,
  clientCredentials,
} from '../../src/providers/oauth2/service-calls/client-credentials.ts'
import { oidcClient } from '../../src/providers/oidc/oidc.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { keys } from './service.ts'

const ISSUER = 'https://id.example'
const API = 'https://api.example/things'

interface SetUp {
  readonly settings?: Partial<OAuth2Settings>
  readonly shared?: Partial<SharedClientOptions>
  readonly options?: Partial<ClientCredentialsOptions>
}

/** A source of tokens and a scripted issuer that numbers them, whose clock the test moves. */
async function setUp({ settings, shared, options }: SetUp = {}) {
  const time = { now: 1_800_000_000 }
  const clock = () => time.now
  const issuer = await ScriptedIssuer.start(ISSUER, clock)
  let number = 0
  issuer.token = () => Response.json({ access_token: `t${++number}`, token_type: 'Bearer', expires_in: 300 })
  const service: { readonly asked: Request[]; answer: (request: Request) => Response } = {
    asked: [],
    answer: () => Response.json({ things: 1 }),
  }
  const client = oauth2Client({
    settings: {
      issuer: ISSUER,
      clientId: 'orders',
      clientAuthentication: { method: 'client_secret_basic', secret: 'open & sesame' },
      ...settings,
    },
    redirectUri: '/callback',
    keys,
    clock,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      if (request.url.startsWith(ISSUER)) return issuer.fetch(input, init)
      service.asked.push(request)
      return service.answer(request)
    },
    ...shared,
  })
  const source = clientCredentials({ client, ...options })
  return { time, issuer, client, source, service, token: async () => (await source.token()).accessToken }
}

/** What a promise was rejected with: the code, or the thing itself. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return ['resolved', await promise]
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

/** Lets everything run that waits for nothing but promises and the digests of a scripted issuer. */
async function settled(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve))
}

describe('clientCredentials()', () => {
  it('asks in the name of the service, for what it is told', async () => {
    const { source, issuer, time } = await setUp({
      settings: { tokenParameters: { audience: 'default', tier: '2' }, resources: ['https://default.example/'] },
      options: {
        scopes: ['things:read', 'things:write'],
        resources: ['https://api.example/'],
        parameters: { audience: 'things' },
      },
    })
    expect(await source.token()).toEqual({ accessToken: 't1', tokenType: 'bearer', expiresAt: time.now + 300 })
    const [request] = issuer.tokenRequests
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'things:read things:write',
      resource: 'https://api.example/',
      audience: 'things',
      tier: '2',
    })
    const [scheme, credentials = ''] = request?.headers.get('authorization')?.split(' ') ?? []
    expect([scheme, decodeURIComponent(atob(credentials).replaceAll('+', '%20'))]).toEqual([
      'Basic',
      'orders:open & sesame',
    ])
  })

  it('asks for the resources of the settings and for no scope when it is told nothing', async () => {
    const { source, issuer } = await setUp({ settings: { resources: ['https://a.example/'], scopes: ['login'] } })
    await source.token()
    expect([...(issuer.tokenRequests[0]?.form ?? [])]).toEqual([
      ['resource', 'https://a.example/'],
      ['grant_type', 'client_credentials'],
    ])
  })

  it('makes a client of its own where it is told what a client is, also at a server where nobody can log in', async () => {
    const time = { now: 1_800_000_000 }
    const issuer = await ScriptedIssuer.start(ISSUER, () => time.now)
    issuer.metadata = { authorization_endpoint: undefined, code_challenge_methods_supported: undefined }
    issuer.token = () => Response.json({ access_token: 't', token_type: 'bearer', expires_in: 60 })
    const traced: string[] = []
    const source = clientCredentials({
      settings: {
        issuer: ISSUER,
        clientId: 'orders',
        clientAuthentication: { method: 'client_secret_post', secret: 's' },
      },
      fetch: issuer.fetch,
      clock: () => time.now,
      onTokenRequest: ({ url }) => {
        traced.push(url)
      },
    })
    expect(await source.token()).toEqual({ accessToken: 't', tokenType: 'bearer', expiresAt: time.now + 60 })
    expect(traced).toEqual([`${ISSUER}/token`])
  })

  it.each([7, null, 'text', {}])('reads no id_token, such as %j', async (idToken) => {
    const { issuer, token } = await setUp()
    issuer.token = () => Response.json({ access_token: 't', token_type: 'bearer', id_token: idToken })
    expect(await token()).toBe('t')
  })

  it('asks once for a hundred callers, and keeps the token', async () => {
    const { token, issuer, time } = await setUp()
    expect(new Set(await Promise.all(Array.from({ length: 100 }, token)))).toEqual(new Set(['t1']))
    time.now += 269
    expect(await token()).toBe('t1')
    expect(issuer.tokenRequests).toHaveLength(1)
  })

  it('replaces a token before it is over, without anybody waiting, and waits when it is nearly over', async () => {
    const { token, issuer, time } = await setUp()
    await token()
    time.now += 271
    expect(await Promise.all([token(), token()])).toEqual(['t1', 't1'])
    while ((await token()) !== 't2') await new Promise((resolve) => setImmediate(resolve))
    expect(issuer.tokenRequests).toHaveLength(2)
    time.now += 295
    expect(await token()).toBe('t3')
    expect(issuer.tokenRequests).toHaveLength(3)
  })

  it('keeps the token of an issuer that is down until it is over, and has a new one when the issuer is there', async () => {
    const { token, source, issuer, time } = await setUp()
    await token()
    issuer.down = true
    time.now += 299
    expect(await token()).toBe('t1')
    time.now += 1
    expect(await failureOf(source.token())).toBe('oauth2-unreachable')
    issuer.down = false
    time.now += 1
    expect(await token()).toBe('t2')
  })

  it('does not ask an issuer that is down for every caller, and asks again a second later', async () => {
    const { source, issuer, time, token } = await setUp()
    issuer.downAt.add('/token')
    for (let call = 0; call < 5; call++) expect(await failureOf(source.token())).toBe('oauth2-unreachable')
    expect(issuer.asked.filter((one) => one === 'POST /token')).toHaveLength(1)
    issuer.downAt.clear()
    time.now += 1
    expect(await token()).toBe('t1')
  })

  it('asks anew when the clock was put back', async () => {
    const { token, time } = await setUp()
    await token()
    time.now -= 3600
    expect(await token()).toBe('t2')
    expect(await token()).toBe('t2')
  })

  it('lets one caller leave while the others wait on', async () => {
    const { source, issuer } = await setUp()
    let answer = (): void => {}
    const first = issuer.token
    issuer.token = (form, signal) =>
      new Promise((resolve) => {
        answer = () => resolve(first?.(form, signal) ?? Response.error())
      })
    const leaving = new AbortController()
    const [patient, impatient] = [source.token(), source.token({ signal: leaving.signal })]
    await settled(() => issuer.tokenRequests.length === 1)
    leaving.abort('enough')
    expect(await failureOf(impatient)).toBe('enough')
    answer()
    expect((await patient).accessToken).toBe('t1')
    expect(await failureOf(source.token({ signal: AbortSignal.abort('before') }))).toBe('before')
  })
})

describe('a life that a server states', () => {
  it.each([
    ['not at all, which is a minute', {}, undefined, 59],
    ['as text', { expires_in: '300' }, 300, 269],
    ['as a huge number', { expires_in: 1e300 }, 2 ** 31, 2 ** 31 - 31],
    ['as shorter than the time to replace it', { expires_in: 20 }, 20, 9],
  ])('%s', async (_name, life, lifeSeconds, keptSeconds) => {
    const { source, issuer, time, token } = await setUp({ options: { renewBeforeSeconds: 30 } })
    let number = 0
    issuer.token = () => Response.json({ access_token: `t${++number}`, token_type: 'bearer', ...life })
    const { expiresAt } = await source.token()
    expect(expiresAt).toBe(lifeSeconds === undefined ? undefined : time.now + lifeSeconds)
    const began = time.now
    time.now = began + (lifeSeconds === undefined ? 29 : keptSeconds)
    expect(await token()).toBe('t1')
    // Nothing was asked for in the background either.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(issuer.tokenRequests).toHaveLength(1)
    time.now = began + (lifeSeconds ?? 60)
    expect(await token()).toBe('t2')
  })

  it('as none at all: the token is good for those who waited for it', async () => {
    const { issuer, token } = await setUp()
    let number = 0
    issuer.token = () => Response.json({ access_token: `t${++number}`, token_type: 'bearer', expires_in: 0 })
    expect(await Promise.all([token(), token()])).toEqual(['t1', 't1'])
    expect(await token()).toBe('t2')
  })

  it('not at all is still good while the issuer is down', async () => {
    const { issuer, token, time } = await setUp()
    issuer.token = () => Response.json({ access_token: 't', token_type: 'bearer' })
    await token()
    issuer.down = true
    time.now += 86_400
    expect(await token()).toBe('t')
  })
})

describe('an issuer that answers badly', () => {
  const json = (body: object, status = 200) => Response.json(body, { status })

  it.each([
    ['without a token', () => json({ token_type: 'bearer' }), 'oauth2-malformed'],
    ['without a type', () => json({ access_token: 't' }), 'oauth2-malformed'],
    ['with another type', () => json({ access_token: 't', token_type: 'mac' }), undefined],
    [
      'with a negative life',
      () => json({ access_token: 't', token_type: 'bearer', expires_in: -1 }),
      'oauth2-malformed',
    ],
    [
      'with a life that is no number',
      () => json({ access_token: 't', token_type: 'bearer', expires_in: 'soon' }),
      'oauth2-malformed',
    ],
    [
      'with an endless life',
      () => new Response('{"access_token":"t","token_type":"bearer","expires_in":1e999}'),
      'oauth2-malformed',
    ],
    ['with no JSON', () => new Response('<html>'), 'oauth2-malformed'],
    ['with too much', () => json({ access_token: 't'.repeat(300_000), token_type: 'bearer' }), 'oauth2-too-large'],
    [
      'with a redirect',
      () => new Response(null, { status: 307, headers: { location: 'https://evil.example/' } }),
      'oauth2-redirect',
    ],
    ['with 500', () => new Response('canary', { status: 500 }), 'oauth2-status-500'],
    ['with 429', () => new Response(null, { status: 429 }), 'oauth2-status-429'],
  ] as const)('%s gives no token, and is asked again a moment later', async (_name, answer, code) => {
    const { source, issuer, time, token } = await setUp()
    const right = issuer.token
    issuer.token = answer
    const failure = await failureOf(source.token())
    if (code === undefined)
      expect(failure).toMatchObject({ kind: 'InvalidCredentials', reason: 'malformed-credential' })
    else expect(failure).toBe(code)
    issuer.token = right
    time.now += 1
    expect(await token()).toBe('t1')
  })

  it('with a no is a final OAuth2TokenError that says which, and has no secret in it', async () => {
    const { source, issuer } = await setUp()
    issuer.token = () => json({ error: 'invalid_client', error_description: 'open & sesame' }, 401)
    const failure: unknown = await source.token().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OAuth2TokenError)
    expect(failure).toMatchObject({ error: 'invalid_client', retryable: false })
    expect(`${String(failure)} ${Object(failure).message}`).not.toContain('sesame')
  })

  it('whatever it is, gives a token or a cause', async () => {
    const { source, issuer, time } = await setUp()
    const member = fc.oneof(fc.string(), fc.double(), fc.jsonValue(), fc.constantFrom('bearer', 'DPoP', '60'))
    const body = fc.record(
      {
        access_token: member,
        token_type: member,
        expires_in: member,
        scope: member,
        refresh_token: member,
        error: member,
      },
      { requiredKeys: [] },
    )
    const status = fc.constantFrom(200, 200, 201, 204, 400, 401, 403, 404)
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, fc.jsonValue()), status, async (value, code) => {
        issuer.token = () => new Response(code === 204 ? null : JSON.stringify(value), { status: code })
        time.now += 2 ** 33
        const got: unknown = await source.token().catch((error: unknown) => (isCause(error) ? 'cause' : error))
        const isToken = typeof got === 'object' && got !== null && 'accessToken' in got
        expect(isToken ? typeof got.accessToken : got).toBe(isToken ? 'string' : 'cause')
      }),
    )
  })

  it('never is given up', async () => {
    const { source, issuer } = await setUp({ shared: { timeoutSeconds: 0.1 } })
    issuer.token = () => new Promise(() => {})
    expect(await source.token().catch((error: unknown) => error)).toBeInstanceOf(OAuth2Unavailable)
  })
})

describe('tenants', () => {
  it('have tokens of their own, and those that nobody knows have none', async () => {
    const time = { now: 1_800_000_000 }
    const issuer = await ScriptedIssuer.start(ISSUER, () => time.now)
    issuer.token = (form) =>
      Response.json({ access_token: form.get('client_id'), token_type: 'bearer', expires_in: 60 })
    const client = oauth2Client({
      resolve: (request, tenant) => {
        expect([request.url, request.header('host')]).toEqual([undefined, undefined])
        if (tenant === 'broken') throw new Error('no database')
        if (tenant !== 'red' && tenant !== 'blue') return null
        return {
          key: tenant,
          issuer: ISSUER,
          clientId: `client-${tenant}`,
          clientAuthentication: { method: 'client_secret_post', secret: 's' },
        }
      },
      redirectUri: '/callback/{tenant}',
      keys,
      clock: () => time.now,
      fetch: issuer.fetch,
    })
    const source = clientCredentials({ client })
    const ask = async (tenant?: string) => (await source.token({ tenant })).accessToken
    expect([await ask('red'), await ask('blue'), await ask('red')]).toEqual(['client-red', 'client-blue', 'client-red'])
    expect(issuer.tokenRequests).toHaveLength(2)
    expect(await failureOf(source.token({ tenant: 'green' }))).toBe('oauth2-unknown-tenant')
    expect(await failureOf(source.token())).toBe('oauth2-unknown-tenant')
    expect(await failureOf(source.token({ tenant: 'broken' }))).toEqual(new Error('no database'))
  })
})

describe('a call of another service', () => {
  it('has the token, and what the caller gives', async () => {
    const { source, service } = await setUp()
    const response = await source.fetch(API, {
      method: 'POST',
      headers: { 'x-trace': '7', authorization: 'Basic bad', dpop: 'mine' },
      body: new URLSearchParams({ a: '1' }),
    })
    expect(await response.json()).toEqual({ things: 1 })
    const [request] = service.asked
    expect([request?.method, request?.url, await request?.text()]).toEqual(['POST', API, 'a=1'])
    const { headers } = request ?? new Response()
    expect([headers.get('authorization'), headers.get('x-trace'), headers.get('dpop')]).toEqual([
      'Bearer t1',
      '7',
      null,
    ])
    expect(headers.get('content-type')).toContain('application/x-www-form-urlencoded')
  })

  it('is sent once again with a new token when the old one was withdrawn', async () => {
    const { source, service, time } = await setUp()
    await source.token()
    time.now += 10
    service.answer = ({ headers }) =>
      headers.get('authorization') === 'Bearer t1'
        ? new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
        : Response.json({ things: 2 })
    const responses = await Promise.all([source.fetch(API), source.fetch(API, { method: 'PUT', body: 'again' })])
    expect(await Promise.all(responses.map((one) => one.json()))).toEqual([{ things: 2 }, { things: 2 }])
    expect(await service.asked.at(-1)?.text()).toBe('again')
  })

  it('is sent once when the token is new, so that a service that refuses everybody is no flood', async () => {
    const { source, service, issuer } = await setUp()
    service.answer = () => new Response('no', { status: 401, headers: { 'www-authenticate': 'Bearer' } })
    for (let call = 0; call < 3; call++) {
      const response = await source.fetch(API)
      expect([response.status, await response.text()]).toEqual([401, 'no'])
    }
    expect([service.asked.length, issuer.tokenRequests.length]).toEqual([3, 1])
  })

  it('answers the refusal itself when the issuer has no other token', async () => {
    const { source, service, issuer, time } = await setUp()
    await source.token()
    time.now += 10
    issuer.down = true
    service.answer = () => new Response('no', { status: 401 })
    const response = await source.fetch(API)
    expect([response.status, await response.text(), service.asked.length]).toEqual([401, 'no', 1])
  })

  it('follows no redirect, and takes the token nowhere by http', async () => {
    const { source, service } = await setUp()
    service.answer = () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } })
    expect((await source.fetch(API)).status).toBe(302)
    await expect(source.fetch('http://api.example/')).rejects.toThrow('must be an "https:" URL')
    await expect(source.fetch('/things')).rejects.toThrow('must be an absolute URL')
    expect(service.asked.map(({ redirect }) => redirect)).toEqual(['manual'])
  })

  it('ends when its signal says so, and fails as fetch does when nobody answers', async () => {
    const { source, service } = await setUp()
    const leaving = new AbortController()
    service.answer = () => {
      leaving.abort('enough')
      throw leaving.signal.reason
    }
    expect(await failureOf(source.fetch(API, { signal: leaving.signal }))).toBe('enough')
    const nobody = new TypeError('fetch failed')
    service.answer = () => {
      throw nobody
    }
    await expect(source.fetch(API)).rejects.toBe(nobody)
  })
})

describe('a client that shows a certificate', () => {
  it('asks by the fetch that it is given, where the metadata say for it, and with no secret', async () => {
    const { token, issuer } = await setUp({
      settings: { clientAuthentication: { method: 'self_signed_tls_client_auth' } },
    })
    issuer.metadata = { mtls_endpoint_aliases: { token_endpoint: `${ISSUER}/token?mtls` } }
    expect(await token()).toBe('t1')
    const [request] = issuer.tokenRequests
    expect([request?.url, request?.headers.get('authorization'), request?.form.get('client_id')]).toEqual([
      `${ISSUER}/token?mtls`,
      null,
      'orders',
    ])
  })
})

describe('the options', () => {
  it('are checked at once', async () => {
    const { client } = await setUp()
    const given = (options: object) => () => {
      const all: ClientCredentialsOptions = { client, ...options }
      return clientCredentials(all)
    }
    expect(given({ client: {} })).toThrow('clientCredentials(): "client" must be made by oauth2Client()')
    expect(given({ scopes: ['a b'] })).toThrow('clientCredentials(): "scopes" must be a list of scopes')
    expect(given({ scopes: 'a' })).toThrow('clientCredentials(): "scopes" must be a list of scopes')
    expect(given({ resources: ['api'] })).toThrow('clientCredentials(): "resources" must be absolute URIs')
    expect(given({ resources: ['https://a.example/#b'] })).toThrow('must be absolute URIs')
    expect(given({ parameters: { grant_type: 'password' } })).toThrow('"parameters" must not have "grant_type"')
    expect(given({ parameters: { a: 1 } })).toThrow('"parameters" must be an object of strings')
    expect(given({ renewBeforeSeconds: -1 })).toThrow('"renewBeforeSeconds" must be a number from 0 to 3600')
    expect(given({ renewBeforeSeconds: Number.NaN })).toThrow('"renewBeforeSeconds"')
    expect(given({ unknownLifeSeconds: 0 })).toThrow('"unknownLifeSeconds" must be a number from 1 to 86400')
    expect(given({ maxTenants: 1 })).toThrow('"maxTenants" must be a whole number from 2')
    const open = oidcClient({
      settings: { issuer: ISSUER, clientId: 'a', clientAuthentication: { method: 'none' } },
      redirectUri: '/callback',
      keys,
    })
    expect(given({ client: open })).toThrow('clientCredentials(): "clientAuthentication" must not be "none"')
  })
})

it('needs no more of a server without metadata than where its tokens are', async () => {
  const { issuer, token, source } = await setUp({
    settings: { issuer: undefined, endpoints: { token: `${ISSUER}/token` } },
  })
  expect(await token()).toBe('t1')
  expect(issuer.asked).toEqual(['POST /token'])
  expect((await source.token()).tokenType).toBe('bearer')
})
