/** What SQLite is given and gives back. */
export type SqliteValue = string | number | null | Uint8Array

/** What is used of a prepared statement. */
export interface SqliteStatement {
  get(...values: SqliteValue[]): unknown
  all(...values: SqliteValue[]): unknown[]
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
}

/** What is used of a connection: `DatabaseSync` of `node:sqlite`, or `Database` of better-sqlite3 or libsql. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): unknown
}

/** Somebody else has the lock: the one failure that is worth another try. */
const BUSY = 5
/** Somebody else is opening or closing the same file. */
const PROTOCOL = 15

/**
 * A connection whose statements are prepared once.
 *
 * libsql leaves a statement that failed as it was. The next `get` of it would be answered with the values of the failed
 * one, so none is used again after a failure. One that found the database locked also counts as under way until it has
 * run: it would hold later reads at an old state and keep later transactions from being committed.
 */
export class Connection {
  readonly #database: SqliteDatabase
  readonly #statements = new Map<string, SqliteStatement>()
  /** What runs reads to their end that found the database locked. */
  readonly #unsettled: (() => unknown)[] = []
  #isInTransaction = false

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  get(sql: string, ...values: SqliteValue[]): Row | undefined {
    const statement = this.#prepared(sql)
    try {
      const row = statement.get(...values)
      return row === undefined ? undefined : new Row(row)
    } catch (error) {
      this.#failed(error, sql, values)
      throw error
    }
  }

  all(sql: string, ...values: SqliteValue[]): readonly Row[] {
    const statement = this.#prepared(sql)
    try {
      return statement.all(...values).map((row) => new Row(row))
    } catch (error) {
      this.#failed(error, sql, values)
      throw error
    }
  }

  /** Answers how many rows it changed. */
  run(sql: string, ...values: SqliteValue[]): number {
    const statement = this.#prepared(sql)
    try {
      return Number(statement.run(...values).changes)
    } catch (error) {
      this.#failed(error, sql, values)
      throw error
    }
  }

  /**
   * Runs everything or nothing of it, and holds the lock for writing from the beginning. Beginning and ending are no
   * prepared statements, so that neither is left under way.
   */
  transaction<T>(run: () => T): T {
    this.exec('BEGIN IMMEDIATE')
    this.#isInTransaction = true
    try {
      const result = run()
      this.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollback()
      throw error
    } finally {
      this.#isInTransaction = false
    }
  }

  /** Lets go of the statements, which keep a closed connection of libsql alive. */
  forget(): void {
    this.#statements.clear()
  }

  #rollback(): void {
    try {
      this.exec('ROLLBACK')
    } catch {
      // SQLite has done so by itself, as it does when the disk is full.
    }
  }

  #prepared(sql: string): SqliteStatement {
    if (this.#unsettled.length > 0) this.#settle()
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #failed(error: unknown, sql: string, values: readonly SqliteValue[]): void {
    const statement = this.#statements.get(sql)
    this.#statements.delete(sql)
    // In a transaction there is nobody to wait for.
    if (statement === undefined || this.#isInTransaction || !isBusy(error)) return
    this.#unsettled.push(() => statement.all(...values))
  }

  #settle(): void {
    for (let last = this.#unsettled.at(-1); last !== undefined; last = this.#unsettled.at(-1)) {
      try {
        last()
      } catch (error) {
        if (isBusy(error)) throw error
      }
      this.#unsettled.pop()
    }
  }
}

/** A row whose columns are read by name, for libsql adds one of its own. */
export class Row {
  readonly #columns: object

  constructor(columns: unknown) {
    if (typeof columns !== 'object' || columns === null) throw new TypeError('sqliteStore(): a row must be an object')
    this.#columns = columns
  }

  /** A connection may be set to give integers as `bigint`; none of ours is beyond what a `number` can hold. */
  number(name: string): number {
    const value: unknown = Reflect.get(this.#columns, name)
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
    throw unusable(name)
  }

  text(name: string): string {
    const value: unknown = Reflect.get(this.#columns, name)
    if (typeof value === 'string') return value
    throw unusable(name)
  }

  /** A plain `Uint8Array`: libsql gives a `Buffer` for one row and an `ArrayBuffer` for each of many. */
  bytes(name: string): Uint8Array {
    const value: unknown = Reflect.get(this.#columns, name)
    if (value instanceof ArrayBuffer) return new Uint8Array(value)
    if (!(value instanceof Uint8Array)) throw unusable(name)
    return value.constructor === Uint8Array ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }

  isNull(name: string): boolean {
    return Reflect.get(this.#columns, name) === null
  }
}

/** Whether a failure says only that somebody else has the lock. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // node:sqlite has the number in `errcode`, libsql in `rawCode`; better-sqlite3 has a name alone.
  for (const name of ['errcode', 'rawCode']) {
    const code: unknown = Reflect.get(error, name)
    if (typeof code === 'number') return (code & 0xff) === BUSY || (code & 0xff) === PROTOCOL
  }
  return /^SQLITE_(?:BUSY|PROTOCOL)/.test(String(Reflect.get(error, 'code')))
}

function unusable(column: string): Error {
  return new Error(`sqliteStore(): the column "${column}" holds something that the store did not write`)
}
