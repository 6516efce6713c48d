import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { type Listening, listening } from './listening.ts'
import { gate } from './logout-gate.ts'
import { type LogoutServiceOptions, logoutService } from './logout-service.ts'

const program = service('chromium')
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

/** A service on a host of its own, since ports do not keep cookies apart. */
interface App {
  readonly origin: string
  readonly listening: Listening
}

async function start(host: string): Promise<App> {
  const started = await listening()
  return { origin: started.url.replace('127.0.0.1', host), listening: started }
}

/** How a service is registered. */
const registered = (id: string, { origin, listening: { url } }: App) => ({
  client_id: id,
  redirect_uris: [`${origin}/callback/office`],
  post_logout_redirect_uris: [`${origin}/logged-out`],
  backchannel_logout_uri: `${url}/back-channel`,
  backchannel_logout_session_required: true,
})

describe.skipIf(program === undefined)('a logout at oidc-provider in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  let context: BrowserContext
  let orders: App
  let billing: App
  let provider: IdentityProvider

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program ?? '', args: [...args, ...offline] })
    ;[orders, billing] = [await start('127.0.0.1'), await start('localhost')]
    provider = await startIdentityProvider({
      redirectUris: [`${orders.origin}/callback/office`],
      services: [
        registered('orders', orders),
        registered('billing', billing),
        { ...registered('sub-only', orders), backchannel_logout_session_required: false },
      ],
    })
  }, 60_000)
  beforeEach(async () => {
    context = await browser.newContext()
  })
  afterEach(() => context.close())
  afterAll(async () => {
    await browser?.close()
    await provider?.stop()
    await Promise.all([orders?.listening.close(), billing?.listening.close()])
  })

  /** Starts a service anew. */
  function run({ origin, listening }: App, clientId: string, options: LogoutServiceOptions = {}) {
    const clock = () => Date.now() / 1000
    const { issuer } = provider
    const made = logoutService({ issuer, origin, clientId, clock, fetch: globalThis.fetch }, options)
    listening.handle = made.handle
    listening.asked.length = 0
    return made
  }

  /** Says who one is where the identity provider asks, and yes where it asks for consent. */
  async function logIn(page: Page, app: App): Promise<void> {
    await logInUntil(page, app, `${app.origin}/me`)
    expect(await page.textContent('p')).toBe('ada')
  }

  async function logInUntil(page: Page, app: App, end: string): Promise<void> {
    await page.goto(`${app.origin}/me`)
    while (page.url().startsWith(provider.issuer)) {
      if ((await page.locator('[name=login]').count()) > 0) {
        await page.fill('[name=login]', 'ada')
        await page.fill('[name=password]', 'any')
      }
      await page.click('button[type=submit]')
    }
    expect(page.url()).toBe(end)
  }

  const sayYes = (page: Page) => page.click('button[name=logout]')

  /** What a page of a service answers to somebody who has that session or none. */
  async function statusOf(page: Page, app: App): Promise<number> {
    return (
      await page.request.get(`${app.origin}/me`, { maxRedirects: 0, headers: { accept: 'application/json' } })
    ).status()
  }

  it('ends the session here and there, and comes back to where it was to end', async () => {
    const { failures } = run(orders, 'orders', { keepsTokens: true })
    const page = await context.newPage()
    await logIn(page, orders)
    await page.click('text=Log out')
    await sayYes(page)
    await page.waitForURL(`${orders.origin}/bye`)
    expect(failures).toEqual([])
    expect((await context.cookies(orders.origin)).filter(({ name }) => name.startsWith('__Host-'))).toEqual([])
    // The provider asks again who it is.
    await page.goto(`${orders.origin}/me`)
    expect(await page.locator('[name=login]').count()).toBe(1)
  })

  it('is everywhere: the other service ends its session when it hears of it, while the person works there', async () => {
    const [one, two] = [run(orders, 'orders', { keepsTokens: true }), run(billing, 'billing')]
    const [first, second] = [await context.newPage(), await context.newPage()]
    await logIn(first, orders)
    await logIn(second, billing)
    const other = await browser.newContext()
    const elsewhere = await other.newPage()
    await logIn(elsewhere, billing)
    expect(await statusOf(second, billing)).toBe(200)
    await first.click('text=Log out')
    await sayYes(first)
    await first.waitForURL(`${orders.origin}/bye`)
    expect(billing.listening.asked).toContain('/back-channel')
    expect(await statusOf(second, billing)).toBe(401)
    await second.reload()
    expect(new URL(second.url()).origin).toBe(provider.issuer)
    // Another session of the same person at the provider goes on.
    expect(await statusOf(elsewhere, billing)).toBe(200)
    expect([one.failures, two.failures]).toEqual([[], []])
    await other.close()
  })

  it('ends all sessions of the person where the provider names no session', async () => {
    const { failures } = run(orders, 'sub-only', { keepsTokens: true })
    const page = await context.newPage()
    await logIn(page, orders)
    const other = await browser.newContext()
    const elsewhere = await other.newPage()
    await logIn(elsewhere, orders)
    await page.click('text=Log out')
    await sayYes(page)
    await page.waitForURL(`${orders.origin}/bye`)
    expect(await statusOf(elsewhere, orders)).toBe(401)
    expect(failures).toEqual([])
    await other.close()
  })

  it('wins when it overtakes a login', async () => {
    const [isBack, mayStart] = [gate(), gate()]
    const one = run(orders, 'orders', { keepsTokens: true })
    const two = run(billing, 'billing', {
      beforeSession: () => {
        isBack.open()
        return mayStart.opened
      },
    })
    const [first, second] = [await context.newPage(), await context.newPage()]
    await logIn(first, orders)
    const landed = logInUntil(second, billing, `${billing.origin}/`)
    await isBack.opened
    await first.click('text=Log out')
    await sayYes(first)
    await first.waitForURL(`${orders.origin}/bye`)
    expect(billing.listening.asked).toContain('/back-channel')
    mayStart.open()
    await landed
    expect(await statusOf(second, billing)).toBe(401)
    expect([one.failures, two.failures]).toEqual([[], []])
  })
})
