import { createServer } from 'node:http'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../contracts/subjects/listen.ts'
import { service } from '../services.ts'
import { type SessionService, startSessionService } from './sessions-service.ts'
import { startShowcase } from './showcase.ts'

const program = service('chromium')
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
const cookieName = '__Host-session'

describe.skipIf(program === undefined)('sessions in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  let context: BrowserContext
  let sessions: SessionService

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: program ?? '',
      args: [...args, ...offline],
      // Playwright turns it off, and nobody's own browser does.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    })
  }, 60_000)
  afterEach(async () => {
    await context.close()
    await sessions?.close()
  })
  afterAll(() => browser?.close())

  async function open(options: Parameters<typeof startSessionService>[0] = {}): Promise<Page> {
    sessions = await startSessionService(options)
    context = await browser.newContext()
    return context.newPage()
  }

  async function login(page: Page, { name = 'ada', remember = false, path = '/login' } = {}): Promise<void> {
    await page.goto(sessions.url + path)
    await page.fill('[name=user]', name)
    await page.fill('[name=password]', 'right')
    if (remember) await page.check('[name=remember]')
    await page.click('text=Log in')
    await page.getByText(`secret of ${name}`).waitFor()
  }

  const cookieNow = async (name = cookieName) => (await context.cookies()).find((cookie) => cookie.name === name)?.value

  /** Asks from a script of the page. */
  const ask = (page: Page, path: string, method = 'GET') =>
    page.evaluate(
      async ([url = '', verb = '']) => {
        const answer = await fetch(url, { method: verb, redirect: 'manual' })
        return { status: answer.status, body: await answer.text() }
      },
      [path, method],
    )

  it('begin by a redirect to the login page and set cookies that no script and no other site reaches', async () => {
    const page = await open()
    await page.goto(`${sessions.url}/me`)
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/login?returnTo=%2Fme')
    await login(page, { remember: true })
    const protocol = await context.newCDPSession(page)
    const { cookies } = await protocol.send('Network.getCookies')
    const common = { domain: '127.0.0.1', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' }
    expect(cookies.toSorted((a, b) => a.name.length - b.name.length)).toMatchObject([
      { ...common, name: cookieName, session: true, value: expect.stringMatching(/^s1\.[\w-]{11}\.[\w-]{22}$/) },
      { ...common, name: `${cookieName}-remember`, session: false },
    ])
    const days = ((cookies.find(({ session }) => !session)?.expires ?? 0) - Date.now() / 1000) / 86_400
    expect(days).toBeCloseTo(30, 1)
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  it.each(['ada', 'mallory'])('do not keep an id that somebody planted, whose session is one of %s', async (owner) => {
    const page = await open()
    await login(page, { name: owner })
    const planted = (await cookieNow()) ?? ''
    await context.clearCookies()
    await context.addCookies([
      { name: cookieName, value: planted, url: sessions.url.replace('http:', 'https:'), secure: true, httpOnly: true },
    ])
    const victim = await context.newPage()
    await login(victim)
    expect(sessions.cookiesAt('/login').at(-1)).toContain(planted)
    expect(await cookieNow()).not.toBe(planted)
    const thief = await fetch(`${sessions.url}/me`, { headers: { Cookie: `${cookieName}=${planted}` } })
    expect(thief.status).toBe(401)
    expect((await ask(victim, '/me')).status).toBe(200)
  })

  it('go on after a request that was under way while somebody logged in again', async () => {
    const page = await open()
    await login(page)
    const old = await cookieNow()
    const late = ask(page, '/held')
    await expect.poll(() => sessions.asked.get('/held')).toBe(1)
    const another = await context.newPage()
    await login(another)
    const fresh = await cookieNow()
    expect(fresh).not.toBe(old)
    sessions.release()
    expect((await late).status).toBe(401)
    expect(sessions.cookiesAt('/held')).toEqual([`${cookieName}=${old}`])
    expect(await cookieNow()).toBe(fresh)
    expect((await ask(page, '/me')).status).toBe(200)
  })

  it.each([
    // The proof that the button shows what was kept, where one lets it. Emptying the cache comes too early for the very page
    // that one leaves by logging out.
    { path: '/private', button: '#quiet-logout', shown: true },
    { path: '/private', button: '#logout', shown: true },
    { path: '/me', button: '#quiet-logout', shown: false },
    { path: '/me', button: '#logout', shown: false },
  ])('leave $path to the back button after $button: $shown', async ({ path, button, shown }) => {
    const page = await open()
    await login(page)
    await page.goto(sessions.url + path)
    const asked = sessions.asked.get(path)
    await page.click(button)
    await page.waitForURL(`${sessions.url}/login`)
    // A page that was kept whole loads nothing.
    await page.goBack({ waitUntil: 'commit' })
    expect((await page.textContent('body'))?.includes('secret of ada')).toBe(shown)
    // What is shown was kept, and what is not was asked for again.
    expect(sessions.asked.get(path)).toBe(shown ? asked : (asked ?? 0) + 1)
    expect(new URL(page.url()).pathname).toBe(shown ? path : '/login')
  })

  it.each([
    { what: 'another site', origin: 'http://evil.example', cookie: {}, sent: false, status: 303 },
    {
      what: 'another site, with a cookie for frames',
      origin: 'http://evil.example',
      cookie: { embed: true },
      sent: true,
      status: 403,
    },
    { what: 'another port', origin: undefined, cookie: {}, sent: true, status: 403 },
  ])('refuse what a form on $what posts', async ({ origin, cookie, sent, status }) => {
    const page = await open(cookie)
    await login(page)
    const body = `<form method="post" action="${sessions.url}/count"></form>`
    const neighbour = await listen(
      createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(body)),
    )
    const evil = await context.newPage()
    if (origin !== undefined) {
      await evil.route(`${origin}/`, (route) => route.fulfill({ contentType: 'text/html', body }))
    }
    await evil.goto(origin === undefined ? neighbour.url : `${origin}/`)
    const [answer] = await Promise.all([
      evil.waitForResponse(`${sessions.url}/count`),
      evil.evaluate(() => document.forms[0]?.submit()),
    ])
    expect(answer.status()).toBe(status)
    expect(sessions.cookiesAt('/count')[0]?.includes(cookieName)).toBe(sent)
    expect(await ask(page, '/count', 'POST')).toEqual({ status: 200, body: '1' })
    await neighbour.close()
  })

  it('lose no change when two tabs make them at once', async () => {
    const page = await open()
    await login(page)
    const another = await context.newPage()
    await another.goto(`${sessions.url}/me`)
    const counted = await Promise.all(
      Array.from({ length: 40 }, (_, index) => ask(index % 2 === 0 ? page : another, '/count', 'POST')),
    )
    const numbers = counted.map(({ body }) => Number(body)).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  })

  it('let a remembered browser restore ten tabs at once, and twice, as one session', async () => {
    const page = await open()
    await login(page, { remember: true })
    const tabs = [page, ...(await Promise.all(Array.from({ length: 9 }, () => context.newPage())))]
    for (let restart = 1; restart <= 2; restart++) {
      await context.clearCookies({ name: cookieName })
      await Promise.all(tabs.map((tab) => tab.goto(`${sessions.url}/me`)))
      for (const tab of tabs) expect(await tab.textContent('body')).toContain('secret of ada')
      const listed: readonly unknown[] = JSON.parse((await ask(page, '/list')).body)
      expect(listed).toHaveLength(1 + restart)
      expect(await cookieNow(`${cookieName}-remember`)).toBeDefined()
    }
    const statuses = await Promise.all(tabs.map(async (tab) => (await ask(tab, '/me')).status))
    expect(statuses).toEqual(tabs.map(() => 200))
  })
})

describe.skipIf(program === undefined)('the sessions of the showcase in Chromium', { timeout: 60_000 }, () => {
  it('lead through login, list and logout, without JavaScript', async () => {
    const showcase = await startShowcase()
    const browser = await chromium.launch({ executablePath: program ?? '', args: [...args, ...offline] })
    try {
      const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
      const title = () => page.textContent('h1')
      await page.goto(`${showcase.url}/me`)
      expect(await title()).toBe('Log in')
      await page.fill('[name=user]', 'grace')
      await page.fill('[name=password]', 'byron')
      await page.click('button')
      expect(await page.textContent('[role=alert]')).toBe('Name or password is wrong.')
      await page.fill('[name=user]', 'grace')
      await page.fill('[name=password]', 'hopper£ü')
      await page.check('[name=remember]')
      await page.click('button')
      expect([page.url(), await title()]).toEqual([`${showcase.url}/me`, 'You are grace'])
      const body = new URLSearchParams({ user: 'grace', password: 'hopper£ü' })
      await fetch(`${showcase.url}/login`, { method: 'POST', body, redirect: 'manual' })
      await page.click('text=All your sessions')
      expect(await page.locator('tbody tr').count()).toBe(2)
      expect(await page.locator('tr.own td').first().textContent()).toBe('Chromium')
      await page.click('text=End')
      expect([await title(), await page.locator('tbody tr').count()]).toEqual(['Your sessions', 1])
      await page.click('text=Log out everywhere')
      expect([page.url(), await title()]).toEqual([`${showcase.url}/login`, 'Log in'])
      await page.goto(`${showcase.url}/sessions`)
      expect(await title()).toBe('Log in')
    } finally {
      await browser.close()
      await showcase.stop()
    }
  })
})
