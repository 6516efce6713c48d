import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { service as account } from '../../scripts/lib/slapd.mjs'
import { answerIn, run } from '../interop/commands.ts'
import { type Showcase, startShowcase } from '../interop/showcase.ts'
import { service } from '../services.ts'
import { type Slapd, slapd, startSlapd } from './slapd.ts'

const curl = service('curl')

describe.skipIf(!slapd || !curl)('the showcase with a directory, asked by curl', () => {
  let directory: Slapd
  let showcase: Showcase

  beforeAll(async () => {
    directory = await startSlapd({ failures: 3 })
    showcase = await startShowcase('0', {
      BECAUTH_LDAP_URL: directory.url,
      BECAUTH_LDAP_SERVICE: account.dn,
      BECAUTH_LDAP_PASSWORD: account.password,
    })
  })
  afterAll(async () => {
    try {
      // Connections to the directory do not keep the process.
      expect(await showcase?.stop()).toMatchObject({ code: 0, signal: null })
    } finally {
      await directory?.stop()
    }
  })

  async function ask(credential?: string, path = '/ldap') {
    const user = credential === undefined ? [] : ['-u', credential]
    const { code, output } = await run(curl ?? '', ['-q', '-s', '-i', '--max-time', '20', ...user, showcase.url + path])
    expect(code).toBe(0)
    return answerIn(output)
  }

  it('lets in whoever the directory knows, with roles from nested groups', async () => {
    const ada = await ask('ada:lovelace')
    expect(ada.status).toBe(200)
    expect(JSON.parse(ada.body)).toMatchObject({
      provider: 'ldap',
      principal: { name: 'ada', roles: expect.arrayContaining(['admins', 'users', 'engineers', 'everyone']) },
    })
    expect((await ask('alan:enigma')).status).toBe(200)
    expect((await ask('grace:hopper£ü')).status).toBe(200)
  })

  it.each([
    ['nothing', undefined],
    ['a wrong password', 'alan:wrong'],
    ['an unknown name', 'eve:lovelace'],
    ['an empty password, which this server would say yes to', 'ada:'],
    ['a filter as a name', '*)(uid=ada:lovelace'],
    ['a SASL mechanism as a name', `EXTERNAL:dn:${account.dn}`],
    ['a locked account', 'edsger:dijkstra'],
    ['a password that must be changed', 'margaret:hamilton'],
    ['a password that has expired', 'barbara:liskov'],
  ])('answers 401 with a challenge, and not why, to %s', async (_, credential) => {
    const answer = await ask(credential)
    expect(answer.status).toBe(401)
    expect(answer.all('www-authenticate')).toEqual(['Basic realm="showcase, directory", charset="UTF-8"'])
    expect(answer.body).not.toMatch(/locked|must-change|expired|unknown|wrong/)
  })

  it('refuses the right password after the directory has locked the account', async () => {
    for (let failure = 0; failure < 3; failure++) expect((await ask('grace:wrong')).status).toBe(401)
    expect((await ask('grace:hopper£ü')).status).toBe(401)
  })

  it('answers 503 without a challenge while the directory is down, and is back by itself', async () => {
    await directory.kill()
    const down = await ask('ada:lovelace')
    expect(down.status).toBe(503)
    expect(down.all('retry-after')).toHaveLength(1)
    expect(down.all('www-authenticate')).toEqual([])
    expect((await ask('ada:lovelace', '/basic')).status).toBe(200)
    await directory.restart()
    // A server that is down is asked again at once where there is no other one.
    expect((await ask('ada:lovelace')).status).toBe(200)
  })
})
