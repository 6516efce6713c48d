import { describe, expect, it } from 'vitest'
import { ada, Browser, causeOf, cookiesOf, fieldsOf, START, service } from '../../test/sessions/kit.ts'
import type { AuthenticationContext, Awaitable } from '../core/provider.ts'
import { memoryRememberStore } from '../stores/memory/remember-store.ts'

const DAY = 86_400

/** A service that remembers browsers, and a browser that is remembered and whose session is over. */
async function remembering(
  restore: (subject: string, context: AuthenticationContext) => Awaitable<typeof ada | null> = () => ada,
) {
  const thefts: string[] = []
  const rememberStore = memoryRememberStore()
  const remember = { store: rememberStore, restore, onTheft: (subject: string) => void thefts.push(subject) }
  const made = service({ remember })
  const browser = new Browser()
  await made.login(browser, 'ada', { remember: true })
  return { ...made, rememberStore, thefts, browser }
}

/** A browser that was closed: its session cookie is gone. */
function reopened(browser: Browser): Browser {
  const copy = new Browser()
  copy.cookies.set('__Host-session-remember', browser.remembered ?? '')
  return copy
}

describe('a remembered browser', () => {
  it('gets a cookie that lives for as long as it is remembered', async () => {
    const { login } = await remembering()
    const { headers } = await login(new Browser(), 'eve', { remember: true })
    expect(cookiesOf(headers)[1]).toMatch(
      /^__Host-session-remember=r1\.[\w-]{22}\.[\w-]{22}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  it('comes back in a session of its own, in which nobody showed credentials', async () => {
    const { browser, decide, stored, clock } = await remembering()
    clock.now = START + 2 * DAY
    const before = browser.remembered
    const outcome = await decide(browser)
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: ada })
    expect(browser.remembered).not.toBe(before)
    const session = await stored.current(browser.request())
    expect(session).toMatchObject({ subject: 'ada', authenticatedAt: undefined, createdAt: START + 2 * DAY })
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
  })

  it('shows credentials again for a step-up', async () => {
    const { browser, decide, stored, clock } = await remembering()
    clock.now += 2 * DAY
    await decide(browser)
    browser.take((await stored.rotate(browser.request(), { because: 'step-up' }))?.headers ?? [])
    expect(await stored.current(browser.request())).toMatchObject({ authenticatedAt: START + 2 * DAY })
  })

  it('stays in when it restores ten tabs that all send the same token, in one session', async () => {
    const { browser, decide, stored, clock, thefts } = await remembering()
    clock.now += 2 * DAY
    const tabs = Array.from({ length: 10 }, () => reopened(browser))
    const outcomes = await Promise.all(tabs.map((tab) => decide(tab)))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'authenticated', principal: ada })
    expect(new Set(tabs.map(({ session }) => session)).size).toBe(1)
    expect(new Set(tabs.map(({ remembered }) => remembered)).size).toBe(1)
    clock.now += 29
    expect(await decide(reopened(browser))).toMatchObject({ kind: 'authenticated' })
    expect(await stored.list('ada')).toHaveLength(1)
    expect(thefts).toEqual([])
  })

  it('is thrown out with its thief when an old token comes again', async () => {
    const { browser, decide, clock, thefts, rememberStore } = await remembering()
    const thief = reopened(browser)
    clock.now += 2 * DAY
    await decide(browser)
    clock.now += 31
    const outcome = await decide(thief)
    expect(causeOf(outcome)).toEqual({ kind: 'InvalidCredentials', reason: 'replayed', discardable: true })
    expect(thief.cookies.size).toBe(0)
    expect(thefts).toEqual(['ada'])
    expect(rememberStore.size).toBe(0)
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'unknown' })
    expect(browser.cookies.size).toBe(0)
  })

  it('is thrown out when its thief was faster', async () => {
    const { browser, decide, clock, thefts } = await remembering()
    const thief = reopened(browser)
    clock.now += 2 * DAY
    await decide(thief)
    clock.now += 31
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'replayed' })
    expect(thefts).toEqual(['ada'])
    expect(causeOf(await decide(thief))).toMatchObject({ reason: 'unknown' })
  })

  it('is forgotten by a logout, together with its session', async () => {
    const { browser, decide, stored } = await remembering()
    const copy = reopened(browser)
    const { headers } = await stored.logout(browser.request())
    expect(cookiesOf(headers)).toHaveLength(2)
    browser.take(headers)
    expect(browser.cookies.size).toBe(0)
    expect(causeOf(await decide(copy))).toMatchObject({ reason: 'unknown', discardable: true })
  })

  it('is forgotten by revoke() of its session, by revokeAll(), and by the login of somebody else', async () => {
    for (const end of ['revoke', 'revokeAll', 'login'] as const) {
      const { browser, decide, stored, login } = await remembering()
      const copy = reopened(browser)
      const [session] = await stored.list('ada')
      if (end === 'revoke') await stored.revoke('ada', session?.handle ?? '')
      else if (end === 'revokeAll') await stored.revokeAll('ada', { except: session?.handle })
      else await login(browser, 'bob')
      expect(causeOf(await decide(copy)), end).toMatchObject({ reason: 'unknown' })
      if (end === 'login') expect(browser.remembered).toBeUndefined()
    }
  })

  it('is forgotten when the application says that the person may no longer come in', async () => {
    const { browser, decide, clock, rememberStore, stored } = await remembering(() => null)
    clock.now += 2 * DAY
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'revoked', discardable: true })
    expect(browser.cookies.size).toBe(0)
    expect(rememberStore.size).toBe(0)
    expect(await stored.list('ada')).toEqual([])
  })

  it('is an outage when the application cannot say, and comes in with the same token soon after', async () => {
    let down = true
    const { browser, decide, clock } = await remembering(() => {
      if (down) throw new Error('no accounts')
      return ada
    })
    clock.now += 2 * DAY
    const token = browser.remembered
    const outcome = await decide(browser)
    expect(outcome).toMatchObject({ kind: 'unavailable' })
    expect(cookiesOf(fieldsOf(outcome))).toEqual([])
    expect(browser.remembered).toBe(token)
    down = false
    clock.now += 20
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
  })

  it('does not come back by a request that was on its way during a logout', async () => {
    const { browser, decide, stored } = await remembering()
    const late = new Browser()
    for (const [name, value] of browser.cookies) late.cookies.set(name, value)
    await stored.logout(browser.request())
    const outcome = await decide(late)
    expect(causeOf(outcome)).toMatchObject({ reason: 'revoked' })
    expect(cookiesOf(fieldsOf(outcome))).toEqual([])
  })

  it.each([
    ['everything of its owner', async (made: Awaited<ReturnType<typeof remembering>>) => made.stored.revokeAll('ada')],
    [
      'its family',
      async ({ browser, stored }: Awaited<ReturnType<typeof remembering>>) => stored.logout(browser.request()),
    ],
  ])('does not come back when %s was ended while it was being restored', async (_what, end) => {
    let meanwhile = async (): Promise<unknown> => undefined
    const made = await remembering(async () => {
      await meanwhile()
      return ada
    })
    const late = reopened(made.browser)
    meanwhile = () => end(made)
    const outcome = await made.decide(late)
    expect(causeOf(outcome)).toMatchObject({ reason: 'revoked' })
    expect(cookiesOf(fieldsOf(outcome))).toEqual([])
    expect(await made.stored.list('ada')).toEqual([])
  })

  it.each(['', 'r1', 'r1.x.y', `r1.${'a'.repeat(22)}.${'b'.repeat(23)}`])(
    'loses the ill-formed cookie %j',
    async (text) => {
      const { decide } = await remembering()
      const browser = new Browser()
      browser.cookies.set('__Host-session-remember', text)
      expect(causeOf(await decide(browser))).toMatchObject({ reason: 'malformed-credential', discardable: true })
      expect(browser.cookies.size).toBe(0)
    },
  )

  it('needs the option', async () => {
    const { login } = service()
    await expect(login(new Browser(), 'ada', { remember: true })).rejects.toThrow('needs the option "remember"')
  })

  it('counts against the limit, and keeps its fresh token when that refuses it', async () => {
    const remember = { store: memoryRememberStore(), restore: () => ada }
    const { login, decide, clock } = service({ remember, maxConcurrent: { limit: 1, onExceed: 'refuse' } })
    const browser = new Browser()
    await login(browser, 'ada', { remember: true })
    clock.now += 2 * DAY
    await login(new Browser())
    const token = browser.remembered
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'x-too-many-sessions', discardable: false })
    expect(browser.remembered).not.toBe(token)
  })
})
