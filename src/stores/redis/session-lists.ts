import type { SessionOwner, SessionRecord, StoreContext, StoredSession } from '../../core/session-store.ts'
import type { AskedMarks, Memberships } from './memberships.ts'
import { readKey, type SessionLead, type TagEpoch } from './record.ts'
import type { Redis } from './redis.ts'
import { type Enrolment, hasEnded, isSettled, type MemberTimes, type Standing, texts } from './rosters.ts'

/** A roster that a member was enrolled on, and what was written there. */
export type Hint = readonly [roster: string, value: string]

/** A tag that a session was enrolled for. */
export interface TagHint extends TagEpoch {
  readonly value: string
}

type Live = Extract<ReturnType<typeof readKey>, { kind: 'live' }>

/** A renewal is written in two places. For so many seconds they may differ. */
const RENEWAL_SECONDS = 5
const ENROLMENTS = 3

/** Keeps the rosters of subjects and tags in step with the sessions, which are the truth but for what was ended here. */
export class SessionLists {
  readonly #redis: Redis
  readonly #memberships: Memberships

  constructor(redis: Redis, memberships: Memberships) {
    this.#redis = redis
    this.#memberships = memberships
  }

  /** Whether no list says that it has ended. Puts right what the lists have forgotten, and drops what has ended there. */
  async isAlive(key: string, lead: SessionLead, context: StoreContext, asked?: AskedMarks): Promise<boolean> {
    const standings = await this.#memberships.standings(key, lead, context, asked)
    const isAlive = !standings.some(hasEnded)
    const now = context.now()
    const isRenewed = now - lead.renewedAt < RENEWAL_SECONDS
    const isWrong = (standing: Standing): boolean =>
      standing === 'unlisted' || (typeof standing === 'object' && !isRenewed && standing.expiresAt !== lead.expiresAt)
    try {
      if (standings.includes('ended'))
        await this.#memberships.end(this.#memberships.member(key, lead.handle), '', context)
      else if (isAlive && now < lead.expiresAt && standings.some(isWrong))
        await this.#memberships.note(key, lead, context)
    } catch {
      // The answer is right without it, and the next reading tries again.
    }
    return isAlive
  }

  /** Enrols one more, after those that are on the list but not there have been taken off. */
  async enrol(
    roster: string,
    member: string,
    record: SessionRecord,
    owner: SessionOwner,
    context: StoreContext,
  ): Promise<Enrolment> {
    for (let times = 1; ; times++) {
      const enrolled = await this.#redis.rosters.enrol(roster, member, record, owner, context)
      if (enrolled.kind === 'ok') return enrolled
      const struck = await this.#strikeGone(roster, context)
      if (enrolled.kind === 'over' || struck === 0 || times === ENROLMENTS) return enrolled
    }
  }

  /** Enrols a session for tags that it will have. */
  async enrolTags(
    member: string,
    tags: readonly string[],
    times: MemberTimes,
    context: StoreContext,
  ): Promise<readonly TagHint[]> {
    return Promise.all(
      [...new Set(tags)].map(async (tag) => {
        const enrolled = await this.#redis.rosters.enrol(this.#memberships.tagRoster(tag), member, times, {}, context)
        if (enrolled.kind === 'limit') throw new Error('a list without a limit is full')
        return { tag, epoch: enrolled.epoch, value: enrolled.value }
      }),
    )
  }

  /**
   * Takes back what was written for a session that was not made. One that is there already stays on its lists: it is the
   * same one, which a parallel call has made, under its key or by now under another one.
   */
  async withdraw(member: string, hints: readonly Hint[], context: StoreContext): Promise<void> {
    if (hints.length === 0 || (await this.#find(member, context)) !== undefined) return
    await Promise.all(hints.map(([roster, value]) => this.#redis.rosters.strike(roster, member, value, context)))
  }

  /** Takes off those that are no longer there, and answers how many they were. */
  async #strikeGone(roster: string, context: StoreContext): Promise<number> {
    const entries = await this.#redis.rosters.list(roster, context)
    const gone = await Promise.all(
      entries.map(async (entry) => {
        if (!isSettled(entry, context) || (await this.#find(entry.member, context)) !== undefined) return false
        await this.#redis.rosters.strike(roster, entry.member, entry.value, context)
        return true
      }),
    )
    return gone.filter(Boolean).length
  }

  /** The live sessions of a roster. */
  async list(
    roster: string,
    has: (lead: SessionLead) => boolean,
    context: StoreContext,
  ): Promise<readonly StoredSession[]> {
    this.#redis.mustBeUp()
    const entries = await this.#redis.rosters.list(roster, context)
    const found = await Promise.all(
      entries.map(async (entry) => {
        const live = await this.#find(entry.member, context)
        if (live !== undefined && has(live.lead)) {
          return (await this.isAlive(entry.member, live.lead, context)) ? [live.session] : []
        }
        if (isSettled(entry, context)) {
          await this.#redis.rosters.strike(roster, entry.member, entry.value, context)
        }
        return []
      }),
    )
    return found.flat()
  }

  /** The session of a member, if it is there and not over. */
  async #find(member: string, context: StoreContext): Promise<Live | undefined> {
    const family = this.#memberships.family(member)
    const all = texts(await this.#redis.connection.send(family, ['HVALS', family]))
    for (const text of all) {
      const reading = text.startsWith('L') ? readKey(text) : undefined
      if (reading?.kind !== 'live' || reading.lead.handle !== this.#memberships.handleOf(member)) continue
      return reading.session.expiresAt > context.now() ? reading : undefined
    }
    return undefined
  }
}
