import { chain } from '../core/awaitable.ts'
import { AuthenticationError } from '../core/cause.ts'
import type { Awaitable } from '../core/provider.ts'
import type { SessionContent, StoredSession } from '../core/session-store.ts'
import type { StandardSchema } from '../core/standard-schema.ts'
import { decodeUtf8, encodeUtf8 } from '../wire/text.ts'
import { type AuthenticationFacts, keptFacts } from './authentication.ts'

/** How the data of sessions is checked and written. */
export interface DataSettings<D> {
  readonly schema: StandardSchema<D>
  readonly dataVersion: number
  readonly migrate: ((data: unknown, from: number) => Awaitable<D>) | undefined
  readonly encode: ((data: D) => unknown) | undefined
  readonly decode: ((stored: unknown) => unknown) | undefined
}

/** What a payload holds beside the data. */
export interface Meta extends AuthenticationFacts {
  /** The family of remember-me tokens that the session belongs to. */
  readonly family: string | undefined
  /** What `TextKeeper` keeps. */
  readonly kept: string | undefined
}

/** A payload, taken apart, and its data as it is stored. */
export interface Envelope extends Meta {
  readonly dataVersion: number
  readonly data: unknown
}

/** Data made ready to be stored, and as it will be read back. */
export interface Packed<D> {
  /** Its JSON. */
  readonly text: string
  readonly data: D
}

/** Payloads were lists of four at first. What holds more is another format, so that older processes leave it alone. */
const PLAIN = 1
const EXTENDED = 2
const LONGEST = 65_536
/** What stores take: `SessionContent`. */
const LONGEST_PAYLOAD = 81_920

/** Turns data into JSON and back, and lets nothing through that does not fit its schema. */
export class DataCodec<D> {
  readonly #settings: DataSettings<D>

  constructor(settings: DataSettings<D>) {
    this.#settings = settings
  }

  /**
   * Makes data ready to be stored. What will be read back must fit, so a `Date` that JSON turns into a text is found now.
   *
   * @throws TypeError, perhaps as a rejection, when it does not fit or is over 64 KB. It shows nothing of the data.
   */
  pack(data: D): Awaitable<Packed<D>> {
    const { encode, schema } = this.#settings
    const text: string | undefined = JSON.stringify(encode === undefined ? data : encode(data))
    if (text === undefined) throw new TypeError('sessions(): the data must be something that JSON can carry')
    if (text.length > LONGEST || encodeUtf8(text).length > LONGEST) {
      throw new TypeError('sessions(): the data must be at most 64 KB of JSON')
    }
    return chain(schema['~standard'].validate(this.#decode(JSON.parse(text))), (result) => {
      if (result.issues === undefined) return { text, data: result.value }
      throw new TypeError('sessions(): the data, made JSON and read again, must fit "schema"')
    })
  }

  /**
   * What a store gets of a session.
   *
   * @throws TypeError when data and kept text are over 80 KB together.
   */
  content({ text }: Packed<D>, meta: Meta, tags: readonly string[]): SessionContent {
    const { authenticatedAt = null, family = null, acr, amr, kept } = meta
    const head = JSON.stringify([this.#settings.dataVersion, authenticatedAt, family]).slice(0, -1)
    const isPlain = acr === undefined && amr.length === 0 && kept === undefined
    const payload = encodeUtf8(isPlain ? `${head},${text}]` : `${head},${text},${JSON.stringify({ acr, amr, kept })}]`)
    if (payload.length > LONGEST_PAYLOAD) {
      throw new TypeError('sessions(): the data and what is kept beside it must be at most 80 KB together')
    }
    return { format: isPlain ? PLAIN : EXTENDED, payload, tags }
  }

  /**
   * Answers the data of an envelope; `undefined` when it does not fit.
   *
   * @throws AuthenticationError, perhaps as a rejection, when a newer process wrote it, or `migrate` failed.
   */
  unpack({ data, dataVersion }: Envelope): Awaitable<{ readonly data: D; readonly cause?: never } | undefined> {
    const own = this.#settings.dataVersion
    if (dataVersion > own) throw newer()
    if (dataVersion < own) return this.#migrated(data, dataVersion)
    const { schema, decode } = this.#settings
    let value: unknown
    try {
      value = decode === undefined ? data : decode(data)
    } catch {
      // Written for another `decode`: it fits as little as what the schema refuses.
      return undefined
    }
    return chain(schema['~standard'].validate(value), (result) =>
      result.issues === undefined ? { data: result.value } : undefined,
    )
  }

  #migrated(data: unknown, from: number): Awaitable<{ readonly data: D } | undefined> {
    const { migrate, schema } = this.#settings
    if (migrate === undefined) return undefined
    return chain(migrate(data, from), (migrated) =>
      chain(schema['~standard'].validate(migrated), (result) => {
        if (result.issues === undefined) return { data: result.value }
        throw new AuthenticationError('sessions(): "migrate" must answer data that fits "schema"', {
          code: 'invalid-answer',
        })
      }),
    )
  }

  #decode(stored: unknown): unknown {
    const { decode } = this.#settings
    return decode === undefined ? stored : decode(stored)
  }
}

/**
 * Takes a payload apart; `undefined` when it is none of ours.
 *
 * @throws AuthenticationError when a newer becauth wrote it.
 */
export function openEnvelope({ format, payload }: StoredSession): Envelope | undefined {
  if (format > EXTENDED) throw newer()
  const list = parse(payload)
  if (!Array.isArray(list) || list.length !== format + 3) return undefined
  const [dataVersion, authenticatedAt, family, data, extension = {}]: readonly unknown[] = list
  if (typeof dataVersion !== 'number' || typeof extension !== 'object' || extension === null) return undefined
  const kept: unknown = Reflect.get(extension, 'kept')
  return {
    dataVersion,
    kept: typeof kept === 'string' ? kept : undefined,
    ...keptFacts(authenticatedAt, Reflect.get(extension, 'acr'), Reflect.get(extension, 'amr')),
    family: typeof family === 'string' ? family : undefined,
    data,
  }
}

/** Another process knows more than this one: soon all will, so the cookie stays. */
function newer(): AuthenticationError {
  return new AuthenticationError('a session was written by a newer process than this one', { code: 'newer-session' })
}

function parse(payload: Uint8Array): unknown {
  const text = decodeUtf8(payload)
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    // Ill-formed is the same as of the wrong form.
    return undefined
  }
}
