import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterAll, beforeAll } from 'vitest'
import type { SessionRecord, StoreContext } from '../../src/core/session-store.ts'
import { type SqliteDatabase, type SqliteStore, sqliteStore } from '../../src/stores/sqlite/sqlite.ts'

const { signal } = new AbortController()
export const context: StoreContext = { signal, now: () => Date.now() / 1000 }

/** Files of SQLite in a folder of a test file's own, and what was opened with them: all are gone when the file is done. */
export interface SqliteFiles {
  path(): string
  open(...given: Parameters<typeof sqliteStore>): SqliteStore
  /** What a path is opened with. Two libraries must not use one file in one process. */
  connect(path: string): SqliteDatabase
  closeLater(database: SqliteDatabase): void
}

export function sqliteFiles(): SqliteFiles {
  let folder = ''
  let files = 0
  const opened: (SqliteStore | SqliteDatabase)[] = []
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'becauth-sqlite-'))
  })
  afterAll(async () => {
    for (const each of opened) await each.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const closeLater = (database: SqliteDatabase): void => {
    opened.push(database)
  }
  return {
    path: () => join(folder, `${files++}.db`),
    open: (...given) => {
      const store = sqliteStore(...given)
      opened.push(store)
      return store
    },
    connect: (path) => {
      const database = drivers().at(-1)?.connect(path)
      if (database === undefined) throw new Error('there is no driver')
      closeLater(database)
      return database
    },
    closeLater,
  }
}

/** libsql, and what this machine's Node has. */
export function drivers(): readonly { name: string; connect: (path: string) => SqliteDatabase }[] {
  const builtin: unknown = process.getBuiltinModule('node:sqlite')
  const DatabaseSync: unknown =
    typeof builtin === 'object' && builtin !== null ? Reflect.get(builtin, 'DatabaseSync') : undefined
  const libsql = { name: 'libsql', connect: (path: string): SqliteDatabase => new Libsql(path) }
  if (typeof DatabaseSync !== 'function') return [libsql]
  return [libsql, { name: 'node:sqlite', connect: (path: string) => Reflect.construct(DatabaseSync, [path]) }]
}

export function key(letter: string): string {
  return `${'a'.repeat(11)}.${letter.repeat(43)}`
}

export function record(tags: readonly string[] = [], expiresIn = 1000): SessionRecord {
  const now = Math.floor(context.now())
  return { format: 1, payload: new Uint8Array(4), tags, createdAt: now, renewedAt: now, expiresAt: now + expiresIn }
}

export function owner(subject: string, letter = 'h'): { subject: string; handle: string } {
  return { subject, handle: letter.repeat(22) }
}

export function rowsOf(database: SqliteDatabase, table: string): number {
  const row: unknown = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()
  return typeof row === 'object' && row !== null ? Number(Reflect.get(row, 'rows')) : Number.NaN
}
