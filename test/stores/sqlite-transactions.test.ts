import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it, vi } from 'vitest'
import { type SqliteValue, sqliteStore } from '../../src/stores/sqlite/sqlite.ts'
import { context, key, owner, record, sqliteFiles } from './sqlite-kit.ts'

const files = sqliteFiles()

describe('sqliteStore()', () => {
  it('waits for a lock without stopping the event loop, and reads meanwhile', async () => {
    const path = files.path()
    const { sessions } = files.open(path)
    const other = files.connect(path)
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
    const path = files.path()
    const { sessions } = files.open(path, { timeoutSeconds: 0.05 })
    const other = files.connect(path)
    other.exec('BEGIN IMMEDIATE')
    const calls = ['a', 'b', 'c'].map((letter) => sessions.create(key(letter), record(), owner('somebody'), context))
    for (const call of calls) await expect(call).rejects.toThrow('somebody else had the database locked')
    other.exec('COMMIT')
    expect(sessions.read(key('a'), context)).toBeUndefined()
    expect(await sessions.create(key('a'), record(), owner('somebody'), context)).toBe('created')
  })

  it('gives up a lock when its caller does', async () => {
    const path = files.path()
    const { sessions } = files.open(path, { timeoutSeconds: 60 })
    const other = files.connect(path)
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
    const database = files.connect(files.path())
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
    const database = files.connect(files.path())
    const { sessions } = sqliteStore(database)
    database.exec('BEGIN')
    await expect(sessions.create(key('a'), record(), owner('somebody'), context)).rejects.toThrow('transaction')
    database.exec('COMMIT')
    expect(await sessions.create(key('a'), record(), owner('somebody'), context)).toBe('created')
  })

  it('lets no call that fails take others with it', async () => {
    const { sessions } = files.open(files.path())
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
    const path = files.path()
    const database = files.connect(path)
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
    const database = files.connect(files.path())
    const commits = vi.spyOn(database, 'exec')
    const { sessions } = sqliteStore(database)
    commits.mockClear()
    const letters = [...'abcdefghijklmnopqrst']
    await Promise.all(letters.map((letter) => sessions.create(key(letter), record(), owner(letter), context)))
    expect(commits.mock.calls.flat()).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
  })
})
