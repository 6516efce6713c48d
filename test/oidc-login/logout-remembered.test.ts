import { describe, expect, it } from 'vitest'
import { sidTag } from '../../src/providers/oauth2/login/logout-tags.ts'
import { memoryRememberStore } from '../../src/stores/memory/index.ts'
import { ada, Browser, service } from '../sessions/kit.ts'
import { ISSUER } from './kit.ts'

const DAY = 86_400
const tag = sidTag(ISSUER, 's1')

/** A browser that is remembered, in the session of a login at an issuer. */
async function remembered() {
  const made = service({ remember: { store: memoryRememberStore(), restore: () => ada } })
  const browser = new Browser()
  const options = { subject: 'ada', tags: [tag], remember: true }
  browser.take((await made.stored.login(browser.request({ method: 'POST' }), ada, options)).headers)
  const isIn = async () => (await made.decide(browser)).kind === 'authenticated'
  const logout = () => made.stored.revokeTagged(tag, { holdLogins: true })
  return { ...made, browser, isIn, logout }
}

describe('a logout by the issuer and a browser that is remembered', () => {
  it('ends the session of the login, and the browser does not come back', async () => {
    const { isIn, logout, clock } = await remembered()
    expect(await isIn()).toBe(true)
    expect(await logout()).toBe(1)
    expect(await isIn()).toBe(false)
    clock.now += 2 * DAY
    expect(await isIn()).toBe(false)
  })

  it('does not reach a session that the browser came back in: docs/logout.md says so', async () => {
    const { isIn, logout, clock } = await remembered()
    clock.now += 2 * DAY
    expect(await isIn()).toBe(true)
    expect(await logout()).toBe(0)
    expect(await isIn()).toBe(true)
  })

  it('does not reach a browser whose session is over, which comes back afterwards: docs/logout.md says so', async () => {
    const { isIn, logout, clock } = await remembered()
    clock.now += 2 * DAY
    expect(await logout()).toBe(0)
    expect(await isIn()).toBe(true)
  })
})
