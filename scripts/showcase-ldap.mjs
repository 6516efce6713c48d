// `npm run showcase:ldap`: a directory of one's own with ada, alan and grace in it, and the showcase beside it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { home } from './lib/repository.mjs'
import { listening, prepareDirectory, service, slapdProgram } from './lib/slapd.mjs'

if (slapdProgram() === undefined) {
  console.error('showcase:ldap needs slapd, the server of OpenLDAP: apt-get install slapd')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'becauth-ldap-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const { command, args, url } = prepareDirectory({ folder, port: await freePort() })
const slapd = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
process.once('exit', () => slapd.kill())
await started(slapd)
await listening(url)
console.log(`directory: ${url}, process ${slapd.pid}: stop it with "kill ${slapd.pid}" and /ldap answers 503\n`)

const showcase = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'build/examples/showcase/main.js'], {
  cwd: home,
  stdio: 'inherit',
  env: {
    ...process.env,
    BECAUTH_LDAP_URL: url,
    BECAUTH_LDAP_SERVICE: service.dn,
    BECAUTH_LDAP_PASSWORD: service.password,
  },
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => showcase.kill(signal))
const [code] = await once(showcase, 'exit')
if (slapd.exitCode === null && slapd.signalCode === null) {
  const ended = once(slapd, 'exit')
  slapd.kill()
  await ended
}
process.exit(code ?? 1)

async function started(child) {
  let said = ''
  for await (const chunk of child.stderr) {
    said += chunk
    if (said.includes('slapd starting')) return
  }
  console.error(`slapd ended before it was ready:\n${said}`)
  process.exit(1)
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
