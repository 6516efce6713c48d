import { describe, expect, it } from 'vitest'
import {
  ada,
  Browser,
  causeOf,
  cookiesOf,
  failing,
  fieldsOf,
  overriding,
  START,
  service,
} from '../../test/sessions/kit.ts'
import type { SessionStore } from '../core/session-store.ts'
import { memorySessionStore } from '../stores/memory/session-store.ts'

describe('login()', () => {
  it('lets the browser in with its data, and says until when', async () => {
    const { login, decide } = service()
    const browser = new Browser()
    const result = await login(browser)
    expect(result).toMatchObject({
      kind: 'logged-in',
      session: { data: ada, subject: 'ada', createdAt: START, authenticatedAt: START, expiresAt: START + 86_400 },
    })
    const outcome = await decide(browser)
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: ada, expiresAt: START + 86_400 })
    expect(outcome.kind === 'authenticated' && outcome.amendments?.cacheControl).toBe('no-store')
    expect(fieldsOf(outcome)).toEqual([])
  })

  it('sets a cookie that only this host reads, over TLS, out of reach of scripts', async () => {
    const { headers } = await service().login(new Browser())
    expect(headers).toHaveLength(1)
    expect(headers[0]?.[0]).toBe('Set-Cookie')
    expect(headers[0]?.[1]).toMatch(
      /^__Host-session=s1\.[\w-]{11}\.[\w-]{22}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  it.each([
    [{ embed: true }, /^__Host-session=[^;]+; Path=\/; HttpOnly; Secure; Partitioned; SameSite=None$/],
    [{ sameSite: 'Strict' as const }, /^__Host-session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/],
    [{ dangerouslyAllowInsecureCookie: true }, /^session=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/],
    [{ persistent: true }, /^__Host-session=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
    [{ name: '__Secure-shop' }, /^__Secure-shop=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
  ])('sets the cookie by the options %j', async (cookie, expected) => {
    const { stored } = service({ cookie })
    const { headers } = await stored.login(new Browser().request(), ada, { subject: 'ada' })
    expect(cookiesOf(headers)[0]).toMatch(expected)
    const deleted = cookiesOf((await stored.logout(new Browser().request())).headers)[0]
    expect(deleted?.replace(/=; Max-Age=0/, '=x')).toMatch(
      expected.source.includes('Max-Age=604800') ? /=x; Path/ : expected,
    )
  })

  it('keeps of the id nothing but a hash', async () => {
    const keys: string[] = []
    const inner = memorySessionStore()
    const store = overriding(inner, {
      create: (...call: Parameters<typeof inner.create>) => {
        keys.push(call[0], new TextDecoder().decode(call[1].payload))
        return inner.create(...call)
      },
    })
    const { login } = service({ store })
    const browser = new Browser()
    await login(browser)
    const [, tag = '', id = ''] = browser.session?.split('.') ?? []
    expect(keys[0]).toMatch(new RegExp(`^${tag}\\.[\\w-]{43}$`))
    expect(keys.join()).not.toContain(id)
  })

  it('kills a planted id: it names nobody after the login', async () => {
    const { login, decide } = service()
    const attacker = new Browser()
    await login(attacker, 'mallory')
    const planted = attacker.session ?? ''
    const victim = new Browser()
    victim.cookies.set('__Host-session', planted)
    await login(victim, 'ada')
    expect(victim.session).not.toBe(planted)
    expect(causeOf(await decide(attacker))).toMatchObject({ reason: 'revoked' })
    expect(await decide(victim)).toMatchObject({ kind: 'authenticated' })
  })

  it('gives the same person in the same browser another id and the same handle', async () => {
    const { login, decide, stored } = service()
    const browser = new Browser()
    const first = await login(browser)
    const old = new Browser()
    old.take(first.headers)
    const second = await login(browser)
    expect(second.session?.handle).toBe(first.session?.handle)
    expect(causeOf(await decide(old))).toMatchObject({ reason: 'revoked' })
    expect(await stored.list('ada')).toHaveLength(1)
  })

  it('ends an unknown id that is shown twice, without planting anything', async () => {
    const { login, decide, stored } = service()
    const one = new Browser()
    const two = new Browser()
    await login(one, 'a')
    await login(two, 'b')
    const both = { headers: { Cookie: `__Host-session=${one.session}; __Host-session=${two.session}` } }
    await stored.login(new Browser().request(both), ada, { subject: 'c' })
    expect(causeOf(await decide(one))).toMatchObject({ reason: 'revoked' })
    expect(causeOf(await decide(two))).toMatchObject({ reason: 'revoked' })
  })

  it.each(['', 'x'.repeat(256), 'a\0b', '\ud800', 7, undefined])('refuses the subject %j', async (subject) => {
    const { stored } = service()
    const options = { subject } as { subject: string }
    await expect(stored.login(new Browser().request(), ada, options)).rejects.toThrow(TypeError)
  })

  it('refuses data that does not fit, or does not survive JSON, or is over 64 KB', async () => {
    const { stored } = service()
    const bad = { name: 'secret-canary', count: 'x' } as unknown as typeof ada
    const misfit = stored.login(new Browser().request(), bad, { subject: 'ada' })
    await expect(misfit).rejects.toThrow('must fit "schema"')
    await expect(misfit).rejects.not.toThrow('secret-canary')
    const large = { name: 'x'.repeat(65_536), count: 1 }
    await expect(stored.login(new Browser().request(), large, { subject: 'ada' })).rejects.toThrow('64 KB')
    const wide = { name: 'ä'.repeat(33_000), count: 1 }
    await expect(stored.login(new Browser().request(), wide, { subject: 'ada' })).rejects.toThrow('64 KB')
  })

  it('refuses a login beyond the limit as a value, and leaves everything as it is', async () => {
    const { login, decide, stored } = service({ maxConcurrent: { limit: 1, onExceed: 'refuse' } })
    const first = new Browser()
    await login(first)
    const second = new Browser()
    expect(await login(second)).toEqual({ kind: 'refused', reason: 'too-many-sessions', headers: [] })
    expect(second.session).toBeUndefined()
    expect(await decide(first)).toMatchObject({ kind: 'authenticated' })
    expect((await login(first)).kind).toBe('logged-in')
    expect(await stored.list('ada')).toHaveLength(1)
  })

  it('keeps three of 100 parallel logins with a limit of three', async () => {
    for (const onExceed of ['refuse', 'oldest'] as const) {
      const { login, stored } = service({ maxConcurrent: { limit: 3, onExceed } })
      const results = await Promise.all(Array.from({ length: 100 }, () => login(new Browser())))
      expect(results.filter(({ kind }) => kind === 'logged-in')).toHaveLength(onExceed === 'refuse' ? 3 : 100)
      expect(await stored.list('ada')).toHaveLength(3)
    }
  })

  it('is a retryable error when the store is down, and the old session lives', async () => {
    const inner = memorySessionStore()
    let down = false
    const store = failing(inner, () => down)
    const { login, decide } = service({ store })
    const browser = new Browser()
    await login(browser)
    down = true
    await expect(login(browser, 'bob')).rejects.toMatchObject({
      code: 'store-failed',
      retryable: true,
      statusCode: 503,
    })
    down = false
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated', principal: ada })
  })

  it('does not log in when what the browser came with cannot be ended', async () => {
    const inner = memorySessionStore()
    let created = ''
    const store = overriding(inner, {
      create: (...call: Parameters<typeof inner.create>) => {
        created = call[0]
        return inner.create(...call)
      },
      delete: (...call: Parameters<typeof inner.delete>) => {
        if (call[0] !== created) throw new Error('down')
        return inner.delete(...call)
      },
    })
    const { login, stored } = service({ store })
    const browser = new Browser()
    await login(browser, 'mallory')
    await expect(login(browser, 'ada')).rejects.toMatchObject({ code: 'store-failed' })
    expect(await stored.list('ada')).toEqual([])
  })

  it('makes no session that nobody will hold when the client leaves in the middle of it', async () => {
    const inner = memorySessionStore()
    const leaving = new AbortController()
    const store = overriding<SessionStore>(inner, {
      rotate: () => {
        leaving.abort()
        return false
      },
    })
    const { stored, login } = service({ store })
    const browser = new Browser()
    await login(browser)
    const request = browser.request({ method: 'POST', signal: leaving.signal })
    await expect(stored.login(request, ada, { subject: 'ada' })).rejects.toThrow()
    expect(inner.size).toBe(1)
  })

  it('gives up on a store that does not answer', async () => {
    const store = overriding<SessionStore>(memorySessionStore(), { create: () => new Promise(() => {}) })
    const { login } = service({ store, timeoutSeconds: 0.01 })
    await expect(login(new Browser())).rejects.toMatchObject({ code: 'timed-out', retryable: true })
  })
})

describe('logout()', () => {
  it('ends the session on the server, deletes the cookie and clears the cached pages', async () => {
    const { login, decide, stored } = service()
    const browser = new Browser()
    await login(browser)
    const copy = new Browser()
    copy.cookies.set('__Host-session', browser.session ?? '')
    const { headers } = await stored.logout(browser.request({ method: 'POST' }))
    expect(headers).toEqual([
      ['Set-Cookie', '__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'],
      ['Clear-Site-Data', '"cache"'],
    ])
    expect(causeOf(await decide(copy))).toMatchObject({ kind: 'InvalidCredentials', reason: 'revoked' })
  })

  it('does no harm twice, or without a session', async () => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    const request = browser.request({ method: 'POST' })
    await stored.logout(request)
    expect((await stored.logout(request)).headers).toHaveLength(2)
    expect((await stored.logout(browser.request())).headers).toHaveLength(2)
    expect((await stored.logout(new Browser().request())).headers).toHaveLength(2)
  })

  it('says that the session may still live when the store is down', async () => {
    const inner = memorySessionStore()
    let down = false
    const { login, decide, stored } = service({ store: failing(inner, () => down) })
    const browser = new Browser()
    await login(browser)
    down = true
    const failed = stored.logout(browser.request({ method: 'POST' }))
    await expect(failed).rejects.toMatchObject({ code: 'session-may-live', statusCode: 503, retryable: true })
    const error: unknown = await failed.catch((thrown: unknown) => thrown)
    const { response } = error as { response: { status: number; body: string; headers: unknown } }
    expect(response.status).toBe(503)
    expect(JSON.parse(response.body)).toMatchObject({
      status: 503,
      detail: 'You may still be logged in. Please try again.',
    })
    expect(response.headers).toContainEqual(['Retry-After', '5'])
    down = false
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
  })

  it('puts its fields onto answers that can be reached', async () => {
    const { stored } = service()
    const sent: unknown[] = []
    const request = { ...new Browser().request(), respond: (fields: unknown) => void sent.push(fields) }
    const login = await stored.login(request, ada, { subject: 'ada' })
    const logout = await stored.logout(request)
    expect(sent).toEqual([login.headers, logout.headers])
  })
})

describe('a login and a decision of the same request', () => {
  it('see the same person, whatever was decided before', async () => {
    const { auth, stored, login } = service()
    const browser = new Browser()
    const request = browser.request()
    expect(await auth.decide(request, auth.optional('visitor'))).toMatchObject({ kind: 'anonymous' })
    await stored.login(request, ada, { subject: 'ada' })
    expect(await auth.decide(request, 'visitor')).toMatchObject({ kind: 'authenticated', principal: ada })
    await stored.logout(request)
    expect(await auth.decide(request, auth.optional('visitor'))).toMatchObject({ kind: 'anonymous' })
    await login(browser, 'bob', { data: { name: 'bob', count: 1 } })
    const again = browser.request()
    expect(await auth.decide(again, 'visitor')).toMatchObject({ principal: { name: 'bob' } })
    await stored.update(again, { count: 2 })
    expect(await auth.decide(again, 'visitor')).toMatchObject({ principal: { name: 'bob', count: 2 } })
  })

  it('does not delete the fresh cookie by what was wanted for the old one', async () => {
    const { auth, stored } = service()
    const browser = new Browser()
    browser.cookies.set('__Host-session', 's1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA')
    const request = browser.request()
    const outcome = await auth.decide(request, auth.optional('visitor'))
    expect(cookiesOf(fieldsOf(outcome))).toHaveLength(1)
    const result = await stored.login(request, ada, { subject: 'ada' })
    browser.take(result.headers)
    browser.take(fieldsOf(outcome))
    expect(browser.session).toBeDefined()
    expect(await auth.decide(browser.request(), 'visitor')).toMatchObject({ kind: 'authenticated' })
  })
})
