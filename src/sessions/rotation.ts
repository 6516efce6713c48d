import type { StoreContext } from '../core/session-store.ts'
import { type AuthenticationFacts, factsOf } from './authentication.ts'
import type { Opened, SessionBook } from './book.ts'
import { SessionUnavailable } from './errors.ts'
import { keyOf, newSessionValue } from './key.ts'
import { TOMBSTONE_SECONDS } from './tombstone.ts'
import type { RotateOptions, SessionChange, SessionRequest } from './types.ts'

const LONGEST_GRACE = 300

/** A rotation, checked. */
export class Rotation<D> {
  readonly #book: SessionBook<D>
  readonly #because: RotateOptions['because']
  readonly #graceSeconds: number
  /** What a step-up shows. */
  readonly #facts: AuthenticationFacts | undefined

  /** @throws TypeError when a grace is asked for where none may be. */
  constructor(book: SessionBook<D>, options: RotateOptions) {
    const { because } = options
    const { graceSeconds = because === 'periodic' ? 30 : 0 } = options
    if (because !== 'periodic' && because !== 'step-up' && because !== 'privilege-change') {
      throw new TypeError('sessions(): "because" must be "periodic", "step-up" or "privilege-change"')
    }
    if (!Number.isSafeInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > LONGEST_GRACE) {
      throw new TypeError(`sessions(): "graceSeconds" must be a whole number from 0 to ${LONGEST_GRACE}`)
    }
    if (graceSeconds > 0 && because !== 'periodic') {
      throw new TypeError(
        'sessions(): "graceSeconds" must be 0 but for a periodic rotation: a planted key dies at once',
      )
    }
    this.#book = book
    this.#because = because
    this.#graceSeconds = graceSeconds
    this.#facts =
      options.because === 'step-up' ? factsOf(options.authentication, book.settings.clock(), 'sessions()') : undefined
  }

  /** `'again'`: somebody else wrote in between. */
  async run(
    request: SessionRequest,
    key: string,
    { session, stored, envelope }: Opened<D>,
    context: StoreContext,
  ): Promise<SessionChange<D> | 'again'> {
    const { store, random, transport, maxAge } = this.#book.settings
    if (stored.rotated) {
      // The answer to the request that rotated it brings the new key.
      if (this.#because === 'periodic') return { headers: [], session }
      throw rotatedAway()
    }
    const value = newSessionValue(random, key.slice(0, key.indexOf('.')))
    const next = await keyOf(value)
    const now = Math.floor(context.now())
    const { authenticatedAt, acr, amr } = this.#facts ?? envelope
    const times = this.#book.renewed(stored.createdAt, now)
    const packed = await this.#book.codec.pack(session.data)
    const meta = { ...envelope, authenticatedAt, acr, amr }
    const record = { ...this.#book.codec.content(packed, meta, stored.tags), ...times }
    const graceUntil = now + this.#graceSeconds
    const end = { graceUntil, tombstoneUntil: graceUntil + TOMBSTONE_SECONDS }
    if (!(await store.rotate(key, stored.version, next, record, end, context))) return 'again'
    const rotated = { ...session, renewedAt: times.renewedAt, expiresAt: times.expiresAt, authenticatedAt, acr, amr }
    this.#book.change(request.native, { key: next, session: rotated })
    return { headers: [transport.write(value, maxAge)], session: rotated }
  }
}

/** The browser has another key by now, or will have it in a moment. */
export function rotatedAway(): SessionUnavailable {
  return new SessionUnavailable('the session has another key by now', { code: 'session-rotated', retryAfterSeconds: 1 })
}
