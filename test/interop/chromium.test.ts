import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const program = service('chromium')
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

describe.skipIf(program === undefined)('the showcase in Chromium', { timeout: 60_000 }, () => {
  let showcase: Showcase
  let browser: Browser
  let context: BrowserContext | undefined

  beforeAll(async () => {
    showcase = await startShowcase()
    // Every launch has a new user data folder, which Playwright removes again.
    browser = await chromium.launch({ executablePath: program ?? '', args: [...args, ...offline] })
  }, 60_000)
  afterEach(async () => {
    await context?.close()
    context = undefined
  })
  afterAll(async () => {
    await browser?.close()
    await showcase?.stop()
  })

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    context = await browser.newContext(options)
    return context.newPage()
  }

  const withPassword = (password: string) => {
    const url = new URL('/basic', showcase.url)
    url.username = 'grace'
    url.password = password
    return url.href
  }

  it('is let in by credentials in the URL, in UTF-8', async () => {
    const page = await open()
    const answer = await page.goto(withPassword('hopper£ü'))
    expect(answer?.status()).toBe(200)
    expect(await page.textContent('body')).toContain('"name":"grace"')
  })

  it('answers the Basic prompt with credentials, wrong ones and then right ones', async () => {
    const page = await open()
    const session = await page.context().newCDPSession(page)
    const prompts: string[] = []
    session.on('Fetch.requestPaused', ({ requestId }) => session.send('Fetch.continueRequest', { requestId }))
    session.on('Fetch.authRequired', ({ requestId, authChallenge }) => {
      prompts.push(`${authChallenge.scheme} ${authChallenge.realm}`)
      const password = prompts.length === 1 ? 'byron' : 'lovelace'
      const response = 'ProvideCredentials' as const
      const authChallengeResponse = { response, username: 'ada', password }
      return session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse })
    })
    await session.send('Fetch.enable', { handleAuthRequests: true })
    const answer = await page.goto(`${showcase.url}/basic`)
    expect(answer?.status()).toBe(200)
    expect(await page.textContent('body')).toContain('"name":"ada"')
    expect(prompts).toEqual(['basic showcase', 'basic showcase'])
  })

  it.each([
    ['ada', 'lovelace'],
    ['grace', 'hopper£ü'],
  ])('answers the Digest challenge by itself as %s, and counts on', async (username, password) => {
    const page = await open({ httpCredentials: { username, password } })
    for (let count = 0; count < 2; count++) {
      const answer = await page.goto(`${showcase.url}/digest`)
      expect(answer?.status()).toBe(200)
      expect(await page.textContent('body')).toContain(`"name":"${username}"`)
    }
    await page.goto(showcase.url)
    await expect
      .poll(() => newest(page))
      .toMatch(/GET \/digest200requires digestdigest says yesnonce \d+\.\d s old, nc 2$/)
  })

  it('sees Basic among the three schemes of /any', async () => {
    const page = await open({ httpCredentials: { username: 'alan', password: 'enigma' } })
    const answer = await page.goto(`${showcase.url}/any`)
    expect(answer?.status()).toBe(200)
    expect(await page.textContent('body')).toContain('"provider":"basic"')
  })

  it('does not prompt for /basic-quiet', async () => {
    const page = await open()
    const prompts = await countPrompts(page)
    const answer = await page.goto(`${showcase.url}/basic-quiet`)
    expect(answer?.status()).toBe(401)
    expect(prompts()).toBe(0)
  })

  it('shows answer and reason for every button, without a prompt and without an error in the console', async () => {
    const page = await open({ viewport: { width: 1280, height: 900 } })
    const errors = complaints(page)
    const prompts = await countPrompts(page)
    await page.goto(showcase.url)
    await page.locator('#connection.on').waitFor()
    await page.locator('#live > li').first().waitFor()
    const decidedBefore = await page.locator('#live > li').count()
    const seen: Record<string, string[]> = {}
    let count = 0
    let hidden = 0
    for (const route of await page.locator('.route').all()) {
      const answers: string[] = []
      for (const button of await route.locator('button[data-headers]').all()) {
        await route.evaluate((element) => element.querySelector('.result')?.replaceChildren())
        await button.click()
        await route.locator('.answer .said li').first().waitFor()
        answers.push(`${await button.textContent()}: ${await statusOf(route)}`)
        count++
        hidden += await button.evaluate(requestsBefore)
      }
      seen[(await route.getAttribute('data-path')) ?? ''] = answers
    }
    expect(seen).toEqual(answersOfButtons)
    expect(errors).toEqual([])
    await expect.poll(() => page.locator('#live > li').count()).toBe(Math.min(100, count + hidden + decidedBefore))
    expect(prompts()).toBe(0)
    // The proof that a prompt would have been counted.
    await page.evaluate(() => fetch('/basic'))
    expect(prompts()).toBe(1)
  })

  it('shows requests of others as they come, and those of before to whoever comes late', async () => {
    const first = await open()
    await first.goto(showcase.url)
    await first.locator('#connection.on').waitFor()
    const headers = { Authorization: 'Bearer nobody', 'X-Api-Key': 'two keys' }
    await fetch(`${showcase.url}/any`, { headers })
    const expected =
      /GET \/any401requires anyOf\(basic, bearer, apiKey\)basic sees no credentials of its ownbearer says unknown .*apiKey says malformed-credential/
    await expect.poll(() => newest(first)).toMatch(expected)
    const second = await first.context().newPage()
    await second.goto(showcase.url)
    await expect.poll(() => newest(second)).toMatch(expected)
  })

  it('shows of a Digest request how old the nonce is, its count, and whether it is stale', async () => {
    const page = await open()
    await page.goto(showcase.url)
    await page.locator('#connection.on').waitFor()
    const shown = async (label: string) => {
      await page.locator('#digest .result').evaluate((result) => result.replaceChildren())
      await page.locator('#digest button', { hasText: label }).click()
      await page.locator('#digest .answer .said li').first().waitFor()
      return page.locator('#digest .answer .said li').allTextContents()
    }
    const own = expect.stringMatching(/^nonce \d\.\d s old, nc 1$/)
    expect(await shown('ada')).toEqual(['digest says yes', own])
    const stale = 'stale: the client may go on with a new nonce'
    expect(await shown('the same twice')).toEqual([expect.stringMatching(/^digest says replayed/), own, stale])
    const foreign = 'nonce of another make, nc 1'
    expect(await shown('invented nonce')).toEqual([expect.stringMatching(/^digest says expired/), foreign, stale])
  })

  it('finds the server again after a restart, and drops what the old one said', async () => {
    const old = await startShowcase()
    await fetch(`${old.url}/basic`)
    const page = await open()
    await page.goto(old.url)
    await expect.poll(() => newest(page)).toContain('GET /basic')
    await old.stop()
    await page.getByText('not connected, trying again').waitFor()
    const young = await startShowcase(String(old.port))
    await page.locator('#connection.on').waitFor()
    await page.getByText('No request yet.').waitFor()
    await fetch(`${young.url}/bearer`)
    await expect
      .poll(() => page.locator('#live > li').allTextContents())
      .toEqual([expect.stringContaining('GET /bearer')])
    await young.stop()
  })

  it.each([
    ['ada', 'lovelace', 200, '"name":"ada"'],
    ['ada', 'byron', 401, 'wrong-secret'],
  ])('logs in by the HTML form of the page as %s with %s: %i', async (user, password, status, shown) => {
    const page = await open()
    await page.goto(showcase.url)
    await page.locator('#connection.on').waitFor()
    await page.fill('#form [name=user]', user)
    await page.fill('#form [name=password]', password)
    await page.click('#form form button')
    await page.locator('#form .answer .said li').first().waitFor()
    expect(await statusOf(page.locator('#form'))).toBe(String(status))
    expect(await page.textContent('#form .answer')).toContain(shown)
  })

  it('works without JavaScript: routes, curl lines and the form, with a page for a wrong password', async () => {
    const page = await open({ javaScriptEnabled: false })
    await page.goto(showcase.url)
    expect(await page.locator('.route pre').count()).toBe(30)
    expect(await page.locator('.attempts').first().isVisible()).toBe(false)
    await page.fill('#form [name=user]', 'grace')
    await page.fill('#form [name=password]', 'byron')
    await page.click('#form form button')
    expect(await page.textContent('h1')).toBe('Not let in')
    await page.click('text=Try again')
    await page.fill('#form [name=user]', 'grace')
    await page.fill('#form [name=password]', 'hopper£ü')
    await page.click('#form form button')
    expect(await page.textContent('body')).toContain('"name":"grace"')
  })

  it('is refused a login that another site posts', async () => {
    const page = await open()
    await page.route('http://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method=post action="${showcase.url}/form"><input name=user value=ada><input name=password value=lovelace></form>`,
      }),
    )
    await page.goto('http://evil.example/')
    const [answer] = await Promise.all([
      page.waitForResponse(`${showcase.url}/form`),
      page.evaluate(() => document.forms[0]?.submit()),
    ])
    expect(answer.status()).toBe(403)
  })
})

/** What each button of the page is answered. */
const answersOfButtons = {
  '/basic': [
    'ada: 200',
    'grace in UTF-8: 200',
    'grace in Latin-1: 401',
    'wrong password: 401',
    'unknown name: 401',
    'malformed: 401',
    'nothing: 401',
  ],
  '/basic-latin1': ['grace in Latin-1: 200', 'grace in UTF-8: 401', 'nothing: 401'],
  '/basic-quiet': ['alan: 200', 'wrong password: 401', 'nothing: 401'],
  '/bearer': ['ada’s token: 200', 'wrong token: 401', 'malformed: 401', 'another scheme: 401', 'nothing: 401'],
  '/api-key': ['ada’s key: 200', 'wrong key: 401', 'key twice: 401', 'nothing: 401'],
  '/form': ['ada as a form: 200', 'ada as JSON: 200', 'wrong password: 401', 'malformed: 401', 'nothing: 401'],
  '/throttled': ['ada: 200', 'wrong password: 401', 'five wrong ones: 429', 'nothing: 401'],
  '/htpasswd': ['ada: 200', 'grace in UTF-8: 200', 'wrong password: 401', 'nothing: 401'],
  '/digest': [
    'ada: 200',
    'grace: 200',
    'wrong password: 401',
    'unknown name: 401',
    'the same twice: 401',
    'signed for /admin: 400',
    'invented nonce: 401',
    'malformed: 400',
    'nothing: 401',
  ],
  '/digest-512': ['ada by SHA-256: 401', 'nothing: 401'],
  '/digest-int': ['ada, body signed: 200', 'ada, body changed: 401', 'nothing: 401'],
  '/any': ['ada: 200', 'ada’s token: 200', 'ada’s key: 200', 'wrong password: 401', 'nothing: 401'],
  '/all': ['both: 200', 'ada’s key: 401', 'ada: 401', 'nothing: 401'],
  '/optional': ['ada: 200', 'wrong password: 401', 'ada’s token: 200', 'nothing: 200'],
  '/admin': ['ada: 200', 'alan: 403', 'wrong password: 401', 'nothing: 401'],
  '/down': ['ada: 503', 'nothing: 503'],
  '/login': ['wrong password: 401', 'nothing: 401'],
  '/me': ['nothing: 401'],
  '/sessions': ['nothing: 401'],
  '/logout': ['nothing: 401'],
  '/token': ['ada: 200', 'wrong password: 401', 'invented refresh token: 400', 'another grant: 400', 'nothing: 401'],
  '/jwt': ['ada’s token: 200', 'alan’s token: 200', 'another kind: 401', 'signed by nobody: 401', 'nothing: 401'],
  '/orders': ['ada’s token: 200', 'alan’s token: 403', 'nothing: 401'],
  '/transfer': ['ada, just logged in: 200', 'nothing: 401'],
  '/dpop': [
    'ada with a proof: 200',
    'the proof twice: 401',
    'her token without proof: 401',
    'a token for everybody: 401',
    'nothing: 401',
  ],
  '/mcp': ['ada: whoami: 200', 'ada: orders: 200', 'alan: orders: 403', 'a token for /jwt: 401', 'nothing: 401'],
  '/oauth1': ['nothing: 401'],
  '/sso': [],
  '/sso/me': ['nothing: 401'],
  '/sso/logout': [],
}

/** What the console says beyond the answers of 4xx and 5xx, which Chromium always notes. */
function complaints(page: Page): string[] {
  const found: string[] = []
  page.on('pageerror', (error) => found.push(error.message))
  page.on('console', (message) => {
    const isAnswer = message.text().startsWith('Failed to load resource: the server responded with a status of')
    if (['error', 'warning'].includes(message.type()) && !isAnswer) found.push(message.text())
  })
  return found
}

/** Counts how often the browser would have opened its own prompt, and cancels it. */
async function countPrompts(page: Page): Promise<() => number> {
  const session = await page.context().newCDPSession(page)
  let prompts = 0
  session.on('Fetch.requestPaused', ({ requestId }) => session.send('Fetch.continueRequest', { requestId }))
  session.on('Fetch.authRequired', ({ requestId }) => {
    prompts++
    return session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse: { response: 'CancelAuth' } })
  })
  await session.send('Fetch.enable', { handleAuthRequests: true })
  return () => prompts
}

/** How many requests a button makes before the one whose answer it shows. */
function requestsBefore({ dataset: { digest, token, times = '1' } }: HTMLElement): number {
  const marks = [digest, token, token?.match('"dpop"'), digest?.match('"again":true'), token?.match('"twice"')]
  return Number(times) - 1 + marks.filter((mark) => mark).length
}

function newest(page: Page): Promise<string | null> {
  return page.locator('#live > li').first().textContent()
}

function statusOf(route: ReturnType<Page['locator']>): Promise<string | null> {
  return route.locator('.answer .status').textContent()
}
