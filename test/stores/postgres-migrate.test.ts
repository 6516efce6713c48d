import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateCommand } from '../../src/cli/migrate.ts'
import { postgresSchema } from '../../src/stores/postgres/schema.ts'
import { postgresSessionStore } from '../../src/stores/postgres/session-store.ts'
import { Kit } from '../../src/testing/session-store/kit.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { freePort } from '../servers/process.ts'

/** Runs `becauth migrate` and answers what it did. */
async function run(args: string[], env: Record<string, string> = {}) {
  const written = { out: '', error: '' }
  const code = await migrateCommand(args, {
    env,
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.error += text) },
  })
  return { code, ...written }
}

describe('becauth migrate', () => {
  it('prints the SQL without any database', async () => {
    const { code, out } = await run(['--print', '--schema', 'auth', '--prefix', 'my_'])
    expect(code).toBe(0)
    expect(out).toBe(postgresSchema({ schema: 'auth', prefix: 'my_' }))
    expect(out).toContain('create table if not exists "auth"."my_sessions"')
  })

  it.each([
    [[], 'say which database'],
    [['--url', 'mysql://root:canary@127.0.0.1/x'], 'must be given as postgres://'],
    [['--url', 'canary'], 'must be given as postgres://'],
    [['--url', 'postgres://127.0.0.1/x', '--prefix', 'A b'], '"prefix" must be'],
    [['--force'], '--force'],
  ])('refuses %j', async (args, message) => {
    const { code, out, error } = await run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(error).toContain(message)
    expect(error).not.toContain('canary')
  })

  it('says so when nobody answers, without the password', async () => {
    const { code, error } = await run(['--url', `postgres://test:canary@127.0.0.1:${await freePort()}/x`])
    expect(code).toBe(1)
    expect(error).toContain('ECONNREFUSED')
    expect(error).not.toContain('canary')
  })
})

const programs = postgresPrograms()

describe.skipIf(programs === undefined)('becauth migrate on a real PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres(programs ?? '')
  })
  afterAll(async () => {
    await server?.stop()
  })

  it('makes tables that the store works with, once and again', async () => {
    const { host, port, user, database } = server.connection
    const url = `postgres://${user}@${host}:${port}/${database}`
    const made = { code: 0, out: 'becauth migrate: the tables are there\n', error: '' }
    expect(await run(['--url', url])).toEqual(made)
    expect(await run([], { DATABASE_URL: url })).toEqual(made)
    const [kit, pool] = [new Kit(), new pg.Pool({ connectionString: url })]
    const store = postgresSessionStore({ client: pool })
    expect(await store.create(kit.key(), kit.record(), kit.owner(), kit)).toBe('created')
    await pool.end()
  })

  it('says what the database said when the schema is missing', async () => {
    const { host, port, user, database } = server.connection
    const { code, error } = await run([
      '--url',
      `postgres://${user}@${host}:${port}/${database}`,
      '--schema',
      'missing',
    ])
    expect(code).toBe(1)
    expect(error).toContain('becauth migrate: schema "missing" does not exist')
  })
})
