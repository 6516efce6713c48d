import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { challengesOf, hashed } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import type { AuthenticationContext } from '../../core/provider.ts'
import { memoryNonceStore } from '../../stores/memory/nonce-store.ts'
import { testRequest } from '../../testing/request.ts'
import { digest } from './digest.ts'

const MILLION = 1_000_000
const limit = 10_000
const { signal } = new AbortController()
const ha1 = hashed('MD5', 'Mufasa:r:Circle of Life')
const ha2 = hashed('MD5', 'GET:/')

function service() {
  const store = memoryNonceStore({ limit })
  const provider = digest({
    realm: 'r',
    ha1: ({ username }) => (username === 'Mufasa' ? ha1 : null),
    algorithms: ['MD5'],
    nonceStore: store,
  })
  const requirement = authentication({ d: provider }).require('d')
  const decide = (headers: Record<string, string> = {}) => {
    const outcome = requirement.decide(testRequest({ headers, signal }))
    if (outcome instanceof Promise) throw new Error('not decided at once')
    return outcome
  }
  const nonce = () => challengesOf(decide())[0]?.parameters?.get('nonce') ?? ''
  const use = (value: string) => {
    const response = hashed('MD5', `${ha1}:${value}:00000001:c:auth:${ha2}`)
    const rest = `uri="/", qop=auth, nc=00000001, cnonce="c", response="${response}"`
    return decide({ Authorization: `Digest username="Mufasa", realm="r", nonce="${value}", ${rest}` }).kind
  }
  return { provider, store, nonce, use }
}

function heap(): number {
  return process.memoryUsage().heapUsed / 2 ** 20
}

function print(what: string, times: number, since: number, stored: number, megabytes: number): void {
  const microseconds = ((performance.now() - since) * 1000) / times
  const grown = (heap() - megabytes).toFixed(1)
  console.info(`${what}: ${times} times, ${microseconds.toFixed(1)} µs each, ${stored} stored, heap ${grown} MB larger`)
}

describe('floods of Digest nonces', () => {
  it('1,000,000 nonces that strangers ask for store nothing', { timeout: 60_000 }, () => {
    const { provider, store, nonce, use } = service()
    const request = testRequest()
    const context: AuthenticationContext = {
      name: 'd',
      request: { ...request, url: new URL('https://service.example') },
      signal,
      fetch,
      now: () => Date.now() / 1000,
      random: randomBytes,
      fault: () => {},
    }
    const megabytes = heap()
    const since = performance.now()
    let challenged = 0
    for (let index = 0; index < MILLION; index++) {
      const verdict = provider.authenticate(context)
      if ('challenges' in verdict && verdict.challenges?.length === 1) challenged++
    }
    print('strangers', challenged, since, store.size, megabytes)
    expect([challenged, store.size]).toEqual([MILLION, 0])
    expect(use(nonce())).toBe('authenticated')
    expect(store.size).toBe(1)
  })

  it('50,000 nonces that users use stay in a bound of 10,000, and nobody is turned away', { timeout: 60_000 }, () => {
    const { store, nonce, use } = service()
    const first = nonce()
    const megabytes = heap()
    const since = performance.now()
    expect(use(first)).toBe('authenticated')
    let accepted = 1
    for (; accepted < 50_000; accepted++) {
      if (use(nonce()) !== 'authenticated') expect.unreachable(`request ${accepted} was refused`)
    }
    print('users, with challenge and client', accepted, since, store.size, megabytes)
    expect(store.size).toBe(limit)
    expect(use(first)).toBe('rejected')
  })

  it('1,000,000 nonces in the memory store stay in its bound of 100,000, all fresh, and it is never full', () => {
    const store = memoryNonceStore()
    const megabytes = heap()
    const since = performance.now()
    let fresh = 0
    for (let index = 0; index < MILLION; index++) {
      if (store.accept(`nonce ${index}`, 1, 1000 + index / 1000, 'window') === 'fresh') fresh++
    }
    print('counts', MILLION, since, store.size, megabytes)
    expect([fresh, store.size]).toEqual([MILLION, 100_000])
    // Each of the million is still refused, remembered or not.
    let refused = 0
    for (let index = 0; index < MILLION; index++) {
      if (store.accept(`nonce ${index}`, 1, 1000 + index / 1000, 'window') !== 'fresh') refused++
    }
    expect(refused).toBe(MILLION)
  })
})
