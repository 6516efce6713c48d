import { attachments } from '../core/attachments.ts'
import type { Awaitable } from '../core/provider.ts'
import type { SessionReading, SessionTimes, StoredSession } from '../core/session-store.ts'
import { isThenable } from '../core/validate.ts'
import { DataCodec, type Envelope, openEnvelope } from './data.ts'
import { unavailable } from './errors.ts'
import { Holds } from './holds.ts'
import { keyOf } from './key.ts'
import type { Settings } from './options.ts'
import type { Session } from './types.ts'

/** The session that a request has now. */
export interface Current<D> {
  readonly key: string
  readonly session: Session<D>
}

/** A live session, and how it is stored. */
export interface Opened<D> {
  readonly session: Session<D>
  readonly stored: StoredSession
  readonly envelope: Envelope
}

/** Why a reading is no live session: `misfit` data does not fit its schema, `outdated` is older and nothing migrates it. */
export type NotOpened = 'unknown' | 'revoked' | 'expired' | 'misfit' | 'outdated'

/** Asks a store, and makes what it throws an error of ours. */
export function asked<T>(ask: () => Awaitable<T>): Awaitable<T> {
  try {
    const answer = ask()
    if (!isThenable(answer)) return answer
    return Promise.resolve(answer).then(undefined, (thrown: unknown) => {
      throw unavailable(thrown)
    })
  } catch (thrown) {
    throw unavailable(thrown)
  }
}

/** What the provider's reading and the handlers' calls share: the rules of time and data, and what requests have now. */
export class SessionBook<D> {
  readonly settings: Settings<D>
  readonly codec: DataCodec<D>
  readonly holds: Holds
  readonly #current = attachments<Current<D> | 'none'>()
  readonly #forgetters: ((native: object) => void)[] = []

  constructor(settings: Settings<D>) {
    this.settings = settings
    this.codec = new DataCodec(settings)
    this.holds = new Holds(settings.store)
  }

  /** The key under which the session of a cookie value is stored. */
  keyOf(value: string): Awaitable<string> {
    return keyOf(value, this.settings.transport.name)
  }

  onChange(forget: (native: object) => void): void {
    this.#forgetters.push(forget)
  }

  current(native: object): Current<D> | 'none' | undefined {
    return this.#current.get(native)
  }

  /** Notes what was read for a request, so that its handler need not read it again. */
  note(native: object, current: Current<D>): void {
    this.#current.set(native, current)
  }

  /** Notes what a request has now, and that what the provider said of it holds no more. */
  change(native: object, current: Current<D> | 'none'): void {
    this.#current.set(native, current)
    for (const forget of this.#forgetters) forget(native)
  }

  /** The times of a session that is renewed now. */
  renewed(createdAt: number, now: number): SessionTimes {
    const renewedAt = Math.floor(now)
    return {
      createdAt,
      renewedAt,
      expiresAt: this.#expiry({ createdAt, renewedAt, expiresAt: Number.POSITIVE_INFINITY }),
    }
  }

  /** Judges what a store read. A throw or a rejection is an `Error`. */
  open(reading: SessionReading, now: number): Awaitable<Opened<D> | NotOpened> {
    if (reading === undefined) return 'unknown'
    if (reading === 'revoked') return 'revoked'
    const expiresAt = this.#expiry(reading)
    if (now >= expiresAt) return 'expired'
    const envelope = openEnvelope(reading)
    if (envelope === undefined) return 'misfit'
    const unpacked = this.codec.unpack(envelope)
    if (!isThenable(unpacked)) return this.#opened(reading, envelope, unpacked, expiresAt)
    return unpacked.then((settled) => this.#opened(reading, envelope, settled, expiresAt))
  }

  #opened(
    stored: StoredSession,
    envelope: Envelope,
    unpacked: { readonly data: D } | undefined,
    expiresAt: number,
  ): Opened<D> | NotOpened {
    if (unpacked !== undefined)
      return { session: sessionOf(stored, envelope, unpacked.data, expiresAt), stored, envelope }
    return envelope.dataVersion === this.settings.dataVersion ? 'misfit' : 'outdated'
  }

  /** Tells whether a session is over, whatever its data. */
  isOver(times: SessionTimes, now: number): boolean {
    return now >= this.#expiry(times)
  }

  /** The settings of today count for the sessions of yesterday as well. */
  #expiry({ createdAt, renewedAt, expiresAt }: SessionTimes): number {
    const { idleSeconds, absoluteSeconds } = this.settings
    return Math.min(expiresAt, renewedAt + idleSeconds, createdAt + absoluteSeconds)
  }
}

export function sessionOf<T>(
  { subject, handle, createdAt, renewedAt }: StoredSession,
  { authenticatedAt, acr, amr }: Envelope,
  data: T,
  expiresAt: number,
): Session<T> {
  return { data, subject, handle, createdAt, renewedAt, expiresAt, authenticatedAt, acr, amr }
}
