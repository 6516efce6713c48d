import { describe, expect, it } from 'vitest'
import { ISSUER, origin } from './kit.ts'
import { gate } from './logout-gate.ts'
import { logoutKit, textOf } from './logout-kit.ts'

/** A person whose session keeps tokens, of an issuer that revokes them. */
async function withTokens() {
  const kit = await logoutKit({ keepsTokens: true, settings: { scopes: ['openid', 'offline_access'] } })
  const { issuer, isIn, newBrowser } = kit
  issuer.metadata = { ...issuer.metadata, revocation_endpoint: `${ISSUER}/revoke` }
  let given = 0
  issuer.token = async () => {
    const tokens = await issuer.tokens()
    given++
    const named = { access_token: `canary-at-${given}`, refresh_token: `canary-rt-${given}` }
    return Response.json({ ...tokens, ...named, expires_in: 300 })
  }
  const browser = await kit.logIn()
  const copy = newBrowser()
  for (const [name, value] of browser.jar(origin)) copy.jar(origin).set(name, value)
  /** The tokens that were revoked, and whether the session lived at that time. */
  const revoked: (readonly [token: string, alive: boolean])[] = []
  const { fetch } = issuer
  issuer.fetch = async (input, init) => {
    const request = new Request(input, init)
    if (issuer.down || new URL(request.url).pathname !== '/revoke') return fetch(input, init)
    revoked.push([new URLSearchParams(await request.text()).get('token') ?? '', await isIn(copy)])
    return new Response(null, { status: 200 })
  }
  const tokenOf = async (): Promise<unknown> => (await browser.ask(`${origin}/api`)).json()
  return { ...kit, browser, revoked, tokenOf }
}

describe('a logout of somebody whose tokens are kept', () => {
  it('tells the server by the id_token who it is, and revokes the tokens after the session ended', async () => {
    const { browser, isIn, post, tokenOf, revoked, failures } = await withTokens()
    expect(await tokenOf()).toEqual({ token: 'canary-at-1' })
    const { searchParams } = new URL((await post(browser)).headers.get('location') ?? '')
    expect(searchParams.get('id_token_hint')).toMatch(/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/)
    expect(revoked[0]).toEqual(['canary-rt-1', false])
    expect([await isIn(browser), failures]).toEqual([false, []])
  })

  it('is one while the server is down, and shows the tokens to nobody', async () => {
    const { browser, isIn, post, issuer, failures } = await withTokens()
    issuer.down = true
    expect((await post(browser)).status).toBe(303)
    expect([await isIn(browser), failures.map(([route]) => route)]).toEqual([false, ['logout']])
    for (const [, failure] of failures) expect(textOf(failure)).not.toMatch(/canary|eyJ/)
  })
})

describe('a refresh that is under way', () => {
  it('does not bring back a session that the issuer ended meanwhile', async () => {
    const { browser, isIn, logoutToken, deliver, issuer, time, tokenOf, revoked } = await withTokens()
    time.now += 290
    const { token } = issuer
    const [isAsked, mayGo] = [gate(), gate()]
    issuer.token = async (form, signal) => {
      isAsked.open()
      await mayGo.opened
      return token?.(form, signal) ?? Response.error()
    }
    const refreshed = tokenOf()
    await isAsked.opened
    expect((await deliver(await logoutToken())).status).toBe(200)
    mayGo.open()
    await refreshed
    expect([await isIn(browser), await tokenOf()]).toEqual([false, { token: null }])
    // Nobody can use what was given for a session that is no more.
    expect(revoked[0]).toEqual(['canary-rt-2', false])
  })
})
