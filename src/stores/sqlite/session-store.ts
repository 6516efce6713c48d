import type {
  DeleteBySubjectOptions,
  RotationEnd,
  SessionContent,
  SessionOwner,
  SessionReading,
  SessionRecord,
  SessionStore,
  StoreContext,
  StoredSession,
} from '../../core/session-store.ts'
import type { Connection, Row } from './database.ts'
import type { Queue } from './queue.ts'
import * as sql from './session-sql.ts'

/** The most that one sweep drops, and that one transaction drops, for it stops the event loop and keeps others out. */
const [MOST_SWEPT, SWEPT_AT_ONCE] = [500, 100]

/** Sessions in SQLite. */
export class SqliteSessions implements SessionStore {
  readonly #connection: Connection
  readonly #queue: Queue

  constructor(connection: Connection, queue: Queue) {
    this.#connection = connection
    this.#queue = queue
  }

  read(key: string, context: StoreContext): SessionReading | Promise<SessionReading> {
    return this.#queue.read(context, () => this.#reading(key, context))
  }

  create(
    key: string,
    record: SessionRecord,
    owner: SessionOwner,
    context: StoreContext,
  ): Promise<'created' | 'exists' | 'limit'> {
    return this.#queue.write(context, () => {
      const now = secondsOf(context)
      const { subject, handle, limit, onExceed = 'refuse' } = owner
      if (this.#isTaken(key, now)) return 'exists'
      if (limit !== undefined) {
        const others = this.#connection.all(sql.idsBySubject, subject, now)
        const tooMany = others.length - limit + 1
        if (tooMany > 0 && onExceed === 'refuse') return 'limit'
        this.#endAll(others.slice(0, Math.max(0, tooMany)))
      }
      const tags = new Set(record.tags)
      this.#connection.run(sql.dropOldKey, key)
      const inserted = this.#connection.get(
        sql.insert,
        key,
        subject,
        handle,
        record.format,
        record.createdAt,
        record.renewedAt,
        record.expiresAt,
        joined(tags),
        record.payload,
      )
      if (inserted !== undefined) this.#tag(inserted.number('id'), tags)
      return 'created'
    })
  }

  replace(key: string, version: number, content: SessionContent, context: StoreContext): Promise<boolean> {
    return this.#queue.write(context, () => {
      const found = this.#connection.get(sql.byVersion, key, version, secondsOf(context))
      if (found === undefined) return false
      const id = found.number('id')
      const tags = new Set(content.tags)
      this.#connection.run(sql.replace, content.format, joined(tags), content.payload, id)
      this.#retag(id, found.text('tags'), tags)
      return true
    })
  }

  touch(
    key: string,
    seenRenewedAt: number,
    renewedAt: number,
    expiresAt: number,
    context: StoreContext,
  ): Promise<boolean> {
    return this.#queue.write(context, () => {
      const now = secondsOf(context)
      return this.#connection.run(sql.touch, renewedAt, expiresAt, key, seenRenewedAt, now) > 0
    })
  }

  rotate(
    key: string,
    version: number,
    next: string,
    record: SessionRecord,
    end: RotationEnd,
    context: StoreContext,
  ): Promise<boolean> {
    return this.#queue.write(context, () => {
      const now = secondsOf(context)
      const found = this.#connection.get(sql.byVersion, key, version, now)
      if (found === undefined) return false
      const id = found.number('id')
      const { graceUntil, tombstoneUntil } = end
      if (graceUntil > now) this.#connection.run(sql.insertGrace, graceUntil, Math.max(graceUntil, tombstoneUntil), id)
      else this.#connection.run(sql.insertTombstone, key, tombstoneUntil)
      const tags = new Set(record.tags)
      const { format, createdAt, renewedAt, expiresAt, payload } = record
      this.#connection.run(sql.rotate, next, format, createdAt, renewedAt, expiresAt, joined(tags), payload, id)
      this.#retag(id, found.text('tags'), tags)
      return true
    })
  }

  delete(key: string, tombstoneUntil: number, context: StoreContext): Promise<boolean> {
    return this.#queue.write(context, () => {
      const now = secondsOf(context)
      const found = this.#connection.get(sql.idByKey, key, now) ?? this.#connection.get(sql.idByOldKey, key, now, now)
      if (found === undefined) return false
      const id = found.number('id')
      this.#connection.run(sql.retireOldKeys, tombstoneUntil, id)
      this.#connection.run(sql.insertTombstone, found.text('key'), tombstoneUntil)
      this.#end(id)
      return true
    })
  }

  listBySubject(subject: string, context: StoreContext): readonly StoredSession[] | Promise<readonly StoredSession[]> {
    return this.#queue.read(context, () =>
      this.#connection.all(sql.listBySubject, subject, secondsOf(context)).map((row) => sessionOf(row, false)),
    )
  }

  deleteBySubject(subject: string, options: DeleteBySubjectOptions, context: StoreContext): Promise<number> {
    return this.#queue.write(context, () => {
      const found = this.#connection.all(sql.idsBySubject, subject, secondsOf(context))
      return this.#endAll(found.filter((row) => row.text('handle') !== options.except))
    })
  }

  deleteByHandle(subject: string, handle: string, context: StoreContext): Promise<boolean> {
    return this.#queue.write(context, () => {
      const found = this.#connection.all(sql.idsBySubject, subject, secondsOf(context))
      return this.#endAll(found.filter((row) => row.text('handle') === handle)) > 0
    })
  }

  listByTag(tag: string, context: StoreContext): readonly StoredSession[] | Promise<readonly StoredSession[]> {
    return this.#queue.read(context, () =>
      this.#connection.all(sql.listByTag, tag, secondsOf(context)).map((row) => sessionOf(row, false)),
    )
  }

  deleteByTag(tag: string, context: StoreContext): Promise<number> {
    return this.#queue.write(context, () => this.#endAll(this.#connection.all(sql.idsByTag, tag, secondsOf(context))))
  }

  async sweep(limit: number, context: StoreContext): Promise<number> {
    const most = Math.min(limit, MOST_SWEPT)
    let swept = 0
    for (let last = 0, wanted = 0; last === wanted && swept < most; swept += last) {
      wanted = Math.min(most - swept, SWEPT_AT_ONCE)
      last = await this.#sweepAtOnce(wanted, context)
    }
    return swept
  }

  #sweepAtOnce(most: number, context: StoreContext): Promise<number> {
    return this.#queue.write(context, () => {
      const now = secondsOf(context)
      this.#connection.run(sql.sweepGraces, now, most)
      this.#connection.run(sql.sweepTags, now, most)
      const swept = this.#connection.run(sql.sweepSessions, now, most)
      return swept + this.#connection.run(sql.sweepOldKeys, now, most - swept)
    })
  }

  #reading(key: string, context: StoreContext): SessionReading {
    const live = this.#connection.get(sql.read, key)
    if (live !== undefined) return sessionOf(live, false)
    const old = this.#connection.get(sql.readOldKey, key)
    if (old === undefined) return undefined
    const now = context.now()
    if (now < old.number('grace_until') && !old.isNull('subject')) return sessionOf(old, true)
    return now < old.number('tombstone_until') ? 'revoked' : undefined
  }

  #isTaken(key: string, now: number): boolean {
    return this.#connection.get(sql.isTaken, key, key, now) !== undefined
  }

  #endAll(found: readonly Row[]): number {
    for (const row of found) this.#end(row.number('id'))
    return found.length
  }

  #end(id: number): void {
    this.#connection.run(sql.endGraces, id)
    this.#connection.run(sql.untag, id)
    this.#connection.run(sql.end, id)
  }

  #retag(id: number, before: string, tags: ReadonlySet<string>): void {
    if (before === joined(tags)) return
    this.#connection.run(sql.untag, id)
    this.#tag(id, tags)
  }

  #tag(id: number, tags: ReadonlySet<string>): void {
    for (const tag of tags) this.#connection.run(sql.tag, tag, id)
  }
}

/** All times that are stored are in whole seconds, so that the fraction never tells two of them apart. */
function secondsOf(context: StoreContext): number {
  return Math.floor(context.now())
}

/** Tags are base64url: a space parts them. */
function joined(tags: ReadonlySet<string>): string {
  return [...tags].join(' ')
}

function sessionOf(row: Row, rotated: boolean): StoredSession {
  const tags = row.text('tags')
  return {
    format: row.number('format'),
    payload: row.bytes('payload'),
    tags: tags === '' ? [] : tags.split(' '),
    createdAt: row.number('created_at'),
    renewedAt: row.number('renewed_at'),
    expiresAt: row.number('expires_at'),
    subject: row.text('subject'),
    handle: row.text('handle'),
    version: row.number('version'),
    rotated,
  }
}
