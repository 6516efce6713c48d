import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import { service } from '../services.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { type Listening, listening } from './listening.ts'
import { loginService } from './service.ts'

const program = service('chromium')
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

describe.skipIf(program === undefined)('a login at oidc-provider in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  let context: BrowserContext
  let app: Listening
  let provider: IdentityProvider
  let ahead = 0

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program ?? '', args: [...args, ...offline] })
    app = await listening()
    provider = await startIdentityProvider({ redirectUris: [`${app.url}/callback/office`] })
  }, 60_000)
  beforeEach(async () => {
    ahead = 0
    app.asked.length = 0
    context = await browser.newContext()
  })
  afterEach(() => context.close())
  afterAll(async () => {
    await browser?.close()
    await provider?.stop()
    await app?.close()
  })

  async function open(settings: Partial<OAuth2Settings> = {}, { issuer } = provider): Promise<Page> {
    const clock = () => Date.now() / 1000 + ahead
    app.handle = loginService({ issuer, origin: app.url, settings, clock }).handle
    return context.newPage()
  }

  const isCallback = (url: URL) => url.pathname === '/callback/office'

  /** Says who one is, at the identity provider. */
  async function identify(page: Page, name = 'ada'): Promise<void> {
    await page.fill('[name=login]', name)
    await page.fill('[name=password]', 'any')
    await page.click('button[type=submit]')
  }

  /** Logs in and says yes. */
  async function logIn(page: Page, place = '/me'): Promise<void> {
    await page.goto(app.url + place)
    await identify(page)
    await page.click('button[type=submit]')
  }

  it.each([
    ['query', {}],
    ['form_post', { responseMode: 'form_post' }],
    ['a pushed request', { pushedAuthorizationRequests: true }],
    ['form_post.jwt', { responseMode: 'form_post.jwt' }],
  ] as const)('succeeds by %s and ends where the person wanted to go', async (_name, settings) => {
    const page = await open(settings)
    await logIn(page, '/me?tab=2')
    await page.waitForURL(`${app.url}/me?tab=2`)
    expect(await page.textContent('body')).toBe('{"me":"ada"}')
    const names = (await context.cookies(app.url)).map(({ name }) => name).filter((name) => name.startsWith('__Host-'))
    expect(names).toEqual(['__Host-session'])
  })

  it('ends with a page when the person says no', async () => {
    const page = await open()
    await page.goto(`${app.url}/me`)
    await page.click('text=Cancel')
    await page.waitForURL(isCallback)
    expect(await page.textContent('h1')).toBe('No login')
    expect(app.asked.filter((path) => path === '/login')).toHaveLength(1)
  })

  it('leads the back button out of the login, and an answer that is opened again to the start', async () => {
    const page = await open()
    const answers: string[] = []
    page.on('request', (request) => {
      if (isCallback(new URL(request.url()))) answers.push(request.url())
    })
    await logIn(page)
    await page.waitForURL(`${app.url}/me`)
    await page.goto(answers[0] ?? '')
    expect([page.url(), await page.textContent('body')]).toEqual([`${app.url}/`, '{"home":"ada"}'])
    await page.goBack()
    expect(new URL(page.url()).pathname).not.toBe('/callback/office')
  })

  it('lets two tabs log in, each to its own place', async () => {
    const one = await open()
    const two = await context.newPage()
    await one.goto(`${app.url}/me?tab=1`)
    await two.goto(`${app.url}/me?tab=2`)
    await identify(two)
    await two.click('button[type=submit]')
    await two.waitForURL(`${app.url}/me?tab=2`)
    await identify(one)
    await one.waitForURL(`${app.url}/me?tab=1`)
    expect(await one.textContent('body')).toBe('{"me":"ada"}')
  })

  it('that took longer than ten minutes ends with a page', async () => {
    const page = await open()
    await page.goto(`${app.url}/me`)
    ahead = 601
    await identify(page)
    await page.click('button[type=submit]')
    await page.waitForURL(isCallback)
    expect(await page.textContent('h1')).toBe('No login')
  })

  it('is of no use in another browser', async () => {
    const page = await open()
    const { handle } = app
    let stolen = ''
    app.handle = async (request) => {
      if (!isCallback(new URL(request.url))) return handle(request)
      stolen = request.url
      return new Response('held back')
    }
    await page.goto(`${app.url}/me`)
    await identify(page)
    await page.click('button[type=submit]')
    await page.waitForURL(isCallback)
    app.handle = handle
    const other = await browser.newContext()
    const victim = await other.newPage()
    const answer = await victim.goto(stolen)
    expect([answer?.status(), await victim.textContent('h1')]).toEqual([401, 'No login'])
    expect(await other.cookies(app.url)).toEqual([])
    await other.close()
  })

  it('that is demanded stronger leads through the provider once more, and on to the page', async () => {
    const strong = await startIdentityProvider({ redirectUris: [`${app.url}/callback/office`], reaches: ['gold'] })
    onTestFinished(() => strong.stop())
    const page = await open({}, strong)
    await logIn(page)
    await page.waitForURL(`${app.url}/me`)
    const before = (await context.cookies(app.url)).find(({ name }) => name === '__Host-session')?.value
    await page.goto(`${app.url}/gold`)
    expect(new URL(page.url()).origin).toBe(strong.issuer)
    await identify(page)
    await page.waitForURL(`${app.url}/gold`)
    expect(await page.textContent('body')).toBe('{"gold":true}')
    const after = (await context.cookies(app.url)).find(({ name }) => name === '__Host-session')?.value
    expect([after === undefined, after === before]).toEqual([false, false])
  })

  it('that is demanded stronger than the provider has it ends with a page, after one round trip', async () => {
    const page = await open()
    await logIn(page)
    await page.waitForURL(`${app.url}/me`)
    app.asked.length = 0
    await page.goto(`${app.url}/gold`)
    expect([new URL(page.url()).pathname, await page.textContent('h1')]).toEqual(['/callback/office', 'No login'])
    expect(app.asked.filter((path) => path !== '/favicon.ico')).toEqual(['/gold', '/login', '/callback/office'])
  })
})
