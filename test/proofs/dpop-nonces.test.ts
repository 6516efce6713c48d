import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import { Configuration, customFetch, fetchProtectedResource, getDPoPHandle, randomDPoPKeyPair } from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, type ServerProcess, startServer } from '../servers/process.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'

const program = fileURLToPath(new URL('fixtures/dpop-service.mjs', import.meta.url))
const redisServer = service('redis-server')
const BASE = 'https://orders.example'
const TOKEN = 'mF_9.B5f-4.1JqM'
const LIFETIME_SECONDS = 300
const [older, newer] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')]

interface Process extends ServerProcess {
  readonly origin: string
}

describe.skipIf(redisServer === undefined)('two processes that share the keys of DPoP nonces and a Redis', () => {
  let redis: RedisServer
  let client: Client
  const running: Process[] = []

  beforeAll(async () => {
    redis = await startRedis(redisServer ?? '')
    client = await Client.make()
    running.push(...(await Promise.all([start([older]), start([older])])))
  }, 60_000)
  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop()))
    await redis?.stop()
  })

  async function start(keys: readonly string[]): Promise<Process> {
    const port = await freePort()
    const plan = { port, redis: redis.url, keys, lifetimeSeconds: LIFETIME_SECONDS, jkt: client.jkt, baseUrl: BASE }
    const server = await startServer(process.execPath, [program, JSON.stringify(plan)], 'listening')
    return { ...server, origin: `http://127.0.0.1:${port}` }
  }

  async function replace(index: number, keys: readonly string[]): Promise<void> {
    await running[index]?.stop()
    running[index] = await start(keys)
  }

  /** Calls the service, each process in turn, and answers the statuses of what went over the wire. */
  async function calls(
    count: number,
    between: (index: number) => Promise<unknown> = async () => {},
  ): Promise<number[]> {
    client.route = running.map(({ origin }) => origin)
    client.seen = []
    for (let index = 0; index < count; index++) {
      expect(await client.call()).toBe('in')
      await between(index)
    }
    return client.seen
  }

  async function setClocks(offset: number): Promise<void> {
    await Promise.all(running.map(({ origin }) => fetch(`${origin}/clock?offset=${offset}`)))
  }

  it('give openid-client a nonce at first, and the next ones in time: it never sees a refusal', async () => {
    expect(await calls(10)).toEqual([401, ...Array.from({ length: 10 }, () => 200)])
    // Half an hour, a minute at a time: nonces live for five, and new ones come with answers that let the client in.
    expect(await calls(30, (index) => setClocks(60 * (index + 1)))).toEqual(Array.from({ length: 30 }, () => 200))
    // After a night without calls the nonce is over, which costs one round trip and no error.
    await setClocks(40_000)
    expect(await calls(4)).toEqual([401, 200, 200, 200, 200])
    await setClocks(0)
  })

  it('rotate the keys one process after the other, unseen by openid-client', async () => {
    await calls(2)
    const rings = [[older, newer], [newer, older], [newer]]
    let refused = 0
    for (const ring of rings) {
      for (const index of [0, 1]) {
        await replace(index, ring)
        const seen = await calls(6)
        refused += seen.filter((status) => status === 401).length
        // Only where a nonce by the key that was taken out is still about does a call take two round trips.
        expect(seen.filter((status) => status === 401).length).toBeLessThanOrEqual(1)
        expect(seen.filter((status) => status === 200)).toHaveLength(6)
      }
    }
    expect(refused).toBe(1)
  })

  it('refuse a proof that the other has seen, and of both at once let one in', async () => {
    await calls(1)
    const replay = async (index: number): Promise<readonly [number, unknown]> => {
      const response = await fetch(`${running[index]?.origin}/orders`, { headers: client.sent })
      return [response.status, response.status === 200 ? 'in' : Reflect.get(Object(await response.json()), 'reason')]
    }
    expect([await replay(0), await replay(1)]).toEqual([
      [401, 'replayed'],
      [401, 'replayed'],
    ])
    for (let turn = 0; turn < 10; turn++) {
      await client.prepare()
      const raced = await Promise.all([replay(0), replay(1)])
      expect(raced.map(([status]) => status).sort()).toEqual([200, 401])
    }
  })
})

/** openid-client with a key of its own, whose requests to one address reach several processes in turn. */
class Client {
  readonly jkt: string
  route: readonly string[] = []
  seen: number[] = []
  /** The header fields of the last request. */
  sent: Record<string, string> = {}
  #turn = 0
  #holdsBack = false
  readonly #configuration: Configuration
  readonly #options: Parameters<typeof fetchProtectedResource>[6]

  private constructor(jkt: string, keys: CryptoKeyPair) {
    this.jkt = jkt
    this.#configuration = new Configuration({ issuer: 'https://id.example' }, 'shop')
    this.#configuration[customFetch] = (url, { method, headers }) => this.#send(new URL(url), method, headers)
    this.#options = { DPoP: getDPoPHandle(this.#configuration, keys) }
  }

  static async make(): Promise<Client> {
    const keys = await randomDPoPKeyPair('ES256', { extractable: true })
    return new Client(await calculateJwkThumbprint(await exportJWK(keys.publicKey)), keys)
  }

  async call(): Promise<string> {
    const url = new URL('/orders', BASE)
    const response = await fetchProtectedResource(
      this.#configuration,
      TOKEN,
      url,
      'GET',
      undefined,
      undefined,
      this.#options,
    )
    return response.text()
  }

  /** Makes a request and does not send it. */
  async prepare(): Promise<void> {
    this.#holdsBack = true
    await this.call()
    this.#holdsBack = false
  }

  async #send({ pathname }: URL, method: string, headers: Record<string, string>): Promise<Response> {
    this.sent = headers
    if (this.#holdsBack) return new Response('not sent')
    const origin = this.route[this.#turn++ % this.route.length] ?? ''
    const response = await fetch(origin + pathname, { method, headers })
    this.seen.push(response.status)
    return response
  }
}
