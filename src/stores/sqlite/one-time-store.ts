import type { Freshness, OneTimeStore } from '../../core/ports.ts'
import type { StoreContext } from '../../core/session-store.ts'
import type { Connection } from './database.ts'
import type { Queue } from './queue.ts'

/** How many keys that are over each use drops: more than it adds, so that a table that has grown shrinks again. */
const SWEPT_PER_USE = 4

/** For how long a key outlives its time: a process whose clock is behind accepts it for longer. */
const SLACK_SECONDS = 60

/** By namespace, key, its end and the time. Changes a row where the key is not there or over. */
const use = `
  INSERT INTO becauth_one_time_key (namespace, key, expires_at) VALUES (?, ?, ?)
  ON CONFLICT (namespace, key) DO UPDATE SET expires_at = excluded.expires_at
  WHERE becauth_one_time_key.expires_at <= ?`

const sweep = `
  DELETE FROM becauth_one_time_key WHERE (namespace, key) IN
    (SELECT namespace, key FROM becauth_one_time_key WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`

/** One-time keys in SQLite. */
export class SqliteOneTimeKeys implements OneTimeStore {
  readonly #connection: Connection
  readonly #queue: Queue

  constructor(connection: Connection, queue: Queue) {
    this.#connection = connection
    this.#queue = queue
  }

  consume(namespace: string, key: string, expiresAt: number, context: StoreContext): Promise<Freshness> {
    return this.#queue.write(context, () => {
      const now = Math.floor(context.now())
      if (this.#connection.run(use, namespace, key, Math.ceil(expiresAt), now) === 0) return 'seen'
      this.#connection.run(sweep, now - SLACK_SECONDS, SWEPT_PER_USE)
      return 'fresh'
    })
  }
}
