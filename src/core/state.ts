import type { Engine } from './engine.ts'
import type { Entry } from './entry.ts'
import { entriesOf, type Node } from './node.ts'
import type { AuthenticationContext, Awaitable } from './provider.ts'
import type { BodyReading, HeaderField, Peer, RequestSource, RequestView } from './request.ts'
import type { Result } from './result.ts'

/** One request as one `authentication()` sees it, and everything that it has found out about it. */
export class RequestState implements RequestView {
  readonly engine: Engine
  readonly source: RequestSource
  /** What each provider came to, by the provider's index: the memo that makes it run once. */
  readonly slots: (Awaitable<Result> | undefined)[]
  /** Whether some scope let this request pass by a session. */
  usedSession = false
  /** Request header fields read by the providers of what a `select` chose. */
  chosenVary: readonly string[] | undefined
  /** Statuses with which scopes refused this request: an answer with one of them is no place for `onAccept`. */
  refusedWith: number[] | undefined
  #always: (readonly [entry: Entry, fields: readonly HeaderField[]])[] | undefined
  #nodes: Map<Node, Awaitable<Result>> | undefined
  #accepted: Map<Entry, readonly HeaderField[]> | undefined
  #peer: Peer | undefined
  #url: URL | undefined
  #body: { readonly limit: number; readonly reading: Promise<BodyReading> } | undefined

  /** @param providers how many there are */
  constructor(source: RequestSource, engine: Engine, providers: number) {
    this.source = source
    this.engine = engine
    this.slots = new Array(providers)
  }

  get method(): string {
    return this.source.method
  }

  get target(): string {
    return this.source.target
  }

  get native(): object {
    return this.source.native
  }

  get purpose(): object | undefined {
    return this.source.purpose
  }

  get signal(): AbortSignal {
    return this.source.signal
  }

  get peer(): Peer {
    this.#peer ??= this.engine.surroundings.peer(this.source)
    return this.#peer
  }

  get url(): URL {
    this.#url ??= this.engine.surroundings.url(this.source)
    return new URL(this.#url)
  }

  /** Whether there is anything in `always`. */
  get wantsAlways(): boolean {
    return this.#always !== undefined
  }

  /** Header fields that providers want on every answer. */
  get always(): readonly HeaderField[] | undefined {
    return this.#always?.flatMap(([, fields]) => fields)
  }

  header(name: string): string | undefined {
    return this.source.header(name.toLowerCase())
  }

  async body(limitBytes: number): Promise<BodyReading> {
    // Somebody else may have begun a longer reading meanwhile.
    for (let known = this.#body; known !== undefined; known = this.#body) {
      const reading = await known.reading
      if (reading.kind !== 'too-large' || limitBytes <= known.limit) return clip(reading, limitBytes)
      if (known === this.#body) break
    }
    const reading = this.source.body(limitBytes)
    this.#body = { limit: limitBytes, reading }
    return reading
  }

  /** Notes what a provider wants on every answer. */
  addAlways(entry: Entry, fields: readonly HeaderField[]): void {
    this.#always ??= []
    this.#always.push([entry, fields])
  }

  /**
   * Forgets what a provider said, and what was made of it: somebody logged in or out. It is asked anew when a decision
   * needs it, and what it wanted on the answer does not follow, and undo, what the login sets.
   */
  forget(entry: Entry): void {
    this.slots[entry.index] = undefined
    this.#nodes = undefined
    this.#always = this.#always?.filter(([wants]) => wants !== entry)
    this.#accepted ??= new Map()
    this.#accepted.set(entry, [])
  }

  /** Runs a node's function once per request. */
  once(node: Node, run: () => Awaitable<Result>): Awaitable<Result> {
    this.#nodes ??= new Map()
    const known = this.#nodes.get(node)
    if (known !== undefined) return known
    const result = run()
    this.#nodes.set(node, result)
    return result
  }

  /** Notes what the answer depends on because a `select` chose this. */
  chose(node: Node): void {
    const names = [...entriesOf(node)].flatMap(({ provider }) => provider.readsHeaders)
    if (names.length > 0) this.chosenVary = [...(this.chosenVary ?? []), ...names]
  }

  /** Asks a provider's `onAccept` once per request. */
  acceptOnce(entry: Entry, ask: () => readonly HeaderField[]): readonly HeaderField[] {
    this.#accepted ??= new Map()
    const known = this.#accepted.get(entry)
    if (known !== undefined) return known
    const fields = ask()
    this.#accepted.set(entry, fields)
    return fields
  }
}

function clip(reading: BodyReading, limitBytes: number): BodyReading {
  return reading.kind === 'bytes' && reading.bytes.length > limitBytes ? { kind: 'too-large' } : reading
}

/** One bounded call of one provider, or of one of the application's functions. */
export class Call implements AuthenticationContext {
  readonly name: string
  readonly request: RequestState
  #controller: AbortController | undefined
  #ended: { readonly reason: unknown } | undefined

  constructor(name: string, request: RequestState) {
    this.name = name
    this.request = request
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      const outer = this.request.source.signal
      if (this.#ended !== undefined) controller.abort(this.#ended.reason)
      else if (outer.aborted) controller.abort(outer.reason)
      else outer.addEventListener('abort', () => controller.abort(outer.reason), { once: true })
      this.#controller = controller
    }
    return this.#controller.signal
  }

  get fetch(): typeof globalThis.fetch {
    return this.request.engine.fetch
  }

  now(): number {
    return this.request.engine.clock()
  }

  random(bytes: number): Uint8Array {
    return this.request.engine.random(bytes)
  }

  fault(message: string, thrown?: unknown): void {
    this.request.engine.announce.fault('provider-fault', message, this.name, this.request, thrown)
  }

  /** Ends the call: whoever holds the signal is told. */
  abort(reason: unknown): void {
    this.#ended = { reason }
    this.#controller?.abort(reason)
  }
}
