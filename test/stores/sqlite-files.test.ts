import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Libsql from 'libsql'
import { describe, expect, it } from 'vitest'
import { sqliteStore } from '../../src/stores/sqlite/sqlite.ts'
import { context, key, owner, record, rowsOf, sqliteFiles } from './sqlite-kit.ts'

const files = sqliteFiles()

describe('sqliteStore()', () => {
  it('makes a file that its owner alone can read, and the files beside it too', async () => {
    const path = files.path()
    const store = files.open(path)
    await store.sessions.create(key('a'), record(), owner('somebody'), context)
    for (const end of ['', '-wal', '-shm']) expect(statSync(path + end).mode & 0o777).toBe(0o600)
  })

  it('leaves the permissions of a file that is there as they are', () => {
    const path = files.path()
    writeFileSync(path, '', { mode: 0o640 })
    chmodSync(path, 0o640)
    files.open(path)
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  it('keeps everything when it is closed and opened again', async () => {
    const path = files.path()
    const before = files.open(path)
    await before.sessions.create(key('a'), record(), owner('somebody'), context)
    await before.close()
    expect(await files.open(path).sessions.read(key('a'), context)).toMatchObject({ subject: 'somebody', version: 1 })
  })

  it('does what was asked for before it closes, and nothing afterwards', async () => {
    const store = files.open(files.path())
    const created = store.sessions.create(key('a'), record(), owner('somebody'), context)
    const closed = Promise.all([store.close(), store.close()])
    expect(await created).toBe('created')
    await closed
    await expect(store.sessions.create(key('b'), record(), owner('somebody'), context)).rejects.toThrow('is closed')
    expect(() => store.sessions.read(key('a'), context)).toThrow('is closed')
  })

  it('leaves a database open that was handed in', async () => {
    const database = files.connect(files.path())
    const store = sqliteStore(database)
    await store.sessions.create(key('a'), record(), owner('somebody'), context)
    await store.close()
    expect(rowsOf(database, 'becauth_session')).toBe(1)
  })

  it('shares a file with the tables and the version of an application', async () => {
    const path = files.path()
    const database = files.connect(path)
    database.exec('CREATE TABLE becauth_like (a); PRAGMA user_version = 7')
    const { sessions } = files.open(path)
    expect(await sessions.create(key('a'), record(), owner('somebody'), context)).toBe('created')
    expect(database.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 7 })
  })

  it('refuses tables of a later release', () => {
    const path = files.path()
    const database = files.connect(path)
    sqliteStore(database)
    database.exec('UPDATE becauth_schema SET version = 99')
    expect(() => sqliteStore(path)).toThrow('the tables are of version 99, and this release knows 2')
  })

  it('reads numbers where the connection gives integers as bigint', async () => {
    const database = new Libsql(files.path())
    files.closeLater(database)
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
    const database = files.connect(files.path())
    sqliteStore(database, options)
    expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: level })
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
  })

  it('sweeps at most 500 at once', async () => {
    const database = files.connect(files.path())
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
    const database = files.connect(files.path())
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
    expect(() => sqliteStore(join(files.path(), 'absent', 'sessions.db'))).toThrow('no such file or directory')
  })
})
