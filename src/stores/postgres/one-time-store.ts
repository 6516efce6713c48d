import type { Freshness, OneTimeStore } from '../../core/ports.ts'
import type { StoreContext } from '../../core/session-store.ts'
import { type Query, queryOf, type Statement } from './client.ts'
import { second } from './rows.ts'
import type { PostgresStoreOptions } from './session-store.ts'
import { durably, statement, type Tables, tablesOf } from './tables.ts'

/**
 * One use in so many drops what is over, and so many rows at most: more than came since, so that a table that has grown
 * shrinks again. Not each use a few: while a long transaction, such as that of a backup, keeps deleted rows from being
 * vacuumed, whoever looks for the oldest rows has to step over all of them.
 */
const [USES_PER_SWEEP, SWEEP] = [32, 128]

/** For how long a key outlives its time: a process whose clock is behind accepts it for longer. */
const SLACK_SECONDS = 60

/**
 * Makes a store of one-time keys in PostgreSQL, so that several processes refuse each other's replays: of logins, DPoP
 * proofs, logout tokens, and of refreshes of the same token. It needs the tables of `migrate()` or `becauth migrate`. What
 * holds for `postgresSessionStore()` holds here; give both the same options.
 *
 * A use is one statement, and on the server's disk when it is answered. A key takes about 250 bytes until a minute after it
 * expired, by the callers' clock and not PostgreSQL's; then later uses drop it. While the database is down every call
 * rejects, which callers answer with 503; it is never `full`.
 *
 * @example
 * import { postgresOneTimeStore } from 'becauth/postgres'
 * import pg from 'pg'
 *
 * const pool = new pg.Pool({ connectionTimeoutMillis: 5000 })
 * pool.on('error', (error) => console.error('postgres', error))
 * export const store = postgresOneTimeStore({ client: pool })
 *
 * @throws TypeError when `client` is neither a pool of `pg` nor a client of `postgres`, or a name cannot be used.
 */
export function postgresOneTimeStore(options: PostgresStoreOptions): OneTimeStore {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('postgresOneTimeStore(): wants an object of options')
  }
  const query = queryOf(options.client, 'postgresOneTimeStore', options.prepare)
  return new InPostgres(query, useOf(tablesOf(options, 'postgresOneTimeStore')))
}

class InPostgres implements OneTimeStore {
  readonly #query: Query
  readonly #use: Statement
  #uses = 0

  constructor(query: Query, use: Statement) {
    this.#query = query
    this.#use = use
  }

  async consume(namespace: string, key: string, expiresAt: number, context: StoreContext): Promise<Freshness> {
    const now = second(context.now())
    const swept = this.#uses++ % USES_PER_SWEEP === 0 ? SWEEP : 0
    const values = [namespace, key, Math.ceil(expiresAt), now, now - SLACK_SECONDS, swept]
    const used = await this.#query.run(this.#use, values, context.signal)
    return used.length > 0 ? 'fresh' : 'seen'
  }
}

/**
 * Whoever meets a use that is under way waits for it, and for nothing else. Only then it sweeps, and waits for nobody: so
 * no two ever wait for each other. The key itself is not swept, for a statement must not change a row twice.
 */
function useOf({ oneTimeKeys }: Tables): Statement {
  return statement(
    'use_once',
    `with used as (
  insert into ${oneTimeKeys} as k (namespace, key, expires_at) values ($1, $2, $3)
  on conflict (namespace, key) do update set expires_at = excluded.expires_at where k.expires_at <= $4::bigint
  returning ${durably}
), over as materialized (
  select namespace, key from ${oneTimeKeys}
  where (select count(*) from used) > 0 and expires_at <= $5::bigint and (namespace, key) <> ($1, $2)
  order by expires_at limit $6::bigint for update skip locked
), swept as (
  delete from ${oneTimeKeys} k using over where k.namespace = over.namespace and k.key = over.key
)
select 1 from used`,
  )
}
