import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const program = service('chromium')
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

describe.skipIf(program === undefined)('logins at other servers, in Chromium', { timeout: 60_000 }, () => {
  let showcase: Showcase
  let browser: Browser
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    showcase = await startShowcase()
    browser = await chromium.launch({ executablePath: program ?? '', args: [...args, ...offline] })
  }, 60_000)
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    await page.goto(showcase.url)
  })
  afterEach(() => context.close())
  afterAll(async () => {
    await browser?.close()
    await showcase?.stop()
  })

  const title = () => page.textContent('h1')
  const isElsewhere = () => new URL(page.url()).origin !== showcase.url

  /** Follows the link of a route on the page of the showcase. */
  const follow = (path: string) => page.click(`article[data-path="${path}"] h3 a`)

  async function identify(name: string, password: string): Promise<void> {
    await page.fill('[name=user]', name)
    await page.fill('[name=password]', password)
    await page.click('button[value=allow]')
  }

  it('go to the identity provider and back, ask no more than needed, and end with the logout', async () => {
    await follow('/sso')
    expect([isElsewhere(), await title()]).toEqual([true, 'Log in to the identity provider'])
    await identify('grace', 'byron')
    expect(await page.textContent('[role=alert]')).toBe('Name or password is wrong.')
    await identify('grace', 'hopper£ü')
    expect([isElsewhere(), await title()]).toEqual([true, 'Allow the showcase to know who you are?'])
    await page.click('button[value=allow]')
    expect([page.url(), await title()]).toEqual([`${showcase.url}/sso/me`, 'You are grace'])
    await context.clearCookies({ name: '__Host-sso' })
    await page.goto(`${showcase.url}/sso/me`)
    expect([page.url(), await title()]).toEqual([`${showcase.url}/sso/me`, 'You are grace'])
    await page.click('button')
    expect([isElsewhere(), await title()]).toEqual([true, 'Log out of the identity provider?'])
    await page.click('button[value=yes]')
    expect([page.url(), await title()]).toEqual([`${showcase.url}/sso/logout`, 'You are logged out'])
    await page.goto(`${showcase.url}/sso/me`)
    expect([isElsewhere(), await title()]).toEqual([true, 'Log in to the identity provider'])
  })

  it('end here when they end at the identity provider', async () => {
    await follow('/sso')
    await identify('ada', 'lovelace')
    await page.click('button[value=allow]')
    await page.click('text=log out of the identity provider')
    await page.click('button[value=yes]')
    expect([isElsewhere(), await title()]).toEqual([true, 'Logged out of the identity provider'])
    await page.goto(`${showcase.url}/sso/logout`)
    expect(await title()).toBe('You are logged out')
    await page.goto(showcase.url)
    const live = () => page.textContent('#live')
    await expect.poll(live).toMatch(/POST \/sso\/backchannel200.*GET \/callback\/sso303requires ssosso says yes/)
  })

  it.each(['Cancel', 'Deny'])('end with a page when the person says no: %s', async (no) => {
    await follow('/sso/me')
    if (no === 'Deny') await identify('alan', 'enigma')
    await page.click(`text=${no}`)
    expect([new URL(page.url()).pathname, await title()]).toEqual(['/callback/sso', 'Not logged in'])
    expect(await page.textContent('main')).toContain('You did not allow it.')
    await page.click('text=Try again')
    expect(isElsewhere()).toBe(true)
  })

  it('go to a server of OAuth 1.0a and back, with a yes and with a no', async () => {
    await follow('/oauth1')
    expect([isElsewhere(), await title()]).toEqual([true, 'Allow the showcase to know your name?'])
    await page.click('text=Deny')
    expect(await page.textContent('main')).toContain('You did not allow it.')
    await page.click('text=Try again')
    await identify('alan', 'enigma')
    await page.waitForURL(`${showcase.url}/oauth1?**`)
    expect(JSON.parse((await page.textContent('body')) ?? '')).toEqual({
      route: '/oauth1',
      provider: 'oauth1',
      principal: { name: 'alan', roles: ['user'] },
    })
  })

  it('look like the showcase, and break no policy of their pages', async () => {
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    for (const path of ['/oauth1', '/sso']) {
      await page.goto(showcase.url + path)
      const button = page.locator('button[value=allow]')
      expect(await button.evaluate((element) => getComputedStyle(element).borderRadius)).toBe('6px')
    }
    expect(complaints).toEqual([])
  })
})

describe.skipIf(program === undefined)('the end of the showcase', { timeout: 60_000 }, () => {
  it('comes within a second of SIGTERM while a browser is at the other servers', async () => {
    const showcase = await startShowcase()
    const browser = await chromium.launch({ executablePath: program ?? '', args: [...args, ...offline] })
    try {
      const page = await browser.newPage()
      for (const path of ['/oauth1', '/sso', '/']) await page.goto(showcase.url + path)
      const ending = await showcase.stop()
      expect(ending).toMatchObject({ code: 0, signal: null })
      expect(ending.milliseconds).toBeLessThan(1000)
    } finally {
      await browser.close()
    }
  })
})
