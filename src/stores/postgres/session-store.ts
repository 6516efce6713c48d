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
import { type PostgresClient, type Query, queryOf, type Row } from './client.ts'
import { binary, bytesOf, numberOf, second, textOf } from './rows.ts'
import { type SessionStatements, sessionStatements } from './session-statements.ts'
import { type PostgresTableOptions, tablesOf } from './tables.ts'

/** What `postgresSessionStore()`, `postgresRememberStore()` and `postgresOneTimeStore()` are told. */
export interface PostgresStoreOptions extends PostgresTableOptions {
  /**
   * The service's own pool of `pg`, or `sql` of `postgres`. It stays the service's: it is never closed here. Give the pool
   * an `error` listener and `connectionTimeoutMillis`, and as many connections as logins may wait for each other.
   */
  readonly client: PostgresClient
  /**
   * Whether statements are prepared once per connection, which makes them quicker. Default: true. A PgBouncer before 1.21
   * that pools transactions needs false.
   */
  readonly prepare?: boolean | undefined
}

/** How many rows one sweep drops at most, so that it is never long in the way of others. */
const SWEEP = 1000

/**
 * Makes a store of sessions in PostgreSQL, for services of several processes. It needs the tables of `migrate()` or
 * `becauth migrate`, and the package `pg` or `postgres`.
 *
 * Every call is one statement and one transaction. A login, a logout or a write is acknowledged when it is on the server's
 * disk, even where `synchronous_commit` is off. A call that nobody waits for any more is given up: what was sent may still
 * happen, and with `postgres` what waits for a connection as well. With `pg`, a connection that does not answer within five
 * more seconds is closed.
 *
 * @example
 * import { postgresSessionStore } from 'becauth/postgres'
 * import pg from 'pg'
 *
 * const pool = new pg.Pool({ connectionTimeoutMillis: 5000 })
 * pool.on('error', (error) => console.error('postgres', error))
 * export const store = postgresSessionStore({ client: pool })
 *
 * @throws TypeError when `client` is neither of both, or a name cannot be used.
 */
export function postgresSessionStore(options: PostgresStoreOptions): SessionStore {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('postgresSessionStore(): wants an object of options')
  }
  const query = queryOf(options.client, 'postgresSessionStore', options.prepare)
  return new InPostgres(query, sessionStatements(tablesOf(options, 'postgresSessionStore')))
}

class InPostgres implements SessionStore {
  readonly #query: Query
  readonly #statements: SessionStatements

  constructor(query: Query, statements: SessionStatements) {
    this.#query = query
    this.#statements = statements
  }

  async read(key: string, context: StoreContext): Promise<SessionReading> {
    const [row] = await this.#query.run(this.#statements.read, [key, second(context.now())], context.signal)
    if (row === undefined) return undefined
    return row.kind === 'revoked' ? 'revoked' : sessionOf(row)
  }

  async create(
    key: string,
    record: SessionRecord,
    { subject, handle, limit, onExceed }: SessionOwner,
    context: StoreContext,
  ): Promise<'created' | 'exists' | 'limit'> {
    const { format, createdAt, renewedAt, expiresAt, tags, payload } = record
    const own = [key, subject, handle, format, createdAt, renewedAt, expiresAt, listed(tags), binary(payload)]
    const values = [...own, limit ?? null, onExceed === 'oldest', second(context.now())]
    const [row] = await this.#query.run(this.#statements.create, values, context.signal)
    const answer = row?.answer
    if (answer === 'created' || answer === 'exists' || answer === 'limit') return answer
    throw new Error('postgresSessionStore(): PostgreSQL gave no answer about a new session')
  }

  async replace(key: string, version: number, content: SessionContent, context: StoreContext): Promise<boolean> {
    const { format, tags, payload } = content
    const values = [key, version, second(context.now()), format, listed(tags), binary(payload)]
    return (await this.#query.run(this.#statements.replace, values, context.signal)).length > 0
  }

  async touch(
    key: string,
    seenRenewedAt: number,
    renewedAt: number,
    expiresAt: number,
    context: StoreContext,
  ): Promise<boolean> {
    const values = [key, seenRenewedAt, second(context.now()), renewedAt, expiresAt]
    return (await this.#query.run(this.#statements.touch, values, context.signal)).length > 0
  }

  async rotate(
    key: string,
    version: number,
    next: string,
    record: SessionRecord,
    { graceUntil, tombstoneUntil }: RotationEnd,
    context: StoreContext,
  ): Promise<boolean> {
    const { format, createdAt, renewedAt, expiresAt, tags, payload } = record
    const own = [next, format, createdAt, renewedAt, expiresAt, listed(tags), binary(payload)]
    const values = [key, version, second(context.now()), ...own, graceUntil, tombstoneUntil]
    return (await this.#query.run(this.#statements.rotate, values, context.signal)).length > 0
  }

  async delete(key: string, tombstoneUntil: number, context: StoreContext): Promise<boolean> {
    const values = [key, tombstoneUntil, second(context.now())]
    const { deleteByKey, deleteByOldKey } = this.#statements
    // In this order: a rotation that comes between them has moved the session to where the second one finds it.
    for (const statement of [deleteByKey, deleteByOldKey]) {
      if ((await this.#query.run(statement, values, context.signal)).length > 0) return true
    }
    return false
  }

  async listBySubject(subject: string, context: StoreContext): Promise<readonly StoredSession[]> {
    return (
      await this.#query.run(this.#statements.listBySubject, [subject, second(context.now())], context.signal)
    ).map(sessionOf)
  }

  async deleteBySubject(subject: string, options: DeleteBySubjectOptions, context: StoreContext): Promise<number> {
    const values = [subject, second(context.now()), options.except ?? null]
    return endedOf(await this.#query.run(this.#statements.deleteBySubject, values, context.signal))
  }

  async deleteByHandle(subject: string, handle: string, context: StoreContext): Promise<boolean> {
    const values = [subject, second(context.now()), handle]
    return endedOf(await this.#query.run(this.#statements.deleteByHandle, values, context.signal)) > 0
  }

  async listByTag(tag: string, context: StoreContext): Promise<readonly StoredSession[]> {
    return (await this.#query.run(this.#statements.listByTag, [tag, second(context.now())], context.signal)).map(
      sessionOf,
    )
  }

  async deleteByTag(tag: string, context: StoreContext): Promise<number> {
    return endedOf(await this.#query.run(this.#statements.deleteByTag, [tag, second(context.now())], context.signal))
  }

  async sweep(limit: number, context: StoreContext): Promise<number> {
    const [row = {}] = await this.#query.run(
      this.#statements.sweep,
      [second(context.now()), Math.min(limit, SWEEP)],
      context.signal,
    )
    return numberOf(row, 'swept')
  }
}

/** A set of tags as one text: they are base64url, so none has a comma. */
function listed(tags: readonly string[]): string {
  return [...new Set(tags)].join(',')
}

function sessionOf(row: Row): StoredSession {
  const tags = textOf(row, 'tags')
  return {
    format: numberOf(row, 'format'),
    payload: bytesOf(row, 'payload'),
    tags: tags === '' ? [] : tags.split(','),
    createdAt: numberOf(row, 'created'),
    renewedAt: numberOf(row, 'renewed'),
    expiresAt: numberOf(row, 'expires'),
    subject: textOf(row, 'subject'),
    handle: textOf(row, 'handle'),
    version: numberOf(row, 'version'),
    rotated: row.kind === 'grace',
  }
}

function endedOf([row = {}]: readonly Row[]): number {
  return numberOf(row, 'ended')
}
