import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { StoreContext } from '../../src/core/session-store.ts'
import { type SqliteDatabase, type SqliteStore, type SqliteValue, sqliteStore } from '../../src/stores/sqlite/sqlite.ts'
import { rememberStoreContract } from '../../src/testing/remember-store-contract.ts'
import { sessionStoreContract } from '../../src/testing/session-store-contract.ts'

const { signal } = new AbortController()
const context: StoreContext = { signal, now: () => Date.now() / 1000 }
const payload = new Uint8Array(4)

let folder: string
let files = 0
const opened: (SqliteStore | SqliteDatabase)[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'becauth-sqlite-'))
})
afterAll(async () => {
  for (const each of opened) await each.close()
  rmSync(folder, { recursive: true, force: true })
})

function newFile(): string {
  return join(folder, `${files++}.db`)
}

function open(...given: Parameters<typeof sqliteStore>): SqliteStore {
  const store = sqliteStore(...given)
  opened.push(store)
  return store
}

/** libsql, and what this machine's Node has. */
function drivers(): readonly { name: string; connect: (path: string) => SqliteDatabase }[] {
  const builtin: unknown = process.getBuiltinModule('node:sqlite')
  const DatabaseSync: unknown =
    typeof builtin === 'object' && builtin !== null ? Reflect.get(builtin, 'DatabaseSync') : undefined
  const libsql = { name: 'libsql', connect: (path: string): SqliteDatabase => new Libsql(path) }
  if (typeof DatabaseSync !== 'function') return [libsql]
  return [libsql, { name: 'node:sqlite', connect: (path: string) => Reflect.construct(DatabaseSync, [path]) }]
}

/** What a path is opened with. Two libraries must not use one file in one process. */
function connect(path: string): SqliteDatabase {
  const database = drivers().at(-1)?.connect(path)
  if (database === undefined) throw new Error('there is no driver')
  opened.push(database)
  return database
}

function key(letter: string): string {
  return `${'a'.repeat(11)}.${letter.repeat(43)}`
}

function record(tags: readonly string[] = [], expiresIn = 1000) {
  const now = Math.floor(context.now())
  return { format: 1, payload, tags, createdAt: now, renewedAt: now, expiresAt: now + expiresIn }
}

function owner(subject: string, letter = 'h') {
  return { subject, handle: letter.repeat(22) }
}

function rowsOf(database: SqliteDatabase, table: string): number {
  const row: unknown = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()
  return typeof row === 'object' && row !== null ? Number(Reflect.get(row, 'rows')) : Number.NaN
}

describe.each(drivers())('sqliteStore() with a database of $name', (driver) => {
  const path = join(tmpdir(), `becauth-sqlite-${process.pid}-${driver.name.replace(':', '-')}.db`)
  const store = () => open(driver.connect(path))
  let first: SqliteStore

  beforeAll(() => {
    first = store()
  })
  afterAll(() => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  })

  describe('sessions', () => {
    it.each(sessionStoreContract())('$title', ({ run }) =>
      run({ store: first.sessions, reopen: async () => store().sessions }),
    )
  })
  describe('remembered browsers', () => {
    it.each(rememberStoreContract())('$title', ({ run }) =>
      run({ store: first.remember, reopen: async () => store().remember }),
    )
  })
})

describe('sqliteStore() with a path', () => {
  const path = join(tmpdir(), `becauth-sqlite-${process.pid}-path.db`)
  let first: SqliteStore

  beforeAll(() => {
    first = open(path)
  })
  afterAll(() => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  })

  it.each(sessionStoreContract())('$title', ({ run }) =>
    run({ store: first.sessions, reopen: async () => open(path).sessions }),
  )
  it.each(rememberStoreContract())('$title', ({ run }) =>
    run({ store: first.remember, reopen: async () => open(path).remember }),
  )
})

describe('sqliteStore() in memory', () => {
  const store = sqliteStore(':memory:')
  it.each(sessionStoreContract())('$title', ({ run }) => run({ store: store.sessions }))
  it.each(rememberStoreContract())('$title', ({ run }) => run({ store: store.remember }))
})

describe('sqliteStore()', () => {
  it('makes a file that its owner alone can read, and the files beside it too', async () => {
    const path = newFile()
    const store = open(path)
    await store.sessions.create(key('a'), record(), owner('somebody'), context)
    for (const end of ['', '-wal', '-shm']) expect(statSync(path + end).mode & 0o777).toBe(0o600)
  })

  it('leaves the permissions of a file that is there as they are', () => {
    const path = newFile()
    writeFileSync(path, '', { mode: 0o640 })
    chmodSync(path, 0o640)
    open(path)
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  it('keeps everything when it is closed and opened again', async () => {
    const path = newFile()
    const before = open(path)
    await before.sessions.create(key('a'), record(), owner('somebody'), context)
    await before.close()
    expect(await open(path).sessions.read(key('a'), context)).toMatchObject({ subject: 'somebody', version: 1 })
  })

  it('does what was asked for before it closes, and nothing afterwards', async () => {
    const store = open(newFile())
    const created = store.sessions.create(key('a'), record(), owner('somebody'), context)
    const closed = Promise.all([store.close(), store.close()])
    expect(await created).toBe('created')
    await closed
    await expect(store.sessions.create(key('b'), record(), owner('somebody'), context)).rejects.toThrow('is closed')
    expect(() => store.sessions.read(key('a'), context)).toThrow('is closed')
  })

  it('leaves a database open that was handed in', async () => {
    const database = connect(newFile())
    const store = sqliteStore(database)
    await store.sessions.create(key('a'), record(), owner('somebody'), context)
    await store.close()
    expect(rowsOf(database, 'becauth_session')).toBe(1)
  })

  it('shares a file with the tables and the version of an application', async () => {
    const path = newFile()
    const database = connect(path)
    database.exec('CREATE TABLE becauth_like (a); PRAGMA user_version = 7')
    const { sessions } = open(path)
    expect(await sessions.create(key('a'), record(), owner('somebody'), context)).toBe('created')
    expect(database.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 7 })
  })

  it('refuses tables of a later release', () => {
    const path = newFile()
    const database = connect(path)
    sqliteStore(database)
    database.exec('UPDATE becauth_schema SET version = 99')
    expect(() => sqliteStore(path)).toThrow('the tables are of version 99, and this release knows 1')
  })

  it('waits for a lock without stopping the event loop, and reads meanwhile', async () => {
    const path = newFile()
    const { sessions } = open(path)
    const other = connect(path)
    other.exec('BEGIN IMMEDIATE')
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const created = sessions.create(key('a'), record(), owner('somebody'), context)
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      expect(sessions.read(key('a'), context)).toBeUndefined()
    }
    delay.disable()
    other.exec('COMMIT')
    expect(await created).toBe('created')
    expect(delay.percentile(90) / 1e6).toBeLessThan(20)
  })

  it('gives up a lock that lasts beyond its time, and is well afterwards', async () => {
    const path = newFile()
    const { sessions } = open(path, { timeoutSeconds: 0.05 })
    const other = connect(path)
    other.exec('BEGIN IMMEDIATE')
    const calls = ['a', 'b', 'c'].map((letter) => sessions.create(key(letter), record(), owner('somebody'), context))
    for (const call of calls) await expect(call).rejects.toThrow('somebody else had the database locked')
    other.exec('COMMIT')
    expect(sessions.read(key('a'), context)).toBeUndefined()
    expect(await sessions.create(key('a'), record(), owner('somebody'), context)).toBe('created')
  })

  it('gives up a lock when its caller does', async () => {
    const path = newFile()
    const { sessions } = open(path, { timeoutSeconds: 60 })
    const other = connect(path)
    other.exec('BEGIN IMMEDIATE')
    const controller = new AbortController()
    const impatient = { ...context, signal: controller.signal }
    const [left, stays] = [
      sessions.create(key('a'), record(), owner('somebody'), impatient),
      sessions.create(key('b'), record(), owner('somebody'), context),
    ]
    controller.abort()
    await expect(left).rejects.toThrow('somebody else had the database locked')
    other.exec('COMMIT')
    expect(await stays).toBe('created')
    expect(sessions.read(key('a'), context)).toBeUndefined()
  })

  it('reads later when the database cannot even be read, and gives up in time', async () => {
    const database = connect(newFile())
    let refusals = 0
    const prepare = (sql: string) => {
      const statement = database.prepare(sql)
      const get = (...values: SqliteValue[]) => {
        if (refusals-- > 0) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY_RECOVERY' })
        return statement.get(...values)
      }
      return { get, all: statement.all.bind(statement), run: statement.run.bind(statement) }
    }
    const wrapped = { exec: (sql: string) => database.exec(sql), prepare, close: () => {} }
    const { sessions } = sqliteStore(wrapped, { timeoutSeconds: 0.05 })
    await sessions.create(key('a'), record(), owner('somebody'), context)
    refusals = 3
    expect(await sessions.read(key('a'), context)).toMatchObject({ subject: 'somebody' })
    refusals = Number.POSITIVE_INFINITY
    await expect(sessions.read(key('a'), context)).rejects.toThrow('somebody else had the database locked')
  })

  it('rejects what is asked for within a transaction of the application', async () => {
    const database = connect(newFile())
    const { sessions } = sqliteStore(database)
    database.exec('BEGIN')
    await expect(sessions.create(key('a'), record(), owner('somebody'), context)).rejects.toThrow('transaction')
    database.exec('COMMIT')
    expect(await sessions.create(key('a'), record(), owner('somebody'), context)).toBe('created')
  })

  it('reads numbers where the connection gives integers as bigint', async () => {
    const database = new Libsql(newFile())
    opened.push(database)
    database.defaultSafeIntegers(true)
    const { sessions } = sqliteStore(database)
    await sessions.create(key('a'), record(), owner('somebody'), context)
    expect(await sessions.replace(key('a'), 1, record(['t'.repeat(43)]), context)).toBe(true)
    expect(await sessions.read(key('a'), context)).toMatchObject({ format: 1, version: 2 })
  })

  it.each([
    ['full', undefined, 2],
    ['normal', { synchronous: 'normal' } as const, 1],
  ])('writes with synchronous = %s', (_, options, level) => {
    const database = connect(newFile())
    sqliteStore(database, options)
    expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: level })
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
  })

  it('lets no call that fails take others with it', async () => {
    const { sessions } = open(newFile())
    // No store is given such a thing; SQLite refuses it within the transaction that all of them share.
    const broken = { ...record(), format: 1.5 }
    const calls = [record(), broken, record()].map((each, index) =>
      sessions.create(key('abc'.charAt(index)), each, owner('somebody', 'abc'.charAt(index)), context),
    )
    const [before, failed, after] = await Promise.allSettled(calls)
    expect([before?.status, failed?.status, after?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const found = await sessions.listBySubject('somebody', context)
    expect(found.map(({ handle }) => handle.charAt(0)).sort()).toEqual(['a', 'c'])
  })

  it('is well again when a full disk has room again', async () => {
    const path = newFile()
    const database = connect(path)
    const { sessions } = sqliteStore(database)
    database.exec('PRAGMA max_page_count = 40')
    const large = { ...record(), payload: new Uint8Array(80_000) }
    const full = ['a', 'b', 'c'].map((letter) => sessions.create(key(letter), large, owner('somebody'), context))
    const outcomes = await Promise.allSettled(full)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    database.exec('PRAGMA max_page_count = 10000')
    expect(await sessions.create(key('d'), large, owner('somebody'), context)).toBe('created')
    expect(await sessions.listBySubject('somebody', context)).toHaveLength(2)
  })

  it('writes what comes together in one transaction', async () => {
    const database = connect(newFile())
    const commits = vi.spyOn(database, 'exec')
    const { sessions } = sqliteStore(database)
    commits.mockClear()
    const letters = [...'abcdefghijklmnopqrst']
    await Promise.all(letters.map((letter) => sessions.create(key(letter), record(), owner(letter), context)))
    expect(commits.mock.calls.flat()).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
  })

  it('sweeps at most 500 at once', async () => {
    const database = connect(newFile())
    const { sessions, remember } = sqliteStore(database)
    const over = record(['t'.repeat(43)], -10)
    const names = Array.from({ length: 600 }, (_, index) => String(index).padStart(43, '0'))
    await Promise.all(
      names.flatMap((name) => [
        sessions.create(`${'a'.repeat(11)}.${name}`, over, owner(name), context),
        remember.create(name, { ...over, subject: name, tokenHash: name }, context),
      ]),
    )
    for (const store of [sessions, remember]) {
      const swept = [
        await store.sweep(1000, context),
        await store.sweep(1000, context),
        await store.sweep(1000, context),
      ]
      expect(swept).toEqual([500, 100, 0])
    }
    expect(rowsOf(database, 'becauth_session_tag')).toBe(0)
  })

  it('leaves nothing of a session that has ended, but the tombstones of its keys', async () => {
    const database = connect(newFile())
    const { sessions } = sqliteStore(database)
    const tags = ['t'.repeat(43)]
    const end = { graceUntil: record().createdAt + 30, tombstoneUntil: record().createdAt + 330 }
    await sessions.create(key('a'), record(tags), owner('somebody'), context)
    await sessions.rotate(key('a'), 1, key('b'), record(tags), end, context)
    await sessions.deleteBySubject('somebody', {}, context)
    expect(rowsOf(database, 'becauth_session')).toBe(0)
    expect(rowsOf(database, 'becauth_session_tag')).toBe(0)
    expect(rowsOf(database, 'becauth_session_old_key WHERE payload IS NOT NULL OR session IS NOT NULL')).toBe(0)
    expect(await sessions.sweep(10, { ...context, now: () => end.tombstoneUntil })).toBe(1)
    expect(rowsOf(database, 'becauth_session_old_key')).toBe(0)
  })

  it.each([
    [[''], 'wants the path of a file'],
    [[undefined], 'wants the path of a file'],
    [[{ exec: () => {} }], 'wants the path of a file'],
    [[':memory:', null], 'wants an object of options'],
    [[':memory:', { synchronous: 'off' }], '"synchronous" must be'],
    [[':memory:', { timeoutSeconds: 0 }], '"timeoutSeconds" must be'],
  ])('refuses %j', (given, message) => {
    expect(() => Reflect.apply(sqliteStore, undefined, given)).toThrow(TypeError)
    expect(() => Reflect.apply(sqliteStore, undefined, given)).toThrow(message)
  })

  it('says at once that a file cannot be opened', () => {
    expect(() => sqliteStore(join(folder, 'absent', 'sessions.db'))).toThrow('no such file or directory')
  })
})

describe('sqliteStore() of four processes at once', () => {
  const run = promisify(execFile)
  const writer = fileURLToPath(new URL('./fixtures/sqlite-writer.mjs', import.meta.url))

  it('loses and doubles nothing, and leaves event loops free: under 50 ms in 99 of 100 turns', async () => {
    const path = newFile()
    const { sessions } = open(path)
    const counter = key('z')
    await sessions.create(counter, { ...record(), payload: new Uint8Array(4) }, owner('counter'), context)
    const arguments_ = [writer, path, '3000', counter]
    const options = { timeout: 30_000, maxBuffer: 64 << 20 }
    const outputs = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, arguments_, options)))
    const told = outputs.map(({ stdout }): Told => JSON.parse(stdout))

    expect(told.flatMap(({ failed }) => failed)).toEqual([])
    for (const { added, created, touched } of told) {
      for (const count of [added, created.length, touched]) expect(count).toBeGreaterThan(0)
    }
    const sum = await sessions.read(counter, context)
    if (typeof sum !== 'object') throw new Error('the counter is gone')
    expect(Buffer.from(sum.payload).readUInt32BE()).toBe(told.reduce((all, { added }) => all + added, 0))
    for (const each of told.flatMap(({ created }) => created)) {
      expect(await sessions.read(each, context)).toMatchObject({ version: 2 })
    }
    for (const each of told.flatMap(({ ended }) => ended)) {
      expect(await sessions.read(each, context)).toBe('revoked')
    }
    expect(await sessions.listBySubject('crowd', context)).toHaveLength(3)
    expect(connect(path).prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    for (const { stoodMilliseconds } of told) expect(stoodMilliseconds.p99).toBeLessThan(50)
  }, 60_000)
})

interface Told {
  readonly created: readonly string[]
  readonly ended: readonly string[]
  readonly failed: readonly string[]
  readonly added: number
  readonly touched: number
  readonly stoodMilliseconds: { readonly p99: number; readonly longest: number }
}
