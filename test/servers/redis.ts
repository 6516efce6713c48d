import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type RestartableServer, restartable, startServer } from './process.ts'

/** How a Redis is set up that must lose nothing. */
export const durableRedis: readonly string[] = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'always',
  '--maxmemory-policy',
  'noeviction',
]

/** A Redis of the test's own, without anything on disk unless it is told so. */
export interface RedisServer extends RestartableServer {
  readonly url: string
}

/** Starts the `redis-server` at this path on a free port of the loopback interface. Later settings win. */
export async function startRedis(command: string, settings: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-redis-'))
  const port = await freePort()
  const listen = ['--port', String(port), '--bind', '127.0.0.1']
  const memoryOnly = ['--save', '', '--appendonly', 'no', '--dir', folder]
  const server = await restartable(
    () => startServer(command, [...listen, ...memoryOnly, ...settings], 'Ready to accept connections'),
    () => rm(folder, { recursive: true, force: true }),
  )
  return { url: `redis://127.0.0.1:${port}`, ...server }
}
