import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { AuthenticationFailedCause } from '../../core/cause.ts'
import type { Outcome } from '../../core/who.ts'
import { testRequest } from '../../testing/request.ts'
import { oidc, oidcClient } from '../oidc/oidc.ts'
import { loginRoutes } from './login/routes.ts'
import { oauth2, oauth2Client } from './oauth2.ts'

/** All that anybody could write into a log. */
const deep = { depth: 20, showHidden: true }

const keys = [{ id: 'a', key: 'a key of a test with more than 32 octets' }]
const endpoints = { authorization: 'https://forge.example/authorize', token: 'https://forge.example/token' }
const settings = {
  endpoints: { ...endpoints, userInfo: 'https://forge.example/user' },
  clientId: 'orders',
  clientAuthentication: { method: 'client_secret_post', secret: 'sesame' },
} as const
const options = { settings, redirectUri: 'https://orders.example/callback/forge', keys } as const

type Answers = Readonly<Record<string, () => Response>>

function service(answers: Answers, more: object = {}) {
  const asked: { readonly url: string; readonly body: string; readonly headers: Headers }[] = []
  const auth = authentication(
    { forge: oauth2({ ...options, settings: { ...settings, scopes: ['user'], ...more } }) },
    {
      baseUrl: 'https://orders.example',
      clock: () => 1000,
      fetch: async (input, init) => {
        const request = new Request(input, init)
        asked.push({ url: request.url, body: await request.text(), headers: request.headers })
        return answers[new URL(request.url).pathname]?.() ?? new Response('not found', { status: 404 })
      },
    },
  )
  const logIn = async (query: Record<string, string> = { code: 'c' }) => {
    const first = await auth.decide(testRequest({ target: '/me', headers: { accept: 'text/html' } }), 'forge')
    const fields = 'response' in first ? first.response.headers : []
    const location = new URL(fields.find(([name]) => name === 'Location')?.[1] ?? '')
    const cookie = fields.find(([name]) => name === 'Set-Cookie')?.[1].split(';')[0] ?? ''
    const state = location.searchParams.get('state') ?? ''
    const target = `/callback/forge?${new URLSearchParams({ state, ...query })}`
    return { location, outcome: await auth.decide(testRequest({ target, headers: { cookie } }), 'forge') }
  }
  return { logIn, asked }
}

describe('oauth2()', () => {
  it('gives the tokens of a server without metadata, and what it knows of the person', async () => {
    const { logIn, asked } = service(
      {
        '/token': () =>
          Response.json({
            access_token: 'at',
            token_type: 'Bearer',
            // RFC 6749 says a number; not everybody does.
            expires_in: '60',
            refresh_token: 'rt',
            scope: 'user repo',
            id_token: 'nobody verified it',
            team: 7,
          }),
        '/user': () => Response.json({ id: 7 }),
      },
      { userInfo: true },
    )
    const { location, outcome } = await logIn({ code: 'c', iss: 'https://forge.example' })
    expect(location.origin + location.pathname).toBe(endpoints.authorization)
    expect(location.searchParams.get('nonce')).toBeNull()
    expect(outcome.principal).toEqual({
      issuer: endpoints.authorization,
      tenant: undefined,
      tokens: {
        accessToken: 'at',
        tokenType: 'bearer',
        expiresAt: 1060,
        refreshToken: 'rt',
        idToken: undefined,
        scopes: ['user', 'repo'],
        extra: { team: 7 },
      },
      userInfo: { id: 7 },
      returnTo: '/me',
      parameters: {},
    })
    expect(asked.map(({ url }) => url)).toEqual([endpoints.token, 'https://forge.example/user'])
    expect(asked[0]?.body).toContain('client_secret=sesame')
    expect(asked[0]?.headers.get('authorization')).toBeNull()
    expect(asked[1]?.headers.get('authorization')).toBe('Bearer at')
  })

  it('takes no lifetime from an answer that says none', async () => {
    const { logIn } = service({ '/token': () => Response.json({ access_token: 'at', token_type: 'bearer' }) })
    const { outcome } = await logIn()
    expect(outcome.kind === 'authenticated' && outcome.principal.tokens.expiresAt).toBeUndefined()
  })

  it('is an outage when UserInfo cannot be had', async () => {
    const token = () => Response.json({ access_token: 'at', token_type: 'bearer' })
    const { logIn } = service({ '/token': token, '/user': () => new Response('no') }, { userInfo: true })
    expect((await logIn()).outcome.kind).toBe('unavailable')
  })
})

describe('what a token endpoint says no with', () => {
  it('is told as a code that RFC 6749 allows, and no more than 64 characters of it', async () => {
    const { logIn } = service({
      '/token': () => Response.json({ error: `<b>"\r\n${'x'.repeat(5000)}` }, { status: 400 }),
    })
    expect(causeOf((await logIn()).outcome)).toMatchObject({ error: `<b>???${'x'.repeat(58)}` })
  })

  it('is told in its words beneath the failure, where nothing else of the answer is', async () => {
    const said = { error: 'invalid_client', error_description: 'no such client', access_token: 'canary' }
    const cause = causeOf((await logIn({ '/token': () => Response.json(said, { status: 400 }) })).outcome)
    expect(inspect(cause, deep)).toContain('status 400, invalid_client: no such client')
    expect(inspect(cause, deep)).not.toContain('canary')
  })

  it.each([
    ['without a type', { access_token: 'canary' }],
    ['with a life that is none', { access_token: 'canary', token_type: 'bearer', expires_in: 'soon' }],
    ['of a type that nobody knows', { access_token: 'canary', token_type: 'mac' }],
    ['with a description that is no text', { error: 'invalid_scope', error_description: { toString: 'canary' } }],
  ])('and what comes %s have no token beneath the failure', async (_name, answer) => {
    const cause = causeOf((await logIn({ '/token': () => Response.json(answer) })).outcome)
    expect(cause).toBeDefined()
    expect(inspect(cause, deep)).not.toContain('canary')
  })

  function logIn(answers: Answers) {
    return service(answers).logIn()
  }
})

describe('a login of oauth2() that is demanded to be recent', () => {
  it('is no step-up, since nobody says when it was made', async () => {
    const failures: unknown[] = []
    const token = () => Response.json({ access_token: 'at', token_type: 'bearer', id_token: 'nobody verified it' })
    const onFailure = (failure: unknown) => {
      failures.push(failure)
      return null
    }
    const auth = authentication(
      { forge: oauth2({ ...options, onFailure }) },
      { baseUrl: 'https://orders.example', fetch: async () => token() },
    )
    const routes = loginRoutes(auth.require('forge'), {
      sessions: { login: async () => ({ headers: [] }) },
      session: () => ({ subject: 'ada', data: {} }),
    })
    const fields = (await routes.login.decide(testRequest({ target: '/login?max_age=60' }))).response.headers
    const location = new URL(fields.find(([name]) => name === 'Location')?.[1] ?? '')
    const cookie = fields.find(([name]) => name === 'Set-Cookie')?.[1].split(';')[0] ?? ''
    const target = `/callback/forge?code=c&state=${location.searchParams.get('state')}`
    const { response } = await routes.callback.decide(testRequest({ target, headers: { cookie } }))
    expect(response.status).toBe(401)
    expect(failures).toMatchObject([{ code: 'oauth2-step-up' }])
  })
})

function causeOf(outcome: Outcome): AuthenticationFailedCause | undefined {
  return 'failures' in outcome ? outcome.failures[0]?.cause : undefined
}

describe('the options', () => {
  it.each([
    [{ ...options, settings: undefined }, /"settings" or "resolve"/],
    [{ ...options, redirectUri: 'http://orders.example/callback' }, /"redirectUri"/],
    [{ ...options, redirectUri: '/callback?x=1' }, /"redirectUri"/],
    [{ ...options, redirectUri: '/callback/../x' }, /"redirectUri"/],
    [{ ...options, redirectUri: '/callback/{tenant}' }, /only with "resolve"/],
    [{ ...options, keys: [] }, /"keys"/],
    [{ ...options, keys: [{ id: 'a', key: 'short' }] }, /"key" in "keys"/],
    [{ ...options, timeoutSeconds: 0 }, /"timeoutSeconds"/],
    [{ ...options, store: {} }, /"store"/],
    [{ ...options, onStateCreated: 1 }, /"onStateCreated" must be a function/],
    [{ ...options, validate: 1 }, /"validate" must be a function/],
    [{ ...options, challenge: 'redirects' }, /"challenge" must be "redirect", "always"/],
    [{ ...options, settings: { ...settings, clientId: '' } }, /"settings.clientId"/],
    [{ ...options, settings: { ...settings, clientAuthentication: { method: 'x' } } }, /"clientAuthentication.method"/],
    [{ ...options, settings: { ...settings, endpoints: { authorization: 'x' } } }, /"settings.endpoints.token"/],
    [{ ...options, settings: { ...settings, authorizationParameters: { state: 'mine' } } }, /must not have "state"/],
    [{ ...options, settings: { ...settings, tokenParameters: { code: 'mine' } } }, /must not have "code"/],
    [{ ...options, settings: { ...settings, scopes: ['a b'] } }, /"settings.scopes"/],
    [{ ...options, settings: { ...settings, responseMode: 'fragment' } }, /"settings.responseMode"/],
    [
      { ...options, dangerouslyAllowInsecureCookie: true, settings: { ...settings, responseMode: 'form_post' } },
      /needs a cookie that is Secure/,
    ],
  ])('are refused when they cannot be used: %#', (given, message) => {
    expect(() => Reflect.apply(oauth2, undefined, [given])).toThrow(TypeError)
    expect(() => Reflect.apply(oauth2, undefined, [given])).toThrow(message)
  })

  it('of a client of the one kind make no provider of the other', () => {
    const plain = oauth2Client(options)
    const openid = oidcClient({
      ...options,
      settings: { ...settings, issuer: 'https://forge.example', endpoints: undefined },
    })
    expect(() => oidc({ client: plain })).toThrow('oidc(): "client" must be made by oidcClient()')
    expect(() => oauth2({ client: openid })).toThrow('oauth2(): "client" must be made by oauth2Client()')
  })

  it('of oidc() must have an issuer and the scope openid', () => {
    const given = {
      ...options,
      settings: { ...settings, issuer: 'https://forge.example', endpoints: undefined, scopes: ['x'] },
    }
    expect(() => oidc(given)).toThrow('"settings.scopes" must have "openid"')
    const nowhere = { ...options, settings: { ...settings, endpoints: { ...endpoints, authorization: undefined } } }
    expect(() => oauth2(nowhere)).toThrow('oauth2(): "settings.endpoints.authorization" must be given')
    expect(() => oidc(options)).toThrow('oidc(): "settings.issuer" must be given')
  })
})

describe('a client', () => {
  it('shows nothing of its secrets when it is printed', () => {
    const canary = 'canary-7f3a-7f3a-7f3a-7f3a-7f3a-7f3a'
    const client = oauth2Client({
      settings: { ...settings, clientAuthentication: { method: 'client_secret_basic', secret: canary } },
      redirectUri: '/callback',
      keys: [{ id: 'a', key: canary }],
    })
    const printed = [inspect(client, { depth: 20, showHidden: true }), JSON.stringify(client), String(client)]
    expect(printed.join()).not.toContain('canary')
  })
})
