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
 * What a roster says of a member that lives by its own record. `ended`: it was ended here, and its record is left over.
 * `unlisted`: the roster has forgotten it.
 */
export type Standing = 'ended' | 'unlisted' | MemberTimes

/** Browsers keep no cookie longer than this: afterwards nobody can have a session from before. */
const EPOCH_SECONDS = 400 * 86_400

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

  async standing(roster: string, member: string, epoch: number): Promise<Standing> {
    return this.standingOf(await this.marks(roster, member), epoch)
  }

  /** One command, for `standingOf`. */
  marks(roster: string, member: string): Promise<unknown> {
    return this.#connection.send(roster, ['HMGET', roster, 'e', member])
  }

  standingOf(marks: unknown, epoch: number): Standing {
    const [first = null, text = null] = Array.isArray(marks) ? marks : []
    const since = first === null ? 0 : Number(first)
    if (typeof text !== 'string') return epoch < since ? 'ended' : 'unlisted'
    const entry = entryOf('', text)
    // An entry may be younger than the record: whoever was excepted when all others ended.
    return entry === undefined || entry.epoch < since ? 'ended' : entry
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
    return (await this.#run(note, roster, context, words)) === 1
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

  /** Ends all, and answers who that was. */
  async endAll(roster: string, exceptHandle: string, context: StoreContext): Promise<readonly string[]> {
    return texts(await this.#run(endAll, roster, context, [exceptHandle, String(EPOCH_SECONDS)]))
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

/** Those that were enrolled so long ago that they are no longer being made. */
export function isSettled({ epoch }: Entry, context: StoreContext): boolean {
  return epoch < (context.now() - 60) * 1000
}

function entryOf(member: string, value: string): Entry | undefined {
  const [epoch = 'x', createdAt, expiresAt] = value.split(' ')
  if (epoch === 'x') return undefined
  return { member, epoch: Number(epoch), createdAt: Number(createdAt), expiresAt: Number(expiresAt), value }
}

/** @throws Error when a client does not answer with texts. */
export function texts(reply: unknown): readonly string[] {
  if (!Array.isArray(reply)) throw unexpected()
  return reply.map((each) => {
    if (typeof each !== 'string') throw unexpected()
    return each
  })
}

/** A text, or nothing. @throws Error when a client answers with anything else. */
export function textOrNothing(reply: unknown): string | undefined {
  if (reply === null || reply === undefined) return undefined
  if (typeof reply !== 'string') throw unexpected()
  return reply
}

function unexpected(): Error {
  return new Error('the client of Redis must answer texts with strings, lists with arrays and nothing with null')
}
