import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort, type ServerProcess, startServer } from '../servers/process.ts'
import { startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'
import { FetchBrowser } from './browser.ts'
import { SECRET } from './identity-provider.ts'
import { type RefreshProvider, startRefreshProvider } from './refresh-provider.ts'

const PROCESSES = 4
const STORM = 500
const TOKEN_SECONDS = 60
const redisServer = service('redis-server')
const file = fileURLToPath(new URL('./fixtures/token-service.mjs', import.meta.url))

/** One process of the service. */
interface Member {
  readonly origin: string
  readonly process: ServerProcess
}

interface Answer {
  readonly status: number
  readonly token: string | undefined
  readonly milliseconds: number
}

/** A service of four processes over one Redis, at which somebody logged in. All end with the test. */
async function cluster(more: { readonly leaseSeconds?: number; readonly timeoutSeconds?: number } = {}) {
  const redis = await startRedis(redisServer ?? '')
  onTestFinished(() => redis.stop())
  const ports = await Promise.all(Array.from({ length: PROCESSES }, freePort))
  const origin = `http://127.0.0.1:${ports[0]}`
  const provider = await startRefreshProvider({
    redirectUri: `${origin}/callback/office`,
    accessTokenSeconds: TOKEN_SECONDS,
  })
  onTestFinished(() => provider.stop())
  const { issuer } = provider
  const members = await Promise.all(
    ports.map(async (port): Promise<Member> => {
      const plan = { redis: redis.url, port, issuer, origin, secret: SECRET, ...more }
      const process_ = await startServer(process.execPath, [file, JSON.stringify(plan)], 'listening')
      onTestFinished(() => process_.kill())
      return { origin: `http://127.0.0.1:${port}`, process: process_ }
    }),
  )
  const browser = new FetchBrowser()
  await browser.go(`${origin}/login`, { until: (url) => url === `${origin}/` })
  const cookie = [...browser.jar(origin)].map(([name, value]) => `${name}=${value}`).join('; ')

  const ask = async ({ origin: at }: Member): Promise<Answer> => {
    const began = performance.now()
    const response = await fetch(`${at}/token`, { headers: { cookie }, signal: AbortSignal.timeout(30_000) })
    const body: unknown = await response.json()
    const token: unknown = Reflect.get(Object(body), 'token')
    return {
      status: response.status,
      token: typeof token === 'string' ? token : undefined,
      milliseconds: performance.now() - began,
    }
  }
  const storm = (count: number, among: readonly Member[] = members) =>
    Promise.all(
      Array.from({ length: count }, (_, index) => ask(among[index % among.length] ?? { origin, process: none })),
    )
  const start = Date.now() / 1000
  /** Sets the clocks of all processes to so many seconds after the login. */
  const later = (seconds: number) =>
    Promise.all(members.map(({ origin: at }) => fetch(`${at}/clock?now=${start + seconds}`)))
  return { provider, members, ask, storm, later }
}

const none: ServerProcess = { signal: () => {}, stop: async () => {}, kill: async () => {} }

const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))]
const tokensIn = (answers: readonly Answer[]) => [...new Set(answers.map(({ token }) => token))]

function figures(what: string, answers: readonly Answer[], { counts }: RefreshProvider): void {
  const times = answers.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  const at = (share: number) => Math.round(times[Math.floor((times.length - 1) * share)] ?? 0)
  const asked = `${counts.asked} token requests, ${counts.rotated} refresh tokens taken`
  console.log(`${what}: ${answers.length} requests, ${asked}; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, last ${at(1)} ms`)
}

describe.skipIf(redisServer === undefined)('the tokens of a session among four processes', () => {
  it('are refreshed once by 500 requests at the moment when they are over, and all succeed', {
    timeout: 60_000,
  }, async () => {
    const { provider, storm, later, members, ask } = await cluster()
    const [first] = await Promise.all(members.slice(0, 1).map(ask))
    Object.assign(provider.counts, { asked: 0, rotated: 0 })
    await later(TOKEN_SECONDS + 1)
    const answers = await storm(STORM)
    figures('refresh storm', answers, provider)
    expect(statuses(answers)).toEqual([200])
    expect(tokensIn(answers)).toHaveLength(1)
    expect(answers[0]?.token).not.toBe(first?.token)
    expect(provider.counts).toEqual({ asked: 1, rotated: 1 })
    expect(await provider.judge(answers[0]?.token ?? '')).toBe(200)
    // And once more, by the refresh token that came.
    await later(2 * (TOKEN_SECONDS + 1))
    const again = await storm(STORM)
    figures('a second one', again, provider)
    expect(statuses(again)).toEqual([200])
    expect(tokensIn(again)).toHaveLength(1)
    expect(provider.counts).toEqual({ asked: 2, rotated: 2 })
  })

  it('log nobody out while the provider is down, and are refreshed when it is back', { timeout: 60_000 }, async () => {
    const { provider, storm, later } = await cluster()
    const [before] = await storm(1)
    provider.mode = 'down'
    Object.assign(provider.counts, { asked: 0, rotated: 0 })
    await later(TOKEN_SECONDS - 10)
    const early = await storm(100)
    expect(statuses(early)).toEqual([200])
    expect(tokensIn(early)).toEqual([before?.token])
    await later(TOKEN_SECONDS + 10)
    const late = await storm(100)
    figures('the provider is down', late, provider)
    expect(statuses(late)).toEqual([503])
    // Once while the token was good, and once when it was over.
    expect(provider.counts.asked).toBe(2)
    provider.mode = 'up'
    await later(TOKEN_SECONDS + 25)
    const after = await storm(100)
    figures('the provider is back', after, provider)
    expect(statuses(after)).toEqual([200])
    expect(provider.counts.rotated).toBe(1)
  })

  it('are refreshed by the others when the process that has the lease is killed', { timeout: 60_000 }, async () => {
    const { provider, members, ask, storm, later } = await cluster({ leaseSeconds: 3, timeoutSeconds: 2 })
    const [unlucky, ...others] = members
    if (unlucky === undefined) throw new Error('there are four')
    await later(TOKEN_SECONDS + 1)
    provider.mode = 'hanging'
    Object.assign(provider.counts, { asked: 0, rotated: 0 })
    const lost = ask(unlucky).catch(() => undefined)
    await provider.hangs()
    const waiting = storm(STORM, others)
    await unlucky.process.kill()
    expect(await lost).toBeUndefined()
    provider.mode = 'up'
    const answers = await waiting
    figures('the process with the lease is killed', answers, provider)
    expect(statuses(answers)).toEqual([200])
    expect(tokensIn(answers)).toHaveLength(1)
    expect(provider.counts).toEqual({ asked: 2, rotated: 1 })
    expect(await provider.judge(answers[0]?.token ?? '')).toBe(200)
  })
})
