import type { Socket } from 'node:net'
import type { Client } from 'ldapts'
import type { BindAnswer } from './answer.ts'
import type { DirectoryEntry, DirectorySearch } from './directory.ts'
import { ReadEntry } from './entry.ts'
import { ConnectionLost, UnexpectedResult } from './errors.ts'
import type { Ldapts } from './ldapts.ts'
import { within } from './limits.ts'
import { isBindName } from './names.ts'
import type { Server } from './server.ts'

/** How long one operation may take, and who waits for it. */
export interface Wait {
  readonly seconds: number
  readonly signal: AbortSignal
}

const NO_SUCH_OBJECT = 32
const PAGE_SIZE = 500
const CLOSE_MILLISECONDS = 1000

/** An unbind request with the largest message id, which no request that waits for an answer has. */
const UNBIND = Uint8Array.of(0x30, 0x08, 0x02, 0x04, 0x7f, 0xff, 0xff, 0xff, 0x42, 0x00)

/** One connection to one server, open from the beginning. It is never opened again: what ends, ends. */
export class Connection {
  readonly server: Server
  readonly #library: Ldapts
  readonly #socket: Socket
  readonly #client: Client
  readonly #waiting = new Set<(error: Error) => void>()
  #isOpen = true
  #onEnd: (() => void) | undefined

  constructor(library: Ldapts, server: Server, socket: Socket) {
    this.server = server
    this.#library = library
    this.#socket = socket
    this.#client = library.client(onceOnly(socket))
    socket.once('close', () => this.#end(new ConnectionLost(`${server.label} closed the connection`)))
    // A socket that closed before anybody listened says so never again.
    if (socket.closed) this.#end(new ConnectionLost(`${server.label} closed the connection`))
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** How many operations wait for an answer. */
  get load(): number {
    return this.#waiting.size
  }

  /** Calls back when the connection is over, whoever ended it. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener
  }

  /**
   * Binds with a name and a password, and with nothing but these. Nobody else may use the connection meanwhile; it is over
   * when the answer does not come in time.
   *
   * @throws TypeError, as a rejection, for a name that would not bind as itself, and for an empty password.
   */
  async bind(name: string, password: string, wait: Wait): Promise<BindAnswer> {
    if (!isBindName(name) || password === '') throw new TypeError('ldap(): a bind needs a name and a password')
    const policy = this.#library.policyRequest()
    const bound = this.#client.bind.bind(this.#client, name, password, policy.control)
    const refused = await this.#run('a bind', bound, wait, true)
    if (refused === undefined) return { resultCode: 0, diagnostic: '', policy: policy.answer }
    return { ...refused, policy: policy.answer }
  }

  /**
   * Searches. Others may search on the connection at the same time. When the answer does not come in time the connection is
   * over; when only this caller goes away it is not.
   *
   * @throws AuthenticationError, as a rejection.
   */
  async search(search: DirectorySearch, wait: Wait): Promise<readonly DirectoryEntry[]> {
    const { base, scope, attributes, binary = [], sizeLimit } = search
    const options = {
      scope,
      filter: this.#library.filter(search.filter),
      attributes: attributes.length === 0 ? ['1.1'] : [...attributes],
      explicitBufferAttributes: [...binary],
      timeLimit: Math.ceil(wait.seconds),
      ...(sizeLimit === undefined ? { paged: { pageSize: PAGE_SIZE } } : { sizeLimit }),
    }
    let entries: readonly DirectoryEntry[] = []
    const read = async () => {
      const { searchEntries } = await this.#client.search(base, options)
      entries = searchEntries.slice(0, sizeLimit).map((entry) => new ReadEntry(entry))
    }
    const refused = await this.#run('a search', read, wait, false)
    if (refused === undefined) return entries
    if (refused.resultCode === NO_SUCH_OBJECT && scope === 'base') return []
    throw new UnexpectedResult('search', refused.resultCode)
  }

  /** Takes leave of the server. What still waits for an answer fails. */
  close(): void {
    if (!this.#isOpen) return
    this.#end(new ConnectionLost('the connection was closed'))
    this.#socket.end(UNBIND)
    this.#socket.setTimeout(CLOSE_MILLISECONDS, () => this.#socket.destroy())
  }

  /** Ends the connection at once. What still waits for an answer fails. */
  destroy(): void {
    this.#end(new ConnectionLost('the connection was closed'))
    this.#socket.destroy()
  }

  #end(error: Error): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const fail of this.#waiting) fail(error)
    this.#waiting.clear()
    this.#onEnd?.()
  }

  /** Runs an operation. Answers `undefined` for success, or the result code that the server sent instead. */
  #run(what: string, operation: () => Promise<void>, wait: Wait, isAlone: boolean): Promise<Refused | undefined> {
    let fail: (error: Error) => void = () => {}
    const lost = new Promise<never>((_, reject) => {
      fail = reject
    })
    const step = async () => {
      if (!this.#isOpen) throw new ConnectionLost(`${this.server.label} closed the connection`)
      this.#waiting.add(fail)
      try {
        await Promise.race([operation(), lost])
        return undefined
      } catch (error) {
        const refused = refusedBy(error)
        if (refused !== undefined) return refused
        this.destroy()
        throw error instanceof ConnectionLost
          ? error
          : new ConnectionLost(`the connection to ${this.server.label} broke`, error)
      } finally {
        this.#waiting.delete(fail)
      }
    }
    const giveUp = () => {
      if (isAlone || !wait.signal.aborted) this.destroy()
    }
    return within(step, { what, seconds: wait.seconds, signal: wait.signal, giveUp })
  }
}

type Refused = Omit<BindAnswer, 'policy'>

/** ldapts throws result codes as numbers, and errors of sockets with words as codes. */
function refusedBy(error: unknown): Refused | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'number')) return undefined
  return { resultCode: error.code, diagnostic: error.message }
}

/** ldapts connects anew when a socket has closed, without TLS if that came by StartTLS. It gets no second one. */
function onceOnly(socket: Socket): () => Socket {
  let isGiven = false
  return () => {
    if (isGiven || socket.destroyed) throw new ConnectionLost('the connection closed')
    isGiven = true
    return socket
  }
}
