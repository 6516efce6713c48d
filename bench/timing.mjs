// Does the time of a refusal tell who exists? Run by hand: `node bench/timing.mjs [times]`, 2,000 without it.
import { authentication } from 'becauth'
import { basic } from 'becauth/basic'
import { passwords, passwordTable } from 'becauth/password'
import { digestService, medianOf } from './digest.mjs'
import { hashed } from './digest-client.mjs'
import { Source } from './source.mjs'

const times = Number(process.argv[2] ?? 2000)
const kinds = {
  'unknown user': ['eve', 'lovelace'],
  'wrong password': ['ada', 'byron'],
  'right password': ['ada', 'lovelace'],
}

/** Runs the kinds in turn, each turn in another order, so that what the machine does otherwise meets all of them alike. */
async function interleaved(names, run) {
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let turn = 0; turn < times; turn++) {
    for (let index = 0; index < names.length; index++) {
      const name = names[(turn + index * (turn % 2 === 0 ? 1 : 2)) % names.length]
      samples[name].push(await run(name))
    }
  }
  return samples
}

function print(what, samples) {
  const medians = Object.values(samples).map(medianOf)
  const spread = (Math.max(...medians) / Math.min(...medians) - 1) * 100
  console.log(`\n${what}: medians within ${spread.toFixed(1)} %`)
  for (const [name, values] of Object.entries(samples)) {
    const sorted = values.toSorted((a, b) => a - b)
    const at = (share) => (sorted[Math.floor(sorted.length * share)] * 1000).toFixed(1)
    console.log(`  ${name.padEnd(16)} median ${at(0.5)} µs, half of them from ${at(0.25)} to ${at(0.75)} µs`)
  }
}

async function ofPasswords(what, options) {
  const hasher = passwords(options)
  const table = passwordTable(new Map([['ada', await hasher.hash('lovelace')]]), { passwords: hasher })
  const requirement = authentication({ staff: basic({ realm: 'staff', validate: table }) }).require('staff')
  const run = async (name) => {
    const header = `Basic ${Buffer.from(kinds[name].join(':')).toString('base64')}`
    const since = performance.now()
    const { kind } = await requirement.decide(new Source('authorization', header))
    const milliseconds = performance.now() - since
    if ((kind === 'authenticated') !== (name === 'right password')) throw new Error(`${name}: ${kind}`)
    return milliseconds
  }
  for (const name of Object.keys(kinds)) await run(name)
  print(what, await interleaved(Object.keys(kinds), run))
}

/** Only what is refused: an accepted one computes its proof to the client as well, and tells by its status anyway. */
async function ofDigest(what, options) {
  const { client, decide } = digestService('SHA-256', options)
  const clients = {
    'unknown user': client({ username: 'eve' }),
    'wrong password': client({ password: 'byron' }),
  }
  const run = (name) => {
    const header = clients[name].header()
    const since = performance.now()
    const { kind } = decide(header)
    const milliseconds = performance.now() - since
    if (kind !== 'rejected') throw new Error(`${name}: ${kind}`)
    return milliseconds
  }
  for (let turn = 0; turn < 20_000; turn++) for (const name of Object.keys(clients)) run(name)
  print(what, await interleaved(Object.keys(clients), run))
}

console.log(`${times} of each, interleaved`)
const ha1 = hashed('SHA-256', 'ada:bench:lovelace')
await ofDigest('digest, SHA-256, stored hashes', { ha1: ({ username }) => (username === 'ada' ? ha1 : null) })
const secret = (username) => (username === 'ada' ? 'lovelace' : null)
await ofDigest('digest, SHA-256, stored passwords', { ha1: undefined, secret })
await ofPasswords('scrypt, N = 2^12', { algorithm: 'scrypt', cost: 4096 })
await ofPasswords('pbkdf2-sha256, 10,000 iterations', { algorithm: 'pbkdf2-sha256', iterations: 10_000 })
await ofPasswords('argon2id, OWASP parameters', { algorithm: 'argon2id' })
