import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type ParsedChallenge, parseChallenges } from 'becauth/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { respond } from '../digest/client.ts'
import { freePort, type ServerProcess, startServer } from '../servers/process.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'

const program = fileURLToPath(new URL('fixtures/digest-server.mjs', import.meta.url))
const redisServer = service('redis-server')
const login = { username: 'ada', password: 'lovelace' }
const key = randomBytes(24).toString('base64url')

interface DigestProcess extends ServerProcess {
  readonly url: string
}

/** Starts the service in a process of its own. */
async function start(store: string, nonceKey: string = key): Promise<DigestProcess> {
  const port = await freePort()
  const server = await startServer(process.execPath, [program, String(port), store, nonceKey], 'listening')
  return { ...server, url: `http://127.0.0.1:${port}/` }
}

interface Answer {
  readonly status: number
  readonly challenge: ParsedChallenge | undefined
  readonly body: string
}

async function ask({ url }: DigestProcess, Authorization?: string): Promise<Answer> {
  const answer = await fetch(url, { headers: Authorization === undefined ? {} : { Authorization } })
  const [challenge] = parseChallenges(answer.headers.get('www-authenticate') ?? '') ?? []
  return { status: answer.status, challenge, body: await answer.text() }
}

function whyRefused({ status, challenge, body }: Answer): readonly unknown[] {
  return [status, JSON.parse(body).reason, challenge?.parameters?.get('stale') ?? 'no']
}

describe.skipIf(redisServer === undefined)('two processes that share a nonce key and a Redis', () => {
  let redis: RedisServer
  let one: DigestProcess
  let other: DigestProcess

  beforeAll(async () => {
    redis = await startRedis(redisServer ?? '')
    ;[one, other] = await Promise.all([start(redis.url), start(redis.url)])
  }, 60_000)
  afterAll(async () => {
    await Promise.all([one?.stop(), other?.stop()])
    await redis?.stop()
  })

  it('each accept the nonces of the other, and refuse what the other has accepted', async () => {
    const { challenge } = await ask(one)
    const first = respond(challenge, { ...login, nc: 1 })
    const second = respond(challenge, { ...login, nc: 2 })
    expect(await ask(one, first)).toMatchObject({ status: 200, body: 'ada' })
    const replayed = await ask(other, first)
    expect(whyRefused(replayed)).toEqual([401, 'replayed', 'true'])
    expect((await ask(other, second)).status).toBe(200)
    expect(whyRefused(await ask(one, second))).toEqual([401, 'replayed', 'true'])
    // What stale=true promises: the same client goes on with the new nonce, wherever it came from.
    expect((await ask(one, respond(replayed.challenge, login))).status).toBe(200)
  })

  it('let in one of a hundred copies that reach both at once', async () => {
    const { challenge } = await ask(one)
    const header = respond(challenge, login)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ask(index % 2 === 0 ? one : other, header)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(99)
  })

  it('refuse what another key signed, and say that the nonce is stale', async () => {
    const stranger = await start('memory', randomBytes(24).toString('base64url'))
    const { challenge } = await ask(stranger)
    expect(whyRefused(await ask(one, respond(challenge, login)))).toEqual([401, 'expired', 'true'])
    await stranger.stop()
  })

  it('are down for the two of them when their Redis is, and never let a replay pass', async () => {
    const { challenge } = await ask(one)
    const header = respond(challenge, login)
    expect((await ask(one, header)).status).toBe(200)
    await redis.stop()
    expect(await Promise.all([ask(one, header), ask(other, header)])).toMatchObject([{ status: 503 }, { status: 503 }])
  })
})

describe('two processes that share a nonce key and no store', () => {
  it('each let in what the other has let in: why they must share one', async () => {
    const [one, other] = await Promise.all([start('memory'), start('memory')])
    const { challenge } = await ask(one)
    const header = respond(challenge, login)
    expect([(await ask(one, header)).status, (await ask(other, header)).status]).toEqual([200, 200])
    expect(whyRefused(await ask(one, header))).toEqual([401, 'replayed', 'true'])
    await Promise.all([one.stop(), other.stop()])
  })
})
