import type { SessionBook } from './book.ts'
import { ofApplication } from './calls.ts'
import type { LiveSessions } from './live.ts'
import { TOMBSTONE_SECONDS } from './tombstone.ts'
import type { KeptText, SessionRequest } from './types.ts'

/** Keeps a text in sessions beside their data, which no handler sees. */
export class TextKeeper<D> {
  readonly #book: SessionBook<D>
  readonly #live: LiveSessions<D>

  constructor(book: SessionBook<D>, live: LiveSessions<D>) {
    this.#book = book
    this.#live = live
  }

  async read(request: SessionRequest): Promise<KeptText | undefined> {
    const opened = await this.#live.read(request)
    const text = opened?.envelope.kept
    if (opened === undefined || text === undefined) return undefined
    const { subject, handle } = opened.session
    return { text, subject, handle, isFixed: opened.stored.rotated }
  }

  async replace(request: SessionRequest, seen: string, text: string | undefined): Promise<boolean> {
    const replaced = await this.#live.on(request, async (key, { session, stored, envelope }, context) => {
      if (stored.rotated || envelope.kept !== seen) return false
      const { codec } = this.#book
      const packed = await ofApplication(() => codec.pack(session.data))
      const content = await ofApplication(() => codec.content(packed, { ...envelope, kept: text }, stored.tags))
      return (await this.#book.settings.store.replace(key, stored.version, content, context)) || 'again'
    })
    return replaced === true
  }

  /** What was seen is taken out first, so that nobody's new text is ended with the session. */
  async end(request: SessionRequest, seen: string): Promise<boolean> {
    if (!(await this.replace(request, seen, undefined))) return false
    const { store, transport } = this.#book.settings
    const ended = await this.#live.on(request, async (key, _opened, context) => {
      return store.delete(key, Math.floor(context.now()) + TOMBSTONE_SECONDS, context)
    })
    this.#book.change(request.native, 'none')
    request.respond?.(transport.deletion)
    return ended === true
  }
}
