import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const showcaseProgram: string = fileURLToPath(new URL('../../build/examples/showcase/main.js', import.meta.url))

/** How a process ended. */
interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly milliseconds: number
  readonly errors: string
}

/** The showcase, running in a process of its own. */
export interface Showcase {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** What it printed when it had begun to listen. */
  readonly greeting: string
  /** Sends SIGTERM and waits for the end; after five seconds it kills. */
  stop(): Promise<Ending>
}

/**
 * Starts the built showcase. `0` is any free port.
 *
 * @param env more of its environment; without `BECAUTH_DATA` it has a new folder, which goes with it
 */
export async function startShowcase(port: string = '0', env: NodeJS.ProcessEnv = {}): Promise<Showcase> {
  const folder = mkdtempSync(join(tmpdir(), 'becauth-showcase-'))
  const child = runShowcase(port, { BECAUTH_DATA: folder, ...env })
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  let printed = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  // The last line that it prints is the third curl line.
  while ((printed.match(/curl .*\n/g) ?? []).length < 3) {
    const [code] = await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')])
    if (typeof code === 'number') throw new Error(`the showcase ended with ${code}: ${errors}`)
  }
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0] ?? ''
  return {
    url,
    port: Number(new URL(url).port),
    greeting: printed,
    stop: async () => {
      const since = performance.now()
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
      const [code, signal] = child.exitCode === null ? await exited : [child.exitCode, null]
      clearTimeout(killer)
      return { code, signal, milliseconds: performance.now() - since, errors }
    },
  }
}

/** Starts the built showcase with this `PORT`, whatever comes of it. */
export function runShowcase(port: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  if (!existsSync(showcaseProgram)) throw new Error('the showcase is not built: run "npm run build"')
  // As `npm start` does: some versions of Node say of `node:sqlite` that it is experimental.
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', showcaseProgram], {
    env: { ...process.env, ...env, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
