import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { authenticate } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import { sidTag, subTag } from '../../src/providers/oauth2/login/logout-tags.ts'
import { loginRoutes } from '../../src/providers/oauth2/login/routes.ts'
import { oidc, oidcClient, sessionTokens } from '../../src/providers/oidc/oidc.ts'
import { sealedSessions, sessions } from '../../src/providers/session/session.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { FetchBrowser } from './browser.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { keys, withService } from './service.ts'
import { tokensService } from './tokens-service.ts'

const origin = 'https://orders.example'
const ISSUER = 'https://id.example'
const schema = z.object({ name: z.string() })

/** A service whose logins leave their tokens in the session, and a scripted issuer. */
async function tokenService(tags?: readonly string[]) {
  const time = { now: 1_800_000_000 }
  const clock = () => time.now
  const issuer = await ScriptedIssuer.start(ISSUER, clock)
  const service = tokensService({ issuer: ISSUER, origin, clock, fetch: issuer.fetch, tags })
  const { stored, handle, faults, refused } = service
  const browser = new FetchBrowser(withService(origin, handle))

  /** Begins a login at a page, and answers how the browser comes back. */
  const begin = async (place: string) => {
    const { url } = await browser.go(origin + place, { until: (next) => next.startsWith(ISSUER) })
    const parameters = new URL(url).searchParams
    issuer.nonce = parameters.get('nonce') ?? ''
    return () => browser.ask(`${origin}/callback/office?code=c&state=${parameters.get('state')}`)
  }
  const logIn = async (place = '/me') => (await begin(place))()
  const ask = async (place: string) => (await browser.ask(origin + place)).status
  return { time, issuer, stored, browser, faults, refused, begin, logIn, ask }
}

describe('loginRoutes() with tokens', () => {
  it('leaves the tokens of the login in the session, and nowhere else', async () => {
    const { browser, logIn, stored } = await tokenService()
    expect((await logIn()).headers.get('location')).toBe('/me')
    const answer = await (await browser.ask(`${origin}/me`)).json()
    expect(answer).toEqual({ token: 'at', idToken: expect.stringMatching(/^eyJ/) })
    expect(JSON.stringify(await stored.exportSubject('ada'))).not.toContain('eyJ')
  })

  it('takes the tokens of a step-up in place of the old ones, in the same session', async () => {
    const { time, issuer, browser, logIn, stored } = await tokenService()
    await logIn()
    const [before] = await stored.list('ada')
    issuer.token = async () => Response.json({ ...(await issuer.tokens()), access_token: 'golden' })
    issuer.claims = { acr: 'gold', auth_time: time.now }
    expect((await logIn('/gold')).headers.get('location')).toBe('/gold')
    expect(await (await browser.ask(`${origin}/gold`)).json()).toMatchObject({ token: 'golden' })
    expect(await stored.list('ada')).toMatchObject([{ handle: before?.handle, acr: 'gold' }])
  })

  it('wants the sessions that the tokens lie in', () => {
    const auth = authentication({ key: oidc({ ...clientOptions }) })
    const [one, two] = [0, 1].map(() => sessions({ store: memorySessionStore(), schema }))
    if (one === undefined || two === undefined) throw new Error('there are two')
    const tokens = sessionTokens({ client: oidcClient(clientOptions), sessions: one })
    const found = () => ({ subject: 'ada', data: { name: 'Ada' } })
    expect(() => loginRoutes(auth.require('key'), { sessions: two, tokens, session: found })).toThrow(
      'loginRoutes(): "tokens" must be made by sessionTokens() with the same "sessions"',
    )
  })
})

const clientOptions = {
  settings: { issuer: ISSUER, clientId: 'orders', clientAuthentication: { method: 'none' } },
  redirectUri: '/callback',
  keys,
} as const

describe('the sessions of loginRoutes()', () => {
  it.each([
    ['the session at the issuer', sidTag(ISSUER, 's-1')],
    ['the person at the issuer', subTag(ISSUER, 'ada')],
    ['a name that the application gave', 'browser-7'],
  ])('end by %s', async (_name, tag) => {
    const { issuer, logIn, stored, ask } = await tokenService(['browser-7'])
    issuer.claims = { sid: 's-1' }
    await logIn()
    expect(await stored.revokeTagged(subTag('https://other.example', 'ada'))).toBe(0)
    expect(await ask('/me')).toBe(200)
    expect(await stored.revokeTagged(tag)).toBe(1)
    expect(await ask('/me')).not.toBe(200)
  })

  it('end by the session at the issuer that the last step-up was made in', async () => {
    const { time, issuer, logIn, stored, ask } = await tokenService()
    issuer.claims = { sid: 's-1' }
    await logIn()
    issuer.claims = { sid: 's-2', acr: 'gold', auth_time: time.now }
    await logIn('/gold')
    expect(await stored.revokeTagged(sidTag(ISSUER, 's-1'))).toBe(0)
    expect(await ask('/gold')).toBe(200)
    expect(await stored.revokeTagged(sidTag(ISSUER, 's-2'))).toBe(1)
  })

  it('start with no more than three names, those of the login included', async () => {
    const { issuer, logIn, faults, stored } = await tokenService(['one', 'two'])
    issuer.claims = { sid: 's-1' }
    expect((await logIn()).status).toBe(503)
    expect(faults).toEqual(['TypeError'])
    expect(await stored.list('ada')).toEqual([])
    issuer.claims = {}
    expect((await logIn()).status).toBe(303)
  })

  it('do not start when somebody was logged out while logging in: they come home, and the application hears of it', async () => {
    const { time, issuer, begin, logIn, stored, refused, ask } = await tokenService()
    issuer.metadata = { revocation_endpoint: `${ISSUER}/revoke` }
    issuer.claims = { sid: 's-1' }
    const comeBack = await begin('/me')
    time.now += 1.2
    await stored.revokeTagged(sidTag(ISSUER, 's-1'), { holdLogins: true })
    time.now += 0.1
    const response = await comeBack()
    expect([response.status, response.headers.get('location')]).toEqual([303, '/home'])
    expect(await stored.list('ada')).toEqual([])
    expect(refused).toEqual([['logged-out', ISSUER]])
    // The tokens that came are nobody's.
    expect(issuer.asked.at(-1)).toBe('POST /revoke')
    expect(await ask('/me')).not.toBe(200)
    time.now += 0.1
    expect((await logIn()).headers.get('location')).toBe('/me')
    expect(await ask('/me')).toBe(200)
  })

  it('end when somebody was logged out while stepping up', async () => {
    const { time, issuer, begin, logIn, stored } = await tokenService()
    issuer.claims = { sid: 's-1' }
    await logIn()
    const comeBack = await begin('/gold')
    time.now += 1
    await stored.revokeTagged(sidTag(ISSUER, 's-2'), { holdLogins: true })
    issuer.claims = { sid: 's-2', acr: 'gold', auth_time: time.now }
    const response = await comeBack()
    expect([response.status, response.headers.get('location')]).toEqual([303, '/home'])
    expect(await stored.list('ada')).toEqual([])
  })

  it('are given nothing to end them by where they are sealed', async () => {
    const time = { now: 1_800_000_000 }
    const issuer = await ScriptedIssuer.start(ISSUER, () => time.now)
    const auth = authentication(
      { office: oidc({ ...clientOptions }) },
      { baseUrl: origin, clock: () => time.now, fetch: issuer.fetch },
    )
    const given: object[] = []
    const sealed = sealedSessions({ schema, keys, absoluteSeconds: 3600 })
    const { login, callback } = loginRoutes(auth.require('office'), {
      sessions: {
        login: (request, data: { name: string }, options) => {
          given.push(options)
          return sealed.login(request, data, options)
        },
      },
      session: () => ({ subject: 'ada', data: { name: 'Ada' } }),
    })
    const handle = async (request: Request) =>
      (await authenticate(new URL(request.url).pathname === '/login' ? login : callback)(request)) ?? new Response('no')
    const browser = new FetchBrowser(withService(origin, handle))
    const { url } = await browser.go(`${origin}/login`, { until: (next) => next.startsWith(ISSUER) })
    const parameters = new URL(url).searchParams
    issuer.nonce = parameters.get('nonce') ?? ''
    const back = await browser.ask(`${origin}/callback?code=c&state=${parameters.get('state')}`)
    expect(back.status).toBe(303)
    expect(given).toEqual([{ subject: 'ada', begunAt: time.now, authentication: expect.anything() }])
  })
})
