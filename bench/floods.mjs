// What floods cost, run by hand: `node --expose-gc bench/floods.mjs`. Throws when a bound does not hold.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { authentication } from 'becauth'
import { basic } from 'becauth/basic'
import { memoryLimiter, memoryNonceStore } from 'becauth/memory'
import { throttle } from 'becauth/throttle'
import { digestService } from './digest.mjs'
import { Source } from './source.mjs'

const million = 1_000_000
const thousand = 1000

function heap() {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

/** Prints how long something took and how much larger the heap is, once it is collected where that can be asked for. */
function measured(what, times, run) {
  const before = heap()
  const since = performance.now()
  const said = run()
  const microseconds = ((performance.now() - since) * 1000) / times
  const grown = (heap() - before).toFixed(1)
  const collected = globalThis.gc === undefined ? ' (not collected: use --expose-gc)' : ''
  console.log(`${what}: ${microseconds.toFixed(1)} µs each, heap ${grown} MB larger${collected}; ${said}`)
}

{
  const nonceStore = memoryNonceStore()
  const { challenge, client, decide } = digestService('SHA-256', { nonceStore })
  measured('1,000,000 nonces asked for by strangers', million, () => {
    for (let index = 0; index < million; index++) challenge()
    equal(nonceStore.size, 0)
    return `${nonceStore.size} stored`
  })
  equal(decide(client().header()).kind, 'authenticated')
}

{
  const nonceStore = memoryNonceStore()
  const { client, decide } = digestService('SHA-256', { nonceStore })
  const first = client()
  equal(decide(first.header()).kind, 'authenticated')
  measured(
    '1,000,000 nonces, each used once by who knows the password (with its challenge and its client)',
    million,
    () => {
      const kinds = {}
      for (let index = 0; index < million; index++) {
        const { kind } = decide(client().header())
        kinds[kind] = (kinds[kind] ?? 0) + 1
      }
      deepEqual(kinds, { authenticated: million })
      ok(nonceStore.size <= 100_000)
      return `${nonceStore.size} stored, all let in, no 503`
    },
  )
  const forgotten = decide(first.header())
  equal(forgotten.kind, 'rejected')
  ok(forgotten.response.headers.some(([name, value]) => name === 'WWW-Authenticate' && value.includes('stale=true')))
}

function tally(outcomes) {
  const counts = {}
  for (const outcome of outcomes) {
    const status = 'response' in outcome ? outcome.response.status : 200
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

function guessing() {
  return throttle({ limiter: memoryLimiter(), key: randomBytes(32) })
}

{
  let looked = 0
  const validate = async ({ password }) => {
    looked++
    await Promise.resolve()
    return password === 'lovelace' ? { name: 'ada' } : null
  }
  const provider = basic({ realm: 'staff', throttle: guessing(), validate })
  const requirement = authentication({ staff: provider }).require('staff')
  const guess = (index) => {
    const header = `Basic ${Buffer.from(`ada:${index}`).toString('base64')}`
    return requirement.decide(new Source('authorization', header, `10.${index >> 8}.${index & 255}.1`))
  }
  const counts = tally(await Promise.all(Array.from({ length: thousand }, (_, index) => guess(index))))
  deepEqual(counts, { 401: 10, 429: 990 })
  console.log(
    `1,000 parallel wrong guesses at one account from 1,000 networks: ${looked} looked at, ${JSON.stringify(counts)}`,
  )
}

{
  let looked = 0
  const ha1 = async () => {
    looked++
    await Promise.resolve()
    return 'a'.repeat(64)
  }
  const { client, decide } = digestService('SHA-256', { throttle: guessing(), ha1 })
  const wrong = client()
  const counts = tally(await Promise.all(Array.from({ length: thousand }, () => decide(wrong.header()))))
  deepEqual(counts, { 401: 10, 429: 990 })
  console.log(`the same by Digest from one address: ${looked} looked at, ${JSON.stringify(counts)}`)
}
