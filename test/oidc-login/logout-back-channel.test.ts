import { describe, expect, it } from 'vitest'
import type { OneTimeStore } from '../../src/core/ports.ts'
import { OAuth2Unavailable } from '../../src/providers/oauth2/errors.ts'
import type { IssuerLogout } from '../../src/providers/oauth2/logout/logout-options.ts'
import { memoryOneTimeStore } from '../../src/stores/memory/index.ts'
import { ISSUER, origin } from './kit.ts'
import { issuerKey, logoutKit } from './logout-kit.ts'

const FORM = 'application/x-www-form-urlencoded'

describe('which sessions a logout token ends', () => {
  it('are those of the issuer\'s session where it has a "sid", whoever else is logged in', async () => {
    const { logIn, isIn, logoutToken, deliver } = await logoutKit()
    const [one, same, other, eve] = [
      await logIn({ sub: 'ada', sid: 's1' }),
      await logIn({ sub: 'ada', sid: 's1' }),
      await logIn({ sub: 'ada', sid: 's2' }),
      await logIn({ sub: 'eve', sid: 's3' }),
    ]
    expect((await deliver(await logoutToken({ sub: 'ada', sid: 's1' }))).status).toBe(200)
    expect(await Promise.all([one, same, other, eve].map(isIn))).toEqual([false, false, true, true])
    expect((await deliver(await logoutToken({ sub: undefined, sid: 's2' }))).status).toBe(200)
    expect(await Promise.all([other, eve].map(isIn))).toEqual([false, true])
  })

  it('are all of the person where it has only a "sub"', async () => {
    const { logIn, isIn, logoutToken, deliver } = await logoutKit()
    const browsers = [await logIn({ sub: 'ada', sid: 's1' }), await logIn({ sub: 'ada' }), await logIn({ sub: 'eve' })]
    expect((await deliver(await logoutToken({ sid: undefined }))).status).toBe(200)
    expect(await Promise.all(browsers.map(isIn))).toEqual([false, false, true])
  })

  it('are none where nobody is logged in, which is a success', async () => {
    const logouts: IssuerLogout[] = []
    const { logIn, isIn, logoutToken, deliver } = await logoutKit({
      logout: { onLogout: (logout) => void logouts.push(logout) },
    })
    const browser = await logIn()
    expect((await deliver(await logoutToken({ sid: 'unknown' }))).status).toBe(200)
    expect((await deliver(await logoutToken())).status).toBe(200)
    expect(await isIn(browser)).toBe(false)
    const common = { issuer: ISSUER, tenant: undefined, subject: 'ada' }
    expect(logouts).toEqual([
      { ...common, sid: 'unknown', sessions: 0 },
      { ...common, sid: 's1', sessions: 1 },
    ])
  })

  it('have ended although "onLogout" throws, which "onFailure" hears', async () => {
    const { logIn, isIn, logoutToken, deliver, heard } = await logoutKit({
      logout: {
        onLogout: () => {
          throw new Error('no room')
        },
      },
    })
    const browser = await logIn()
    expect((await deliver(await logoutToken())).status).toBe(200)
    expect([await isIn(browser), heard()]).toEqual([false, 'logout-failed'])
  })
})

describe('a request to the back channel', () => {
  it.each([
    ['by GET', { method: 'GET' }, 405],
    ['without a body', { method: 'POST', headers: { 'content-type': FORM } }, 400],
    ['with a form of other fields', { method: 'POST', body: new URLSearchParams({ token: 'x' }) }, 400],
    [
      'with a token that comes twice',
      { method: 'POST', body: new URLSearchParams('logout_token=a&logout_token=b') },
      400,
    ],
    [
      'with JSON',
      { method: 'POST', body: '{"logout_token":"x"}', headers: { 'content-type': 'application/json' } },
      400,
    ],
    ['with more than 64 KiB', { method: 'POST', body: new URLSearchParams({ logout_token: 'x'.repeat(70_000) }) }, 413],
  ] as const)('%s is refused', async (_name, init, status) => {
    const { handle, failures } = await logoutKit()
    const response = await handle(new Request(`${origin}/back-channel`, init))
    expect([response.status, response.headers.get('cache-control')]).toEqual([status, 'no-store'])
    expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null)
    expect(failures).toHaveLength(status === 405 ? 0 : 1)
  })

  it('needs no cookie, and is not kept by one of another site', async () => {
    const { handle, logIn, isIn, logoutToken } = await logoutKit()
    const browser = await logIn()
    const response = await handle(
      new Request(`${origin}/back-channel`, {
        method: 'POST',
        headers: { cookie: '__Host-session=x', origin: ISSUER, 'sec-fetch-site': 'cross-site' },
        body: new URLSearchParams({ logout_token: await logoutToken() }),
      }),
    )
    expect([response.status, response.headers.get('set-cookie'), await isIn(browser)]).toEqual([200, null, false])
  })
})

describe('an outage during a back-channel logout', () => {
  it('of the issuer is 503 while its keys are unknown, and the same token is good afterwards', async () => {
    const { logoutToken, deliver, issuer, failures } = await logoutKit()
    issuer.down = true
    const token = await logoutToken()
    const response = await deliver(token)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
    expect(failures.at(-1)?.[1]).toBeInstanceOf(OAuth2Unavailable)
    issuer.down = false
    expect((await deliver(token)).status).toBe(200)
  })

  it('of the issuer goes unnoticed while its keys are known', async () => {
    const { logIn, isIn, logoutToken, deliver, issuer, time, failures } = await logoutKit()
    const browser = await logIn()
    issuer.down = true
    time.now += 700
    expect((await deliver(await logoutToken())).status).toBe(200)
    time.now += 3600
    expect((await deliver(await logoutToken())).status).toBe(200)
    expect([await isIn(browser), failures]).toEqual([false, []])
  })

  it('of the session store is 503, and the same token is good afterwards, once', async () => {
    const { logIn, isIn, logoutToken, deliver, outage, heard } = await logoutKit()
    const browser = await logIn()
    const token = await logoutToken()
    outage.store = true
    for (let attempt = 0; attempt < 3; attempt++) expect((await deliver(token)).status).toBe(503)
    expect(heard()).toBe('store-failed')
    outage.store = false
    expect(await isIn(browser)).toBe(true)
    expect((await deliver(token)).status).toBe(200)
    expect(await isIn(browser)).toBe(false)
    expect((await deliver(token)).status).toBe(400)
    expect(heard()).toBe('replayed')
  })

  it.each([
    ['is full', () => 'full' as const, 'oauth2-store-full'],
    [
      'is down',
      () => {
        throw new Error('down')
      },
      'logout-failed',
    ],
  ])('is 503 when the store of tokens that came %s, and ends nothing', async (_name, consume, code) => {
    const store: OneTimeStore = { consume }
    const { logIn, isIn, logoutToken, deliver, heard } = await logoutKit({ logout: { store } })
    const browser = await logIn()
    expect((await deliver(await logoutToken())).status).toBe(503)
    expect([heard(), await isIn(browser)]).toEqual([code, true])
  })

  it('that begins after the sessions ended is 503, and the token is good once more', async () => {
    const inner = memoryOneTimeStore()
    let calls = 0
    const store: OneTimeStore = {
      consume: (...given) => {
        if (++calls === 2) throw new Error('down')
        return inner.consume(...given)
      },
    }
    const { logIn, isIn, logoutToken, deliver } = await logoutKit({ logout: { store } })
    const browser = await logIn()
    const token = await logoutToken()
    expect([(await deliver(token)).status, await isIn(browser)]).toEqual([503, false])
    expect((await deliver(token)).status).toBe(200)
    expect((await deliver(token)).status).toBe(400)
  })
})

describe('new keys of an issuer', () => {
  it('are found when a logout token is the first that they signed', async () => {
    const { logIn, isIn, logoutToken, deliver, published, time, heard } = await logoutKit()
    const browser = await logIn()
    const next = await issuerKey('next')
    published.push(next.jwk)
    time.now += 31
    expect((await deliver(await logoutToken({}, {}, next))).status).toBe(200)
    expect([await isIn(browser), heard()]).toEqual([false, undefined])
  })
})

describe('a logout that meets a login', () => {
  it('wins when it overtakes the login, which leads to the start without a session', async () => {
    const { begin, comeBack, isIn, logoutToken, deliver, time } = await logoutKit()
    const under = await begin()
    time.now += 2
    expect((await deliver(await logoutToken())).status).toBe(200)
    time.now += 2
    const response = await comeBack(under, { sub: 'ada', sid: 's1' })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/'])
    expect(await isIn(under.browser)).toBe(false)
  })

  it('wins when it overtakes the login by the name of the person', async () => {
    const { begin, comeBack, isIn, logoutToken, deliver, time } = await logoutKit()
    const under = await begin()
    time.now += 2
    expect((await deliver(await logoutToken({ sid: undefined }))).status).toBe(200)
    await comeBack(under, { sub: 'ada', sid: 's1' })
    expect(await isIn(under.browser)).toBe(false)
  })

  it('wins when it comes while the login is being answered', async () => {
    const { begin, comeBack, isIn, logoutToken, deliver, issuer, time } = await logoutKit()
    const under = await begin()
    time.now += 2
    issuer.token = async () => {
      const tokens = await issuer.tokens()
      await deliver(await logoutToken())
      return Response.json(tokens)
    }
    await comeBack(under, { sub: 'ada', sid: 's1' })
    expect(await isIn(under.browser)).toBe(false)
  })

  it('wins when it comes right after the login', async () => {
    const { begin, comeBack, isIn, logoutToken, deliver, time } = await logoutKit()
    const under = await begin()
    time.now += 2
    expect((await comeBack(under, { sub: 'ada', sid: 's1' })).headers.get('location')).toBe('/me')
    await deliver(await logoutToken())
    expect(await isIn(under.browser)).toBe(false)
  })

  it('leaves alone who logs in afterwards, and who is in another session of the issuer', async () => {
    const { begin, comeBack, logIn, isIn, logoutToken, deliver, time } = await logoutKit()
    const other = await begin()
    time.now += 2
    await deliver(await logoutToken())
    time.now += 2
    await comeBack(other, { sub: 'ada', sid: 's2' })
    const later = await logIn({ sub: 'ada', sid: 's1' })
    expect([await isIn(other.browser), await isIn(later)]).toEqual([true, true])
  })

  it.each([0, 1, 2, 3, 4, 5])('wins however their steps are interleaved (%i)', async (steps) => {
    const { begin, comeBack, isIn, logoutToken, deliver, time } = await logoutKit()
    const under = await begin()
    time.now += 2
    const token = await logoutToken()
    const login = comeBack(under, { sub: 'ada', sid: 's1' })
    for (let step = 0; step < steps * 3; step++) await new Promise((resolve) => setImmediate(resolve))
    const [, response] = await Promise.all([login, deliver(token)])
    expect([response.status, await isIn(under.browser)]).toEqual([200, false])
  })
})
