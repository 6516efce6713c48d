import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type ServerProcess, startServer } from './process.ts'

/** A Redis of the test's own, without anything on disk. */
export interface RedisServer extends ServerProcess {
  readonly url: string
}

/** Starts the `redis-server` at this path on a free port of the loopback interface. Later settings win. */
export async function startRedis(command: string, settings: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-redis-'))
  const port = await freePort()
  const listen = ['--port', String(port), '--bind', '127.0.0.1']
  const memoryOnly = ['--save', '', '--appendonly', 'no', '--dir', folder]
  const server = await startServer(command, [...listen, ...memoryOnly, ...settings], 'Ready to accept connections')
  return {
    url: `redis://127.0.0.1:${port}`,
    signal: server.signal,
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
