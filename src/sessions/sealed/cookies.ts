import type { HeaderField } from '../../core/request.ts'
import type { Transport } from '../transport.ts'
import type { SessionRequest } from '../types.ts'

/** The bytes of name, `=` and value that every browser keeps, with some to spare. */
const COOKIE_BYTES = 3900

/** A text that the request may carry, and over how many cookies it is spread. */
export interface Carried {
  readonly text: string
  readonly count: 1 | 2
  /** What it carries if it is not that. */
  readonly instead: Carried | undefined
}

/** The cookies of a session: the first, and where a second may be used, what does not fit into it. */
export class Cookies {
  /** The name of the first. */
  readonly name: string
  /** The fields that delete every cookie that a session may have. */
  readonly deletions: readonly HeaderField[]
  readonly #first: Transport
  readonly #second: Transport | undefined
  readonly #room: number

  constructor([first, second]: readonly [Transport, Transport?]) {
    this.name = first.name
    this.deletions = Object.freeze([...first.deletion, ...(second?.deletion ?? [])])
    this.#first = first
    this.#second = second
    this.#room = COOKIE_BYTES - (second ?? first).name.length - 1
  }

  /** What the request carries; `undefined` when nothing, `'twice'` when a cookie comes twice. */
  read(request: SessionRequest): Carried | 'twice' | undefined {
    const values = this.#first.read(request)
    const text = values[0]
    if (text === undefined) return undefined
    if (values.length > 1) return 'twice'
    const alone: Carried = { text, count: 1, instead: undefined }
    // Only a full cookie goes on in a second one; another that is still there is a leftover.
    return this.#second === undefined || text.length !== this.#room ? alone : spread(alone, this.#second.read(request))
  }

  /** Over how many cookies a text of this length goes; `undefined` when it is too long. */
  countFor(length: number): 1 | 2 | undefined {
    if (length <= this.#room) return 1
    return this.#second !== undefined && length <= 2 * this.#room ? 2 : undefined
  }

  /** The fields that set a text, and delete the second cookie where it is not used. */
  write(text: string, maxAgeSeconds: number | undefined): readonly HeaderField[] {
    const first = this.#first.write(text.slice(0, this.#room), maxAgeSeconds)
    if (this.#second === undefined) return [first]
    const rest = text.slice(this.#room)
    return rest === '' ? [first, ...this.#second.deletion] : [first, this.#second.write(rest, maxAgeSeconds)]
  }

  /** Whether a response's `Set-Cookie` fields, joined by commas, set this cookie already. */
  isSetIn(fields: string | undefined): boolean {
    return fields !== undefined && `, ${fields}`.includes(`, ${this.name}=`)
  }
}

function spread(alone: Carried, rest: readonly string[]): Carried | 'twice' {
  if (rest.length > 1) return 'twice'
  return rest[0] === undefined ? alone : { text: alone.text + rest[0], count: 2, instead: alone }
}
