import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

const START_MILLISECONDS = 30_000
const STOP_MILLISECONDS = 10_000

/** A program that a test started, and that ends with the test at the latest. */
export interface ServerProcess {
  /** Sends a signal to this very process. */
  signal(name: NodeJS.Signals): void
  /** Ends the process and waits until it has ended. */
  stop(): Promise<void>
  /** Kills the process, which can do nothing about it, and waits until it has ended. */
  kill(): Promise<void>
}

/** A server that a test can end and start again, with the same port and the same data. */
export interface RestartableServer extends ServerProcess {
  /** Ends the server in its own way; its data stays. */
  halt(): Promise<void>
  /** Starts it again after `kill` or `halt`. */
  restart(): Promise<void>
}

/** Starts a server and waits until it says that it is ready. Rejects with what it wrote when it ends before. */
export async function startServer(
  command: string,
  args: readonly string[],
  ready: string,
  options: SpawnOptions = {},
): Promise<ServerProcess> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  await readiness(child, ready).catch((error: unknown) => {
    kill()
    throw error
  })
  return {
    signal: (name) => child.kill(name),
    stop: async () => {
      process.removeListener('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      const timer = setTimeout(kill, STOP_MILLISECONDS)
      // A stopped process acts on no other signal before it goes on.
      child.kill('SIGCONT')
      child.kill('SIGINT')
      await ended
      clearTimeout(timer)
    },
    kill: async () => {
      process.removeListener('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      kill()
      await ended
    },
  }
}

/** Makes a server that can be started again from how it is started; `cleanUp` comes after its last end. */
export async function restartable(
  start: () => Promise<ServerProcess>,
  cleanUp: () => Promise<void>,
): Promise<RestartableServer> {
  let running = await start()
  return {
    signal: (name) => running.signal(name),
    kill: () => running.kill(),
    halt: () => running.stop(),
    restart: async () => {
      running = await start()
    },
    stop: async () => {
      await running.stop()
      await cleanUp()
    },
  }
}

function readiness(child: ChildProcess, ready: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (why: string) => reject(new Error(`${child.spawnfile} ${why}\n${output}`))
    const timer = setTimeout(() => fail('was not ready in time'), START_MILLISECONDS)
    const read = (chunk: Buffer) => {
      if (output.includes(ready)) return
      output += chunk.toString()
      if (!output.includes(ready)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('exit', () => {
      clearTimeout(timer)
      fail('ended before it was ready')
    })
  })
}

/** A port of the loopback interface that nobody uses right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
