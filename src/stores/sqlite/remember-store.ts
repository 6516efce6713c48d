import type {
  RememberExchange,
  RememberedBrowser,
  RememberRecord,
  RememberStore,
  RememberSuccessor,
  StoreContext,
} from '../../core/session-store.ts'
import type { Connection } from './database.ts'
import type { Queue } from './queue.ts'

/** The most that one sweep drops. */
const MOST_SWEPT = 500

const select = 'SELECT * FROM becauth_remembered WHERE family = ? AND expires_at > ?'
const insert = `
  INSERT OR REPLACE INTO becauth_remembered (family, subject, created_at, expires_at, token_hash) VALUES (?, ?, ?, ?, ?)`
const succeed = `
  UPDATE becauth_remembered SET before_hash = token_hash, before_until = ?, sealed = ?, token_hash = ?, expires_at = ?
  WHERE family = ?`
const remove = 'DELETE FROM becauth_remembered WHERE family = ? AND expires_at > ?'
const removeBySubject = 'DELETE FROM becauth_remembered WHERE subject = ? AND expires_at > ?'
const list = 'SELECT family, created_at, expires_at FROM becauth_remembered WHERE subject = ? AND expires_at > ?'
const sweep = `
  DELETE FROM becauth_remembered WHERE rowid IN
    (SELECT rowid FROM becauth_remembered WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`

/** Remembered browsers in SQLite. */
export class SqliteRemembered implements RememberStore {
  readonly #connection: Connection
  readonly #queue: Queue

  constructor(connection: Connection, queue: Queue) {
    this.#connection = connection
    this.#queue = queue
  }

  async create(family: string, record: RememberRecord, context: StoreContext): Promise<void> {
    const { subject, createdAt, expiresAt, tokenHash } = record
    const isNew = await this.#queue.write(context, () => {
      if (this.#connection.get(select, family, context.now()) !== undefined) return false
      this.#connection.run(insert, family, subject, createdAt, expiresAt, tokenHash)
      return true
    })
    if (!isNew) throw new Error('sqliteStore(): this family is there already')
  }

  exchange(
    family: string,
    tokenHash: string,
    successor: RememberSuccessor,
    context: StoreContext,
  ): Promise<RememberExchange> {
    return this.#queue.write(context, () => this.#exchange(family, tokenHash, successor, context.now()))
  }

  deleteFamily(family: string, context: StoreContext): Promise<boolean> {
    return this.#queue.write(context, () => this.#connection.run(remove, family, context.now()) > 0)
  }

  deleteBySubject(subject: string, context: StoreContext): Promise<number> {
    return this.#queue.write(context, () => this.#connection.run(removeBySubject, subject, context.now()))
  }

  listBySubject(
    subject: string,
    context: StoreContext,
  ): readonly RememberedBrowser[] | Promise<readonly RememberedBrowser[]> {
    return this.#queue.read(context, () =>
      this.#connection.all(list, subject, context.now()).map((row) => ({
        family: row.text('family'),
        createdAt: row.number('created_at'),
        expiresAt: row.number('expires_at'),
      })),
    )
  }

  sweep(limit: number, context: StoreContext): Promise<number> {
    return this.#queue.write(context, () => this.#connection.run(sweep, context.now(), Math.min(limit, MOST_SWEPT)))
  }

  #exchange(family: string, tokenHash: string, successor: RememberSuccessor, now: number): RememberExchange {
    const found = this.#connection.get(select, family, now)
    if (found === undefined) return undefined
    const [subject, createdAt] = [found.text('subject'), found.number('created_at')]
    if (found.text('token_hash') === tokenHash) {
      const { graceUntil, sealed, tokenHash: next, expiresAt } = successor
      this.#connection.run(succeed, graceUntil, sealed, next, expiresAt, family)
      return { kind: 'exchanged', subject, createdAt }
    }
    const isBefore = !found.isNull('before_hash') && found.text('before_hash') === tokenHash
    if (isBefore && now < found.number('before_until')) {
      return { kind: 'repeated', subject, createdAt, sealed: found.bytes('sealed') }
    }
    this.#connection.run(remove, family, now)
    return { kind: 'stolen', subject }
  }
}
