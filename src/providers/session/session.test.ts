import { describe, expect, it } from 'vitest'
import {
  ada,
  Browser,
  causeOf,
  cookiesOf,
  failing,
  fieldsOf,
  holding,
  overriding,
  START,
  service,
} from '../../../test/sessions/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { SessionReading, SessionStore } from '../../core/session-store.ts'
import { memorySessionStore } from '../../stores/memory/session-store.ts'
import { form } from '../form/form.ts'
import { session } from './session.ts'

const unknown = 's1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA'
const deletion = '__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'

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
