// `node run.mjs [--quick] [part …]` measures all parts, or those that are named, and keeps the figures of the others.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const results = new URL('results/latest.json', import.meta.url)
const quick = process.argv.includes('--quick')
const settings = quick ? { rounds: 1, seconds: 1 } : { rounds: 5, seconds: 2 }
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))

function must(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

must('node', ['scripts/setup.mjs'], fileURLToPath(new URL('..', import.meta.url)))
if (!existsSync(new URL('node_modules/iron-session', import.meta.url)))
  must('npm', ['ci', '--no-audit', '--no-fund'], here)

const { measureInProcess } = await import('./in-process.mjs')
const { measureDigest } = await import('./digest.mjs')
const { measureLoginFlood, measureThroughput } = await import('./passwords.mjs')
const { measureSessions } = await import('./sessions.mjs')
const { measureManySessions } = await import('./many-sessions.mjs')
const { common, digestServers, digests, measureServer, pinGenerator, servers, sessionMeasures, sessionServers } =
  await import('./http.mjs')
const { tablesOf } = await import('./table.mjs')

async function measureServers(list, measures) {
  const rows = []
  for (const server of list) {
    rows.push(await measureServer(server, measures, settings))
    console.error(`${server.framework}, ${server.library}: done`)
  }
  return rows
}

/** What runs in this process has all cores until there are servers. */
let pinned = false
const parts = {
  'in-process': async () => ({ inProcess: await measureInProcess() }),
  http: async () => ({ http: await measureServers(servers, common) }),
  digest: async () => ({ digest: await measureDigest(), digestHttp: await measureServers(digestServers, digests) }),
  sessions: async () => ({
    sessions: await measureSessions(),
    sessionHttp: await measureServers(sessionServers, sessionMeasures),
  }),
  'many-sessions': async () => ({ manySessions: await measureManySessions(quick ? 100_000 : 1_000_000) }),
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

const order = ['in-process', 'many-sessions', 'passwords', 'http', 'digest', 'sessions']
const before = named.length > 0 && existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {}
const measured = {}
for (const name of order.filter((name) => named.length === 0 || named.includes(name))) {
  if (['http', 'digest', 'sessions'].includes(name)) pinned = pinGenerator()
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
