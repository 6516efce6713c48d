import type { StoreContext } from '../../core/session-store.ts'
import type { RedisConnection } from './client.ts'
import { endAll, endOldest, endOne, enrol, list, note, strike } from './roster-scripts.ts'
import type { Scripts } from './script.ts'

/** The times that a roster keeps of a member, in whole seconds since 1970. */
export interface MemberTimes {
  readonly createdAt: number
  readonly expiresAt: number
}

/** A member of a roster. */
export interface Entry extends MemberTimes {
  readonly member: string
  readonly epoch: number
  /** Whether somebody has seen it live since it was enrolled. */
  readonly isMade: boolean
  /** As it is written. */
  readonly value: string
}

/** How many members there may be. */
export interface MemberLimit {
  readonly limit?: number | undefined
  readonly onExceed?: 'refuse' | 'oldest' | undefined
}

/** `over`: it is enrolled, and others must end. */
export type Enrolment =
  | { readonly kind: 'ok' | 'over'; readonly epoch: number; readonly value: string }
  | { readonly kind: 'limit' }

/**
 * What a roster says of a member that lives by its own record. `ending`: it was ended here just now, and whoever did that
 * takes its record away and counts it. `ended`: its record is left over. `unlisted`: the roster has forgotten it.
 */
export type Standing = 'ending' | 'ended' | 'unlisted' | MemberTimes

/** Browsers keep no cookie longer than this: afterwards nobody can have a session from before. */
const EPOCH_SECONDS = 400 * 86_400
/** How far above the present the epoch lies before which all end. */
const AHEAD_SECONDS = 60
/** Nothing that names one member takes longer. */
const STEPS_SECONDS = 60

/**
 * The lists of who belongs to a subject or a tag, each in one slot of a cluster, whatever slots its members are in.
 *
 * A member is enrolled before it is there, so that nobody who is told of it is missing from the list. All end in one step,
 * by an epoch that moves on: every member has the epoch of its beginning in its own record too, so what the list has
 * forgotten ends as well.
 */
export class Rosters {
  readonly #connection: RedisConnection
  readonly #scripts: Scripts

  constructor(connection: RedisConnection, scripts: Scripts) {
    this.#connection = connection
    this.#scripts = scripts
  }

  async enrol(
    roster: string,
    member: string,
    { createdAt, expiresAt }: MemberTimes,
    { limit = 0, onExceed = 'refuse' }: MemberLimit,
    context: StoreContext,
  ): Promise<Enrolment> {
    const words = [member, String(createdAt), String(expiresAt), String(limit), onExceed]
    const [kind, text] = texts(await this.#run(enrol, roster, context, words))
    if (kind === 'limit') return { kind }
    const epoch = Number(text)
    return { kind: kind === 'over' ? 'over' : 'ok', epoch, value: `${text} ${createdAt} ${expiresAt}` }
  }

  async standing(roster: string, member: string, epoch: number, context: StoreContext): Promise<Standing> {
    return this.standingOf(await this.marks(roster, member), epoch, context)
  }

  /** One command, for `standingOf`. */
  marks(roster: string, member: string): Promise<unknown> {
    return this.#connection.send(roster, ['HMGET', roster, 'e', member])
  }

  standingOf(marks: unknown, epoch: number, context: StoreContext): Standing {
    const [first = null, text = null] = Array.isArray(marks) ? marks : []
    const since = first === null ? 0 : Number(first)
    const entry = typeof text === 'string' ? entryOf('', text) : undefined
    if (typeof text === 'string' && entry === undefined) return endedAt(Number(text.split(' ')[1]), context)
    // An entry may be younger than the record: whoever was excepted when all others ended.
    if ((entry?.epoch ?? epoch) < since) return endedAt(since - AHEAD_SECONDS * 1000, context)
    return entry ?? 'unlisted'
  }

  /** Writes a member's times, unless it has ended. `false`: it has. */
  async note(
    roster: string,
    member: string,
    epoch: number,
    { createdAt, expiresAt }: MemberTimes,
    context: StoreContext,
  ): Promise<boolean> {
    const words = [member, String(epoch), String(createdAt), String(expiresAt)]
    return textOf(await this.#run(note, roster, context, words)) === 'noted'
  }

  /** Takes off a member that is gone. */
  async leave(roster: string, member: string): Promise<void> {
    await this.#connection.send(roster, ['HDEL', roster, member])
  }

  /** Takes off a member, unless somebody has enrolled it anew. */
  async strike(roster: string, member: string, value: string, context: StoreContext): Promise<void> {
    await this.#run(strike, roster, context, [member, value])
  }

  async list(roster: string, context: StoreContext): Promise<readonly Entry[]> {
    const flat = texts(await this.#run(list, roster, context, []))
    return flat.flatMap((member, index) => (index % 2 === 0 ? (entryOf(member, flat[index + 1] ?? '') ?? []) : []))
  }

  /** Ends all, also whom the roster has forgotten, and answers who that was. */
  async endAll(roster: string, exceptHandle: string, context: StoreContext): Promise<readonly string[]> {
    return texts(await this.#run(endAll, roster, context, [exceptHandle, String(EPOCH_SECONDS)]))
  }

  /** Ends all that are on the roster or about to be made, and answers who that was. Writes nothing where there is none. */
  async endListed(roster: string, context: StoreContext): Promise<readonly string[]> {
    return texts(await this.#run(endAll, roster, context, ['', '0']))
  }

  /** Ends the oldest until there is room for a member, and answers who that was. They stay on the roster as ended. */
  async endOldest(roster: string, member: string, limit: number, context: StoreContext): Promise<readonly string[]> {
    return texts(await this.#run(endOldest, roster, context, [member, String(limit)]))
  }

  /** Ends one by its handle. It stays on the roster as ended. */
  async endOne(roster: string, handle: string, context: StoreContext): Promise<string | undefined> {
    return texts(await this.#run(endOne, roster, context, [handle]))[0]
  }

  #run(script: string, roster: string, context: StoreContext, words: readonly string[]): Promise<unknown> {
    return this.#scripts.run(script, roster, [String(context.now()), ...words])
  }
}

/** Whether it is no longer being made, for it was made or was enrolled long ago: then it is there, or is gone. */
export function isSettled({ epoch, isMade }: Entry, context: StoreContext): boolean {
  return isMade || epoch < (context.now() - STEPS_SECONDS) * 1000
}

/** Whether it says that the member has ended. */
export function hasEnded(standing: Standing): boolean {
  return standing === 'ended' || standing === 'ending'
}

function endedAt(milliseconds: number, context: StoreContext): 'ending' | 'ended' {
  return milliseconds < (context.now() - STEPS_SECONDS) * 1000 ? 'ended' : 'ending'
}

function entryOf(member: string, value: string): Entry | undefined {
  const [epoch = 'x', createdAt, expiresAt, live] = value.split(' ')
  if (epoch === 'x') return undefined
  const times = { createdAt: Number(createdAt), expiresAt: Number(expiresAt) }
  return { member, epoch: Number(epoch), ...times, isMade: live === 'l', value }
}

/** @throws Error when a client does not answer with texts. */
export function texts(reply: unknown): readonly string[] {
  if (!Array.isArray(reply)) throw unexpected()
  return reply.map(textOf)
}

/** A text. Scripts answer no numbers, for clients may give them as something else. @throws Error when it is none. */
export function textOf(reply: unknown): string {
  if (typeof reply !== 'string') throw unexpected()
  return reply
}

/** A text, or nothing. @throws Error when a client answers with anything else. */
export function textOrNothing(reply: unknown): string | undefined {
  return reply === null || reply === undefined ? undefined : textOf(reply)
}

function unexpected(): Error {
  return new Error('the client of Redis must answer texts with strings, lists with arrays and nothing with null')
}
