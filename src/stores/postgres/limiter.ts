import { RateLimiterPostgres } from 'rate-limiter-flexible'
import type { Count, Limiter } from '../../core/limiter.ts'

/** What is used of `pg`: a `Pool`, or a connected `Client`. */
export interface PostgresLimiterClient {
  query(statement: { text: string; values?: unknown[]; name?: string }): Promise<{ rows: unknown[] }>
}

type PostgresStatement = Parameters<PostgresLimiterClient['query']>[0]

/** What `postgresLimiter()` is told. */
export interface PostgresLimiterOptions {
  /** The service's own pool. It stays the service's: it is never closed here. */
  readonly client: PostgresLimiterClient
  /** The table, which is made when it is not there. Default: `'becauth_throttle'`. */
  readonly table?: string | undefined
  /** The table's schema. Default: the first of the search path. */
  readonly schema?: string | undefined
}

const LONGEST_SECONDS = 24 * 86_400
const identifier = /^[a-z_][a-z0-9_]{0,62}$/

/**
 * Makes a limiter in PostgreSQL, for services of several processes. It needs the package `rate-limiter-flexible`.
 *
 * Counting is one statement per step, so that parallel attempts on all processes never see the same count. Expired rows
 * are deleted every five minutes. The clocks of the processes must agree.
 *
 * @example
 * import { postgresLimiter } from 'becauth/postgres-limiter'
 * import pg from 'pg'
 *
 * export const limiter = postgresLimiter({ client: new pg.Pool() })
 *
 * @throws TypeError when `client` has no `query`, or a name cannot be used.
 */
export function postgresLimiter(options: PostgresLimiterOptions): Limiter {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('postgresLimiter(): wants an object of options')
  }
  const { client, table = 'becauth_throttle', schema } = options
  if (typeof client?.query !== 'function') {
    throw new TypeError('postgresLimiter(): "client" must be a pool or a client of pg')
  }
  for (const [name, value] of [['table', table] as const, ['schema', schema] as const]) {
    if (value !== undefined && !identifier.test(value)) {
      throw new TypeError(`postgresLimiter(): "${name}" must be a lower-case name of SQL`)
    }
  }
  return new InPostgres(client, table, schema)
}

class InPostgres implements Limiter {
  readonly #client: PostgresLimiterClient
  readonly #table: string
  readonly #schema: string | undefined
  #limiter: Promise<RateLimiterPostgres> | undefined

  constructor(client: PostgresLimiterClient, table: string, schema: string | undefined) {
    this.#client = client
    this.#table = table
    this.#schema = schema
  }

  async add(key: string, points: number, windowSeconds: number): Promise<Count> {
    if (!Number.isSafeInteger(windowSeconds) || windowSeconds < 1 || windowSeconds > LONGEST_SECONDS) {
      throw new TypeError(`postgresLimiter(): "windowSeconds" must be a whole number from 1 to ${LONGEST_SECONDS}`)
    }
    const limiter = await this.#ready()
    // Unlike consume(), it does not refuse by itself.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(key, points, { customDuration: windowSeconds })
    return { count: consumedPoints, expiresInSeconds: msBeforeNext / 1000 }
  }

  async read(key: string): Promise<Count | undefined> {
    const limiter = await this.#ready()
    const found = await limiter.get(key)
    return found === null ? undefined : { count: found.consumedPoints, expiresInSeconds: found.msBeforeNext / 1000 }
  }

  async remove(key: string): Promise<void> {
    const limiter = await this.#ready()
    await limiter.delete(key)
  }

  /** Makes the table at the first call; where that fails, the next call tries again. */
  #ready(): Promise<RateLimiterPostgres> {
    this.#limiter ??= this.#create()
      // Of processes that make the table at the same moment, some are told that it exists, in spite of IF NOT EXISTS.
      .catch((error: unknown) => (exists(error) ? this.#create() : Promise.reject(error)))
      .catch((error: unknown) => {
        this.#limiter = undefined
        throw error
      })
    return this.#limiter
  }

  #create(): Promise<RateLimiterPostgres> {
    const client = this.#client
    return new Promise((resolve, reject) => {
      const limiter = new RateLimiterPostgres(
        {
          // The package would name its statements: alike for every schema, and a PgBouncer may not know them.
          storeClient: { query: ({ text, values = [] }: PostgresStatement) => client.query({ text, values }) },
          // Whatever it is, it has query(); the package's other kinds do not.
          storeType: 'client',
          tableName: this.#table,
          ...(this.#schema === undefined ? {} : { schemaName: this.#schema }),
          keyPrefix: '',
          // Neither is used: the throttle judges counts, and every call says how long it counts.
          points: 1,
          duration: 1,
        },
        (error) => (error ? reject(error) : resolve(limiter)),
      )
    })
  }
}

/** Whether it says that a table or its type exists already. */
function exists(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '42P07' || error.code === '42710')
}
