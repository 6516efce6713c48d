import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { freePort } from '../servers/process.ts'
import { startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'
import { type Answer, answerIn, run } from './commands.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const curl = service('curl')
const redisProgram = service('redis-server')
const postgres = postgresPrograms()
const ownSite = ['-H', 'Sec-Fetch-Site: same-origin'] as const
const credentials = ['-d', 'user=ada', '-d', 'password=lovelace'] as const

let folder: string
let showcase: Showcase | undefined

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'becauth-curl-'))
})
afterEach(async () => {
  await showcase?.stop()
  showcase = undefined
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Asks with the cookies of a jar, and keeps there what is set. */
async function ask(path: string, args: readonly string[] = [], jar = 'jar'): Promise<Answer> {
  const file = join(folder, jar)
  const all = ['-q', '-s', '-i', '--max-time', '10', '-b', file, '-c', file, ...args, `${showcase?.url}${path}`]
  const { code, output } = await run(curl ?? '', all)
  expect(code).toBe(0)
  return answerIn(output)
}

const stores: readonly { name: string; absent: boolean; open: () => Promise<Opened> }[] = [
  { name: 'SQLite', absent: false, open: async () => ({ env: {}, close: async () => undefined }) },
  {
    name: 'Redis',
    absent: redisProgram === undefined,
    open: async () => {
      const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']
      const server = await startRedis(redisProgram ?? '', durable)
      return { env: { BECAUTH_STORE: server.url }, close: () => server.stop() }
    },
  },
  {
    name: 'PostgreSQL',
    absent: postgres === undefined,
    open: async () => {
      const server = await startPostgres(postgres ?? '')
      const { host, port, user, database } = server.connection
      const env = { BECAUTH_STORE: `postgres://${user}@${host}:${port}/${database}` }
      return { env, close: () => server.stop() }
    },
  },
]

interface Opened {
  readonly env: NodeJS.ProcessEnv
  close(): Promise<void>
}

describe.skipIf(curl === undefined)('the sessions of the showcase, asked by curl', { timeout: 60_000 }, () => {
  for (const { name, absent, open } of stores) {
    it.skipIf(absent)(`on ${name}, outlive the process and end with the logout`, async () => {
      const jar = `jar-${name}`
      const opened = await open()
      const env = { BECAUTH_DATA: join(folder, name), ...opened.env }
      try {
        showcase = await startShowcase('0', env)
        expect((await ask('/me', [], jar)).status).toBe(401)
        const login = await ask('/login?returnTo=/me', credentials, jar)
        expect([login.status, login.all('location')]).toEqual([303, ['/me']])
        expect(login.all('set-cookie')).toEqual([
          expect.stringMatching(/^__Host-session=s1\.[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
        ])
        const before = await ask('/me', [], jar)
        expect(JSON.parse(before.body)).toMatchObject({
          principal: { name: 'ada' },
          session: { client: 'curl', current: true, remembered: false },
        })
        expect(before.all('cache-control')).toEqual(['no-store'])
        expect(await showcase.stop()).toMatchObject({ code: 0, errors: '' })
        showcase = await startShowcase('0', env)
        const after = await ask('/me', [], jar)
        expect([after.status, after.body]).toEqual([200, before.body])
        const logout = await ask('/logout', ['-X', 'POST', ...ownSite], jar)
        expect([logout.status, logout.all('clear-site-data')]).toEqual([200, ['"cache"']])
        expect(logout.all('set-cookie')).toEqual([expect.stringMatching(/^__Host-session=; Max-Age=0; /)])
        const cookie = login.all('set-cookie')[0]?.split(';')[0] ?? ''
        expect((await ask('/me', ['-H', `Cookie: ${cookie}`], 'none')).status).toBe(401)
        expect((await ask('/me', [], jar)).status).toBe(401)
      } finally {
        await showcase?.stop()
        await opened.close()
      }
    })
  }

  it('are listed, ended one by one and ended everywhere, and only by their owner', async () => {
    showcase = await startShowcase()
    const login = (jar: string, who: readonly string[] = credentials) => ask('/login', who, jar)
    await login('first')
    await login('second')
    await login('third', ['-d', 'user=alan', '-d', 'password=enigma'])
    const list = async (jar: string): Promise<{ handle: string; current: boolean }[]> =>
      JSON.parse((await ask('/sessions', [], jar)).body).sessions
    const listed = await list('first')
    expect(listed).toHaveLength(2)
    const other = listed.find(({ current }) => !current)?.handle ?? ''
    const end = (jar: string, which: string) => ask('/sessions', ['-d', `end=${which}`, ...ownSite], jar)
    expect((await end('third', other)).status).toBe(404)
    expect((await ask('/me', [], 'second')).status).toBe(200)
    expect((await end('first', other)).status).toBe(200)
    expect((await ask('/me', [], 'second')).status).toBe(401)
    expect(await list('first')).toHaveLength(1)
    await login('second')
    expect((await end('second', 'everywhere')).status).toBe(200)
    for (const jar of ['first', 'second']) expect((await ask('/me', [], jar)).status).toBe(401)
    expect((await ask('/me', [], 'third')).status).toBe(200)
  })

  it('cannot be used by a request that another site may have caused', async () => {
    showcase = await startShowcase()
    await ask('/login', credentials, 'site')
    for (const args of [[], ['-H', 'Sec-Fetch-Site: cross-site'], ['-H', 'Origin: http://evil.example']]) {
      expect((await ask('/logout', ['-X', 'POST', ...args], 'site')).status).toBe(403)
    }
    expect((await ask('/login', [...credentials, '-H', 'Origin: http://evil.example'], 'evil')).status).toBe(403)
    expect((await ask('/me', [], 'site')).status).toBe(200)
  })

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'http:evil.example', '%0d%0aX: y', ''])(
    'begin with a way back on this site, whatever the link to the login page says: %j',
    async (asked) => {
      showcase = await startShowcase()
      const answer = await ask(`/login?returnTo=${encodeURIComponent(asked)}`, credentials, 'back')
      const [place = ''] = answer.all('location')
      expect(answer.status).toBe(303)
      expect(new URL(place, showcase.url).origin).toBe(showcase.url)
    },
  )

  it('are not ended by a store that is down: 503, and the cookie stays', async () => {
    const down = { BECAUTH_STORE: `redis://127.0.0.1:${await freePort()}` }
    const data = join(folder, 'up')
    showcase = await startShowcase('0', { BECAUTH_DATA: data })
    await ask('/login', credentials, 'down')
    await showcase.stop()
    showcase = await startShowcase('0', down)
    for (const [path, args] of [
      ['/me', []],
      ['/logout', ['-X', 'POST', ...ownSite]],
      ['/login', credentials],
    ] as const) {
      const answer = await ask(path, args, 'down')
      expect([path, answer.status, answer.all('set-cookie')]).toEqual([path, 503, []])
      expect(answer.all('retry-after')).toHaveLength(1)
      if (path === '/logout') expect(answer.body).toContain('You may still be logged in.')
    }
    expect((await ask('/me', [], 'nothing')).status).toBe(401)
    await showcase.stop()
    showcase = await startShowcase('0', { BECAUTH_DATA: data })
    expect((await ask('/me', [], 'down')).status).toBe(200)
  })
})
