import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  ada,
  Browser,
  causeOf,
  cookiesOf,
  failing,
  fieldsOf,
  overriding,
  START,
  schema,
  service,
} from '../../../test/sessions/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { SessionReading, SessionStore } from '../../core/session-store.ts'
import { sessions } from '../../sessions/sessions.ts'
import { memorySessionStore } from '../../stores/memory/session-store.ts'
import { form } from '../form/form.ts'
import { session } from './session.ts'

const navigating = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
const unknown = 's1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA'
const deletion = '__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'

function holding(value: string): Browser {
  const browser = new Browser()
  browser.cookies.set('__Host-session', value)
  return browser
}

describe('session()', () => {
  it('is not concerned by a request without the cookie', async () => {
    const { auth } = service()
    const outcome = await auth.decide(new Browser().request({ headers: { Cookie: 'session=x; other=y' } }), 'visitor')
    expect(causeOf(outcome)).toEqual({ kind: 'NoCredentials' })
    expect(outcome).toMatchObject({ kind: 'rejected', response: { status: 401 } })
    expect(fieldsOf(outcome)).toContainEqual(['WWW-Authenticate', 'Session realm="visitor"'])
    expect(cookiesOf(fieldsOf(outcome))).toEqual([])
  })

  it.each([
    [unknown, 'unknown'],
    ['', 'malformed-credential'],
    ['s1', 'malformed-credential'],
    [`${unknown}A`, 'malformed-credential'],
    [unknown.replace('s1', 's2'), 'malformed-credential'],
    ['{"name":"ada"}', 'malformed-credential'],
    ['../../etc/passwd', 'malformed-credential'],
  ])('refuses the session %j, deletes it, and forgives it where nobody need be known', async (value, reason) => {
    const { auth } = service()
    const refused = await auth.decide(holding(value).request(), 'visitor')
    expect(causeOf(refused)).toEqual({ kind: 'InvalidCredentials', reason, discardable: true })
    expect(refused).toMatchObject({ response: { status: 401 } })
    expect(cookiesOf(fieldsOf(refused))).toEqual([deletion])
    const forgiven = await auth.decide(holding(value).request(), auth.optional('visitor'))
    expect(forgiven).toMatchObject({ kind: 'anonymous' })
    expect(cookiesOf(fieldsOf(forgiven))).toEqual([deletion])
    expect(forgiven.failures).toHaveLength(1)
  })

  it('refuses a cookie that comes twice, also where nobody need be known, and deletes neither', async () => {
    const { auth, login } = service()
    const browser = new Browser()
    await login(browser)
    const Cookie = `__Host-session=${browser.session}; __Host-session=${unknown}`
    const outcome = await auth.decide(browser.request({ headers: { Cookie } }), auth.optional('visitor'))
    expect(causeOf(outcome)).toEqual({ kind: 'InvalidCredentials', reason: 'malformed-credential', discardable: false })
    expect(outcome.kind).toBe('rejected')
    expect(cookiesOf(fieldsOf(outcome))).toEqual([])
  })

  it('answers 503 and leaves the cookie alone while the store is down', async () => {
    let down = false
    const { login, decide, auth } = service({ store: failing(memorySessionStore(), () => down) })
    const browser = new Browser()
    await login(browser)
    const value = browser.session
    down = true
    const outcome = await decide(browser)
    expect(causeOf(outcome)).toEqual({ kind: 'Error', code: 'store-failed', retryable: true })
    expect(outcome).toMatchObject({ kind: 'unavailable', response: { status: 503 } })
    expect(await auth.decide(browser.request(), auth.optional('visitor'))).toMatchObject({ kind: 'unavailable' })
    expect(browser.session).toBe(value)
    down = false
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
  })

  it('answers 503 as well when the store rejects', async () => {
    const store = overriding<SessionStore>(memorySessionStore(), { read: () => Promise.reject(new Error('down')) })
    const outcome = await service({ store }).decide(holding(unknown))
    expect(causeOf(outcome)).toEqual({ kind: 'Error', code: 'store-failed', retryable: true })
  })

  it('refuses requests that another site caused', async () => {
    const { auth, login } = service()
    const browser = new Browser()
    await login(browser)
    for (const site of ['cross-site', 'same-site']) {
      const post = browser.request({ method: 'POST', headers: { 'Sec-Fetch-Site': site } })
      expect(await auth.decide(post, 'visitor')).toMatchObject({ kind: 'rejected', response: { status: 403 } })
    }
    const Cookie = `__Host-session=${browser.session}`
    const bare = { method: 'POST', headers: { Cookie, 'Sec-Fetch-Site': 'cross-site' } }
    expect(await auth.decide(browser.request(bare), 'visitor')).toMatchObject({ response: { status: 403 } })
    expect(await auth.decide(browser.request({ method: 'POST' }), 'visitor')).toMatchObject({ kind: 'authenticated' })
  })

  it('answers at once when the store does', async () => {
    const { auth, login } = service()
    const browser = new Browser()
    await login(browser)
    expect(auth.decide(browser.request(), 'visitor')).not.toBeInstanceOf(Promise)
  })

  it('asks the store once, however often the request is decided and its handler looks', async () => {
    const inner = memorySessionStore()
    let reads = 0
    const store = overriding(inner, {
      read: (...call: Parameters<typeof inner.read>): SessionReading => {
        reads++
        return inner.read(...call)
      },
    })
    const { auth, login, stored } = service({ store })
    const browser = new Browser()
    await login(browser)
    reads = 0
    const request = browser.request()
    await auth.decide(request, 'visitor')
    await auth.decide(request, auth.optional('visitor'))
    expect(await stored.current(request)).toMatchObject({ subject: 'ada' })
    expect(reads).toBe(1)
  })
})

describe('session() with validate', () => {
  it('gives the session to validate and its answer to the handler', async () => {
    const { stored, login } = service()
    const auth = authentication(
      {
        visitor: session({
          sessions: stored,
          validate: ({ data, subject, authenticatedAt }) =>
            subject === 'eve'
              ? null
              : subject === 'mallory'
                ? invalidCredentials('disabled')
                : { ...data, authenticatedAt },
        }),
      },
      { clock: () => START },
    )
    const [browser, eve, mallory] = [new Browser(), new Browser(), new Browser()]
    await login(browser)
    await login(eve, 'eve')
    await login(mallory, 'mallory')
    expect(await auth.decide(browser.request(), 'visitor')).toMatchObject({
      principal: { name: 'ada', authenticatedAt: START },
    })
    const refused = await auth.decide(eve.request(), auth.optional('visitor'))
    expect(causeOf(refused)).toEqual({ kind: 'InvalidCredentials', reason: undefined, discardable: false })
    expect(cookiesOf(fieldsOf(refused))).toEqual([])
    expect(causeOf(await auth.decide(mallory.request(), 'visitor'))).toMatchObject({ reason: 'disabled' })
  })

  it('is a retryable error when validate throws or answers nonsense', async () => {
    const { stored, login } = service()
    const browser = new Browser()
    await login(browser)
    for (const validate of [() => Promise.reject(new Error('x')), () => undefined as unknown as null]) {
      const auth = authentication({ visitor: session({ sessions: stored, validate }) }, { clock: () => START })
      expect(causeOf(await auth.decide(browser.request(), 'visitor'))).toMatchObject({ kind: 'Error', retryable: true })
    }
  })
})

describe('session() with a challenge', () => {
  const { stored } = service()

  it('sends a navigation to the login page, with the way back', async () => {
    const auth = authentication({ visitor: session({ sessions: stored, challenge: { redirect: '/login' } }) })
    const outcome = await auth.decide(holding(unknown).request({ target: '/me?x=1', headers: navigating }), 'visitor')
    expect(outcome).toMatchObject({ response: { status: 302 } })
    expect(fieldsOf(outcome)).toContainEqual(['Location', '/login?returnTo=%2Fme%3Fx%3D1'])
    expect(cookiesOf(fieldsOf(outcome))).toEqual([deletion])
    const script = await auth.decide(holding(unknown).request({ target: '/me' }), 'visitor')
    expect(script).toMatchObject({ response: { status: 401 } })
  })

  it('shows a person the page', async () => {
    const auth = authentication({ visitor: session({ sessions: stored, challenge: { page: '<form>' } }) })
    const outcome = await auth.decide(new Browser().request({ headers: navigating }), 'visitor')
    expect(outcome).toMatchObject({ response: { status: 401, body: '<form>' } })
  })

  it('tells a function the cause', async () => {
    const auth = authentication({
      visitor: session({
        sessions: stored,
        challenge: (cause) => ({ redirect: cause.kind === 'NoCredentials' ? '/welcome' : '/again', always: true }),
      }),
    })
    const first = await auth.decide(new Browser().request(), 'visitor')
    expect(fieldsOf(first)).toContainEqual(['Location', '/welcome'])
    const again = await auth.decide(holding(unknown).request(), 'visitor')
    expect(fieldsOf(again)).toContainEqual(['Location', '/again'])
  })
})

describe('session() beside form()', () => {
  it('logs in by a form and stays in by the session', async () => {
    const { stored } = service()
    const auth = authentication(
      {
        login: form({ validate: ({ username, password }) => (password === 'right' ? { id: username } : null) }),
        visitor: session({ sessions: stored }),
      },
      { clock: () => START },
    )
    const browser = new Browser()
    const post = browser.request({
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'user=ada&password=right',
    })
    const who = await auth.decide(post, 'login')
    if (who.kind !== 'authenticated') throw new Error('the form refused')
    browser.take((await stored.login(post, ada, { subject: who.principal.id })).headers)
    expect(await auth.decide(browser.request(), 'visitor')).toMatchObject({ kind: 'authenticated', principal: ada })
  })
})

describe('session() over a header field', () => {
  it('lets clients in that are no browsers, and logs them out on the server', async () => {
    const { stored, auth } = service({ header: 'X-Session' })
    const { headers } = await stored.login(new Browser().request(), ada, { subject: 'ada' })
    expect(headers).toEqual([['X-Session', expect.stringMatching(/^s1\./)]])
    const value = headers[0]?.[1] ?? ''
    const request = () =>
      new Browser().request({ method: 'POST', headers: { 'X-Session': value, 'Sec-Fetch-Site': 'cross-site' } })
    const outcome = await auth.decide(request(), 'visitor')
    expect(outcome).toMatchObject({
      kind: 'authenticated',
      amendments: { vary: ['X-Session'], cacheControl: 'no-store' },
    })
    expect((await stored.logout(request())).headers).toEqual([])
    const after = await auth.decide(request(), auth.optional('visitor'))
    expect(causeOf(after)).toEqual({ kind: 'InvalidCredentials', reason: 'revoked', discardable: false })
  })

  it('refuses two of them', async () => {
    const { auth } = service({ header: 'X-Session' })
    const two = await auth.decide(
      new Browser().request({ headers: { 'X-Session': `${unknown}, ${unknown}` } }),
      'visitor',
    )
    expect(causeOf(two)).toMatchObject({ reason: 'malformed-credential' })
  })
})

describe('the data of a session', () => {
  const store = memorySessionStore()
  const now = START + 1

  function versioned(dataVersion: number, migrate?: (data: unknown, from: number) => never) {
    return service({ store, dataVersion, migrate: migrate as never })
  }

  it('is over, with a fault that shows nothing of it, when it fits its schema no more', async () => {
    const browser = new Browser()
    await service({ store }).login(browser, 'ada', { data: { name: 'canary', count: 1 } })
    const strict = service({ store, schema: z.object({ name: z.string(), count: z.number().min(5) }) })
    const outcome = await strict.decide(browser)
    expect(causeOf(outcome)).toEqual({ kind: 'InvalidCredentials', reason: 'malformed-credential', discardable: true })
    expect(browser.session).toBeUndefined()
    expect(strict.faults).toMatchObject([{ fault: 'provider-fault', provider: 'visitor' }])
    expect(JSON.stringify([strict.faults, outcome])).not.toContain('canary')
  })

  it('is migrated when it is older, and over without a migration', async () => {
    const browser = new Browser()
    await versioned(1).login(browser)
    const seen: unknown[] = []
    const migrating = service({
      store,
      dataVersion: 3,
      migrate: (data, from) => {
        seen.push([data, from])
        return { name: 'migrated', count: 3 }
      },
    })
    expect(await migrating.decide(browser)).toMatchObject({ principal: { name: 'migrated', count: 3 } })
    expect(seen).toEqual([[ada, 1]])
    const copy = holding(browser.session ?? '')
    expect(causeOf(await versioned(2).decide(copy))).toMatchObject({ reason: 'expired', discardable: true })
  })

  it('is an error when a migration throws or answers what does not fit', async () => {
    const browser = new Browser()
    await versioned(1).login(browser)
    const throwing = versioned(2, () => {
      throw new Error('no')
    })
    expect(causeOf(await throwing.decide(browser))).toMatchObject({ kind: 'Error', retryable: true })
    const nonsense = versioned(2, () => ({ name: 7 }) as never)
    expect(causeOf(await nonsense.decide(browser))).toMatchObject({ kind: 'Error', code: 'invalid-answer' })
    expect(browser.session).toBeDefined()
  })

  it('of a newer process is a retryable error that keeps the cookie', async () => {
    const browser = new Browser()
    await versioned(2, () => ada as never).login(browser)
    expect(causeOf(await versioned(1).decide(browser))).toEqual({
      kind: 'Error',
      code: 'newer-session',
      retryable: true,
    })
    expect(browser.session).toBeDefined()
  })

  it('in a newer format is a retryable error, and in an unreadable one the session is over', async () => {
    const record = {
      payload: new TextEncoder().encode('?'),
      tags: [],
      createdAt: START,
      renewedAt: START,
      expiresAt: START + 9,
    }
    for (const [format, expected] of [
      [2, { kind: 'Error', code: 'newer-session', retryable: true }],
      [1, { kind: 'InvalidCredentials', reason: 'malformed-credential', discardable: true }],
    ] as const) {
      const odd = overriding(memorySessionStore(), {
        read: () => ({ ...record, format, subject: 'ada', handle: '', version: 1, rotated: false }),
      })
      expect(causeOf(await service({ store: odd }).decide(holding(unknown)))).toEqual(expected)
    }
  })

  it('may be what JSON cannot carry, with encode and decode', async () => {
    const dated = sessions({
      store,
      schema: z.object({ at: z.date() }),
      encode: ({ at }) => ({ at: at.toISOString() }),
      decode: (stored) => ({ at: new Date((stored as { at: string }).at) }),
      clock: () => now,
    })
    const auth = authentication({ visitor: session({ sessions: dated }) }, { clock: () => now })
    const browser = new Browser()
    const at = new Date(1_700_000_000_000)
    browser.take((await dated.login(browser.request(), { at }, { subject: 'ada' })).headers)
    expect(await auth.decide(browser.request(), 'visitor')).toMatchObject({ principal: { at } })
    const plain = sessions({ store, schema: z.object({ at: z.date() }) })
    await expect(plain.login(browser.request(), { at }, { subject: 'ada' })).rejects.toThrow('read again')
  })

  it('may be checked by a schema that takes its time', async () => {
    const slow = schema.refine(async ({ count }) => count < 5)
    const { login, decide } = service({ schema: slow })
    const browser = new Browser()
    await login(browser)
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    await expect(login(browser, 'ada', { data: { name: 'ada', count: 9 } })).rejects.toThrow(TypeError)
  })
})

describe('the options of session() and sessions()', () => {
  const store = memorySessionStore()

  it.each([
    [{ store: undefined }, '"store"'],
    [{ schema: {} }, '"schema"'],
    [{ dataVersion: 0 }, '"dataVersion"'],
    [{ migrate: 1 }, '"migrate"'],
    [{ idleSeconds: 0.5 }, '"idleSeconds"'],
    [{ absoluteSeconds: -1 }, '"absoluteSeconds"'],
    [{ idleSeconds: 100, touchEverySeconds: 100 }, '"touchEverySeconds"'],
    [{ maxConcurrent: { limit: 0, onExceed: 'refuse' } }, '"maxConcurrent.limit"'],
    [{ maxConcurrent: { limit: 1, onExceed: 'newest' } }, '"maxConcurrent.onExceed"'],
    [{ cookie: { name: 'a b' } }, '"cookie.name"'],
    [{ cookie: { sameSite: 'None' } }, '"cookie.sameSite"'],
    [{ cookie: { name: '__Host-x', dangerouslyAllowInsecureCookie: true } }, 'dangerouslyAllowInsecureCookie'],
    [{ cookie: { embed: true, dangerouslyAllowInsecureCookie: true } }, 'dangerouslyAllowInsecureCookie'],
    [{ header: 'Authorization' }, '"header"'],
    [{ header: 'X-S', remember: { store, restore: (): null => null } }, '"remember"'],
    [{ remember: { store, restore: (): null => null } }, '"remember.store"'],
    [{ timeoutSeconds: 0 }, '"timeoutSeconds"'],
  ])('are refused in a sentence: %j', (options, named) => {
    expect(() => service(options as never)).toThrow(TypeError)
    expect(() => service(options as never)).toThrow(named)
  })

  it.each([
    [undefined, 'wants an object'],
    [{}, '"sessions"'],
    [{ sessions: service().stored, realm: '' }, '"realm"'],
    [{ sessions: service().stored, validate: 1 }, '"validate"'],
    [{ sessions: service().stored, challenge: { redirect: '//x' } }, 'session(): "challenge.redirect"'],
  ])('of session() are refused in a sentence: %j', (options, named) => {
    expect(() => session(options as never)).toThrow(TypeError)
    expect(() => session(options as never)).toThrow(named)
  })
})
