import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { SqliteDatabase } from './database.ts'

/** Opens a file with what this machine has: `node:sqlite`, else libsql. */
export function openDatabase(path: string): SqliteDatabase {
  if (path !== ':memory:') makeFile(resolve(path))
  const Database = databaseClass()
  const database: unknown = Reflect.construct(Database, [path === ':memory:' ? path : resolve(path)])
  if (isDatabase(database)) return database
  throw new TypeError('sqliteStore(): the driver gives no database that can be used')
}

export function isDatabase(value: unknown): value is SqliteDatabase {
  return typeof value === 'object' && value !== null && ['exec', 'prepare', 'close'].every((name) => has(value, name))
}

/**
 * Makes the file for its owner alone; SQLite gives the files beside it the same permissions. One that is there is not even
 * opened: closing it would drop the locks that other connections of this process hold on it.
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function databaseClass() {
  const builtin: unknown = process.getBuiltinModule('node:sqlite')
  const DatabaseSync: unknown = typeof builtin === 'object' && builtin !== null && Reflect.get(builtin, 'DatabaseSync')
  if (typeof DatabaseSync === 'function') return DatabaseSync
  const Database = libsql()
  if (typeof Database === 'function') return Database
  throw new Error('sqliteStore(): needs Node 22.13, whose node:sqlite it uses, or the package "libsql"')
}

function libsql(): unknown {
  try {
    // Not import(): nobody who has node:sqlite needs it, and no bundler is to look for it.
    return createRequire(import.meta.url)('libsql')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function has(value: object, method: string): boolean {
  return typeof Reflect.get(value, method) === 'function'
}
