import { describe, expect, it } from 'vitest'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { overriding } from '../sessions/kit.ts'
import { ISSUER, origin } from './kit.ts'
import { logoutKit } from './logout-kit.ts'

const frame = (query: string, init?: RequestInit) => new Request(`${origin}/front-channel${query}`, init)
const queryOf = (iss: string, sid: string) => `?${new URLSearchParams({ iss, sid })}`

describe('front-channel logout', () => {
  it("ends the sessions of the issuer's session that the query names, without a cookie, in a frame of the issuer", async () => {
    const { logIn, isIn, handle, failures } = await logoutKit()
    const [browser, other] = [await logIn({ sub: 'ada', sid: 's1' }), await logIn({ sub: 'ada', sid: 's2' })]
    const response = await handle(frame(queryOf(ISSUER, 's1')))
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; frame-ancestors ${ISSUER}`,
      'content-type': 'text/html; charset=utf-8',
    })
    expect(await response.text()).toContain('Logged out')
    expect([await isIn(browser), await isIn(other), failures]).toEqual([false, true, []])
  })

  it('answers for a session that nobody has here as for any other', async () => {
    const { logIn, isIn, handle } = await logoutKit()
    const browser = await logIn()
    expect((await handle(frame(queryOf(ISSUER, 'unknown')))).status).toBe(200)
    expect(await isIn(browser)).toBe(true)
  })

  it.each([
    ['without a query', '', 'malformed-request'],
    ['without a sid', `?iss=${ISSUER}`, 'malformed-request'],
    ['without an iss', '?sid=s1', 'malformed-request'],
    ['with an empty sid', queryOf(ISSUER, ''), 'malformed-request'],
    ['with a sid that comes twice', `${queryOf(ISSUER, 's1')}&sid=s2`, 'malformed-request'],
    ['with an iss that comes twice', `${queryOf(ISSUER, 's1')}&iss=x`, 'malformed-request'],
    ['with a sid that is no sid', queryOf(ISSUER, 'x'.repeat(1025)), 'malformed-request'],
    ['of another issuer', queryOf('https://evil.example', 's1'), 'wrong-issuer'],
    ['of an issuer whose name only looks the same', queryOf(`${ISSUER}/`, 's1'), 'wrong-issuer'],
  ])('refuses a logout %s, whatever cookie comes with it', async (_name, query, reason) => {
    const { logIn, isIn, handle, heard, failures } = await logoutKit()
    const browser = await logIn()
    const cookie = [...browser.jar(origin)].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await handle(frame(query, { headers: { cookie } }))
    expect([response.status, heard(), await isIn(browser)]).toEqual([400, reason, true])
    expect([failures.at(-1)?.[0], response.headers.get('set-cookie')]).toEqual(['frontChannel', null])
  })

  it('is by GET only', async () => {
    const { handle } = await logoutKit()
    const response = await handle(frame(queryOf(ISSUER, 's1'), { method: 'POST' }))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
  })

  it('is 503 while the store is down, and can be asked for again', async () => {
    const { logIn, isIn, handle, outage, heard } = await logoutKit()
    const browser = await logIn()
    outage.store = true
    expect([(await handle(frame(queryOf(ISSUER, 's1')))).status, heard()]).toEqual([503, 'store-failed'])
    outage.store = false
    expect((await handle(frame(queryOf(ISSUER, 's1')))).status).toBe(200)
    expect(await isIn(browser)).toBe(false)
  })

  it('asks the issuer nothing', async () => {
    const { handle, issuer } = await logoutKit()
    issuer.down = true
    expect((await handle(frame(queryOf(ISSUER, 's1')))).status).toBe(200)
    expect(issuer.asked).toEqual([])
  })

  it('holds a login of the same session at the issuer that was begun before', async () => {
    const { begin, comeBack, logIn, isIn, handle, time } = await logoutKit()
    await logIn()
    const under = await begin()
    time.now += 2
    await handle(frame(queryOf(ISSUER, 's1')))
    await comeBack(under, { sub: 'ada', sid: 's1' })
    expect(await isIn(under.browser)).toBe(false)
  })

  it('lets strangers who make up sessions write nothing', async () => {
    const create = (): never => {
      throw new Error('something is written')
    }
    const { handle, failures } = await logoutKit({ store: overriding(memorySessionStore(), { create }) })
    for (let index = 0; index < 20; index++) {
      expect((await handle(frame(queryOf(ISSUER, `made-up-${index}`)))).status).toBe(200)
    }
    expect(failures).toEqual([])
  })
})
