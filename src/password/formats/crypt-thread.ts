import { Worker } from 'node:worker_threads'
import { AuthenticationError } from '../../core/cause.ts'
import { aborted, hashUnsupported, overloaded } from '../errors.ts'
import type { CryptAnswer, CryptJob, CryptQuestion } from './crypt-job.ts'
import type { PasswordOctets } from './format.ts'

const IDLE_MILLISECONDS = 30_000
const MAXIMUM_WAITING = 1024
const RETRY_AFTER_SECONDS = 5

interface Entry {
  readonly question: CryptQuestion
  readonly resolve: (matched: boolean) => void
  readonly reject: (error: AuthenticationError) => void
  readonly signal: AbortSignal | undefined
  readonly stop: () => void
}

interface CryptThreadOptions {
  /** The file that the thread runs. Default: `crypt-worker.js` beside this one. */
  readonly url?: URL | undefined
}

/**
 * One thread for what only JavaScript computes, bcrypt and crypt(3), so that it never blocks the event loop.
 *
 * It starts with the first job, ends after half a minute without one, and keeps the process alive only while somebody
 * waits for it. When it breaks down, the job that it was at fails with a retryable error and the next ones get a new one.
 *
 * The thread's file is found relative to this module, so a bundler must leave becauth out of its bundle (esbuild:
 * `packages: 'external'`); otherwise the first job fails with `crypt-thread-failed`.
 */
export class CryptThread {
  readonly #url: URL
  readonly #waiting: Entry[] = []
  #worker: Worker | undefined
  #running: Entry | undefined
  #idle: NodeJS.Timeout | undefined

  constructor(options: CryptThreadOptions = {}) {
    this.#url = options.url ?? workerUrl(import.meta.url)
  }

  /**
   * Computes whether a password belongs to a stored text.
   *
   * Rejects with an `AuthenticationError`: `aborted` at once when the signal aborts (a job that has begun is finished and
   * its answer dropped), `overloaded` when too many wait, `crypt-thread-failed`, or `hash-unsupported`.
   */
  matches(job: CryptJob, password: PasswordOctets, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal))
    if (this.#waiting.length >= MAXIMUM_WAITING) return Promise.reject(overloaded(RETRY_AFTER_SECONDS))
    const { received, normalised } = password
    const passwords = normalised === undefined ? [received] : [received, normalised]
    return new Promise((resolve, reject) => {
      const entry: Entry = { question: { job, passwords }, resolve, reject, signal, stop: () => this.#leave(entry) }
      signal?.addEventListener('abort', entry.stop, { once: true })
      this.#waiting.push(entry)
      this.#next()
    })
  }

  #leave(entry: Entry): void {
    const at = this.#waiting.indexOf(entry)
    if (at !== -1) this.#waiting.splice(at, 1)
    if (entry.signal !== undefined) entry.reject(aborted(entry.signal))
  }

  /** Hands the thread its next job, or lets it rest. */
  #next(): void {
    if (this.#running !== undefined) return
    clearTimeout(this.#idle)
    this.#running = this.#waiting.shift()
    if (this.#running === undefined) {
      this.#worker?.unref()
      this.#idle = setTimeout(() => this.#end(), IDLE_MILLISECONDS).unref()
      return
    }
    try {
      this.#worker ??= this.#start()
      this.#worker.ref()
      this.#worker.postMessage(this.#running.question)
    } catch (error) {
      this.#failed(error)
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#url, { name: 'becauth-crypt' })
    worker.on('message', (answer: CryptAnswer) => this.#answered(answer))
    const lost = (error: unknown) => {
      if (this.#worker === worker) this.#failed(error)
    }
    worker.on('error', lost)
    worker.on('exit', () => lost(undefined))
    return worker
  }

  #answered({ matched }: CryptAnswer): void {
    const entry = this.#taken()
    if (matched !== undefined) entry?.resolve(matched)
    else entry?.reject(hashUnsupported(`${entry.question.job.kind}, the computation failed`))
    this.#next()
  }

  #failed(cause: unknown): void {
    const entry = this.#taken()
    this.#worker = undefined
    entry?.reject(
      new AuthenticationError('The thread that verifies passwords broke down', {
        code: 'crypt-thread-failed',
        ...(cause === undefined ? {} : { cause }),
      }),
    )
    this.#next()
  }

  /** Takes the running job off the thread; settling it after its signal aborted has no effect. */
  #taken(): Entry | undefined {
    const entry = this.#running
    this.#running = undefined
    entry?.signal?.removeEventListener('abort', entry.stop)
    return entry
  }

  #end(): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
  }
}

/**
 * The thread's file. Where this module is run as TypeScript, by tests, it is the built one: a thread has none of the
 * test runner's transformations, and Node 20 runs no TypeScript.
 */
function workerUrl(module: string): URL {
  const beside = module.endsWith('.ts') ? '../../../dist/password/formats/' : './'
  return new URL(`${beside}crypt-worker.js`, module)
}
