import type { StoredSession } from '../../core/session-store.ts'
import type { Ending } from './expiry-heap.ts'

/** A session under its one good key. `session` is what readers hold: it is never written to, only replaced. */
export interface Live extends Ending {
  readonly kind: 'live'
  key: string
  session: StoredSession
  /** The keys that were good before and are kept. */
  olds: Old[]
}

/** A key that was good: in grace for as long as it has a session and `graceUntil` says, then a tombstone until `endsAt`. */
export interface Old extends Ending {
  readonly kind: 'old'
  readonly key: string
  session: StoredSession | undefined
  graceUntil: number
  /** Whose key it was; kept while the grace lasts. */
  live: Live | undefined
}

/** Finds live sessions by their subject and by their tags. */
export class LiveIndex {
  readonly #bySubject = new Map<string, Set<Live>>()
  readonly #byTag = new Map<string, Set<Live>>()

  /** A subject's sessions that are not over. */
  ofSubject(subject: string, now: number): Live[] {
    return current(this.#bySubject.get(subject), now)
  }

  /** The sessions with a tag that are not over. */
  ofTag(tag: string, now: number): Live[] {
    return current(this.#byTag.get(tag), now)
  }

  add(live: Live): void {
    include(this.#bySubject, live.session.subject, live)
    this.addTags(live)
  }

  remove(live: Live): void {
    discard(this.#bySubject, live.session.subject, live)
    this.removeTags(live)
  }

  addTags(live: Live): void {
    for (const tag of live.session.tags) include(this.#byTag, tag, live)
  }

  removeTags(live: Live): void {
    for (const tag of live.session.tags) discard(this.#byTag, tag, live)
  }
}

function current(found: ReadonlySet<Live> | undefined, now: number): Live[] {
  return found === undefined ? [] : [...found].filter(({ session }) => session.expiresAt > now)
}

function include(index: Map<string, Set<Live>>, name: string, live: Live): void {
  const known = index.get(name)
  if (known === undefined) index.set(name, new Set([live]))
  else known.add(live)
}

function discard(index: Map<string, Set<Live>>, name: string, live: Live): void {
  const known = index.get(name)
  known?.delete(live)
  if (known?.size === 0) index.delete(name)
}
