// `node run.mjs [--quick] [part …]` measures all parts, or those that are named, and keeps the figures of the others.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const results = new URL('results/latest.json', import.meta.url)
const quick = process.argv.includes('--quick')
const settings = quick ? { rounds: 2, seconds: 0.1 } : { rounds: 60, seconds: 0.1 }
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))

function must(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

must('node', ['scripts/setup.mjs'], fileURLToPath(new URL('..', import.meta.url)))
if (!existsSync(new URL('node_modules/fast-jwt', import.meta.url))) must('npm', ['ci', '--no-audit', '--no-fund'], here)

const { measureInProcess } = await import('./in-process.mjs')
const { measureDigest } = await import('./digest.mjs')
const { measureLoginFlood, measureThroughput } = await import('./passwords.mjs')
const { measureSessions } = await import('./sessions.mjs')
const { measureManySessions } = await import('./many-sessions.mjs')
const { measureLdap } = await import('./ldap.mjs')
const { measureLogins } = await import('./logins.mjs')
const { measureTokens } = await import('./tokens.mjs')
const { measureRotation } = await import('./rotation.mjs')
const { startRedis } = await import('./services.mjs')
const { common, digestServers, digests, measureServer, pinGenerator, servers } = await import('./http.mjs')
const { sessionMeasures, sessionServers, tokenMeasures, tokenServers } = await import('./http.mjs')
const { tablesOf } = await import('./table.mjs')

async function measureServers(list, measures) {
  const rows = []
  for (const server of list) {
    rows.push(await measureServer(server, measures, settings))
    console.error(`${server.framework}, ${server.library}: done`)
  }
  return rows
}

/** With a Redis that runs where the generator does, so that the servers have their core to themselves. */
async function measureSessionServers() {
  const redis = await startRedis()
  if (redis === undefined) console.error('Redis: skipped, since this machine has no redis-server')
  try {
    if (redis !== undefined) process.env.BENCH_REDIS_URL = redis.url
    const measures = sessionMeasures.filter(({ name }) => name !== 'Redis' || redis !== undefined)
    return await measureServers(sessionServers, measures)
  } finally {
    await redis?.stop()
  }
}

/** What runs in this process has all cores until there are servers. */
let pinned = false
const parts = {
  'in-process': async () => ({ inProcess: await measureInProcess() }),
  http: async () => ({ http: await measureServers(servers, common) }),
  digest: async () => ({ digest: await measureDigest(), digestHttp: await measureServers(digestServers, digests) }),
  tokens: async () => ({
    tokens: await measureTokens(quick ? { rounds: 3, milliseconds: 10 } : { rounds: 25, milliseconds: 20 }),
    rotation: await measureRotation(),
  }),
  'tokens-http': async () => ({ tokenHttp: await measureServers(tokenServers, tokenMeasures) }),
  sessions: async () => ({ sessions: await measureSessions(), sessionHttp: await measureSessionServers() }),
  'many-sessions': async () => ({ manySessions: await measureManySessions(quick ? 100_000 : 1_000_000) }),
  ldap: async () => {
    const directory = await measureLdap(quick ? { rounds: 2, seconds: 0.2 } : { rounds: 15, seconds: 1 })
    if (directory === undefined) console.error('LDAP: skipped, since this machine has no slapd')
    return directory === undefined ? {} : { directory }
  },
  logins: async () => ({
    logins: await measureLogins(quick ? { rounds: 3, logins: 50 } : { rounds: 25, logins: 200 }),
  }),
  passwords: async () => {
    const throughput = await measureThroughput({ seconds: quick ? 2 : 10 })
    pinned = pinGenerator()
    return { throughput, loginFlood: await measureLoginFlood({ seconds: quick ? 5 : 20 }) }
  },
}

const unknown = named.filter((name) => parts[name] === undefined)
if (unknown.length > 0) {
  console.error(`bench: there is no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(1)
}

const order = [
  'in-process',
  'tokens',
  'many-sessions',
  'ldap',
  'logins',
  'passwords',
  'http',
  'tokens-http',
  'digest',
  'sessions',
]
const before = named.length > 0 && existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {}
const measured = {}
for (const name of order.filter((name) => named.length === 0 || named.includes(name))) {
  if (['http', 'tokens-http', 'digest', 'sessions'].includes(name)) pinned = pinGenerator()
  const figures = await parts[name]()
  Object.assign(measured, figures)
  console.log(tablesOf(figures))
}

mkdirSync(new URL('results', import.meta.url), { recursive: true })
const result = {
  ...before,
  at: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model,
  pinned: pinned || before.pinned === true,
  settings,
  ...measured,
}
writeFileSync(results, `${JSON.stringify(result, null, 2)}\n`)
