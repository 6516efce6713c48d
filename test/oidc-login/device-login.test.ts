import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { importKey, staticKeys } from '../../src/keys/index.ts'
import { OAuth2TokenError, oauth2Client } from '../../src/providers/oauth2/oauth2.ts'
import type { OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import { type DeviceLoginOptions, deviceLogin } from '../../src/providers/oauth2/service-calls/device-login.ts'
import { oidcClient } from '../../src/providers/oidc/oidc.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { keys } from './service.ts'

const ISSUER = 'https://id.example'

interface SetUp {
  readonly openid?: boolean
  readonly settings?: Partial<OAuth2Settings>
  readonly options?: Partial<DeviceLoginOptions>
  /** What the device authorization endpoint answers beside what it must. */
  readonly begun?: object
}

type Step = string | (() => Response | Promise<Response>)

/** A device login at a scripted issuer. Waiting moves the clock. */
async function setUp({ openid = false, settings, options, begun }: SetUp = {}) {
  const time = { now: 1_800_000_000 }
  const waits: number[] = []
  const clock = () => time.now
  const issuer = await ScriptedIssuer.start(ISSUER, clock)
  issuer.metadata = { device_authorization_endpoint: `${ISSUER}/device` }
  issuer.claims = { nonce: undefined }
  const device: { readonly forms: URLSearchParams[]; answer: () => Response | Promise<Response> } = {
    forms: [],
    answer: () =>
      Response.json({
        device_code: 'secret-device-code',
        user_code: 'WDJB-MJHT',
        verification_uri: `${ISSUER}/activate`,
        expires_in: 600,
        ...begun,
      }),
  }
  const client = (openid ? oidcClient : oauth2Client)({
    settings: { issuer: ISSUER, clientId: 'orders', clientAuthentication: { method: 'none' }, ...settings },
    redirectUri: '/callback',
    keys,
    clock,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      if (request.url !== `${ISSUER}/device`) return issuer.fetch(input, init)
      device.forms.push(new URLSearchParams(await request.text()))
      return device.answer()
    },
  })
  const login = deviceLogin({
    client,
    wait: async (seconds) => {
      waits.push(seconds)
      time.now += seconds
    },
    ...options,
  })

  /** What the token endpoint answers, one after the other; the last for ever. */
  const script = (...steps: readonly Step[]): void => {
    let at = 0
    issuer.token = () => {
      const step = steps[Math.min(at++, steps.length - 1)] ?? 'server_error'
      return typeof step === 'string' ? Response.json({ error: step }, { status: 400 }) : step()
    }
  }
  const tokens = async (): Promise<Response> => Response.json(await issuer.tokens())
  return { time, waits, issuer, device, client, login, script, tokens }
}

/** What a promise was rejected with: the `error`, the code, the reason, or the thing itself. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return ['resolved', await promise]
  } catch (error) {
    const { error: said, code, reason } = Object(error)
    return said ?? code ?? reason ?? error
  }
}

const down = (): Response => {
  throw new TypeError('fetch failed')
}

describe('deviceLogin()', () => {
  it('begins with what is asked for, and answers what to show', async () => {
    const { login, device, time } = await setUp({
      settings: { scopes: ['things:read'], resources: ['https://a.example/'] },
      options: { parameters: { device_name: 'living room' } },
      begun: { verification_uri_complete: `${ISSUER}/activate?user_code=WDJB-MJHT`, interval: 7 },
    })
    expect(await login.begin()).toMatchObject({
      userCode: 'WDJB-MJHT',
      verificationUri: `${ISSUER}/activate`,
      verificationUriComplete: `${ISSUER}/activate?user_code=WDJB-MJHT`,
      expiresAt: time.now + 600,
      intervalSeconds: 7,
    })
    expect(Object.fromEntries(device.forms[0] ?? [])).toEqual({
      client_id: 'orders',
      scope: 'things:read',
      resource: 'https://a.example/',
      device_name: 'living room',
    })
  })

  it('never shows the code that is its own', async () => {
    const { login } = await setUp()
    const begun = await login.begin()
    expect(JSON.stringify(begun)).not.toContain('secret-device-code')
  })

  it('asks in the interval of the server, more slowly when it is told to, until the person is done', async () => {
    const { login, waits, script, tokens, issuer, time } = await setUp()
    script('authorization_pending', 'slow_down', 'authorization_pending', tokens)
    const { tokens: got, ...others } = await (await login.begin()).complete()
    expect(got).toMatchObject({ accessToken: 'at', tokenType: 'bearer', expiresAt: time.now + 60 })
    expect(others).toEqual({ issuer: ISSUER, tenant: undefined, userInfo: undefined, returnTo: '/', parameters: {} })
    expect(waits).toEqual([5, 5, 10, 10])
    expect(Object.fromEntries(issuer.tokenRequests[0]?.form ?? [])).toEqual({
      client_id: 'orders',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'secret-device-code',
    })
  })

  it('asks on while nobody answers, less and less often, and as before when somebody does', async () => {
    const { login, waits, script, tokens } = await setUp()
    const busy = () => new Response(null, { status: 503 })
    script(down, busy, () => new Response('<html>'), down, down, 'authorization_pending', tokens)
    await (await login.begin()).complete()
    expect(waits).toEqual([5, 10, 20, 40, 60, 60, 5])
  })

  it.each(['access_denied', 'expired_token', 'invalid_client', 'invalid_grant'])(
    'ends when the server says %s',
    async (no) => {
      const { login, script, waits } = await setUp()
      script('authorization_pending', no)
      const failure: unknown = await (await login.begin()).complete().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(OAuth2TokenError)
      expect(failure).toMatchObject({ error: no, retryable: false })
      expect(waits).toHaveLength(2)
    },
  )

  it('ends when its time is over, whether the server knows it or not, and whatever the clock does', async () => {
    const { login, script, waits, time, issuer } = await setUp({ begun: { expires_in: 31, interval: 10 } })
    script('authorization_pending')
    expect(await failureOf((await login.begin()).complete())).toBe('expired_token')
    expect(waits).toEqual([10, 10, 10])
    const back = await setUp({ begun: { expires_in: 31, interval: 10 }, options: { wait: async () => {} } })
    back.script('authorization_pending')
    const begun = await back.login.begin()
    back.time.now -= 86_400
    expect(await failureOf(begun.complete())).toBe('expired_token')
    expect(back.issuer.tokenRequests).toHaveLength(3)
    script(down)
    expect(await failureOf((await login.begin()).complete())).toBe('expired_token')
    const late = await login.begin()
    time.now += 31
    const before = issuer.tokenRequests.length
    expect(await failureOf(late.complete())).toBe('expired_token')
    expect(issuer.tokenRequests).toHaveLength(before)
  })

  it('leaves when its signal says so: before, while it waits, and while it asks', async () => {
    const { login, script, issuer } = await setUp()
    expect(await failureOf(login.begin({ signal: AbortSignal.abort('before') }))).toBe('before')
    const begun = await login.begin()
    expect(await failureOf(begun.complete(AbortSignal.abort('before')))).toBe('before')
    expect(issuer.tokenRequests).toEqual([])
    const leaving = new AbortController()
    script(() => {
      leaving.abort('while asking')
      return Response.json({ error: 'authorization_pending' }, { status: 400 })
    })
    expect(await failureOf(begun.complete(leaving.signal))).toBe('while asking')
    expect(issuer.tokenRequests).toHaveLength(1)
  })
})

describe('waiting by the runtime', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('takes the seconds of the interval, and ends at once with its signal, with no timer left', async () => {
    const { client, script, tokens, issuer } = await setUp()
    script('authorization_pending', tokens)
    const begun = await deviceLogin({ client }).begin()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
    }
    const completed = begun.complete()
    await vi.advanceTimersByTimeAsync(4999)
    expect(issuer.tokenRequests).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    // It was asked, and waits again.
    await until(() => issuer.tokenRequests.length === 1 && vi.getTimerCount() === 1)
    const leaving = new AbortController()
    const left = begun.complete(leaving.signal)
    expect(vi.getTimerCount()).toBe(2)
    leaving.abort('enough')
    expect(await failureOf(left)).toBe('enough')
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(5000)
    expect((await completed).tokens.accessToken).toBe('at')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a device login of OpenID Connect', () => {
  it('answers the verified claims, and what UserInfo says', async () => {
    const { login, script, tokens } = await setUp({ openid: true, settings: { userInfo: true } })
    script('authorization_pending', tokens)
    expect(await (await login.begin()).complete()).toMatchObject({
      claims: { sub: 'ada', iss: ISSUER, aud: 'orders' },
      userInfo: { name: 'Ada' },
    })
  })

  it.each([
    ['was signed by somebody else', 'bad-signature'],
    ['is for another client', 'wrong-audience'],
    ['is over', 'expired'],
    ['is not of the access token', 'bad-signature'],
    ['is not there', 'missing-claim'],
  ] as const)('refuses an id_token that %s', async (what, reason) => {
    const { login, script, issuer, time } = await setUp({ openid: true })
    const { privateKey } = await generateKeyPair('ES256')
    if (what === 'was signed by somebody else') issuer.signer = { key: privateKey, alg: 'ES256', kid: 'es' }
    if (what === 'is for another client') issuer.claims = { aud: 'another' }
    if (what === 'is over') issuer.claims = { exp: time.now - 3600 }
    if (what === 'is not of the access token') issuer.claims = { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }
    script(async () => {
      const { id_token: token, ...others } = await issuer.tokens()
      return Response.json(what === 'is not there' ? others : { ...others, id_token: token })
    })
    expect(await failureOf((await login.begin()).complete())).toBe(reason)
  })
})

describe('UserInfo that is encrypted', () => {
  it('is decrypted, signed or not, and is an outage where what is inside cannot be read', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ECDH-ES+A128KW', { extractable: true })
    const { kty, crv, x, y, d } = await exportJWK(privateKey)
    const own = staticKeys([importKey({ kty, crv, x, y, d, kid: 'own' }, { use: 'enc' })])
    const { login, script, tokens, issuer } = await setUp({ settings: { userInfo: true, decryption: { keys: own } } })
    script(tokens)
    const encrypted = async (text: string, header: object = {}): Promise<Response> => {
      const jwe = new CompactEncrypt(new TextEncoder().encode(text))
      jwe.setProtectedHeader({ alg: 'ECDH-ES+A128KW', enc: 'A128GCM', ...header })
      return new Response(await jwe.encrypt(publicKey), { headers: { 'content-type': 'application/jwt' } })
    }
    issuer.userInfo = () => encrypted('{"sub":"ada","name":"Ada"}')
    expect((await (await login.begin()).complete()).userInfo).toEqual({ sub: 'ada', name: 'Ada' })
    issuer.userInfo = () => encrypted('Ada')
    expect(await failureOf((await login.begin()).complete())).toBe('oauth2-user-info')
    issuer.userInfo = () => encrypted('{"sub":"ada"}', { kid: 'another' })
    expect(await failureOf((await login.begin()).complete())).toBe('unknown-key')
    issuer.userInfo = () => new Response('e30.e30.e30.e30.e30')
    expect(await failureOf((await login.begin()).complete())).toBe('wrong-type')
  })
})

describe('a server that begins badly', () => {
  const good = { device_code: 'd', user_code: 'u', verification_uri: `${ISSUER}/activate`, expires_in: 600 }

  it.each([
    ['without a code', { device_code: undefined }],
    ['without a code to type in', { user_code: undefined }],
    ['with a code that nobody can type in', { user_code: 'x'.repeat(65) }],
    ['with control characters in the code', { user_code: 'a\u0007b' }],
    ['without a place', { verification_uri: undefined }],
    ['with a script for a place', { verification_uri: 'javascript:alert(1)' }],
    ['with a place by http', { verification_uri: 'http://id.example/' }],
    ['with a script for the complete place', { verification_uri_complete: 'javascript:alert(1)' }],
    ['without an end', { expires_in: undefined }],
    ['with an end before', { expires_in: -1 }],
    ['with an end that is text', { expires_in: 'soon' }],
    ['with an interval that is text', { interval: 'often' }],
    ['with an interval of nothing', { interval: 0 }],
  ])('%s is an outage', async (_name, change) => {
    const { login, device } = await setUp()
    device.answer = () => Response.json({ ...good, ...change })
    expect(await failureOf(login.begin())).toBe('oauth2-malformed')
  })

  it.each([
    ['no JSON', () => new Response('<html>'), 'oauth2-malformed'],
    ['too much', () => Response.json({ ...good, more: 'x'.repeat(300_000) }), 'oauth2-too-large'],
    ['a redirect', () => Response.redirect('https://evil.example/', 307), 'oauth2-redirect'],
    ['500', () => new Response(null, { status: 500 }), 'oauth2-status-500'],
    ['nothing', down, 'oauth2-unreachable'],
    ['a no', () => Response.json({ error: 'unauthorized_client' }, { status: 400 }), 'unauthorized_client'],
  ] as const)('by %s', async (_name, answer, code) => {
    const { login, device } = await setUp()
    device.answer = answer
    expect(await failureOf(login.begin())).toBe(code)
  })

  it('with numbers that nobody waits for: no longer than a day, and no oftener than each second', async () => {
    const { login, time } = await setUp({ begun: { expires_in: 1e300, interval: 0.001 } })
    expect(await login.begin()).toMatchObject({ expiresAt: time.now + 86_400, intervalSeconds: 1 })
    const slow = await setUp({ begun: { interval: 1e300 } })
    expect(await failureOf((await slow.login.begin()).complete())).toBe('expired_token')
    expect(slow.waits).toEqual([])
  })

  it('is told apart from one that knows no such logins', async () => {
    const { login, issuer } = await setUp()
    issuer.metadata = {}
    expect(await failureOf(login.begin())).toBe('oauth2-no-device-login')
  })
})

describe('the options', () => {
  it('are checked at once', async () => {
    const { client } = await setUp()
    const given = (options: object) => () => {
      const all: DeviceLoginOptions = { client, ...options }
      return deviceLogin(all)
    }
    expect(given({ client: undefined })).toThrow('deviceLogin(): "client" must be made by oauth2Client()')
    expect(given({ wait: 5 })).toThrow('deviceLogin(): "wait" must be a function')
    expect(given({ scopes: [''] })).toThrow('deviceLogin(): "scopes" must be a list of scopes')
    expect(given({ resources: 'all' })).toThrow('deviceLogin(): "resources" must be absolute URIs')
    expect(given({ parameters: { device_code: 'd' } })).toThrow('"parameters" must not have "device_code"')
    const { client: openid } = await setUp({ openid: true })
    expect(given({ client: openid, scopes: ['profile'] })).toThrow('deviceLogin(): "scopes" must have "openid"')
  })

  it('may be what makes a client, of OpenID Connect where an id_token is asked for', async () => {
    const { script, tokens, issuer, time } = await setUp()
    script(tokens)
    const settings = { issuer: ISSUER, clientId: 'orders', clientAuthentication: { method: 'none' } } as const
    const fetch: typeof globalThis.fetch = async (input, init) =>
      new Request(input, init).url === `${ISSUER}/device`
        ? Response.json({ device_code: 'd', user_code: 'u', verification_uri: `${ISSUER}/activate`, expires_in: 600 })
        : issuer.fetch(input, init)
    const common = { settings, fetch, clock: () => time.now, wait: async () => {} }
    const plain = await (await deviceLogin(common).begin()).complete()
    expect([plain.tokens.idToken, 'claims' in plain]).toEqual([undefined, false])
    const open = await (await deviceLogin({ ...common, scopes: ['openid'] }).begin()).complete()
    expect(open).toMatchObject({ claims: { sub: 'ada' } })
  })

  it('may name the endpoint where there are no metadata', async () => {
    const { login, script, tokens } = await setUp({
      settings: {
        issuer: undefined,
        endpoints: {
          authorization: `${ISSUER}/authorize`,
          token: `${ISSUER}/token`,
          deviceAuthorization: `${ISSUER}/device`,
        },
      },
    })
    script(tokens)
    expect((await (await login.begin()).complete()).issuer).toBe(`${ISSUER}/authorize`)
  })
})
