import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { authenticate } from '../../src/adapters/fetch/fetch.ts'
import type { SessionStore } from '../../src/core/session-store.ts'
import type { LogoutSettings } from '../../src/providers/oauth2/logout/logout-options.ts'
import { logoutRoutes } from '../../src/providers/oauth2/logout/logout-routes.ts'
import { type Sessions, sealedSessions } from '../../src/providers/session/session.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { overriding } from '../sessions/kit.ts'
import type { FetchBrowser } from './browser.ts'
import { ISSUER, origin } from './kit.ts'
import { AFTER, logoutKit, textOf } from './logout-kit.ts'
import { keys } from './service.ts'

/** Tokens of a login, as a session has them while it lives. */
function tokens(answers: { idToken?: string; fails?: 'take' | 'revoke' }) {
  const calls: string[] = []
  const kept: NonNullable<LogoutSettings['tokens']> = {
    take: async () => {
      calls.push('take')
      if (answers.fails === 'take') throw new Error('the store is down')
      const revoke = async (): Promise<boolean> => {
        calls.push('revoke')
        if (answers.fails === 'revoke') throw new Error('the server is down')
        return true
      }
      return { idToken: answers.idToken, tenant: undefined, revoke }
    },
  }
  return { calls, kept }
}

/** The cookie of a session that began in another way. */
async function cookieOf(stored: Sessions<{ name: string }>): Promise<string> {
  const request = { native: {}, signal: new AbortController().signal, header: () => undefined }
  const { headers } = await stored.login(request, { name: 'ada' }, { subject: 'ada' })
  return headers[0]?.[1].split(';', 1)[0] ?? ''
}

const jarOf = (browser: FetchBrowser) => [...browser.jar(origin).keys()].filter((name) => name.startsWith('__Host-'))
const locationOf = (response: Response) => new URL(response.headers.get('location') ?? '', origin)

describe('a logout', () => {
  it('ends the session, and leads to the server with what it must know', async () => {
    const { logIn, isIn, post } = await logoutKit()
    const browser = await logIn()
    const other = await logIn()
    const response = await post(browser)
    expect(response.status).toBe(303)
    expect([response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual([
      'no-store',
      'no-referrer',
    ])
    const { href, searchParams } = locationOf(response)
    expect(href.startsWith(`${ISSUER}/logout?ui=plain&`)).toBe(true)
    expect(Object.fromEntries(searchParams)).toEqual({
      ui: 'plain',
      client_id: 'orders',
      post_logout_redirect_uri: AFTER,
      state: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(jarOf(browser)).toEqual([expect.stringMatching(/^__Host-becauth-out-[\w-]{16}$/)])
    expect([await isIn(browser), await isIn(other)]).toEqual([false, true])
  })

  it('is not one of the cookie alone: a copy of it opens nothing any more', async () => {
    const { logIn, isIn, post, newBrowser } = await logoutKit()
    const browser = await logIn()
    const copy = newBrowser()
    for (const [name, value] of browser.jar(origin)) copy.jar(origin).set(name, value)
    expect(await isIn(copy)).toBe(true)
    await post(browser)
    expect(await isIn(copy)).toBe(false)
  })

  it('tells the server by the id_token who logs out, and revokes the tokens', async () => {
    const { calls, kept } = tokens({ idToken: 'h.p.s' })
    const { logIn, post, failures } = await logoutKit({ logout: { tokens: kept } })
    const response = await post(await logIn())
    expect(locationOf(response).searchParams.get('id_token_hint')).toBe('h.p.s')
    expect([calls, failures]).toEqual([['take', 'revoke'], []])
  })

  it('leaves an id_token out that is too long for a URL', async () => {
    const { kept } = tokens({ idToken: 'x'.repeat(4097) })
    const { logIn, post } = await logoutKit({ logout: { tokens: kept } })
    expect(locationOf(await post(await logIn())).searchParams.has('id_token_hint')).toBe(false)
  })

  it.each(['take', 'revoke'] as const)('is one although the tokens cannot be asked (%s)', async (fails) => {
    const { kept } = tokens({ idToken: 'h.p.s', fails })
    const { logIn, isIn, post, heard } = await logoutKit({ logout: { tokens: kept } })
    const browser = await logIn()
    expect((await post(browser)).status).toBe(303)
    expect([await isIn(browser), heard()]).toEqual([false, 'logout-failed'])
  })

  it('leads to the start when the server cannot be reached, logged out all the same', async () => {
    const { handle, stored, issuer, heard } = await logoutKit()
    const cookie = await cookieOf(stored)
    issuer.down = true
    const ask = (path: string, method: string) =>
      handle(new Request(origin + path, { method, headers: { cookie, 'sec-fetch-site': 'same-origin' } }))
    expect((await ask('/me', 'GET')).status).toBe(200)
    const response = await ask('/logout', 'POST')
    expect([response.status, response.headers.get('location')]).toEqual([303, '/'])
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-session=; Max-Age=0/)])
    expect([(await ask('/me', 'GET')).status, heard()]).toEqual([401, 'oauth2-unreachable'])
  })

  it.each([
    ['has no such endpoint', undefined, undefined],
    ['names one that is not safe', 'http://id.example/logout', 'oauth2-malformed'],
    ['names one that is no URL', 7, 'oauth2-malformed'],
  ])('leads to where the person wants to go when the server %s', async (_name, endpoint, code) => {
    const { logIn, isIn, post, issuer, heard } = await logoutKit()
    issuer.metadata = { end_session_endpoint: endpoint }
    const browser = await logIn()
    const response = await post(browser, '/logout?returnTo=/bye')
    expect([response.headers.get('location'), heard()]).toEqual(['/bye', code])
    expect([await isIn(browser), jarOf(browser)]).toEqual([false, []])
  })

  it('leaves the person at the server where no way back is set', async () => {
    const { logIn, post } = await logoutKit({ logout: { postLogoutRedirectUri: undefined } })
    const browser = await logIn()
    const { searchParams } = locationOf(await post(browser))
    expect([...searchParams.keys()]).toEqual(['ui', 'client_id'])
    expect(jarOf(browser)).toEqual([])
  })

  it('is by POST only', async () => {
    const { logIn, isIn, post } = await logoutKit()
    const browser = await logIn()
    for (const method of ['GET', 'HEAD', 'PUT']) {
      const response = await post(browser, '/logout', 'same-origin', method)
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    }
    expect(await isIn(browser)).toBe(true)
  })

  it('works without a session, so that the one at the server can be ended', async () => {
    const { newBrowser, post, failures } = await logoutKit()
    const response = await post(newBrowser())
    expect([response.status, locationOf(response).origin, failures]).toEqual([303, ISSUER, []])
  })

  it('keeps the cookie when the store cannot end the session, and says so', async () => {
    const { logIn, isIn, post, outage, heard } = await logoutKit()
    const browser = await logIn()
    outage.store = true
    const response = await post(browser)
    expect([response.status, response.headers.get('retry-after'), response.headers.getSetCookie()]).toEqual([
      503,
      '5',
      [],
    ])
    expect(await response.text()).toContain('You may still be logged in')
    expect(heard()).toBe('session-may-live')
    outage.store = false
    expect(await isIn(browser)).toBe(true)
    expect((await post(browser)).status).toBe(303)
    expect(await isIn(browser)).toBe(false)
  })

  it('tells clients that want no page in JSON that the session may still live', async () => {
    const { handle, stored, outage } = await logoutKit()
    const headers = { cookie: await cookieOf(stored), 'sec-fetch-site': 'same-origin' }
    outage.store = true
    const response = await handle(new Request(`${origin}/logout`, { method: 'POST', headers }))
    expect([response.status, response.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
    expect(await response.json()).toMatchObject({
      status: 503,
      detail: 'You may still be logged in. Please try again.',
    })
  })

  it('goes on when the person has gone meanwhile', async () => {
    const controller = new AbortController()
    const { kept } = tokens({})
    const take: typeof kept.take = async (request) => {
      controller.abort()
      return kept.take(request)
    }
    const inner: SessionStore = memorySessionStore()
    const store = overriding(inner, {
      delete: (key, until, context) => {
        context.signal.throwIfAborted()
        return inner.delete(key, until, context)
      },
    })
    const { handle, stored } = await logoutKit({ logout: { tokens: { take } }, store })
    const cookie = await cookieOf(stored)
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    await handle(new Request(`${origin}/logout`, { method: 'POST', headers, signal: controller.signal }))
    expect((await handle(new Request(`${origin}/me`, { headers: { cookie } }))).status).toBe(401)
  })

  it('revokes the tokens that it took although the store cannot end the session', async () => {
    const { calls, kept } = tokens({ idToken: 'h.p.s' })
    const { logIn, post, outage, heard } = await logoutKit({ logout: { tokens: kept } })
    const browser = await logIn()
    outage.store = true
    expect([(await post(browser)).status, calls, heard()]).toEqual([503, ['take', 'revoke'], 'session-may-live'])
  })

  it('is not hindered by an "onFailure" that throws', async () => {
    const { logIn, isIn, post } = await logoutKit({
      logout: {
        tokens: tokens({ fails: 'revoke' }).kept,
        onFailure: () => {
          throw new Error('no room')
        },
      },
    })
    const browser = await logIn()
    expect((await post(browser)).status).toBe(303)
    expect(await isIn(browser)).toBe(false)
  })
})

describe('another site', () => {
  it('logs nobody out whose browser sends the cookie', async () => {
    const { logIn, isIn, post } = await logoutKit()
    const browser = await logIn()
    const response = await post(browser, '/logout', 'cross-site')
    expect([response.status, response.headers.getSetCookie(), await isIn(browser)]).toEqual([403, [], true])
  })

  it('logs nobody out whose browser keeps the cookie back: the answer leaves it there', async () => {
    const { newBrowser, post, handle } = await logoutKit()
    for (const site of ['cross-site', 'same-site']) {
      const response = await post(newBrowser(), '/logout', site)
      expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
        303,
        '/',
        [],
      ])
      expect(response.headers.get('clear-site-data')).toBeNull()
    }
    const old = await handle(
      new Request(`${origin}/logout`, { method: 'POST', headers: { origin: 'https://evil.example' } }),
    )
    expect([old.headers.get('location'), old.headers.getSetCookie()]).toEqual(['/', []])
  })

  it('logs nobody out while the store is down', async () => {
    const { logIn, isIn, post, outage } = await logoutKit()
    const browser = await logIn()
    outage.store = true
    const response = await post(browser, '/logout', 'cross-site')
    expect([response.status, response.headers.getSetCookie()]).toEqual([503, []])
    outage.store = false
    expect(await isIn(browser)).toBe(true)
  })
})

describe('the way back from the server', () => {
  it('leads to where the logout was to end, once', async () => {
    const { logIn, post } = await logoutKit()
    const browser = await logIn()
    const { searchParams } = locationOf(await post(browser, '/logout?returnTo=/bye?x=1'))
    const back = `${AFTER}?state=${searchParams.get('state')}`
    const response = await browser.ask(back)
    expect([response.status, response.headers.get('location'), response.headers.get('cache-control')]).toEqual([
      303,
      '/bye?x=1',
      'no-store',
    ])
    expect(jarOf(browser)).toEqual([])
    expect((await browser.ask(back)).headers.get('location')).toBe('/')
  })

  it.each([
    ['without a state', ''],
    ['with a state that nobody made', '?state=x'],
    ['with a state that comes twice', '?state=x&state=y'],
    ['with a place that nobody asked for', '?returnTo=https://evil.example&state=x'],
  ])('leads to the start %s', async (_name, query) => {
    const { logIn, post } = await logoutKit()
    const browser = await logIn()
    await post(browser, '/logout?returnTo=/bye')
    expect((await browser.ask(AFTER + query)).headers.get('location')).toBe('/')
  })

  it('leads to the start in another browser, and after ten minutes', async () => {
    const { logIn, post, newBrowser, time } = await logoutKit()
    const browser = await logIn()
    const { searchParams } = locationOf(await post(browser, '/logout?returnTo=/bye'))
    const back = `${AFTER}?state=${searchParams.get('state')}`
    expect((await newBrowser().ask(back)).headers.get('location')).toBe('/')
    time.now += 601
    expect((await browser.ask(back)).headers.get('location')).toBe('/')
  })

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/.//evil.example', 'javascript:alert(1)'])(
    'never leads to another site, such as %s',
    async (place) => {
      const { logIn, post } = await logoutKit()
      const browser = await logIn()
      const { searchParams } = locationOf(await post(browser, `/logout?returnTo=${encodeURIComponent(place)}`))
      const response = await browser.ask(`${AFTER}?state=${searchParams.get('state')}`)
      expect(response.headers.get('location')).toBe('/')
      const alone = await logoutKit()
      alone.issuer.metadata = {}
      const left = await alone.post(await alone.logIn(), `/logout?returnTo=${encodeURIComponent(place)}`)
      expect(left.headers.get('location')).toBe('/')
    },
  )

  it('gives a place up that does not fit into a cookie', async () => {
    const { logIn, post } = await logoutKit()
    const browser = await logIn()
    const { searchParams } = locationOf(await post(browser, `/logout?returnTo=/${'x'.repeat(2000)}`))
    const response = await browser.ask(`${AFTER}?state=${searchParams.get('state')}`)
    expect(response.headers.get('location')).toBe('/')
  })

  it('is by GET only, and is not the way back of a login', async () => {
    const { handle, begin, comeBack, logIn, post } = await logoutKit()
    const response = await handle(new Request(AFTER, { method: 'POST' }))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const browser = await logIn()
    const { searchParams } = locationOf(await post(browser))
    const under = await begin(browser)
    under.parameters.set('state', searchParams.get('state') ?? '')
    expect((await comeBack(under, { sub: 'ada', sid: 's1' })).status).toBe(401)
  })
})

describe('a logout of sealed sessions', () => {
  it('deletes the cookie and leads to the server', async () => {
    const { auth, client, time } = await logoutKit()
    const schema = z.object({ name: z.string() })
    const sealed = sealedSessions({ keys, absoluteSeconds: 600, schema, clock: () => time.now })
    const routes = logoutRoutes(auth.optional('visitor'), { client, sessions: sealed })
    expect(Object.keys(routes)).toEqual(['logout', 'afterLogout'])
    const request = new Request(`${origin}/logout`, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
    const response = await authenticate(routes.logout)(request)
    expect(response?.headers.get('location')).toBe(`${ISSUER}/logout?ui=plain&client_id=orders`)
    expect(response?.headers.getSetCookie()).toContainEqual(expect.stringMatching(/Max-Age=0/))
  })
})

describe('what is heard of a logout', () => {
  it('shows no token', async () => {
    const { kept } = tokens({ idToken: 'canary.of.tokens', fails: 'revoke' })
    const { logIn, post, issuer, failures } = await logoutKit({ logout: { tokens: kept } })
    const browser = await logIn()
    issuer.metadata = { end_session_endpoint: 'no url' }
    await post(browser)
    expect(failures.length).toBeGreaterThan(0)
    for (const [, failure] of failures) expect(textOf(failure)).not.toContain('canary')
  })
})
