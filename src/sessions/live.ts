import type { StoreContext } from '../core/session-store.ts'
import type { Opened, SessionBook } from './book.ts'
import type { Calls } from './calls.ts'
import { SessionUnavailable } from './errors.ts'
import { isSessionValue } from './key.ts'
import { Turns } from './turns.ts'
import type { SessionRequest } from './types.ts'

/** How often a change is tried again when others are faster. Within one process changes take turns. */
const ATTEMPTS = 100

/** The sessions that requests show, for what handlers do with them. */
export class LiveSessions<D> {
  readonly #book: SessionBook<D>
  readonly #calls: Calls
  readonly #turns = new Turns()

  constructor(book: SessionBook<D>, calls: Calls) {
    this.#book = book
    this.#calls = calls
  }

  /** The keys that a request shows: what it has now, or what it came with. */
  async keys(request: SessionRequest): Promise<readonly string[]> {
    const known = this.#book.current(request.native)
    if (known === 'none') return []
    const texts = this.#book.settings.transport.read(request).filter(isSessionValue)
    const keys = await Promise.all([...new Set(texts)].map((text) => this.#book.keyOf(text)))
    return known === undefined || keys.includes(known.key) ? keys : [known.key, ...keys]
  }

  /** The live session of a request, read from the store just now. */
  async read(request: SessionRequest): Promise<Opened<D> | undefined> {
    const key = await this.#keyOf(request)
    return key === undefined ? undefined : this.#calls.run(request.signal, (context) => this.#open(key, context))
  }

  /**
   * Does something with the live session of a request, read from the store just now, again while it answers so, and nothing
   * when there is none.
   *
   * @throws SessionUnavailable (rejects) when the store cannot be asked, or others were faster again and again.
   */
  async on<T>(
    request: SessionRequest,
    act: (key: string, opened: Opened<D>, context: StoreContext) => Promise<T | 'again'>,
  ): Promise<T | undefined> {
    const key = await this.#keyOf(request)
    if (key === undefined) return undefined
    return this.#calls.run(request.signal, (context) =>
      this.#turns.take(key, async () => {
        for (let attempt = 0; attempt < ATTEMPTS && !context.signal.aborted; attempt++) {
          const opened = await this.#open(key, context)
          if (opened === undefined) return undefined
          const done = await act(key, opened, context)
          if (done !== 'again') return done
        }
        throw new SessionUnavailable('a session was changed by others again and again', { code: 'conflict' })
      }),
    )
  }

  /** `undefined` as well when the request shows several. */
  async #keyOf(request: SessionRequest): Promise<string | undefined> {
    const known = this.#book.current(request.native)
    const keys = known === undefined ? await this.keys(request) : known === 'none' ? [] : [known.key]
    return keys.length === 1 ? keys[0] : undefined
  }

  async #open(key: string, context: StoreContext): Promise<Opened<D> | undefined> {
    const opened = await this.#book.open(await this.#book.settings.store.read(key, context), context.now())
    return typeof opened === 'object' ? opened : undefined
  }
}
