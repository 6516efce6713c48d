import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { type Answer, answerIn, run } from './commands.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const curl = service('curl')
const page = ['-H', 'Accept: text/html'] as const
const right = { user: 'ada', password: 'lovelace', decision: 'allow' }

let folder: string
let showcase: Showcase

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'becauth-curl-'))
  showcase = await startShowcase()
})
afterAll(async () => {
  await showcase?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Asks with the cookies of a jar, and keeps there what is set. */
async function ask(place: string, args: readonly string[] = [], jar = 'jar'): Promise<Answer> {
  const [file, url] = [join(folder, jar), new URL(place, showcase.url).href]
  const all = ['-q', '-s', '-i', '--max-time', '10', '-b', file, '-c', file, ...args, url]
  const { code, output } = await run(curl ?? '', all)
  expect(code).toBe(0)
  return answerIn(output)
}

const locationOf = (answer: Answer): string => answer.all('location')[0] ?? ''
const form = (fields: Readonly<Record<string, string>>): readonly string[] => [
  '-d',
  new URLSearchParams(fields).toString(),
]

describe.skipIf(curl === undefined)('/oauth1 of the showcase, asked by curl', { timeout: 60_000 }, () => {
  /** Begins a login and answers the place of the other server, and its token. */
  async function begun(jar: string) {
    const authorize = locationOf(await ask('/oauth1', page, jar))
    expect(authorize).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?oauth_token=[\w-]+$/)
    const { origin, pathname, searchParams } = new URL(authorize)
    expect(origin).not.toBe(showcase.url)
    return { authorize, place: origin + pathname, oauth_token: searchParams.get('oauth_token') ?? '' }
  }

  it('sends programs nowhere, and says what is missing', async () => {
    const answer = await ask('/oauth1')
    expect([answer.status, answer.all('www-authenticate')]).toEqual([401, ['OAuth realm="oauth1"']])
  })

  it('leads to the other server and back, once, by the password of the other server', async () => {
    const { authorize, place, oauth_token } = await begun('right')
    expect((await ask(authorize)).body).toContain('Allow the showcase to know your name?')
    const wrong = await ask(place, form({ ...right, password: 'byron', oauth_token }), 'right')
    expect([wrong.status, wrong.body]).toEqual([401, expect.stringContaining('Name or password is wrong.')])
    const back = locationOf(await ask(place, form({ ...right, oauth_token }), 'right'))
    expect(back).toMatch(new RegExp(`^${showcase.url}/oauth1\\?oauth_token=[\\w-]+&oauth_verifier=[\\w-]+$`))
    const arrived = await ask(back, page, 'right')
    expect([arrived.status, JSON.parse(arrived.body)]).toEqual([
      200,
      { route: '/oauth1', provider: 'oauth1', principal: { name: 'ada', roles: ['admin', 'user'] } },
    ])
    const again = await ask(back, page, 'right')
    expect([again.status, again.all('location')]).toEqual([401, []])
    expect(again.body).toContain('The login is over, or failed.')
  })

  it('takes no answer that another browser was given', async () => {
    const { place, oauth_token } = await begun('one')
    const back = locationOf(await ask(place, form({ ...right, oauth_token }), 'one'))
    expect((await ask(back, page, 'another')).status).toBe(401)
    expect((await ask(back, page, 'one')).status).toBe(200)
  })

  it('ends with a page when the person says no', async () => {
    const { place, oauth_token } = await begun('no')
    const back = locationOf(await ask(place, form({ decision: 'deny', oauth_token }), 'no'))
    const answer = await ask(back, page, 'no')
    expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('You did not allow it.')])
  })
})

describe.skipIf(curl === undefined)('/sso of the showcase, asked by curl', { timeout: 60_000 }, () => {
  /** Goes on by what the identity provider answers to these fields, until the showcase is back. */
  async function answered(question: string, jar: string, ...answers: readonly Readonly<Record<string, string>>[]) {
    let place = question
    for (const fields of answers) {
      const sent = await ask(place, form(fields), jar)
      const resumed = await ask(locationOf(sent), [], jar)
      place = new URL(locationOf(resumed), locationOf(sent)).href
    }
    return place
  }

  /** Begins a login and answers where the identity provider asks who it is. */
  async function begun(jar: string, path = '/sso'): Promise<string> {
    const authorize = locationOf(await ask(path, page, jar))
    const { origin, pathname } = new URL(authorize)
    expect([origin === showcase.url, pathname]).toEqual([false, '/auth'])
    return new URL(locationOf(await ask(authorize, [], jar)), origin).href
  }

  /** Answers the identity provider's question about a logout, and says where it leads. */
  async function loggedOut(place: string, jar: string, logout = 'yes'): Promise<string> {
    const { body } = await ask(place, page, jar)
    expect(body).toContain('Log out of the identity provider?')
    const [, action = ''] = /action="([^"]+)"/.exec(body) ?? []
    const [, xsrf = ''] = /name="xsrf" value="(\w+)"/.exec(body) ?? []
    return locationOf(await ask(action, form(logout === '' ? { xsrf } : { xsrf, logout }), jar))
  }

  it('lets nobody in without a login: programs get 401, browsers are led to /sso and come back', async () => {
    expect((await ask('/sso/me', [], 'nobody')).status).toBe(401)
    const led = await ask('/sso/me', page, 'nobody')
    expect([led.status, locationOf(led)]).toEqual([302, '/sso?returnTo=%2Fsso%2Fme'])
  })

  it('knows nobody by a session of the showcase itself', async () => {
    const login = await ask('/login', form({ user: 'ada', password: 'lovelace' }), 'own')
    const value = /^__Host-session=([^;]+)/.exec(login.all('set-cookie')[0] ?? '')?.[1]
    expect(value).toBeDefined()
    expect((await ask('/sso/me', ['-H', `Cookie: __Host-sso=${value}`], 'swapped')).status).toBe(401)
  })

  it('asks for the password and for consent, and knows then who it is, until the logout', async () => {
    const question = await begun('sso')
    const wrong = await ask(question, form({ ...right, password: 'byron' }), 'sso')
    expect([wrong.status, wrong.body]).toEqual([401, expect.stringContaining('Name or password is wrong.')])
    const consent = await answered(question, 'sso', right)
    expect((await ask(consent, [], 'sso')).body).toContain('Allow the showcase to know who you are?')
    const callback = await answered(consent, 'sso', { decision: 'allow' })
    expect(callback).toMatch(new RegExp(`^${showcase.url}/callback/sso\\?code=`))
    const arrived = await ask(callback, page, 'sso')
    expect([arrived.status, locationOf(arrived)]).toEqual([303, '/sso/me'])
    expect(arrived.all('set-cookie')).toContainEqual(expect.stringMatching(/^__Host-sso=s1\..*; HttpOnly; Secure;/))
    const me = await ask('/sso/me', [], 'sso')
    const known = { route: '/sso/me', provider: 'visitor', principal: { name: 'ada', roles: ['admin', 'user'] } }
    expect([me.status, JSON.parse(me.body)]).toEqual([200, known])
    expect((await ask('/me', [], 'sso')).status).toBe(401)
    expect((await ask('/sso/logout', ['-X', 'POST'], 'sso')).status).toBe(403)
    expect((await ask('/sso/logout', page, 'sso')).body).toContain('Log out, ada?')
    const sent = await ask('/sso/logout', ['-X', 'POST', '-H', 'Sec-Fetch-Site: same-origin'], 'sso')
    expect([sent.status, sent.all('set-cookie')]).toEqual([
      303,
      expect.arrayContaining([expect.stringMatching(/^__Host-sso=; Max-Age=0; /)]),
    ])
    expect((await ask('/sso/me', [], 'sso')).status).toBe(401)
    const { origin, pathname, searchParams } = new URL(locationOf(sent))
    expect([origin, pathname]).toEqual([new URL(question).origin, '/session/end'])
    expect(searchParams.get('id_token_hint')).toMatch(/^ey/)
    const back = await loggedOut(locationOf(sent), 'sso')
    expect(back).toMatch(new RegExp(`^${showcase.url}/callback/sso/logout\\?state=[\\w-]+$`))
    expect(locationOf(await ask(back, page, 'sso'))).toBe('/sso/logout')
    expect((await ask('/sso/logout', page, 'sso')).body).toContain('You are logged out')
    // Over there as well: it asks again who it is.
    expect((await ask(await begun('sso'), [], 'sso')).body).toContain('Log in to the identity provider')
  })

  it('hears from the identity provider that somebody logged out over there', async () => {
    const question = await begun('far')
    const consent = await answered(question, 'far', right)
    await ask(await answered(consent, 'far', { decision: 'allow' }), page, 'far')
    expect((await ask('/sso/me', [], 'far')).status).toBe(200)
    const stays = await loggedOut(new URL('/session/end', question).href, 'far', '')
    expect(new URL(stays).pathname).toBe('/session/end/success')
    expect((await ask('/sso/me', [], 'far')).status).toBe(200)
    await loggedOut(new URL('/session/end', question).href, 'far')
    expect((await ask('/sso/me', [], 'far')).status).toBe(401)
  })

  it('believes nobody else that somebody logged out', async () => {
    for (const token of ['', 'eyJhbGciOiJub25lIn0.e30.', 'x']) {
      expect((await ask('/sso/backchannel', form({ logout_token: token }), 'liar')).status).toBe(400)
    }
  })

  it('asks nothing of who is logged in to the identity provider, and leads to where one wanted to go', async () => {
    const consent = await answered(await begun('twice'), 'twice', right)
    await ask(await answered(consent, 'twice', { decision: 'allow' }), page, 'twice')
    // The identity provider knows the browser by now, and asks nothing.
    const silent = await ask(locationOf(await ask('/sso?returnTo=/sso/logout', page, 'twice')), [], 'twice')
    const arrived = await ask(locationOf(silent), page, 'twice')
    expect([arrived.status, locationOf(arrived)]).toEqual([303, '/sso/logout'])
  })

  it.each([
    ['who it is', 0],
    ['for consent', 1],
  ])('ends with a page when the person is asked %s and says no', async (_what, yes) => {
    const jar = `no-${yes}`
    const callback = await answered(await begun(jar), jar, ...[right].slice(0, yes), { decision: 'deny' })
    const { pathname, searchParams } = new URL(callback)
    expect([pathname, searchParams.get('error')]).toEqual(['/callback/sso', 'access_denied'])
    const answer = await ask(callback, page, jar)
    expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('You did not allow it.')])
    expect((await ask('/sso/me', [], jar)).status).toBe(401)
  })

  it('takes no answer that another browser was given', async () => {
    const consent = await answered(await begun('attacker'), 'attacker', right)
    const callback = await answered(consent, 'attacker', { decision: 'allow' })
    const victim = await ask(callback, page, 'victim')
    expect([victim.status, victim.all('set-cookie')]).toEqual([401, []])
  })

  it('keeps its questions to the browser that they are for', async () => {
    const question = await begun('asked')
    for (const args of [[], form(right)]) {
      const answer = await ask(question, args, 'stranger')
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('no such login')])
    }
  })
})
