import type { OneTimeStore } from '../../core/ports.ts'
import type { RememberStore, SessionStore } from '../../core/session-store.ts'
import { Connection, type SqliteDatabase } from './database.ts'
import { SqliteOneTimeKeys } from './one-time-store.ts'
import { isDatabase, openDatabase } from './open.ts'
import { Queue } from './queue.ts'
import { SqliteRemembered } from './remember-store.ts'
import { migrate } from './schema.ts'
import { SqliteSessions } from './session-store.ts'

export type { SqliteDatabase, SqliteStatement, SqliteValue } from './database.ts'

/** What `sqliteStore()` may be told. */
export interface SqliteStoreOptions {
  /**
   * When a write is on the disk. `'full'`: before it is answered. `'normal'`: a little later, which is some milliseconds
   * faster on most disks. No crash of the process loses anything then either, but a power failure or a crash of the
   * machine takes back the last writes: people who just logged in are logged out, sessions that were just revoked are
   * valid again, and what was just used once can be used once more. Default: `'full'`.
   */
  readonly synchronous?: 'full' | 'normal' | undefined
  /** For how long a call waits for a database that others have locked. Then it rejects: 503. Default: 5. */
  readonly timeoutSeconds?: number | undefined
}

/** A database of sessions, remembered browsers and one-time keys. */
export interface SqliteStore {
  /** Where `sessions()` keeps its sessions. */
  readonly sessions: SessionStore
  /** Where `sessions()` keeps the browsers that it remembers. */
  readonly remember: RememberStore
  /**
   * Where `oidc()`, `oauth2()`, `oauth1()`, `dpop()`, `logoutRoutes()` and the like keep what was used once, so that all
   * processes on the machine refuse what one of them has seen. A key takes about 200 bytes until a minute after it
   * expired, by the callers' clock; then later uses drop it, a few at a time. It is never `full`: without room on the disk
   * it rejects.
   *
   * @example
   * import { dpop } from 'becauth/dpop'
   * import { sqliteStore } from 'becauth/sqlite'
   *
   * const { oneTime } = sqliteStore('/var/lib/shop/sessions.db')
   * export const proof = dpop({ store: oneTime })
   */
  readonly oneTime: OneTimeStore
  /**
   * Takes no further calls, waits for those that are under way, and closes the file. A connection that was handed in stays
   * open.
   */
  close(): Promise<void>
}

/** Opening may wait, for it comes before anybody is served. Serving never does: its calls try again by themselves. */
const OPENING_MILLISECONDS = 2000

/** Checkpoints happen within a write: small ones often are better than a long one now and then. */
const CHECKPOINT_PAGES = 250

/**
 * Opens a database of sessions, remembered browsers and one-time keys, in one file of SQLite, for any number of processes
 * on one machine. A file of an earlier release gets what it lacks.
 *
 * A path is opened with `node:sqlite`, from Node 22.13 on, else with the package `libsql`. The folder must be there; a new
 * file is for its owner alone. A database of either, or of better-sqlite3, may be handed in instead: it is set up for the
 * store, which expects to be the only one who uses this connection. The file itself may hold other tables.
 *
 * The file must be on a local disk: the locks and the shared memory of SQLite do not work over a network.
 *
 * @example
 * import { sqliteStore } from 'becauth/sqlite'
 *
 * export const store = sqliteStore('/var/lib/shop/sessions.db')
 *
 * @throws TypeError when an argument cannot be used.
 * @throws Error when the database cannot be opened, or is of a later release.
 */
export function sqliteStore(database: string | SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  if (database === '' || !(typeof database === 'string' || isDatabase(database))) {
    throw new TypeError('sqliteStore(): wants the path of a file, ":memory:" or a database')
  }
  if (typeof options !== 'object' || options === null) throw new TypeError('sqliteStore(): wants an object of options')
  const { synchronous = 'full', timeoutSeconds = 5 } = options
  if (synchronous !== 'full' && synchronous !== 'normal') {
    throw new TypeError('sqliteStore(): "synchronous" must be "full" or "normal"')
  }
  if (typeof timeoutSeconds !== 'number' || !(timeoutSeconds > 0 && timeoutSeconds <= 3600)) {
    throw new TypeError('sqliteStore(): "timeoutSeconds" must be a number above 0, at most 3600')
  }
  const isOwn = typeof database === 'string'
  const opened = isOwn ? openDatabase(database) : database
  const connection = new Connection(opened)
  try {
    prepare(connection, synchronous)
  } catch (error) {
    if (isOwn) opened.close()
    throw error
  }
  const queue = new Queue(connection, timeoutSeconds)
  let closed: Promise<void> | undefined
  return {
    sessions: new SqliteSessions(connection, queue),
    remember: new SqliteRemembered(connection, queue),
    oneTime: new SqliteOneTimeKeys(connection, queue),
    close() {
      closed ??= queue.close().then(() => {
        connection.forget()
        if (isOwn) opened.close()
      })
      return closed
    },
  }
}

function prepare(connection: Connection, synchronous: 'full' | 'normal'): void {
  connection.exec(`PRAGMA busy_timeout = ${OPENING_MILLISECONDS}`)
  const mode = connection.get('PRAGMA journal_mode = WAL')?.text('journal_mode')
  // What is in memory has no journal on a disk.
  if (mode !== 'wal' && mode !== 'memory') {
    throw new Error(`sqliteStore(): the database must be able to use a write-ahead log, and stays at "${mode}"`)
  }
  connection.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`)
  connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  migrate(connection)
  connection.exec('PRAGMA busy_timeout = 0')
}
