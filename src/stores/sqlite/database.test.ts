import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Connection, isBusy, Row, type SqliteDatabase } from './database.ts'

type Connect = (path: string) => SqliteDatabase

const builtin: unknown = process.getBuiltinModule('node:sqlite')
const DatabaseSync: unknown =
  typeof builtin === 'object' && builtin !== null ? Reflect.get(builtin, 'DatabaseSync') : undefined
const drivers: [string, Connect][] = [['libsql', (path) => new Libsql(path)]]
if (typeof DatabaseSync === 'function') {
  drivers.push(['node:sqlite', (path) => Reflect.construct(DatabaseSync, [path])])
}

const byKey = 'SELECT value FROM thing WHERE key = ?'
const insert = 'INSERT INTO thing (key, value) VALUES (?, ?) RETURNING key'

// The file has no write-ahead log here: then whoever writes keeps others from reading too, which is rare with one.
describe.each(drivers)('Connection of %s', (_, connect) => {
  let folder: string
  let other: SqliteDatabase
  let database: SqliteDatabase
  let connection: Connection

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'becauth-sqlite-connection-'))
    other = connect(join(folder, 'a.db'))
    other.exec('CREATE TABLE thing (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT')
    other.exec("INSERT INTO thing VALUES ('a', 1), ('b', 2)")
    database = connect(join(folder, 'a.db'))
    connection = new Connection(database)
  })
  afterEach(() => {
    connection.forget()
    database.close()
    other.close()
    rmSync(folder, { recursive: true })
  })

  function valueUnder(key: string): number | undefined {
    return connection.get(byKey, key)?.number('value')
  }

  function failure(run: () => unknown): unknown {
    try {
      run()
    } catch (error) {
      return error
    }
    return undefined
  }

  it('answers nobody with what somebody else asked for while the database was locked', () => {
    expect(valueUnder('a')).toBe(1)
    other.exec('BEGIN EXCLUSIVE')
    expect(isBusy(failure(() => valueUnder('a')))).toBe(true)
    expect(isBusy(failure(() => valueUnder('b')))).toBe(true)
    other.exec('COMMIT')
    expect(valueUnder('b')).toBe(2)
    expect(valueUnder('c')).toBeUndefined()
    expect(valueUnder('a')).toBe(1)
  })

  it.each([
    ['get', () => valueUnder('a')],
    ['all', () => connection.all(byKey, 'a')],
  ])('is held at no old state by a %s() that found the database locked', (_name, read) => {
    read()
    other.exec('BEGIN EXCLUSIVE')
    expect(isBusy(failure(read))).toBe(true)
    other.exec('COMMIT')
    expect(connection.all('SELECT key FROM thing')).toHaveLength(2)
    // Another reader that is under way would keep it from being written.
    other.exec("UPDATE thing SET value = 3 WHERE key = 'b'")
    expect(valueUnder('b')).toBe(3)
    connection.transaction(() => connection.get(insert, 'c', 4))
    expect(valueUnder('c')).toBe(4)
  })

  it('begins no transaction while the database is locked, and one afterwards', () => {
    expect(valueUnder('a')).toBe(1)
    other.exec('BEGIN EXCLUSIVE')
    const write = () => connection.transaction(() => connection.get(insert, 'c', 4))
    expect(isBusy(failure(write))).toBe(true)
    expect(isBusy(failure(() => valueUnder('a')))).toBe(true)
    expect(isBusy(failure(write))).toBe(true)
    other.exec('COMMIT')
    expect(write()?.text('key')).toBe('c')
    expect(other.prepare(byKey).get('c')).toMatchObject({ value: 4 })
  })

  it('writes all of a transaction or nothing, and uses no statement again that failed', () => {
    const write = (...values: number[]) =>
      connection.transaction(() => values.map((value) => connection.get(insert, `new ${value}`, value)?.text('key')))
    const failed = failure(() => write(1, 1.5))
    expect(failed).toBeInstanceOf(Error)
    expect(isBusy(failed)).toBe(false)
    expect(write(2, 3)).toEqual(['new 2', 'new 3'])
    expect(connection.all('SELECT key FROM thing').map((row) => row.text('key'))).toHaveLength(4)
  })

  it('reads octets as a plain Uint8Array, one row or many', () => {
    connection.exec('CREATE TABLE octets (name TEXT, octets BLOB)')
    // Two values: libsql ends the whole process over a single one that is an object.
    connection.run('INSERT INTO octets VALUES (?, ?)', 'a', new Uint8Array([9, 1, 2, 9]).subarray(1, 3))
    const rows = [connection.get('SELECT * FROM octets'), ...connection.all('SELECT * FROM octets')]
    for (const row of rows) {
      const octets = row?.bytes('octets')
      expect(octets).toEqual(new Uint8Array([1, 2]))
      expect(octets?.constructor).toBe(Uint8Array)
    }
  })
})

describe('isBusy()', () => {
  it.each([
    ['of node:sqlite', { code: 'ERR_SQLITE_ERROR', errcode: 5 }, true],
    ['of node:sqlite, extended', { code: 'ERR_SQLITE_ERROR', errcode: 517 }, true],
    ['of node:sqlite, another', { code: 'ERR_SQLITE_ERROR', errcode: 13 }, false],
    ['of libsql', { code: 'SQLITE_BUSY', rawCode: 5 }, true],
    ['of libsql, unnamed', { code: 'UNKNOWN_SQLITE_ERROR_261', rawCode: 261 }, true],
    ['of libsql, another', { code: 'SQLITE_FULL', rawCode: 13 }, false],
    ['of better-sqlite3', { code: 'SQLITE_BUSY_SNAPSHOT' }, true],
    ['of better-sqlite3, another', { code: 'SQLITE_CORRUPT' }, false],
    ['of nobody', {}, false],
  ])('knows a lock by the error %s', (_, properties, expected) => {
    expect(isBusy(Object.assign(new Error('no matter'), properties))).toBe(expected)
  })
})

describe('Row', () => {
  it('refuses what the store did not write', () => {
    const row = new Row({ text: 1, number: 'a', bytes: 'a' })
    expect(() => row.text('text')).toThrow('the column "text" holds something')
    expect(() => row.number('number')).toThrow('the column "number" holds something')
    expect(() => row.bytes('bytes')).toThrow('the column "bytes" holds something')
    expect(() => new Row(null)).toThrow(TypeError)
  })
})
