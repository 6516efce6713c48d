import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { type SqliteDatabase, sqliteStore } from '../../src/stores/sqlite/sqlite.ts'
import { oneTimeStoreContract } from '../../src/testing/one-time-store-contract.ts'
import { context, drivers, key, owner, record, rowsOf, sqliteFiles } from './sqlite-kit.ts'

const files = sqliteFiles()
const { signal } = new AbortController()
const TABLE = 'becauth_one_time_key'

function at(now: number) {
  return { signal, now: () => now }
}

function hash(number: number): string {
  return String(number).padStart(43, '0')
}

/** Makes a file what it was before there were one-time keys. */
function becomeFirstVersion(database: SqliteDatabase): void {
  database.exec(`DROP TABLE ${TABLE}; UPDATE becauth_schema SET version = 1`)
}

for (const { name, connect } of drivers()) {
  describe(`sqliteStore().oneTime of ${name}`, () => {
    for (const { title, run } of oneTimeStoreContract()) {
      it(title, () =>
        run({
          name,
          open: async () => {
            const database = connect(files.path())
            files.closeLater(database)
            return sqliteStore(database).oneTime
          },
        }),
      )
    }
  })
}

describe('sqliteStore().oneTime', () => {
  it('lets one have a key that is over, from the second in which it ends', async () => {
    const { oneTime } = files.open(':memory:')
    const use = (now: number) => oneTime.consume('n', hash(0), Math.floor(now) + 60, at(now))
    expect([await use(1000), await use(1059.9)].join(' ')).toBe('fresh seen')
    const said = await Promise.all(Array.from({ length: 100 }, () => use(1060)))
    expect(said.filter((answer) => answer === 'fresh')).toHaveLength(1)
    expect(await use(1119.9)).toBe('seen')
  })

  it('knows a key after the file was closed and opened again', async () => {
    const path = files.path()
    const before = files.open(path)
    expect(await before.oneTime.consume('n', hash(0), 1060, at(1000))).toBe('fresh')
    await before.close()
    expect(await files.open(path).oneTime.consume('n', hash(0), 1060, at(1000))).toBe('seen')
  })

  it('drops a few keys with each use, a minute after they were over', async () => {
    const database = files.connect(files.path())
    const { oneTime } = sqliteStore(database)
    for (let number = 0; number < 20; number++) await oneTime.consume('old', hash(number), 1060, at(1000))
    await oneTime.consume('new', hash(0), 2000, at(1119.9))
    expect(rowsOf(database, TABLE)).toBe(21)
    await oneTime.consume('new', hash(1), 2000, at(1120))
    expect(rowsOf(database, `${TABLE} WHERE namespace = 'old'`)).toBe(16)
    for (let number = 2; number < 6; number++) await oneTime.consume('new', hash(number), 2000, at(1120))
    expect(rowsOf(database, `${TABLE} WHERE namespace = 'old'`)).toBe(0)
    expect(rowsOf(database, TABLE)).toBe(6)
  })

  it('finds what it drops by an index', async () => {
    const database = files.connect(files.path())
    const prepared = vi.spyOn(database, 'prepare')
    await sqliteStore(database).oneTime.consume('n', hash(0), 1060, at(1000))
    const [sweep = ''] = prepared.mock.calls.flat().filter((sql) => sql.includes(`DELETE FROM ${TABLE}`))
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sweep}`).all(1, 1)
    const steps = plan.map((row) => String(typeof row === 'object' && row !== null && Reflect.get(row, 'detail')))
    expect(steps.join('\n')).toContain(`SEARCH ${TABLE}`)
    expect(steps.join('\n')).not.toContain('SCAN')
  })

  it('rejects while somebody else has the file locked, and uses nothing then', async () => {
    const path = files.path()
    const { oneTime } = files.open(path, { timeoutSeconds: 0.05 })
    const other = files.connect(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(oneTime.consume('n', hash(0), 1060, at(1000))).rejects.toThrow('had the database locked')
    other.exec('COMMIT')
    expect(await oneTime.consume('n', hash(0), 1060, at(1000))).toBe('fresh')
  })

  it('gives up a lock when its caller does, and uses nothing then', async () => {
    const path = files.path()
    const { oneTime } = files.open(path, { timeoutSeconds: 60 })
    const other = files.connect(path)
    other.exec('BEGIN IMMEDIATE')
    const controller = new AbortController()
    const left = oneTime.consume('n', hash(0), 1060, { ...at(1000), signal: controller.signal })
    controller.abort()
    await expect(left).rejects.toThrow('had the database locked')
    other.exec('COMMIT')
    expect(await oneTime.consume('n', hash(0), 1060, at(1000))).toBe('fresh')
  })

  it('rejects when the disk is full, and when the store is closed', async () => {
    const database = files.connect(files.path())
    const store = sqliteStore(database)
    database.exec('PRAGMA max_page_count = 30')
    const said = await Promise.allSettled(
      Array.from({ length: 3000 }, (_, number) => store.oneTime.consume('n', hash(number), 1060, at(1000))),
    )
    const fresh = said.filter((each) => each.status === 'fulfilled')
    expect(fresh.length).toBeGreaterThan(0)
    expect(fresh.length).toBeLessThan(3000)
    expect(rowsOf(database, TABLE)).toBe(fresh.length)
    await store.close()
    await expect(store.oneTime.consume('n', hash(0), 1060, at(1000))).rejects.toThrow('is closed')
  })

  it('comes to a file of the version before, and keeps its sessions', async () => {
    const path = files.path()
    const database = files.connect(path)
    const { sessions } = sqliteStore(database)
    await sessions.create(key('a'), record(), owner('somebody'), context)
    becomeFirstVersion(database)
    const later = files.open(path)
    expect(await later.oneTime.consume('n', hash(0), 1060, at(1000))).toBe('fresh')
    expect(await later.sessions.read(key('a'), context)).toMatchObject({ subject: 'somebody' })
    expect(rowsOf(database, 'becauth_schema WHERE version = 2')).toBe(1)
  })
})

describe('sqliteStore().oneTime of four processes at once', () => {
  const racer = fileURLToPath(new URL('./fixtures/sqlite-one-time.mjs', import.meta.url))

  it('brings a file up to date once, and has one of 1,000 uses of each key be fresh', async () => {
    const path = files.path()
    const database = files.connect(path)
    await sqliteStore(database).close()
    becomeFirstVersion(database)
    const racers = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, [racer, path, '10', '250'], { stdio: ['pipe', 'pipe', 'inherit'] })
      return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
    })
    try {
      for (const { lines } of racers) expect(await lines.next()).toMatchObject({ value: 'ready' })
      for (const { child } of racers) child.stdin.write('go\n')
      const ends = racers.map(({ child }) => once(child, 'exit'))
      const told: Told[] = []
      for (const { lines } of racers) told.push(JSON.parse(String((await lines.next()).value)))
      expect(told.flatMap(({ failed }) => failed)).toEqual([])
      for (let number = 0; number < 10; number++) {
        expect(told.reduce((all, { fresh }) => all + (fresh[number] ?? 0), 0)).toBe(1)
      }
      for (const [code] of await Promise.all(ends)) expect(code).toBe(0)
    } finally {
      for (const { child } of racers) child.kill()
    }
    expect(rowsOf(database, TABLE)).toBe(10)
  }, 60_000)
})

interface Told {
  readonly fresh: readonly number[]
  readonly failed: readonly string[]
}
