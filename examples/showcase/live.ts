import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AuthenticationListener, type DecisionEvent, type FailureReport, type RequestView, reasons } from 'becauth'
import { type DigestTrace, traceOf } from './digest-trace.ts'

/** What is shown of one request: words from becauth's tables and this program's own, never what a client sent. */
interface Entry {
  readonly id: number
  /** Seconds since 1970. */
  readonly at: number
  readonly method: string
  readonly path: string
  /** The number by which the page finds its own requests again. */
  readonly attempt: number | undefined
  /** `undefined` when the client left before it was answered. */
  status?: number | undefined
  /** What the request said in the Digest scheme. */
  readonly digest: DigestTrace | undefined
  /** Whether the answer gave a new nonce for one that is over. */
  stale?: boolean
  retryAfterSeconds?: number | undefined
  decision?: Omit<DecisionEvent, 'failures'> & { readonly failures: readonly ExplainedFailure[] }
  /** What the `error` and `fault` events said, and the routes themselves. */
  readonly notes: string[]
}

interface ExplainedFailure extends FailureReport {
  /** What the reason means. */
  readonly meaning?: string
}

const meanings = new Map(Object.entries(reasons).map(([reason, { description }]) => [reason, description]))

const kept = 100
const keepAliveMilliseconds = 15_000
/** A viewer that reads so slowly that this much waits for it is let go; it comes back by itself. */
const patienceBytes = 1_000_000

/** Remembers what the listener heard, request by request, and shows it to whoever watches. */
export class Live {
  readonly #pending = new WeakMap<object, Entry>()
  readonly #viewers = new Set<ServerResponse>()
  readonly #keepAlive = setInterval(() => this.#tell(': still here\n\n'), keepAliveMilliseconds).unref()
  readonly #recent: Entry[] = []
  #count = 0

  /** Goes into `authentication()`'s options. */
  readonly listener: AuthenticationListener = {
    decision: (event, request) => {
      const entry = this.#entryOf(request)
      if (entry !== undefined) entry.decision = { ...event, failures: event.failures.map(explain) }
    },
    error: ({ errorName, retryable }, request) => {
      this.#entryOf(request)?.notes.push(`${errorName}; ${retryable ? 'the same may work later' : 'final'}`)
    },
    fault: ({ fault, message }, request) => {
      this.#entryOf(request)?.notes.push(`fault ${fault}: ${message}`)
    },
  }

  /** Follows one request from before its decision until it is answered. */
  follow(req: IncomingMessage, res: ServerResponse, path: string): void {
    const entry: Entry = {
      id: ++this.#count,
      at: Date.now() / 1000,
      method: req.method ?? '',
      path,
      attempt: attemptOf(req),
      digest: traceOf(req),
      notes: [],
    }
    this.#pending.set(req, entry)
    res.once('close', () => {
      entry.status = res.writableFinished ? res.statusCode : undefined
      entry.stale = String(res.getHeader('WWW-Authenticate') ?? '').includes('stale=true')
      const retryAfter = res.getHeader('Retry-After')
      entry.retryAfterSeconds = retryAfter === undefined ? undefined : Number(retryAfter)
      this.#publish(entry)
    })
  }

  /** Adds a word of this program's own to what is shown of a request. */
  note(req: IncomingMessage, text: string): void {
    this.#pending.get(req)?.notes.push(text)
  }

  /** Answers with a stream of events that begins with the last requests. */
  show(res: ServerResponse): void {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    if (res.req.method === 'HEAD') {
      res.end()
      return
    }
    res.write(`retry: 1000\nevent: hello\ndata: \n\n${this.#recent.map(format).join('')}`)
    this.#viewers.add(res)
    res.once('close', () => this.#viewers.delete(res))
  }

  /** Ends all streams. */
  end(): void {
    clearInterval(this.#keepAlive)
    for (const viewer of this.#viewers) viewer.end()
  }

  #entryOf(request: RequestView): Entry | undefined {
    return this.#pending.get(request.native)
  }

  #publish(entry: Entry): void {
    this.#recent.push(entry)
    if (this.#recent.length > kept) this.#recent.shift()
    if (this.#viewers.size > 0) this.#tell(format(entry))
  }

  #tell(text: string): void {
    for (const viewer of this.#viewers) {
      if (viewer.writableLength > patienceBytes) viewer.destroy()
      else viewer.write(text)
    }
  }
}

function format(entry: Entry): string {
  return `data: ${JSON.stringify(entry)}\n\n`
}

function explain(failure: FailureReport): ExplainedFailure {
  const meaning = meanings.get(failure.reason ?? '')
  return meaning === undefined ? failure : { ...failure, meaning }
}

function attemptOf(req: IncomingMessage): number | undefined {
  const value = req.headers['x-attempt']
  return typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined
}
