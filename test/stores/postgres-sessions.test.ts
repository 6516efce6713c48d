import { setMaxListeners } from 'node:events'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RememberStore, SessionStore } from '../../src/core/session-store.ts'
import type { PostgresClient } from '../../src/stores/postgres/client.ts'
import { postgresRememberStore } from '../../src/stores/postgres/remember-store.ts'
import { migrate, postgresSchema } from '../../src/stores/postgres/schema.ts'
import { postgresSessionStore } from '../../src/stores/postgres/session-store.ts'
import { rememberStoreContract } from '../../src/testing/remember-store-contract.ts'
import { Kit } from '../../src/testing/session-store/kit.ts'
import { sessionStoreContract } from '../../src/testing/session-store-contract.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../servers/postgres.ts'
import { logoutWins } from '../sessions/logout-wins.ts'

const programs = postgresPrograms()
// The cases of a contract share one signal among up to a hundred calls at once.
setMaxListeners(300)

describe.skipIf(programs === undefined)('on a real PostgreSQL', () => {
  let server: PostgresServer
  let pool: pg.Pool
  let sql: postgres.Sql
  const ends: (() => Promise<unknown>)[] = []

  function open(more: pg.PoolConfig = {}): pg.Pool {
    const opened = new pg.Pool({ ...server.connection, ...more }).on('error', () => {})
    ends.push(() => opened.end())
    return opened
  }

  async function rows(text: string): Promise<Record<string, unknown>[]> {
    return (await pool.query(text)).rows
  }

  beforeAll(async () => {
    server = await startPostgres(programs ?? '')
    pool = open()
    const { user, ...connection } = server.connection
    sql = postgres({ ...connection, username: user, max: 10 })
    ends.push(() => sql.end())
    await migrate(pool)
  })
  afterAll(async () => {
    await Promise.all(ends.map((end) => end()))
    await server?.stop()
  })

  const clients: readonly (readonly [string, () => PostgresClient])[] = [
    ['pg', () => pool],
    ['postgres.js', () => sql],
  ]

  describe.each(clients)('postgresSessionStore() by %s', (_, client) => {
    const store = (): SessionStore => postgresSessionStore({ client: client() })
    it.each(sessionStoreContract())('$title', ({ run }) => run({ store: store(), reopen: async () => store() }))
    it('ends a login that a logout overtakes in another process', () => logoutWins(store(), store()))
  })

  describe.each(clients)('postgresRememberStore() by %s', (_, client) => {
    const store = (): RememberStore => postgresRememberStore({ client: client() })
    it.each(rememberStoreContract())('$title', ({ run }) => run({ store: store(), reopen: async () => store() }))
  })

  describe('the tables', () => {
    it('are logged', async () => {
      const found = await rows(`select relname, relpersistence from pg_class where relname like 'becauth%'`)
      expect(found.length).toBeGreaterThan(8)
      expect(found.filter(({ relpersistence }) => relpersistence !== 'p')).toEqual([])
    })

    it('stay as they are when several processes migrate again at once', async () => {
      const kit = new Kit()
      const store = postgresSessionStore({ client: pool })
      const key = kit.key()
      await store.create(key, kit.record(), kit.owner(), kit)
      await Promise.all([migrate(pool), migrate(sql), migrate(pool)])
      expect(await store.read(key, kit)).toMatchObject({ version: 1 })
    })

    it('are made by the printed SQL as well, under other names, and are apart from the others', async () => {
      await pool.query('create schema elsewhere')
      const names = { schema: 'elsewhere', prefix: 'my_' }
      await pool.query(postgresSchema(names))
      const [kit, key] = [new Kit(), new Kit().key()]
      const store = postgresSessionStore({ client: pool, ...names })
      expect(await store.create(key, kit.record(), kit.owner(kit.subject(), { limit: 1 }), kit)).toBe('created')
      expect(await postgresSessionStore({ client: pool }).read(key, kit)).toBeUndefined()
      expect(await store.read(key, kit)).toMatchObject({ version: 1 })
    })

    it('are asked for by name when they are missing', async () => {
      const kit = new Kit()
      const store = postgresSessionStore({ client: pool, prefix: 'missing_' })
      await expect(store.read(kit.key(), kit)).rejects.toThrow('run "becauth migrate"')
      await expect(store.create(kit.key(), kit.record(), kit.owner(), kit)).rejects.toThrow('run "becauth migrate"')
    })
  })

  describe('what was acknowledged', () => {
    /** The end of the write-ahead log, and whether a crash would lose it. Hardly anybody flushes it: the writer sleeps. */
    async function log(end = 'pg_current_wal_insert_lsn()'): Promise<{ end: string; lost: boolean }> {
      const [row] = await rows(`select ${end}::text as end, ${end} > pg_current_wal_flush_lsn() as lost`)
      return { end: `pg_lsn '${row?.end}'`, lost: row?.lost === true }
    }

    it('is on the disk even where synchronous_commit is off', async () => {
      await pool.query(`alter system set wal_writer_delay = '10s'`)
      await pool.query('select pg_reload_conf()')
      const client = open({ options: '-c synchronous_commit=off' })
      const kit = new Kit()
      const store = postgresSessionStore({ client })
      const remembers = postgresRememberStore({ client })
      const [key, other, third, family] = [kit.key(), kit.key(), kit.key(), kit.hash()]
      const tag = kit.hash()
      const owner = kit.owner()
      const first = { subject: owner.subject, tokenHash: kit.hash(), createdAt: kit.start, expiresAt: kit.start + 99 }
      const next = {
        tokenHash: kit.hash(),
        sealed: new Uint8Array(9),
        graceUntil: kit.start,
        expiresAt: kit.start + 99,
      }
      const create = (name: string) => store.create(name, kit.record({ tags: [tag] }), owner, kit)
      const steps: readonly (() => unknown)[] = [
        () => create(key),
        () => store.replace(key, 1, kit.record(), kit),
        () => store.touch(key, kit.start, kit.start + 1, kit.start + 900, kit),
        () => store.rotate(key, 2, other, kit.record(), kit.end(30), kit),
        () => store.delete(key, kit.start + 300, kit),
        () => create(third),
        () => store.deleteByTag(tag, kit),
        () => create(kit.key()),
        () => store.deleteBySubject(owner.subject, {}, kit),
        () => create(kit.key()),
        () => store.deleteByHandle(owner.subject, owner.handle, kit),
        () => remembers.create(family, first, kit),
        () => remembers.exchange(family, first.tokenHash, next, kit),
        () => remembers.deleteBySubject(owner.subject, kit),
      ]
      await client.query('create table unrelated (n integer)')
      for (const [index, step] of steps.entries()) {
        let before = { end: '', lost: false }
        while (!before.lost) {
          await client.query('insert into unrelated values (1)')
          before = await log()
        }
        expect(await step(), `step ${index}`).not.toBe(false)
        expect((await log(before.end)).lost, `the log of step ${index}`).toBe(false)
      }
    })
  })

  describe('sweeping', () => {
    it('drops at most 1,000 rows, waits for nobody and leaves what is locked', async () => {
      const [kit, client] = [new Kit(), open()]
      const store = postgresSessionStore({ client })
      kit.pass(1_000_000)
      while ((await store.sweep(1000, kit)) > 0);
      const subject = kit.subject()
      const over = kit.record({ expiresAt: kit.start + 1 })
      const keys = Array.from({ length: 1010 }, () => kit.key())
      await Promise.all(keys.map((key) => store.create(key, over, kit.owner(subject), kit)))
      const holder = await client.connect()
      await holder.query('begin')
      await holder.query('select from becauth_sessions where key = $1 for update', [keys[0]])
      expect(await store.sweep(5000, kit)).toBe(1000)
      expect(await store.sweep(5000, kit)).toBe(9)
      await holder.query('rollback')
      await holder.query('begin')
      await holder.query(`select pg_advisory_xact_lock(hashtextextended('sweep "becauth_sessions"', 0))`)
      expect(await store.sweep(5000, kit), 'while another one sweeps').toBe(0)
      await holder.query('rollback')
      holder.release()
      expect(await store.sweep(5000, kit)).toBe(1)
    })
  })
})

describe('postgresSessionStore(), postgresRememberStore() and postgresSchema()', () => {
  const client = { unsafe: async () => [] }
  it.each([
    [postgresSessionStore, undefined, 'wants an object'],
    [postgresSessionStore, { client }, '"client" must be a pool'],
    [postgresSessionStore, { client: new pg.Client() }, '"client" must be a pool'],
    [postgresRememberStore, {}, '"client" must be a pool'],
    [postgresRememberStore, { client: new pg.Pool(), schema: 'Öffentlich' }, '"schema" must be'],
    [postgresSchema, { prefix: 'a"; drop' }, '"prefix" must be'],
  ])('refuse what is not theirs (%#)', (factory, options, message) => {
    expect(() => Reflect.apply(factory, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(factory, undefined, [options])).toThrow(message)
  })
})
