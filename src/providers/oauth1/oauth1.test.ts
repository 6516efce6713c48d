import { parseSetCookie } from 'cookie'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { OneTimeStore } from '../../core/ports.ts'
import type { Outcome } from '../../core/who.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { testRequest } from '../../testing/request.ts'
import { type Oauth1Options, type Oauth1OptionsOf, oauth1 } from './oauth1.ts'

const NOW = 1_800_000_000
const server = {
  requestTokenUrl: 'https://photos.example/request_token',
  authorizeUrl: 'https://photos.example/authorize?lang=de',
  accessTokenUrl: 'https://photos.example/access_token',
  consumer: { consumerKey: 'printer', consumerSecret: 'consumer secret' },
}
const callbackUrl = 'https://service.example/callback/photos'
const keys = [{ id: 'a', key: 'the only key of this ring, 32 bytes or more' }]
const navigation = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }

type Answers = Readonly<Record<string, (count: number) => Response | Promise<Response>>>

const temporary = (count: number) =>
  new Response(`oauth_token=r${count}&oauth_token_secret=s${count}&oauth_callback_confirmed=true`)
const right: Answers = {
  '/request_token': temporary,
  '/access_token': () => new Response('oauth_token=at&oauth_token_secret=as&user_id=7&user_id=8'),
}

/** A browser with its cookies, a service, and the server that the service asks. */
class Scene {
  now = NOW
  readonly asked: { readonly path: string; readonly authorization: string }[] = []
  readonly cookies = new Map<string, string>()
  readonly #decide: (request: ReturnType<typeof testRequest>) => Outcome | Promise<Outcome>

  constructor(options: Partial<Oauth1Options> = {}, answers: Answers = {}) {
    const photos = oauth1({ server, callbackUrl, keys, loginPath: '/login', ...options })
    const auth = authentication(
      { photos },
      { clock: () => this.now, fetch: (url, init) => this.#serve(url, init, answers) },
    )
    this.#decide = (request) => auth.decide(request, 'photos')
  }

  async #serve(url: Parameters<typeof fetch>[0], init: RequestInit | undefined, answers: Answers): Promise<Response> {
    const path = new URL(String(url)).pathname
    this.asked.push({ path, authorization: new Headers(init?.headers).get('authorization') ?? '' })
    expect([init?.method, init?.redirect]).toEqual(['POST', 'manual'])
    const answer = { ...right, ...answers }[path]
    if (answer === undefined) throw new Error('no such path')
    return answer(this.asked.length)
  }

  async visit(target: string, headers: Readonly<Record<string, string>> = navigation, cookies = this.cookies) {
    const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const outcome = await this.#decide(
      testRequest({ target, headers: cookies.size === 0 ? headers : { ...headers, Cookie } }),
    )
    const fields =
      'response' in outcome
        ? outcome.response.headers
        : (outcome.amendments?.headers?.({ status: 200, header: () => undefined }) ?? [])
    const set = fields.filter(([name]) => name === 'Set-Cookie').map(([, line]) => line)
    for (const line of set) {
      const { name, value = '', maxAge } = parseSetCookie(line)
      if (maxAge === 0) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const cause = outcome.failures[0]?.cause
    return {
      status: 'response' in outcome ? outcome.response.status : 200,
      location: fields.find(([name]) => name === 'Location')?.[1],
      set,
      principal: outcome.kind === 'authenticated' ? outcome.principal : undefined,
      why: cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind === 'Error' ? cause.code : cause?.kind,
      outcome,
    }
  }
}

const back = (token: string, verifier = 'v') => `/callback/photos?oauth_token=${token}&oauth_verifier=${verifier}`

describe('oauth1(): a login', () => {
  it('goes to the server and comes back with a token, once', async () => {
    const scene = new Scene()
    const sent = await scene.visit('/albums?page=2')
    expect([sent.status, sent.location]).toEqual([302, 'https://photos.example/authorize?lang=de&oauth_token=r1'])
    expect(sent.set).toEqual([
      expect.stringMatching(
        /^__Host-becauth-tx1-[\w-]{16}=e1\.a\.\S+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
    const arrived = await scene.visit(back('r1'), { 'Sec-Fetch-Site': 'cross-site', ...navigation })
    expect(arrived.principal).toEqual({
      token: 'at',
      tokenSecret: 'as',
      parameters: { user_id: '7' },
      returnTo: '/albums?page=2',
    })
    expect(arrived.set).toEqual([expect.stringMatching(/^__Host-becauth-tx1-[\w-]{16}=; Max-Age=0; /)])
    expect(scene.cookies.size).toBe(0)
    expect((await scene.visit(back('r1'))).why).toBe('unknown')
    expect(scene.asked.map(({ path }) => path)).toEqual(['/request_token', '/access_token'])
  })

  it('asks for temporary credentials with the callback, and for the token with token and verifier', async () => {
    const scene = new Scene({ server: { ...server, realm: 'Photos', requestTokenParameters: { x_access: 'read' } } })
    await scene.visit('/')
    await scene.visit(back('r1', 'a%20b'))
    const [first, second] = scene.asked.map(({ authorization }) => authorization)
    expect(first).toMatch(/^OAuth realm="Photos", oauth_consumer_key="printer", oauth_signature_method="HMAC-SHA1", /)
    expect(first).toContain(`oauth_timestamp="${NOW}"`)
    expect(first).toContain('oauth_callback="https%3A%2F%2Fservice.example%2Fcallback%2Fphotos", x_access="read"')
    expect(first).not.toContain('oauth_token=')
    expect(second).toContain('oauth_token="r1"')
    expect(second).toContain('oauth_verifier="a%20b"')
  })

  it('leaves the token secret out of everything that the browser sees', async () => {
    const scene = new Scene(
      {},
      {
        '/request_token': () => new Response('oauth_token=r1&oauth_token_secret=CANARY&oauth_callback_confirmed=true'),
      },
    )
    const sent = await scene.visit('/')
    expect(JSON.stringify(sent.outcome)).not.toMatch(/CANARY|consumer secret/)
    expect(scene.cookies.size).toBe(1)
  })

  it.each([
    ['/login?returnTo=/orders%3Fa', '/orders?a'],
    ['/login?returnTo=//evil.example', '/'],
    ['/login?returnTo=https://evil.example/', '/'],
    ['/login', '/'],
    ['/callback/photos', '/'],
    ['/a//b?c', '/a//b?c'],
    [`/${'x'.repeat(600)}`, '/'],
  ])('that begins at %s returns to %s', async (target, wanted) => {
    const scene = new Scene()
    await scene.visit(target)
    expect((await scene.visit(back('r1'))).principal).toMatchObject({ returnTo: wanted })
  })

  it('runs in five tabs at once; a sixth ends the oldest', async () => {
    const scene = new Scene()
    for (let tab = 1; tab <= 6; tab++) {
      scene.now = NOW + tab
      await scene.visit('/')
      expect(scene.cookies.size).toBe(Math.min(tab, 5))
    }
    expect((await scene.visit(back('r1'))).why).toBe('unknown')
    for (const tab of [4, 2, 3, 6, 5]) expect((await scene.visit(back(`r${tab}`))).status).toBe(200)
  })

  it('is whom validate makes of it, a no, or a cause', async () => {
    const options: Oauth1OptionsOf<{ id: string }> = {
      ...{ server, callbackUrl, keys },
      validate: ({ parameters }) => (parameters.user_id === '7' ? { id: '7' } : null),
    }
    const auth = authentication({ photos: oauth1(options) })
    const outcome = await auth.decide(testRequest({ target: '/callback/photos' }), 'photos')
    expect(outcome.kind).toBe('rejected')
    const scene = new Scene({ ...JSON.parse('{}'), validate: options.validate })
    await scene.visit('/')
    expect((await scene.visit(back('r1'))).principal).toEqual({ id: '7' })
  })

  it('is sent to the server that was chosen for the request, and takes no callback of another', async () => {
    const other = { ...server, accessTokenUrl: 'https://other.example/access_token' }
    const scene = new Scene({ server: ({ url }) => (url.searchParams.has('other') ? other : server) })
    await scene.visit('/?other')
    expect((await scene.visit(back('r1'))).why).toBe('wrong-issuer')
    await scene.visit('/?other')
    expect((await scene.visit(`${back('r2')}&other`)).status).toBe(200)
  })
})

describe('oauth1(): absent', () => {
  it('is everything but the callback, whatever its query says', async () => {
    const scene = new Scene()
    await scene.visit('/')
    for (const target of ['/', back('r1').replace('photos', 'other'), '/callback/photos', '/callback/photos?a=b']) {
      const { status, why } = await scene.visit(target, {})
      expect([status, why]).toEqual([401, 'NoCredentials'])
    }
    expect(scene.asked).toHaveLength(1)
  })

  it('asks the server for navigations alone, unless all are sent there', async () => {
    const scene = new Scene()
    const { outcome } = await scene.visit('/', {})
    expect('response' in outcome && outcome.response.headers[0]).toEqual(['WWW-Authenticate', 'OAuth realm="photos"'])
    expect(scene.asked).toHaveLength(0)
    expect((await new Scene({ always: true }).visit('/', {})).status).toBe(302)
  })
})

describe('oauth1(): rejected', () => {
  it('D34: a callback that this browser did not begin (login CSRF), before anybody is asked', async () => {
    const [attacker, victim] = [new Scene(), new Scene()]
    await attacker.visit('/')
    await victim.visit('/')
    const { status, why, location } = await victim.visit(back('r7'))
    expect([status, why, location]).toEqual([401, 'unknown', undefined])
    expect(victim.asked).toHaveLength(1)
  })

  it('a cookie under the name of another request token', async () => {
    const scene = new Scene()
    await scene.visit('/')
    await scene.visit('/')
    const [[first = ''] = [], [, second = ''] = []] = [...scene.cookies]
    scene.cookies.set(first, second)
    expect((await scene.visit(back('r1'))).why).toBe('malformed-credential')
    expect(scene.asked).toHaveLength(2)
  })

  it('a cookie of another ring, of another provider, twice, or altered', async () => {
    const scene = new Scene()
    await scene.visit('/')
    const [[name = '', value = ''] = []] = [...scene.cookies]
    const other = new Scene({ keys: [{ id: 'a', key: 'another key of another ring, 32 bytes or more' }] })
    const attempt = async (at: Scene, cookies: Map<string, string>) =>
      (await at.visit(back('r1'), navigation, cookies)).why
    expect(await attempt(other, new Map([[name, value]]))).toBe('malformed-credential')
    expect(await attempt(scene, new Map([[name, `${value.slice(0, -2)}AA`]]))).toBe('malformed-credential')
    expect(await attempt(scene, new Map([[name, `${value}; ${name}=${value}`]]))).toBe('malformed-credential')
    const auth = authentication({ another: oauth1({ server, callbackUrl, keys }) }, { clock: () => NOW })
    const request = testRequest({ target: back('r1'), headers: { Cookie: `${name}=${value}` } })
    expect((await auth.decide(request, 'another')).failures[0]?.cause).toMatchObject({ reason: 'wrong-issuer' })
    expect(scene.asked.length + other.asked.length).toBe(1)
  })

  it('a login that took longer than ten minutes', async () => {
    const scene = new Scene()
    await scene.visit('/')
    await scene.visit('/')
    scene.now = NOW + 599.9
    expect((await scene.visit(back('r1'))).status).toBe(200)
    scene.now = NOW + 600
    expect((await scene.visit(back('r2'))).why).toBe('expired')
  })

  it('a callback that is sent again with its cookie, also at the same time', async () => {
    const scene = new Scene()
    await scene.visit('/')
    const cookies = new Map(scene.cookies)
    const answers = await Promise.all([1, 2, 3].map(() => scene.visit(back('r1'), navigation, cookies)))
    expect(answers.map(({ status, why }) => `${status} ${why}`).toSorted()).toEqual([
      '200 undefined',
      '401 replayed',
      '401 replayed',
    ])
    expect(scene.asked).toHaveLength(2)
  })

  it.each([
    'oauth_token=r1&oauth_token=r1&oauth_verifier=v',
    'oauth_token=r1&oauth_verifier=v&oauth_verifier=w',
    'oauth_token=r1&oauth_verifier=',
    'oauth_token=&oauth_verifier=v',
    'oauth_verifier=v',
    'oauth_token=%',
    'denied=r1&denied=r1',
    `oauth_token=${'x'.repeat(513)}&oauth_verifier=v`,
  ])('the ill-formed callback %s', async (query) => {
    const scene = new Scene()
    await scene.visit('/')
    expect((await scene.visit(`/callback/photos?${query}`)).why).toBe('malformed-credential')
    expect(scene.asked).toHaveLength(1)
    expect(scene.cookies.size).toBe(1)
  })

  it.each(['oauth_token=r1', 'denied=r1', 'oauth_token=r1&denied=r1'])(
    'a denial, %s, of a login begun here',
    async (query) => {
      const scene = new Scene()
      expect((await scene.visit(`/callback/photos?${query}`)).why).toBe('unknown')
      await scene.visit('/')
      const { status, why, location } = await scene.visit(`/callback/photos?${query}`)
      expect([status, why, location]).toEqual([401, 'oauth1-denied', undefined])
      expect(scene.cookies.size).toBe(0)
    },
  )

  it('D29: a verifier that the server refuses, without another redirect', async () => {
    const scene = new Scene({}, { '/access_token': () => new Response('no', { status: 401 }) })
    await scene.visit('/')
    const { status, why, location } = await scene.visit(back('r1'))
    expect([status, why, location]).toEqual([401, 'oauth1-refused', undefined])
    expect(scene.cookies.size).toBe(0)
  })
})

describe('oauth1(): faults', () => {
  const failing: readonly [string, (count: number) => Response | Promise<Response>, string, number][] = [
    ['is unreachable', () => Promise.reject(new TypeError('fetch failed')), 'oauth1-unavailable', 503],
    ['answers 500', () => new Response('', { status: 500 }), 'oauth1-unavailable', 503],
    ['answers 429', () => new Response('', { status: 429 }), 'oauth1-unavailable', 503],
    [
      'redirects',
      () => new Response('', { status: 302, headers: { Location: 'https://evil.example' } }),
      'oauth1-unavailable',
      503,
    ],
    ['answers 65 KiB', () => new Response('x'.repeat(65_537)), 'oauth1-unavailable', 503],
    ['answers no token', () => new Response('oauth_token_secret=a'), 'oauth1-malformed', 401],
    ['answers no secret', () => new Response('oauth_token=a'), 'oauth1-malformed', 401],
    [
      'answers two tokens',
      () => new Response('oauth_token=a&oauth_token=b&oauth_token_secret=s'),
      'oauth1-malformed',
      401,
    ],
    ['answers JSON', () => new Response('{"oauth_token":"a"}'), 'oauth1-malformed', 401],
    ['answers no UTF-8', () => new Response(Uint8Array.of(0xff)), 'oauth1-malformed', 401],
    ['answers 403', () => new Response('', { status: 403 }), 'oauth1-refused', 401],
  ]

  it.each(failing)('a callback while the server %s', async (_what, answer, code, wanted) => {
    const scene = new Scene({}, { '/access_token': answer })
    await scene.visit('/')
    const { status, why, location } = await scene.visit(back('r1'))
    expect([status, why, location]).toEqual([wanted, code, undefined])
  })

  it.each(failing)('a navigation while the server %s', async (_what, answer, code, wanted) => {
    const causes: unknown[] = []
    const scene = new Scene(
      {
        onFailure: (cause) => {
          causes.push(cause.kind === 'Error' ? cause.code : cause.kind)
          return null
        },
      },
      { '/request_token': answer },
    )
    const { status, location, set } = await scene.visit('/')
    expect([status, location, set]).toEqual([wanted, undefined, []])
    expect(causes).toEqual(wanted === 401 ? [code] : [])
  })

  it('a server that does not confirm the callback (session fixation of OAuth 1.0)', async () => {
    for (const confirmed of ['', '&oauth_callback_confirmed=false']) {
      const answer = () => new Response(`oauth_token=a&oauth_token_secret=s${confirmed}`)
      const scene = new Scene({ onFailure: ({ kind }) => ({ page: kind }) }, { '/request_token': answer })
      const { status, outcome, location } = await scene.visit('/')
      expect([status, location, 'response' in outcome && outcome.response.body]).toEqual([401, undefined, 'Error'])
    }
  })

  it('temporary credentials that are too large for a cookie', async () => {
    const answer = () =>
      new Response(`oauth_token=a&oauth_token_secret=${'s'.repeat(1200)}&oauth_callback_confirmed=true`)
    const { status, set } = await new Scene({}, { '/request_token': answer }).visit('/')
    expect([status, set]).toEqual([401, []])
  })

  it.each<[string, OneTimeStore['consume']]>([
    ['is full', () => 'full'],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('a store that %s, before the server is asked', async (_what, consume) => {
    const scene = new Scene({ transactionStore: { consume } })
    await scene.visit('/')
    expect((await scene.visit(back('r1'))).status).toBe(503)
    expect(scene.asked).toHaveLength(1)
  })

  it('shares spent request tokens through the store', async () => {
    const transactionStore = memoryOneTimeStore()
    const [one, two] = [new Scene({ transactionStore }), new Scene({ transactionStore })]
    await one.visit('/')
    const cookies = new Map(one.cookies)
    expect((await one.visit(back('r1'), navigation, cookies)).status).toBe(200)
    expect((await two.visit(back('r1'), navigation, cookies)).why).toBe('replayed')
  })

  it.each<[string, object]>([
    ['"server"', { server: null }],
    ['"server.requestTokenUrl"', { server: { ...server, requestTokenUrl: 'http://photos.example/' } }],
    ['"server.accessTokenUrl"', { server: { ...server, accessTokenUrl: 'photos' } }],
    ['"server.authorizeUrl"', { server: { ...server, authorizeUrl: 'https://a:b@photos.example/' } }],
    ['"server.consumer.consumerKey"', { server: { ...server, consumer: { consumerKey: '', consumerSecret: 'a' } } }],
    ['"server.consumer.consumerSecret"', { server: { ...server, consumer: { consumerKey: 'a' } } }],
    [
      '"server.consumer.privateKey"',
      { server: { ...server, consumer: { consumerKey: 'a', method: 'RSA-SHA1', privateKey: 'a' } } },
    ],
    [
      '"server.requestTokenUrl"',
      {
        server: {
          ...server,
          requestTokenUrl: 'http://localhost/',
          consumer: { consumerKey: 'a', consumerSecret: 'b', method: 'PLAINTEXT' },
        },
      },
    ],
    ['"callbackUrl"', { callbackUrl: '/callback' }],
    ['"loginPath"', { loginPath: '//evil.example' }],
    ['"loginPath"', { loginPath: '/callback/photos' }],
    ['"keys"', { keys: [] }],
    ['every "key"', { keys: [{ id: 'a', key: 'short' }] }],
    ['"transactionStore"', { transactionStore: {} }],
    ['"timeoutSeconds"', { timeoutSeconds: 0 }],
    ['"onFailure"', { onFailure: 'page' }],
    ['"realm"', { realm: '' }],
  ])('is a TypeError about %s', (name, options) => {
    const make = () => Reflect.apply(oauth1, undefined, [{ server, callbackUrl, keys, ...options }])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`oauth1(): ${name}`)
  })
})
