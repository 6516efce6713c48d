import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/session-store.ts'
import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { ada, Browser, causeOf, cookiesOf, failing, fieldsOf, overriding, START, service } from './kit.ts'

function holding(value: string): Browser {
  const browser = new Browser()
  browser.cookies.set('__Host-session', value)
  return browser
}

describe('what Ktor gets wrong about stored sessions', () => {
  it('F22, D62: an id that was there before the login does not survive it, whoever planted it', async () => {
    const { login, decide } = service()
    const attacker = new Browser()
    await login(attacker, 'mallory')
    const victim = holding(attacker.session ?? '')
    await login(victim, 'ada')
    expect(victim.session).not.toBe(attacker.session)
    expect(causeOf(await decide(attacker))).toMatchObject({ reason: 'revoked' })
    const invented = holding('s1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA')
    await login(invented, 'ada')
    expect(invented.session).not.toContain('AAAAAAAAAAA')
  })

  it('F22: logging out and in within one request gives another id', async () => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    const before = browser.session
    const request = browser.request()
    browser.take((await stored.logout(request)).headers)
    browser.take((await stored.login(request, ada, { subject: 'ada' })).headers)
    expect(browser.session).not.toBe(before)
  })

  it('F23: the server ends a session, whatever a dishonest client does with its cookie', async () => {
    const { login, decide, clock, stored, store } = service()
    const browser = new Browser()
    await login(browser)
    clock.now = START + 86_401
    expect(causeOf(await decide(holding(browser.session ?? '')))).toMatchObject({ reason: 'expired' })
    await stored.sweep()
    expect(store.size).toBe(0)
  })

  it('F23b: a cookie is Secure, HttpOnly and SameSite without a setting', async () => {
    const { headers } = await service().login(new Browser())
    expect(cookiesOf(headers)[0]).toMatch(/; HttpOnly; Secure; SameSite=Lax$/)
  })

  it('F23c: of two parallel changes both are kept', async () => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    await Promise.all([
      stored.update(browser.request(), { name: 'eve' }),
      stored.update(browser.request(), ({ name, count }) => ({ name, count: count + 1 })),
    ])
    expect((await stored.current(browser.request()))?.data).toEqual({ name: 'eve', count: 1 })
  })

  it.each([
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    'x'.repeat(5000),
    's1..',
    's1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA/../x',
    '__proto__',
  ])('F30, D39: the hostile id %j is refused without a 500, and nothing is written for it', async (value) => {
    const calls: string[] = []
    const store = new Proxy(memorySessionStore(), {
      get: (target, name) => {
        calls.push(String(name))
        const method: unknown = Reflect.get(target, name)
        return typeof method === 'function' ? method.bind(target) : method
      },
    })
    const { auth } = service({ store })
    calls.length = 0
    const outcome = await auth.decide(holding(value).request(), auth.optional('visitor'))
    expect(outcome.kind).toBe('anonymous')
    expect(causeOf(outcome)).toMatchObject({ kind: 'InvalidCredentials', discardable: true })
    expect(calls).toEqual([])
  })

  it('F30: a logout ends a session that comes in a header field', async () => {
    const { stored, auth } = service({ header: 'X-Session' })
    const { headers } = await stored.login(new Browser().request(), ada, { subject: 'ada' })
    const request = () => new Browser().request({ headers: { 'X-Session': headers[0]?.[1] ?? '' } })
    expect(await auth.decide(request(), 'visitor')).toMatchObject({ kind: 'authenticated' })
    await stored.logout(request())
    expect(causeOf(await auth.decide(request(), 'visitor'))).toMatchObject({ reason: 'revoked' })
  })

  it('F30: a session that another process ended is over here at once', async () => {
    const { login, decide, store } = service()
    const elsewhere = service({ store })
    const browser = new Browser()
    const { session } = await login(browser)
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    expect(await elsewhere.stored.revoke('ada', session?.handle ?? '')).toBe(true)
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'unknown', discardable: true })
  })

  it('D38: data written by hand into the cookie is nobody', async () => {
    const { decide } = service()
    const outcome = await decide(holding(encodeURIComponent(JSON.stringify(ada))))
    expect(causeOf(outcome)).toMatchObject({ reason: 'malformed-credential' })
  })

  it('D40: a failure of the store sticks to nothing', async () => {
    let down = true
    const { login, decide } = service({ store: failing(memorySessionStore(), () => down) })
    const browser = new Browser()
    down = false
    await login(browser)
    down = true
    expect(causeOf(await decide(browser))).toMatchObject({ kind: 'Error' })
    down = false
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
  })

  it('D41: whatever is renewed or removed in between, each session ends in time', async () => {
    const { login, stored, clock, store } = service({ idleSeconds: 100, touchEverySeconds: 1 })
    const browsers = Array.from({ length: 50 }, () => new Browser())
    for (const [index, browser] of browsers.entries()) await login(browser, `subject ${index}`)
    await stored.logout((browsers[0] ?? new Browser()).request())
    await stored.logout((browsers[25] ?? new Browser()).request())
    clock.now += 50
    for (const browser of browsers.slice(40)) await stored.touch(browser.request())
    clock.now += 50
    await stored.sweep()
    expect(store.size).toBe(10)
    clock.now += 50
    await stored.sweep()
    expect(store.size).toBe(0)
  })

  it('D59: after a logout the request has no session any more', async () => {
    const { login, stored, auth } = service()
    const browser = new Browser()
    await login(browser)
    const request = browser.request()
    await auth.decide(request, 'visitor')
    await stored.logout(request)
    expect(await stored.current(request)).toBeUndefined()
    expect(await auth.decide(request, auth.optional('visitor'))).toMatchObject({ kind: 'anonymous', failures: [{}] })
  })

  it('D63: the data of a session stands in no event, cause or error', async () => {
    const inner = memorySessionStore()
    const garbled = overriding<SessionStore>(inner, {
      read: async (...call) => {
        const reading = inner.read(...call)
        if (typeof reading !== 'object') return reading
        return { ...reading, payload: reading.payload.slice(0, -1) }
      },
    })
    const { login, decide, faults } = service({ store: garbled })
    const browser = new Browser()
    await login(browser, 'ada', { data: { name: 'canary', count: 1 } })
    const value = browser.session ?? 'none'
    const outcome = await decide(browser)
    expect(causeOf(outcome)).toMatchObject({ reason: 'malformed-credential' })
    const said = JSON.stringify([outcome, faults, fieldsOf(outcome)])
    expect(said).not.toContain('canary')
    expect(said).not.toContain(value)
  })

  it('F25: the answer to a refusal is chosen knowing why', async () => {
    const { decide } = service()
    expect(causeOf(await decide(holding('x')))).toMatchObject({ kind: 'InvalidCredentials' })
    expect(causeOf(await decide(new Browser()))).toEqual({ kind: 'NoCredentials' })
  })
})
