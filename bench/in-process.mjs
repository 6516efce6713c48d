import { createHash, hash, timingSafeEqual } from 'node:crypto'
import { AuthenticationFailedCause, authentication, provider } from 'becauth'
import { apiKey, generateApiKey, hashApiKey } from 'becauth/api-key'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { constantTimeEqual } from 'becauth/crypto'
import { Bench } from 'tinybench'
import { Source } from './source.mjs'

const person = Object.freeze({ name: 'ada' })

const digest =
  hash === undefined ? (text) => createHash('sha256').update(text).digest() : (text) => hash('sha256', text, 'buffer')

const basicValue = `Basic ${Buffer.from('ada:lovelace').toString('base64')}`
const token = 'a'.repeat(40)
const key = generateApiKey('shop')
const stored = new Map([[await hashApiKey(key), person]])

const auth = authentication({
  trivial: provider({
    challenge: { scheme: 'Test' },
    authenticate: ({ request }) =>
      request.header('authorization') === undefined
        ? { cause: AuthenticationFailedCause.NoCredentials }
        : { principal: person },
  }),
  basic: basic({
    realm: 'bench',
    validate: ({ username, password }) =>
      constantTimeEqual(password, 'lovelace') && username === 'ada' ? person : null,
  }),
  bearer: bearer({ validate: ({ token: given }) => (constantTimeEqual(given, token) ? person : null) }),
  apiKey: apiKey({
    prefix: 'shop',
    validate: ({ key: given }) => {
      const hashed = hashApiKey(given)
      return typeof hashed === 'string' ? (stored.get(hashed) ?? null) : hashed.then((text) => stored.get(text) ?? null)
    },
  }),
})

const rows = [
  ['one decision, trivial provider', auth.require('trivial'), 'authorization', 'x', undefined],
  ['one refusal, trivial provider', auth.require('trivial'), 'authorization', undefined, undefined],
  ['anyOf of two, second wins', auth.anyOf('basic', 'trivial'), 'authorization', 'x', undefined],
  ['basic, constant time', auth.require('basic'), 'authorization', basicValue, basicValue],
  ['basic, wrong password', auth.require('basic'), 'authorization', 'Basic YWRhOndyb25n', basicValue],
  [
    'bearer, constant time, 40 characters',
    auth.require('bearer'),
    'authorization',
    `Bearer ${token}`,
    `Bearer ${token}`,
  ],
  ['apiKey, hashed look-up', auth.require('apiKey'), 'x-api-key', key, key],
]

/** Microseconds, median, of each decision and of one SHA-256 of the same header, which is the floor. */
export async function measureInProcess() {
  const bench = new Bench({ time: 400, warmupTime: 200 })
  for (const [name, requirement, header, value, hashed] of rows) {
    bench.add(name, () => requirement.decide(new Source(header, value)))
    if (hashed === undefined) continue
    const right = digest(hashed)
    bench.add(`floor: ${name}`, () => timingSafeEqual(digest(hashed), right))
  }
  await bench.run()
  const p50 = new Map(bench.tasks.map((task) => [task.name, batched(task)]))
  return rows.map(([name]) => ({ name, microseconds: p50.get(name), floor: p50.get(`floor: ${name}`) }))
}

/** The mean over all runs: a single one is shorter than the clock can see. */
function batched(task) {
  return task.result.latency.mean * 1000
}
