import type { StoreContext } from '../core/session-store.ts'
import { type AuthenticationFacts, factsOf } from './authentication.ts'
import type { Opened, SessionBook } from './book.ts'
import { ofApplication } from './calls.ts'
import { SessionUnavailable } from './errors.ts'
import { newSessionValue } from './key.ts'
import { loginTags, mustBeKept, mustBeTime } from './login.ts'
import { TOMBSTONE_SECONDS } from './tombstone.ts'
import type { RotateOptions, SessionChange, SessionRequest } from './types.ts'

const LONGEST_GRACE = 300

/** What a step-up brings. */
interface StepUp {
  readonly facts: AuthenticationFacts
  readonly begunAt: number | undefined
  readonly kept: string | undefined
  /** As hashes. */
  readonly tags: readonly string[] | undefined
}

/** A rotation, checked. */
export class Rotation<D> {
  readonly #book: SessionBook<D>
  readonly #because: RotateOptions['because']
  readonly #graceSeconds: number
  readonly #stepUp: StepUp | undefined

  private constructor(
    book: SessionBook<D>,
    because: RotateOptions['because'],
    graceSeconds: number,
    stepUp: StepUp | undefined,
  ) {
    this.#book = book
    this.#because = because
    this.#graceSeconds = graceSeconds
    this.#stepUp = stepUp
  }

  /** @throws TypeError (rejects) when a grace is asked for where none may be, or an option cannot be used. */
  static async of<D>(book: SessionBook<D>, options: RotateOptions): Promise<Rotation<D>> {
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
    const stepUp = options.because === 'step-up' ? await stepUpOf(options, book.settings.clock()) : undefined
    return new Rotation(book, because, graceSeconds, stepUp)
  }

  /** `'again'`: somebody else wrote in between. `'logged-out'`: the session has ended, since it was logged out meanwhile. */
  async run(
    request: SessionRequest,
    key: string,
    opened: Opened<D>,
    context: StoreContext,
  ): Promise<SessionChange<D> | 'again' | 'logged-out'> {
    const { session, stored, envelope } = opened
    const { store, random, transport, maxAge } = this.#book.settings
    if (stored.rotated) {
      // The answer to the request that rotated it brings the new key.
      if (this.#because === 'periodic') return { headers: [], session }
      throw rotatedAway()
    }
    const value = newSessionValue(random, key.slice(0, key.indexOf('.')))
    const next = await this.#book.keyOf(value)
    const now = Math.floor(context.now())
    const { authenticatedAt, acr, amr } = this.#stepUp?.facts ?? envelope
    const kept = this.#stepUp?.kept ?? envelope.kept
    const tags = tagsOf(opened, this.#stepUp)
    const times = this.#book.renewed(stored.createdAt, now)
    const { codec } = this.#book
    const packed = await ofApplication(() => codec.pack(session.data))
    const meta = { ...envelope, authenticatedAt, acr, amr, kept }
    const record = { ...(await ofApplication(() => codec.content(packed, meta, tags))), ...times }
    const graceUntil = now + this.#graceSeconds
    const end = { graceUntil, tombstoneUntil: graceUntil + TOMBSTONE_SECONDS }
    if (!(await store.rotate(key, stored.version, next, record, end, context))) return 'again'
    if (await this.#isHeld(next, tags, context)) {
      await store.delete(next, now + TOMBSTONE_SECONDS, context)
      this.#book.change(request.native, 'none')
      return 'logged-out'
    }
    const rotated = { ...session, renewedAt: times.renewedAt, expiresAt: times.expiresAt, authenticatedAt, acr, amr }
    this.#book.change(request.native, { key: next, session: rotated })
    return { headers: [transport.write(value, maxAge)], session: rotated }
  }

  /** Whether somebody was logged out while stepping up. Where nobody can tell, the session ends: its key is nobody's yet. */
  async #isHeld(key: string, tags: readonly string[], context: StoreContext): Promise<boolean> {
    const begunAt = this.#stepUp?.begunAt
    if (begunAt === undefined) return false
    try {
      return await this.#book.holds.areHeld(tags, begunAt, context)
    } catch (thrown) {
      await this.#book.settings.store.delete(key, Math.floor(context.now()) + TOMBSTONE_SECONDS, context)
      throw thrown
    }
  }
}

async function stepUpOf(options: RotateOptions & { readonly because: 'step-up' }, now: number): Promise<StepUp> {
  const { authentication, begunAt, kept, tags } = options
  mustBeTime(begunAt)
  mustBeKept(kept)
  const facts = factsOf(authentication, now, 'sessions()')
  return { facts, begunAt, kept, tags: tags === undefined ? undefined : await loginTags(tags) }
}

/** The family of remembered browsers stays a tag. */
function tagsOf<D>({ stored, envelope: { family } }: Opened<D>, stepUp: StepUp | undefined): readonly string[] {
  const tags = stepUp?.tags
  if (tags === undefined) return stored.tags
  return family === undefined ? tags : [...tags, family]
}

/** The browser has another key by now, or will have it in a moment. */
export function rotatedAway(): SessionUnavailable {
  return new SessionUnavailable('the session has another key by now', { code: 'session-rotated', retryAfterSeconds: 1 })
}
