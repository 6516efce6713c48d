import { describe, expect, it } from 'vitest'
import { ada, Browser, cookiesOf, type Data, fieldsOf, schema, service } from '../../../test/sessions/kit.ts'
import { authentication } from '../../core/authentication.ts'
import type { RequiredAuthentication } from '../../core/checks.ts'
import type { LoginChallenge } from '../../core/login-challenge.ts'
import type { Outcome } from '../../core/who.ts'
import type { SessionAuthentication } from '../../sessions/authentication.ts'
import { sealedSessions } from '../../sessions/sealed/sealed-sessions.ts'
import { sessions } from '../../sessions/sessions.ts'
import { memorySessionStore } from '../../stores/memory/session-store.ts'
import { session } from './session.ts'

const navigating = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
const START = 1_800_000_000

function staged(challenge?: LoginChallenge) {
  const clock = { now: START + 0.5 }
  const now = (): number => clock.now
  const store = memorySessionStore()
  const stored = sessions<Data>({ store, schema, clock: now })
  const auth = authentication({ visitor: session({ sessions: stored, challenge }) }, { clock: now })
  const browser = new Browser()
  const login = async (shown?: SessionAuthentication) => {
    const options = { subject: 'ada', authentication: shown }
    browser.take((await stored.login(browser.request({ method: 'POST' }), ada, options)).headers)
  }
  const ask = async (required: RequiredAuthentication, target = '/admin?x=1') => {
    const request = browser.request({ target, headers: navigating })
    const outcome = await auth.decide(request, auth.requireAuthentication('visitor', required))
    browser.take(fieldsOf(outcome))
    return outcome
  }
  return { clock, stored, auth, browser, login, ask }
}

function answerOf(outcome: Outcome): string {
  if (!('response' in outcome)) return outcome.kind
  const location = outcome.response.headers.find(([name]) => name === 'Location')
  return `${outcome.response.status} ${location?.[1] ?? ''}`.trim()
}

describe('requireAuthentication() on sessions', () => {
  it('counts the login as the time at which the person showed credentials', async () => {
    const { clock, login, ask } = staged()
    await login()
    expect(answerOf(await ask({ maxAgeSeconds: 0 }))).toBe('authenticated')
    clock.now += 300
    expect(answerOf(await ask({ maxAgeSeconds: 300 }))).toBe('authenticated')
    clock.now += 1
    expect(answerOf(await ask({ maxAgeSeconds: 300 }))).toBe('401')
  })

  it.each<[SessionAuthentication | undefined, RequiredAuthentication, boolean]>([
    [{ acr: 'gold' }, { acrValues: ['silver', 'gold'] }, true],
    [{ acr: 'bronze' }, { acrValues: ['silver', 'gold'] }, false],
    [undefined, { acrValues: ['gold'] }, false],
    [{ amr: ['pwd', 'otp'] }, { amr: ['otp'] }, true],
    [{ amr: ['pwd'] }, { amr: ['otp'] }, false],
    [{ authTime: START - 100 }, { maxAgeSeconds: 100 }, true],
    [{ authTime: START - 101 }, { maxAgeSeconds: 100 }, false],
    [{ authTime: START + 9999 }, { maxAgeSeconds: 100 }, true],
    [{ authTime: null }, { maxAgeSeconds: 999_999 }, false],
    [{ acr: 'gold', authTime: START - 101 }, { acrValues: ['gold'], maxAgeSeconds: 100 }, false],
  ])('judges a login by %j for %j: %s', async (shown, required, expected) => {
    const { login, ask } = staged()
    await login(shown)
    expect(answerOf(await ask(required))).toBe(expected ? 'authenticated' : '401')
  })

  it('never takes another clock for a login in the future', async () => {
    const { login, ask, clock } = staged()
    await login({ authTime: START + 9999 })
    clock.now += 200
    expect(answerOf(await ask({ maxAgeSeconds: 100 }))).toBe('401')
  })

  it('goes by what a step-up showed, which takes the place of what the login showed', async () => {
    const { login, ask, stored, browser, clock } = staged()
    await login({ acr: 'gold', amr: ['otp'] })
    clock.now += 500
    const stepUp = async (shown?: SessionAuthentication) => {
      const change = await stored.rotate(browser.request(), { because: 'step-up', authentication: shown })
      browser.take(change?.headers ?? [])
    }
    await stepUp()
    expect(answerOf(await ask({ maxAgeSeconds: 10 }))).toBe('authenticated')
    expect(answerOf(await ask({ acrValues: ['gold'] }))).toBe('401')
    await stepUp({ acr: 'gold' })
    expect(answerOf(await ask({ acrValues: ['gold'], maxAgeSeconds: 10 }))).toBe('authenticated')
    clock.now += 500
    await stored
      .rotate(browser.request(), { because: 'privilege-change' })
      .then((done) => browser.take(done?.headers ?? []))
    expect(await stored.current(browser.request())).toMatchObject({
      acr: 'gold',
      amr: [],
      authenticatedAt: START + 500,
    })
  })

  it('keeps it through updates, and exports it', async () => {
    const { login, stored, browser, ask } = staged()
    await login({ acr: 'gold', amr: ['otp'] })
    await stored.update(browser.request(), { count: 7 })
    expect(answerOf(await ask({ acrValues: ['gold'], amr: ['otp'] }))).toBe('authenticated')
    expect((await stored.exportSubject('ada')).sessions).toMatchObject([
      { acr: 'gold', amr: ['otp'], data: { count: 7 } },
    ])
    expect(await stored.list('ada')).toMatchObject([{ acr: 'gold', amr: ['otp'] }])
  })

  it('never takes a remembered browser for somebody who showed credentials', async () => {
    const { rememberStore } = service()
    const { clock, decide, login, auth } = service({ remember: { store: rememberStore, restore: () => ada } })
    const browser = new Browser()
    await login(browser, 'ada', { remember: true })
    clock.now += 90_000
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    const required = auth.requireAuthentication('visitor', { maxAgeSeconds: 999_999 })
    expect(await auth.decide(browser.request(), required)).toMatchObject({ response: { status: 401 } })
  })

  it('finds the same in sealed sessions', async () => {
    const clock = { now: START + 0.5 }
    const sealed = sealedSessions<Data>({
      keys: [{ id: 'a', key: 'k'.repeat(32) }],
      absoluteSeconds: 3600,
      schema,
      clock: () => clock.now,
    })
    const auth = authentication({ visitor: session({ sessions: sealed }) }, { clock: () => clock.now })
    const browser = new Browser()
    const ask = async (required: RequiredAuthentication) =>
      answerOf(await auth.decide(browser.request(), auth.requireAuthentication('visitor', required)))
    browser.take((await sealed.login(browser.request(), ada, { subject: 'ada' })).headers)
    expect([await ask({ maxAgeSeconds: 0 }), await ask({ acrValues: ['gold'] })]).toEqual(['authenticated', '401'])
    const shown = { acr: 'gold', amr: ['otp'], authTime: START - 50 }
    browser.take((await sealed.login(browser.request(), ada, { subject: 'ada', authentication: shown })).headers)
    browser.take((await sealed.replace(browser.request(), { ...ada, count: 1 }))?.headers ?? [])
    expect(await ask({ acrValues: ['gold'], amr: ['otp'], maxAgeSeconds: 50 })).toBe('authenticated')
    expect(await ask({ maxAgeSeconds: 49 })).toBe('401')
  })

  it.each<[object, string]>([
    [{ acr: '' }, '"authentication.acr"'],
    [{ acr: 7 }, '"authentication.acr"'],
    [{ amr: 'otp' }, '"authentication.amr"'],
    [{ amr: [7] }, '"authentication.amr"'],
    [{ authTime: Number.NaN }, '"authentication.authTime"'],
    [{ authTime: 'now' }, '"authentication.authTime"'],
    [{ authTime: -1 }, '"authentication.authTime"'],
  ])('refuses %j at a login and at a step-up', async (shown, message) => {
    const { stored, browser, login } = staged()
    await login()
    const given = [browser.request(), ada, { subject: 'ada', authentication: shown }]
    await expect(Reflect.apply(stored.login, stored, given)).rejects.toThrow(message)
    const stepUp = [browser.request(), { because: 'step-up', authentication: shown }]
    await expect(Reflect.apply(stored.rotate, stored, stepUp)).rejects.toThrow(TypeError)
  })
})

describe('a step-up in a browser', () => {
  const target = '/login?acr_values=gold%20silver&max_age=60&returnTo=%2Fadmin%3Fx%3D1'
  const demand = { acrValues: ['gold', 'silver'], maxAgeSeconds: 60 }

  it('sends a navigation to the login page, which is told what is demanded and where to return', async () => {
    const { login, ask } = staged({ redirect: '/login' })
    await login()
    const outcome = await ask(demand)
    expect(answerOf(outcome)).toBe(`302 ${target}`)
    expect(fieldsOf(outcome).filter(([name]) => name === 'WWW-Authenticate')).toEqual([])
    expect(cookiesOf(fieldsOf(outcome))).toEqual([
      expect.stringMatching(
        /^__Host-session-errand=1800000000\.[\w-]{16}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
    expect(outcome).toMatchObject({ denials: [{ requirement: 'requireAuthentication', status: 401 }] })
  })

  it('lets the person in who comes back having met the demand', async () => {
    const { login, ask, clock } = staged({ redirect: '/login' })
    await login()
    await ask(demand)
    clock.now += 30
    await login({ acr: 'silver' })
    expect(answerOf(await ask(demand))).toBe('authenticated')
  })

  it('is a page and never another redirect for who comes back without having met it, and goes on when asked anew', async () => {
    const { login, ask, clock, browser } = staged({ redirect: '/login' })
    await login()
    await ask(demand)
    clock.now += 30
    await login({ acr: 'bronze' })
    const outcome = await ask(demand)
    expect(answerOf(outcome)).toBe('401')
    expect(fieldsOf(outcome)).toContainEqual(['WWW-Authenticate', 'Session realm="visitor"'])
    expect(browser.cookies.has('__Host-session-errand')).toBe(false)
    expect(answerOf(await ask(demand))).toBe(`302 ${target}`)
  })

  it('ends the circle of a login page that sends people who are logged in straight back', async () => {
    const { login, ask } = staged({ redirect: '/login' })
    await login()
    expect(answerOf(await ask(demand))).toBe(`302 ${target}`)
    expect(answerOf(await ask(demand))).toBe('401')
  })

  it('sends again who went back instead of logging in, and who now needs something else', async () => {
    const { login, ask, clock } = staged({ redirect: '/login' })
    await login()
    await ask(demand)
    expect(answerOf(await ask({ acrValues: ['platinum'] }))).toMatch(/^302 /)
    await ask(demand)
    clock.now += 60
    expect(answerOf(await ask(demand))).toBe(`302 ${target}`)
  })

  it.each([
    '',
    '7',
    'x.AAAAAAAAAAAAAAAA',
    '1800000000.AAAAAAAAAAAAAAAA',
    '9999999999999.AAAAAAAAAAAAAAAA',
    '1800000500.A',
  ])('goes by no errand %j that it did not give', async (text) => {
    const { login, ask, browser } = staged({ redirect: '/login' })
    await login()
    browser.cookies.set('__Host-session-errand', text)
    expect(answerOf(await ask(demand))).toBe(`302 ${target}`)
  })

  it('shows the page of a challenge that is one, and answers programs with 401 as ever', async () => {
    const { login, ask, auth, browser } = staged({ page: '<p>again</p>' })
    await login()
    const outcome = await ask(demand)
    expect(outcome).toMatchObject({ response: { status: 401, body: '<p>again</p>' } })
    const program = await auth.decide(
      browser.request({ headers: { Accept: 'application/json' } }),
      auth.requireAuthentication('visitor', demand),
    )
    expect(answerOf(program)).toBe('401')
  })

  it('does not send who asks for the login page itself', async () => {
    const { login, ask } = staged({ redirect: '/login' })
    await login()
    expect(answerOf(await ask(demand, '/login'))).toBe('401')
  })

  it('is a plain 401 where a function makes the challenge, or nothing does', async () => {
    for (const challenge of [undefined, () => ({ redirect: '/login' })]) {
      const { login, ask } = staged(challenge)
      await login()
      expect(answerOf(await ask(demand))).toBe('401')
    }
  })
})
