import type { StoreContext } from '../../core/session-store.ts'
import { endByHandle } from './family-scripts.ts'
import { Known } from './known.ts'
import { readLead, type SessionLead } from './record.ts'
import type { Redis } from './redis.ts'
import { type Standing, textOrNothing } from './rosters.ts'

/** On which rosters a session is: first its subject's, then its tags'. */
export interface Membership {
  readonly subject: string
  readonly handle: string
  readonly tagsText: string
  readonly member: string
  readonly rosters: readonly string[]
}

/** What was asked of the rosters before the session was read. */
export interface AskedMarks {
  readonly known: Membership
  readonly marks: readonly unknown[]
}

const TAG_LENGTH = 11
/** Two generations of so many memberships, of less than 500 bytes each. */
const KNOWN = 20_000
const AT_ONCE = 200

/** Knows on which rosters sessions are, and ends those that are ended there. */
export class Memberships {
  readonly #redis: Redis
  readonly #known = new Known<Membership>(KNOWN)

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** The key of all that is kept for the keys of a tag. */
  family(keyOrMember: string): string {
    return `${this.#redis.prefix}:{${keyOrMember.slice(0, TAG_LENGTH)}}`
  }

  member(key: string, handle: string): string {
    return key.slice(0, TAG_LENGTH) + handle
  }

  handleOf(member: string): string {
    return member.slice(TAG_LENGTH)
  }

  tagRoster(tag: string): string {
    return `${this.#redis.prefix}:t:{${tag}}`
  }

  /** What this process has seen of a key's session. It may have ended since, or have other tags. */
  known(key: string): Membership | undefined {
    return this.#known.get(key.slice(0, TAG_LENGTH))
  }

  async of(key: string, lead: SessionLead): Promise<Membership> {
    const known = this.known(key)
    const isSame = known !== undefined && isOf(known, lead)
    if (isSame && known.tagsText === lead.tagsText) return known
    const { subject, handle, tags, tagsText } = lead
    const first = (isSame ? known.rosters[0] : undefined) ?? (await this.#redis.subjectRoster(subject))
    const rosters = [first, ...tags.map(({ tag }) => this.tagRoster(tag))]
    const membership = { subject, handle, tagsText, member: this.member(key, handle), rosters }
    this.#known.set(key.slice(0, TAG_LENGTH), membership)
    return membership
  }

  /** One round trip, to be given to `standings`. */
  marks({ member, rosters }: Membership): Promise<readonly unknown[]> {
    return Promise.all(rosters.map((roster) => this.#redis.rosters.marks(roster, member)))
  }

  /** What the rosters say of a session, each at its place in its membership, which may have been asked already. */
  async standings(
    key: string,
    lead: SessionLead,
    context: StoreContext,
    asked?: AskedMarks,
  ): Promise<readonly Standing[]> {
    const isAsked = asked !== undefined && isOf(asked.known, lead) && asked.known.tagsText === lead.tagsText
    const marks = isAsked ? asked.marks : await this.marks(await this.of(key, lead))
    return marks.map((mark, index) => this.#redis.rosters.standingOf(mark, epochAt(lead, index), context))
  }

  /** The same of a session as it was: its tags are those of then, and nothing to go by. */
  async standingBefore(key: string, lead: SessionLead, context: StoreContext, asked?: AskedMarks): Promise<Standing> {
    const isAsked = asked !== undefined && isOf(asked.known, lead)
    if (isAsked) return this.#redis.rosters.standingOf(asked.marks[0], lead.epoch, context)
    const roster = await this.#redis.subjectRoster(lead.subject)
    return this.#redis.rosters.standing(roster, this.member(key, lead.handle), lead.epoch, context)
  }

  /** Writes a session's times on all its rosters. `false`: it was ended there. */
  async note(key: string, lead: SessionLead, context: StoreContext): Promise<boolean> {
    const { member, rosters } = await this.of(key, lead)
    const noted = await Promise.all(
      rosters.map((roster, index) => this.#redis.rosters.note(roster, member, epochAt(lead, index), lead, context)),
    )
    return noted.every(Boolean)
  }

  /** Takes a session that is gone off all its rosters, and answers which these were. */
  async leave(key: string, lead: SessionLead): Promise<readonly string[]> {
    const { member, rosters } = await this.of(key, lead)
    await Promise.all(rosters.map((roster) => this.#redis.rosters.leave(roster, member)))
    return rosters
  }

  /** Ends the session of a member, if there is one (of this tag), and answers the keys that were written. */
  async end(member: string, tag: string, context: StoreContext): Promise<readonly string[]> {
    const family = this.family(member)
    const words = [String(context.now()), this.handleOf(member), tag]
    const text = textOrNothing(await this.#redis.scripts.run(endByHandle, family, words))
    return text === undefined ? [] : [family, ...(await this.leave(member, readLead(text)))]
  }

  /** Ends the sessions of members, and answers how many there were. */
  async endAll(members: readonly string[], tag: string, roster: string, context: StoreContext): Promise<number> {
    let ended = 0
    const written = new Set([roster])
    for (let at = 0; at < members.length; at += AT_ONCE) {
      const some = members.slice(at, at + AT_ONCE)
      for (const keys of await Promise.all(some.map((member) => this.end(member, tag, context)))) {
        if (keys.length > 0) ended++
        for (const key of keys) written.add(key)
      }
    }
    await this.#redis.replicated([...written])
    return ended
  }
}

function isOf({ subject, handle }: Membership, lead: SessionLead): boolean {
  return subject === lead.subject && handle === lead.handle
}

function epochAt(lead: SessionLead, index: number): number {
  return index === 0 ? lead.epoch : (lead.tags[index - 1]?.epoch ?? 0)
}
