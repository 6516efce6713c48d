import { parseArgs } from 'node:util'
import type { PostgresClient } from '../stores/postgres/client.ts'
import { migrate, postgresSchema } from '../stores/postgres/schema.ts'
import type { PostgresTableOptions } from '../stores/postgres/tables.ts'
import type { Terminal } from './terminal.ts'

const CONNECT_MILLISECONDS = 10_000
const FAILED = 1
const MISUSED = 2

/**
 * Makes the tables of the PostgreSQL stores, or prints the SQL for it.
 *
 * The database is `--url`, or `DATABASE_URL` of the environment, where other users of the machine do not see its password.
 * Answers the exit code: 0, 1 when the database said no, 2 when the arguments cannot be used.
 */
export async function migrateCommand(args: string[], { env, stdout, stderr }: Terminal): Promise<number> {
  const fail = (error: unknown, code: number): number => {
    stderr.write(`becauth migrate: ${messageOf(error)}\n`)
    return code
  }
  let tables: PostgresTableOptions
  let url: URL
  try {
    const { values } = parseArgs({
      args,
      options: {
        url: { type: 'string' },
        schema: { type: 'string' },
        prefix: { type: 'string' },
        print: { type: 'boolean' },
      },
    })
    tables = { schema: values.schema, prefix: values.prefix }
    const sql = postgresSchema(tables)
    if (values.print === true) {
      stdout.write(sql)
      return 0
    }
    url = postgresUrl(values.url ?? env.DATABASE_URL)
  } catch (error) {
    return fail(error, MISUSED)
  }
  try {
    const { client, end } = await connect(url.href)
    try {
      await migrate(client, tables)
    } finally {
      await end()
    }
  } catch (error) {
    return fail(error, FAILED)
  }
  stdout.write('becauth migrate: the tables are there\n')
  return 0
}

function postgresUrl(text: string | undefined): URL {
  if (text === undefined) throw new TypeError('say which database: --url postgres://… or DATABASE_URL')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'postgres:' || url?.protocol === 'postgresql:') return url
  throw new TypeError('the database must be given as postgres://…')
}

/** By whichever of the two drivers the application has. */
async function connect(url: string): Promise<{ client: PostgresClient; end: () => Promise<void> }> {
  try {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: CONNECT_MILLISECONDS })
    pool.on('error', () => {})
    return { client: pool, end: () => pool.end() }
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  try {
    const { default: postgres } = await import('postgres')
    const sql = postgres(url, { max: 1, connect_timeout: CONNECT_MILLISECONDS / 1000 })
    return { client: sql, end: () => sql.end() }
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new Error('install the package "pg" or "postgres"', { cause: error })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}

/** Without the address, which may have a password in it. A refused connection has a code and no message. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  return error.message === '' && 'code' in error ? String(error.code) : error.message
}
