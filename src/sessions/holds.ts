import type { SessionStore, StoreContext } from '../core/session-store.ts'
import { encodeUtf8 } from '../wire/text.ts'
import { hashOf } from './key.ts'

/**
 * For how long a logout refuses logins that were begun before it: as long as one may be under way, which is ten minutes, and as
 * it then takes until its session is written.
 */
const HOLD_SECONDS = 660
const TAG_DIGITS = 11
const HANDLE_DIGITS = 22
const FORMAT = 1
const ATTEMPTS = 100

/**
 * Notes of logouts, for logins that are under way meanwhile. They lie in the session store, under keys that no cookie can
 * have, one for each tag and eleven minutes; what they hold is no session's payload.
 *
 * A logout writes its note before it ends sessions; a login looks for notes after it wrote its session. So one of them sees
 * the other, whichever is faster.
 */
export class Holds {
  readonly #store: SessionStore

  constructor(store: SessionStore) {
    this.#store = store
  }

  /** Refuses logins with a tag, given by its hash, that were begun until now. */
  async put(tag: string, context: StoreContext): Promise<void> {
    const at = context.now()
    const { key, hash } = await placeOf(tag, slotOf(at))
    const createdAt = Math.floor(at)
    const times = { createdAt, renewedAt: createdAt, expiresAt: (slotOf(at) + 2) * HOLD_SECONDS }
    const owner = { subject: `becauth-hold:${hash}`, handle: hash.slice(0, HANDLE_DIGITS) }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      context.signal.throwIfAborted()
      const made = await this.#store.create(key, { ...contentOf(at), ...times }, owner, context)
      if (made === 'created') return
      const known = await this.#store.read(key, context)
      if (typeof known !== 'object') continue
      const since = timeIn(known.payload)
      if (since !== undefined && since >= at) return
      if (await this.#store.replace(key, known.version, contentOf(at), context)) return
    }
    throw new Error('the note of a logout could not be written')
  }

  /** Whether one of the tags was logged out since a login was begun. */
  async areHeld(tags: readonly string[], begunAt: number, context: StoreContext): Promise<boolean> {
    const slot = slotOf(context.now())
    const places = tags.flatMap((tag) => [placeOf(tag, slot), placeOf(tag, slot - 1)])
    const readings = await Promise.all(places.map(async (place) => this.#store.read((await place).key, context)))
    return readings.some((reading) => {
      // A note that nobody can read is one.
      return typeof reading === 'object' && (timeIn(reading.payload) ?? Number.POSITIVE_INFINITY) >= begunAt
    })
  }
}

function slotOf(seconds: number): number {
  return Math.floor(seconds / HOLD_SECONDS)
}

async function placeOf(tag: string, slot: number): Promise<{ readonly key: string; readonly hash: string }> {
  // The cookie of a session is another text, so that its key is never one of these.
  const hash = await hashOf(`hold ${slot} ${tag}`)
  return { key: `${hash.slice(0, TAG_DIGITS)}.${hash}`, hash }
}

function contentOf(at: number) {
  return { format: FORMAT, payload: encodeUtf8(String(at)), tags: [] }
}

function timeIn(payload: Uint8Array): number | undefined {
  const at = Number(new TextDecoder().decode(payload))
  return Number.isFinite(at) ? at : undefined
}
