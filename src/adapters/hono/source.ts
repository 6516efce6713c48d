import type { Context } from 'hono'
import type { BodyReading, HeaderField, Peer, RequestSource } from '../../core/request.ts'
import { readBody } from '../fetch/body.ts'
import { headerOf, targetOf, unknownPeer } from '../fetch/source.ts'

/** The engine's view of a request whose answer can be reached: logging in and out is one call then. */
export interface RespondingSource extends RequestSource {
  /** Adds header fields to the answer, beside what it has. */
  readonly respond: (fields: readonly HeaderField[]) => void
}

/**
 * A Hono request as the engine sees it. It is known by Hono's own request object, because middleware such as `bodyLimit`
 * puts another raw `Request` into it.
 */
export class HonoSource implements RespondingSource {
  readonly native: Context['req']
  readonly #context: Context
  readonly #peer: ((c: Context) => Peer) | undefined
  /** Whether to look if the client went away; a decision in one go need not pay for the signal. */
  watching = false

  constructor(context: Context, peer: ((c: Context) => Peer) | undefined) {
    this.native = context.req
    this.#context = context
    this.#peer = peer
  }

  get method(): string {
    return this.native.raw.method
  }

  get target(): string {
    return targetOf(this.native.raw.url)
  }

  get absoluteUrl(): string {
    return this.native.raw.url
  }

  get peer(): Peer {
    return this.#peer === undefined ? unknownPeer(this.native.raw.url) : this.#peer(this.#context)
  }

  get gone(): boolean {
    return this.watching && this.native.raw.signal.aborted
  }

  get signal(): AbortSignal {
    return this.native.raw.signal
  }

  get respond(): (fields: readonly HeaderField[]) => void {
    return (fields) => {
      for (const [name, value] of fields) this.#context.header(name, value, { append: true })
    }
  }

  header(name: string): string | undefined {
    return headerOf(this.native.raw.headers, name)
  }

  async body(limitBytes: number): Promise<BodyReading> {
    const { bodyCache, raw } = this.native
    const { formData, ...others } = bodyCache
    if (Object.keys(others).length === 0) {
      return formData === undefined ? readBody(raw, limitBytes) : { kind: 'parsed', value: fieldsOf(await formData) }
    }
    const bytes = new Uint8Array(await this.native.arrayBuffer())
    if (bytes.length > limitBytes) return { kind: 'too-large' }
    return bytes.length === 0 ? { kind: 'none' } : { kind: 'bytes', bytes }
  }
}

/** A form that Hono has parsed: a value for each name, a list where the name came several times. */
function fieldsOf(form: FormData): Record<string, unknown> {
  const fields = new Map<string, unknown>()
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name)
    fields.set(name, values.length === 1 ? values[0] : values)
  }
  return Object.fromEntries(fields)
}
