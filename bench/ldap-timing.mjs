// Does the time of a refusal tell who is in the directory? Run by hand: `node bench/ldap-timing.mjs [times]`, 300 without it.
import { ldap } from 'becauth/ldap'
import { decoyDn, people, service } from '../scripts/lib/slapd.mjs'
import { startDirectory } from './ldap.mjs'

const times = Number(process.argv[2] ?? 300)
const search = { base: people, filter: '(&(objectClass=person)(uid={username}))' }
const directory = await startDirectory()
if (directory === undefined) {
  console.error('ldap-timing needs slapd: apt-get install slapd')
  process.exit(1)
}
const { signal } = new AbortController()

/** Both kinds in turn, the first one of each turn by lot, so that what the machine does otherwise meets both alike. */
async function compare(what, options) {
  const validate = ldap({ url: directory.url, ...options })
  const samples = { ada: [], eve: [] }
  const ask = async (username) => {
    const since = performance.now()
    const answer = await validate({ username, password: 'byron' }, { signal })
    if (answer?.kind !== 'InvalidCredentials') throw new Error(`${username}: let in`)
    return performance.now() - since
  }
  for (let turn = 0; turn < 30; turn++) await ask('ada')
  for (let turn = 0; turn < times; turn++) {
    const names = Math.random() < 0.5 ? ['ada', 'eve'] : ['eve', 'ada']
    for (const name of names) samples[name].push(await ask(name))
  }
  validate.close()
  print(what, samples)
}

function print(what, { ada, eve }) {
  console.log(`\n${what}`)
  for (const [name, values] of [
    ['wrong password', ada],
    ['unknown user', eve],
  ]) {
    const sorted = values.toSorted((a, b) => a - b)
    const at = (share) => sorted[Math.floor(sorted.length * share)].toFixed(1).padStart(5)
    const shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    console.log(`  ${name}  ${shares.map((share) => `p${share * 100} ${at(share)}`).join('  ')} ms`)
  }
  console.log(
    `  a guess by the time of one answer is right in ${(bestGuess(ada, eve) * 100).toFixed(0)} % of all cases`,
  )
}

/** How often the best threshold tells the two apart: 50 % is a coin. (Kolmogorov and Smirnov's distance, halved.) */
function bestGuess(first, second) {
  const all = [...first.map((time) => [time, 1]), ...second.map((time) => [time, -1])].sort((a, b) => a[0] - b[0])
  let sum = 0
  let most = 0
  for (const [, step] of all) {
    sum += step
    most = Math.max(most, Math.abs(sum))
  }
  return 0.5 + most / first.length / 2
}

await compare('search and bind, waiting as wrong passwords did', { service, search })
await compare('search and bind, with a decoy', { service, search, decoyDn })
await compare('bind by a template', { bind: { dn: `uid={username},${people}` } })
await directory.stop()
