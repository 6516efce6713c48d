/** A pool of `pg`, or a client of `postgres` (postgres.js). */
export type PostgresClient = PgPool | PostgresJs

/** What is used of a `Pool` of `pg`. */
export interface PgPool {
  readonly totalCount: number
  connect(): Promise<PgConnection>
}

/** What is used of a connection that a `Pool` of `pg` gives. */
export interface PgConnection {
  query(statement: { text: string; values?: unknown[]; name?: string }): Promise<{ rows: unknown[] }>
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
  release(destroy?: boolean): void
}

/** What is used of the `sql` of postgres.js. */
export interface PostgresJs {
  unsafe(text: string, values?: PostgresValue[], options?: { prepare?: boolean }): PromiseLike<readonly unknown[]>
}

/** A parameter of a statement. No lists: the two drivers do not send them alike. */
export type PostgresValue = string | number | boolean | null | Uint8Array<ArrayBuffer>

/** A statement that is sent again and again. */
export interface Statement {
  /** Its own among all texts that one connection sees. */
  readonly name: string
  readonly text: string
}

export type Row = Readonly<Record<string, unknown>>

/** Sends statements, each of which is a transaction. */
export interface Query {
  run(statement: Statement, values: PostgresValue[], signal: AbortSignal): Promise<readonly Row[]>
  /** Several statements in one transaction, without parameters. */
  script(text: string): Promise<void>
}

/** How often a statement is sent that the server has undone for the sake of another one. */
const ATTEMPTS = 5
/** How long a connection may be busy with what nobody waits for any more before it counts as broken. */
const PATIENCE_MILLISECONDS = 5000
const NEVER = new AbortController().signal

/**
 * Gives the way to the database that a client is.
 *
 * @throws TypeError when it is none.
 */
export function queryOf(client: PostgresClient, factory: string, prepare = true): Query {
  if (isPool(client)) return new ThroughPool(client, prepare)
  if (isPostgresJs(client)) return new ThroughPostgresJs(client, prepare)
  throw new TypeError(`${factory}(): "client" must be a pool of pg or a client of postgres`)
}

function isPool(client: unknown): client is PgPool {
  return typeof client === 'object' && client !== null && 'totalCount' in client && hasMethod(client, 'connect')
}

function isPostgresJs(client: unknown): client is PostgresJs {
  return typeof client === 'function' && hasMethod(client, 'unsafe')
}

function hasMethod(object: object, name: string): boolean {
  return typeof Reflect.get(object, name) === 'function'
}

abstract class Bounded implements Query {
  protected abstract send(statement: Statement, values: PostgresValue[], signal: AbortSignal): PromiseLike<unknown>
  abstract script(text: string): Promise<void>

  async run(statement: Statement, values: PostgresValue[], signal: AbortSignal): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (signal.aborted) throw givenUp(signal)
        const rows = await untilAborted(this.send(statement, values, signal), signal)
        if (Array.isArray(rows)) return rows
        throw new Error('the client of PostgreSQL gave no list of rows')
      } catch (error) {
        if (attempt === ATTEMPTS || !wasUndone(error)) throw explained(error)
      }
    }
  }
}

class ThroughPool extends Bounded {
  readonly #pool: PgPool
  readonly #prepare: boolean

  constructor(pool: PgPool, prepare: boolean) {
    super()
    this.#pool = pool
    this.#prepare = prepare
  }

  protected send({ name, text }: Statement, values: PostgresValue[], signal: AbortSignal): Promise<unknown> {
    return this.#ask(this.#prepare ? { name, text, values } : { text, values }, signal)
  }

  async script(text: string): Promise<void> {
    await this.#ask({ text }, NEVER)
  }

  async #ask(statement: { text: string; values?: unknown[]; name?: string }, signal: AbortSignal): Promise<unknown> {
    const connection = await this.#pool.connect()
    // Nobody waits any more: what was asked for must not happen now.
    if (signal.aborted) {
      connection.release()
      throw givenUp(signal)
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    let released = false
    const release = (destroy: boolean): void => {
      if (released) return
      released = true
      clearTimeout(timer)
      signal.removeEventListener('abort', impatient)
      connection.removeListener('error', ignore)
      connection.release(destroy)
    }
    // A server that hangs must not keep the connections of the pool for ever.
    const impatient = (): void => {
      timer = setTimeout(release, PATIENCE_MILLISECONDS, true)
      timer.unref()
    }
    signal.addEventListener('abort', impatient, { once: true })
    // A connection that breaks fails the query, and says so once more by an event that would end the process.
    connection.on('error', ignore)
    try {
      const { rows } = await connection.query(statement)
      release(false)
      return rows
    } catch (error) {
      release(hasBroken(error))
      throw error
    }
  }
}

class ThroughPostgresJs extends Bounded {
  readonly #sql: PostgresJs
  readonly #options: { readonly prepare: boolean }

  constructor(sql: PostgresJs, prepare: boolean) {
    super()
    this.#sql = sql
    this.#options = { prepare }
  }

  protected send({ text }: Statement, values: PostgresValue[]): PromiseLike<unknown> {
    return this.#sql.unsafe(text, values, this.#options)
  }

  async script(text: string): Promise<void> {
    await this.#sql.unsafe(text)
  }
}

function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(givenUp(signal))
    signal.addEventListener('abort', abort, { once: true })
    work.then(
      (value) => {
        signal.removeEventListener('abort', abort)
        resolve(value)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', abort)
        reject(error)
      },
    )
  })
}

function givenUp({ reason }: AbortSignal): Error {
  return new Error('PostgreSQL did not answer while somebody waited', { cause: reason })
}

function ignore(): void {}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}

/** Whether a connection cannot be used again: all but a refused statement. 57P is the server's shutdown, 08 the wire's. */
function hasBroken(error: unknown): boolean {
  const state = sqlState(error)
  return state === undefined || state.startsWith('57P') || state.startsWith('08')
}

/** A deadlock, or a conflict of a stricter isolation than the usual one: nothing happened, and it may succeed now. */
function wasUndone(error: unknown): boolean {
  const state = sqlState(error)
  return state === '40P01' || state === '40001'
}

/** A missing schema, table, column or function has one cause. */
function explained(error: unknown): unknown {
  const state = sqlState(error)
  if (state === undefined || !['3F000', '42P01', '42703', '42883'].includes(state)) return error
  return new Error('the tables of becauth are not in this database as they should be: run "becauth migrate"', {
    cause: error,
  })
}
