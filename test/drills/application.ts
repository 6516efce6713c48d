import { fileURLToPath } from 'node:url'
import { freePort, type ServerProcess, startServer } from '../servers/process.ts'

/** What an application is told. */
export interface Plan {
  readonly kind: 'sqlite' | 'redis' | 'postgres'
  /** A path, a URL, or what `pg` connects with. */
  readonly where: unknown
  /** For how long a request may wait for the store. Default: 10. */
  readonly timeoutSeconds?: number
  /** Further options of `sessions()`. */
  readonly options?: object
}

/** A process of its own that serves sessions. */
export interface Application extends ServerProcess {
  readonly origin: string
}

/** What a request came to; `undefined` when the connection broke. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[]
  /** The `Cookie` field from now on, where the answer sets one. */
  readonly cookie: string | undefined
  readonly setsCookie: boolean
  readonly milliseconds: number
}

const file = fileURLToPath(new URL('./fixtures/application.mjs', import.meta.url))

/** Starts an application from `dist`. */
export async function startApplication(plan: Plan): Promise<Application> {
  const port = await freePort()
  const server = await startServer(process.execPath, [file, JSON.stringify({ ...plan, port })], 'listening on')
  return { ...server, origin: `http://127.0.0.1:${port}` }
}

/** How long a test waits for an answer: longer than any application may take for one. */
const PATIENCE_MILLISECONDS = 15_000

export async function call(origin: string, route: string, cookie?: string): Promise<Answer | undefined> {
  const [method = '', path = ''] = route.split(' ')
  const headers = { 'Sec-Fetch-Site': 'same-origin', ...(cookie === undefined ? {} : { Cookie: cookie }) }
  const began = performance.now()
  try {
    const response = await fetch(origin + path, { method, headers, signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) })
    const text = await response.text()
    const set = response.headers.get('set-cookie')
    return {
      status: response.status,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {},
      cookie: set?.split(';')[0],
      setsCookie: set !== null,
      milliseconds: performance.now() - began,
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw new Error(`${route} hung`)
    return undefined
  }
}
