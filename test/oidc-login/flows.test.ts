import { describe, expect, it } from 'vitest'
import { OAuth2RedirectError } from '../../src/providers/oauth2/errors.ts'
import { FetchBrowser } from './browser.ts'
import { startIdentityProvider } from './identity-provider.ts'
import { ISSUER, kit, origin } from './kit.ts'
import { loginService, withService } from './service.ts'

describe('a refused request', () => {
  it('is redirected to the authorization server when somebody waits for a page, and else gets a 401', async () => {
    const { newBrowser, service } = await kit()
    const page = await newBrowser().ask(`${origin}/direct`)
    expect(page.status).toBe(302)
    const location = new URL(page.headers.get('location') ?? '')
    expect(location.origin + location.pathname).toBe(`${ISSUER}/authorize`)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: 'orders',
      redirect_uri: `${origin}/callback/office`,
      response_type: 'code',
      scope: 'openid',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    const plain = await service.handle(new Request(`${origin}/direct`))
    expect([plain.status, plain.headers.get('www-authenticate'), plain.headers.get('set-cookie')]).toEqual([
      401,
      'OAuth2 realm="office"',
      null,
    ])
  })

  it('is not taken for a callback at another path, whatever its query says', async () => {
    const { begin, comeBack, issuer } = await kit()
    const under = await begin('/direct')
    const response = await comeBack(under, { code: 'c' }, '/direct')
    expect([response.status, issuer.tokenRequests]).toEqual([302, []])
  })

  it('gets the cookie of its login with the attributes that keep it', async () => {
    const { newBrowser } = await kit()
    const page = await newBrowser().ask(`${origin}/direct`)
    expect(page.headers.get('set-cookie')).toMatch(
      /^__Host-becauth-tx-[\w-]{16}=e1\.a\.[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })
})

describe('a login that does not succeed', () => {
  it('tells onFailure what the server said, and ends with a page', async () => {
    const { begin, comeBack, service } = await kit()
    const under = await begin()
    const response = await comeBack(under, { error: 'access_denied', error_description: 'No <b>"thanks"</b>' })
    expect([response.status, await response.text()]).toEqual([401, '<h1>No login</h1>'])
    const [failure] = service.failures
    expect(failure).toBeInstanceOf(OAuth2RedirectError)
    expect(failure).toMatchObject({ error: 'access_denied', errorDescription: 'No <b>?thanks?</b>', retryable: false })
    expect((await comeBack(under, { error: 'access_denied' })).status).toBe(401)
  })

  it('is a 503 when the server says that it cannot now', async () => {
    const { begin, comeBack } = await kit()
    expect((await comeBack(await begin(), { error: 'temporarily_unavailable' })).status).toBe(503)
  })
})

describe('an issuer that is down', () => {
  it('is a 503 of the login and of nothing else, and a login a moment after it comes up', async () => {
    const { issuer, newBrowser, begin, comeBack, service } = await kit()
    issuer.down = true
    const login = await newBrowser().ask(`${origin}/login`)
    expect([login.status, login.headers.get('retry-after'), login.headers.get('set-cookie')]).toEqual([503, '5', null])
    expect((await newBrowser().ask(`${origin}/`)).status).toBe(200)
    const page = await newBrowser().ask(`${origin}/direct`)
    expect([page.status, page.headers.get('retry-after'), page.headers.get('set-cookie')]).toEqual([503, '5', null])
    expect((await service.handle(new Request(`${origin}/direct`))).status).toBe(401)
    issuer.down = false
    expect((await comeBack(await begin('/login'))).status).toBe(303)
  })

  it('goes unnoticed for hours where only its metadata and its keys are gone', async () => {
    const { issuer, begin, comeBack, time } = await kit()
    expect((await comeBack(await begin())).status).toBe(303)
    issuer.downAt.add('/.well-known/openid-configuration').add('/jwks')
    time.now += 4 * 3600
    expect((await comeBack(await begin())).status).toBe(303)
    expect(issuer.asked.filter((one) => one === 'GET /.well-known/openid-configuration').length).toBeGreaterThan(1)
  })

  it('at a start with a real provider that is dead: the service works, and logs in when the provider is there', async () => {
    const place = 'http://127.0.0.1:1'
    const dead = await startIdentityProvider({ redirectUris: [`${place}/callback/office`] })
    await dead.stop()
    const service = loginService({ issuer: dead.issuer, origin: place })
    const browser = new FetchBrowser(withService(place, service.handle))
    expect((await browser.ask(`${place}/`)).status).toBe(200)
    expect((await browser.ask(`${place}/login`)).status).toBe(503)
    const alive = await startIdentityProvider({ port: dead.port, redirectUris: [`${place}/callback/office`] })
    expect(await (await browser.go(`${place}/me`)).response?.json()).toEqual({ me: 'ada' })
    await alive.stop()
  })
})

describe('step-up', () => {
  it('asks the server for what is demanded, and lets in who comes back with it', async () => {
    const { begin, comeBack, issuer, time, service } = await kit()
    const under = await begin()
    await comeBack(under)
    const raised = await begin('/gold', under.browser)
    expect(raised.parameters.get('acr_values')).toBe('gold')
    const [before] = await service.stored.list('ada')
    const cookie = under.browser.jar(origin).get('__Host-session')
    issuer.claims = { acr: 'gold', auth_time: time.now }
    const back = await comeBack(raised)
    expect([back.status, back.headers.get('location')]).toEqual([303, '/gold'])
    // The same session under another key.
    expect(await service.stored.list('ada')).toMatchObject([{ handle: before?.handle, acr: 'gold' }])
    expect(under.browser.jar(origin).get('__Host-session')).not.toBe(cookie)
    const page = await under.browser.ask(`${origin}/gold`)
    expect(await page.json()).toEqual({ gold: true })
  })

  it('of another person starts a session of that person', async () => {
    const { begin, comeBack, issuer, time, service } = await kit()
    const under = await begin()
    await comeBack(under)
    const raised = await begin('/gold', under.browser)
    issuer.claims = { sub: 'grace', acr: 'gold', auth_time: time.now }
    expect((await comeBack(raised)).status).toBe(303)
    expect(await service.stored.list('ada')).toEqual([])
    expect(await service.stored.list('grace')).toHaveLength(1)
  })

  it('ends with a page, and no further redirect, when who comes back does not meet it', async () => {
    const { begin, comeBack, issuer, said } = await kit()
    const under = await begin()
    await comeBack(under)
    const raised = await begin('/gold', under.browser)
    issuer.claims = { acr: 'silver' }
    const back = await comeBack(raised)
    expect(said(back)).toEqual([401, 'oauth2-step-up'])
    expect(back.headers.get('location')).toBeNull()
  })

  it('ends with a page also for somebody who is logged in', async () => {
    const { begin, comeBack, issuer, said, time } = await kit()
    const under = await begin()
    await comeBack(under)
    const raised = await begin('/login?max_age=60', under.browser)
    issuer.claims = { auth_time: time.now - 100 }
    expect(said(await comeBack(raised))).toEqual([401, 'expired'])
  })

  it('refuses an old login where a recent one is demanded', async () => {
    const { begin, comeBack, issuer, said, time } = await kit()
    const under = await begin('/login?max_age=60')
    expect(under.parameters.get('max_age')).toBe('60')
    issuer.claims = { auth_time: time.now - 100 }
    expect(said(await comeBack(under))).toEqual([401, 'expired'])
    const another = await begin('/login?max_age=60')
    issuer.claims = {}
    expect(said(await comeBack(another))).toEqual([401, 'missing-claim'])
  })
})

describe('what the application changes', () => {
  it('hears of every state, and adds parameters but none of those that keep the login safe', async () => {
    const states: string[] = []
    const { begin, comeBack, issuer } = await kit({
      settings: { authorizationParameters: { prompt: 'login' }, tokenParameters: { audience: 'orders' } },
      client: {
        onStateCreated: (state) => {
          states.push(state)
        },
        onAuthorizationRequest: (parameters) => {
          parameters.set('state', 'mine')
          parameters.set('code_challenge_method', 'plain')
          parameters.set('login_hint', 'ada')
        },
        onTokenRequest: ({ headers, body }) => {
          headers.set('x-trace', '7')
          body.set('extra', 'yes')
        },
      },
    })
    const under = await begin()
    expect(states).toEqual([under.parameters.get('state')])
    expect(under.parameters.getAll('code_challenge_method')).toEqual(['S256'])
    expect([under.parameters.get('login_hint'), under.parameters.get('prompt')]).toEqual(['ada', 'login'])
    expect((await comeBack(under)).status).toBe(303)
    const [request] = issuer.tokenRequests
    expect(request?.headers.get('x-trace')).toBe('7')
    expect([request?.form.get('extra'), request?.form.get('audience')]).toEqual(['yes', 'orders'])
  })

  it('puts right what a server does otherwise than the standard', async () => {
    const { begin, comeBack, issuer, said } = await kit({
      settings: {
        normalize: ({ status, body }) =>
          'error' in body ? { status: 400, body } : { status, body: { token_type: 'bearer', ...body } },
      },
    })
    issuer.token = async () => {
      const { token_type: _, ...others } = await issuer.tokens()
      return Response.json(others)
    }
    expect((await comeBack(await begin())).status).toBe(303)
    issuer.token = () => Response.json({ error: 'invalid_grant' })
    expect(said(await comeBack(await begin()))).toEqual([401, 'oauth2-invalid-grant'])
  })
})

describe('form_post', () => {
  it.each(['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=UTF-8'])(
    'is read as %s (D31), and its cookie comes from another site',
    async (type) => {
      const { begin, issuer } = await kit({ settings: { responseMode: 'form_post' } })
      const under = await begin('/login')
      expect(under.parameters.get('response_mode')).toBe('form_post')
      const body = new URLSearchParams({ code: 'c', state: under.parameters.get('state') ?? '' }).toString()
      const headers = { 'content-type': type, origin: ISSUER, 'sec-fetch-site': 'cross-site' }
      const response = await under.browser.ask(`${origin}/callback/office`, { method: 'POST', body, headers })
      expect([response.status, issuer.tokenRequests.length]).toEqual([303, 1])
    },
  )

  it('sets the cookie of its login so that the post from another site has it', async () => {
    const { newBrowser } = await kit({ settings: { responseMode: 'form_post' } })
    const response = await newBrowser().ask(`${origin}/login`)
    expect(response.headers.get('set-cookie')).toMatch(/; Secure; SameSite=None$/)
  })
})
