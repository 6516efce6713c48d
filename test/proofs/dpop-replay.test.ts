import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authentication } from '../../src/core/authentication.ts'
import type { Outcome } from '../../src/core/who.ts'
import { dpop } from '../../src/proofs/dpop/dpop.ts'
import { bearer } from '../../src/providers/bearer/bearer.ts'
import { redisOneTimeStore } from '../../src/stores/redis/one-time-store.ts'
import { testRequest } from '../../src/testing/request.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { service } from '../services.ts'
import { madeProof, type ProofKey, proofKey } from './made-proof.ts'

const redisServer = service('redis-server')
const TOKEN = 'mF_9.B5f-4.1JqM'

describe.skipIf(redisServer === undefined)('dpop() in two processes that share a Redis', () => {
  let server: RedisServer
  let key: ProofKey
  const clients: ReturnType<typeof connect>[] = []

  function connect() {
    return createClient({ url: server.url, socket: { reconnectStrategy: 20 } }).on('error', () => {})
  }

  /** A process as far as memory goes: nothing is shared but the Redis. */
  async function process(): Promise<(proof: string) => Promise<Outcome>> {
    const client = connect()
    clients.push(client)
    await client.connect()
    const validate = () => ({ cnf: { jkt: key.jkt } })
    const auth = authentication({ api: bearer({ validate, proofs: [dpop({ store: redisOneTimeStore({ client }) })] }) })
    return async (proof) =>
      auth.decide(testRequest({ headers: { Authorization: `DPoP ${TOKEN}`, DPoP: proof } }), 'api')
  }

  function proof(jti: string): string {
    return madeProof(key, { token: TOKEN, uri: 'https://service.example/', at: Math.floor(Date.now() / 1000), jti })
  }

  beforeAll(async () => {
    server = await startRedis(redisServer ?? '')
    key = await proofKey()
  })
  afterAll(async () => {
    for (const client of clients) client.destroy()
    await server?.stop()
  })

  it('refuses in one what the other has seen, and of both at once lets one in', async () => {
    const [first, second] = [await process(), await process()]
    const once = proof('once')
    expect((await first(once)).kind).toBe('authenticated')
    expect((await second(once)).failures[0]?.cause).toMatchObject({ reason: 'replayed' })
    for (let turn = 0; turn < 20; turn++) {
      const raced = proof(`raced-${turn}`)
      const outcomes = await Promise.all([first(raced), second(raced)])
      expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['authenticated', 'rejected'])
    }
  })

  it('lets nobody in while the Redis is down', async () => {
    const ask = await process()
    clients.at(-1)?.destroy()
    expect((await ask(proof('down'))).kind).toBe('unavailable')
  })
})
