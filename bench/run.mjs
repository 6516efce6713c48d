import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const quick = process.argv.includes('--quick')

function must(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

must('node', ['scripts/setup.mjs'], fileURLToPath(new URL('..', import.meta.url)))
if (!existsSync(new URL('node_modules/autocannon', import.meta.url)))
  must('npm', ['ci', '--no-audit', '--no-fund'], here)

const { measureInProcess } = await import('./in-process.mjs')
const { measureServer, pinGenerator, servers } = await import('./http.mjs')
const { processTable, serverTable } = await import('./table.mjs')

const inProcess = await measureInProcess()
console.log(processTable(inProcess))

const pinned = pinGenerator()
const settings = quick ? { rounds: 1, seconds: 1 } : { rounds: 5, seconds: 2 }
const http = []
for (const server of servers) {
  http.push(await measureServer(server, settings))
  console.error(`${server.framework}, ${server.library}: done`)
}
console.log(serverTable(http))

mkdirSync(new URL('results', import.meta.url), { recursive: true })
const result = {
  at: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model,
  pinned,
  settings,
  inProcess,
  http,
}
writeFileSync(new URL('results/latest.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`)
