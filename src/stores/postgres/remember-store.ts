import type {
  RememberExchange,
  RememberedBrowser,
  RememberRecord,
  RememberStore,
  RememberSuccessor,
  StoreContext,
} from '../../core/session-store.ts'
import { type Query, queryOf, type Statement } from './client.ts'
import { binary, bytesOf, numberOf, second, textOf } from './rows.ts'
import type { PostgresStoreOptions } from './session-store.ts'
import { durably, statement, type Tables, tablesOf } from './tables.ts'

/** How many rows one sweep drops at most. */
const SWEEP = 1000

/**
 * Makes a store of remembered browsers in PostgreSQL. What holds for `postgresSessionStore()` holds here; give both the same
 * options.
 *
 * @throws TypeError when `client` is neither a pool of `pg` nor a client of `postgres`, or a name cannot be used.
 */
export function postgresRememberStore(options: PostgresStoreOptions): RememberStore {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('postgresRememberStore(): wants an object of options')
  }
  const query = queryOf(options.client, 'postgresRememberStore', options.prepare)
  return new InPostgres(query, statementsOf(tablesOf(options, 'postgresRememberStore')))
}

class InPostgres implements RememberStore {
  readonly #query: Query
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(query: Query, statements: ReturnType<typeof statementsOf>) {
    this.#query = query
    this.#statements = statements
  }

  async create(family: string, record: RememberRecord, context: StoreContext): Promise<void> {
    const { subject, tokenHash, createdAt, expiresAt } = record
    const values = [family, subject, tokenHash, createdAt, expiresAt, second(context.now())]
    const made = await this.#query.run(this.#statements.create, values, context.signal)
    if (made.length === 0) throw new Error('postgresRememberStore(): this family is there already')
  }

  async exchange(
    family: string,
    tokenHash: string,
    successor: RememberSuccessor,
    context: StoreContext,
  ): Promise<RememberExchange> {
    const { tokenHash: next, sealed, graceUntil, expiresAt } = successor
    const values = [family, tokenHash, second(context.now()), next, binary(sealed), graceUntil, expiresAt]
    const [row] = await this.#query.run(this.#statements.exchange, values, context.signal)
    if (row === undefined) return undefined
    const subject = textOf(row, 'subject')
    if (row.kind === 'stolen') return { kind: 'stolen', subject }
    const createdAt = numberOf(row, 'created')
    if (row.kind === 'exchanged') return { kind: 'exchanged', subject, createdAt }
    return { kind: 'repeated', subject, createdAt, sealed: bytesOf(row, 'sealed') }
  }

  async deleteFamily(family: string, context: StoreContext): Promise<boolean> {
    const values = [family, second(context.now())]
    return (await this.#query.run(this.#statements.deleteFamily, values, context.signal)).length > 0
  }

  async deleteBySubject(subject: string, context: StoreContext): Promise<number> {
    const values = [subject, second(context.now())]
    return (await this.#query.run(this.#statements.deleteBySubject, values, context.signal)).length
  }

  async listBySubject(subject: string, context: StoreContext): Promise<readonly RememberedBrowser[]> {
    const values = [subject, second(context.now())]
    const rows = await this.#query.run(this.#statements.listBySubject, values, context.signal)
    return rows.map((row) => ({
      family: textOf(row, 'family'),
      createdAt: numberOf(row, 'created'),
      expiresAt: numberOf(row, 'expires'),
    }))
  }

  async sweep(limit: number, context: StoreContext): Promise<number> {
    const values = [second(context.now()), Math.min(limit, SWEEP)]
    return (await this.#query.run(this.#statements.sweep, values, context.signal)).length
  }
}

function statementsOf({ remembered }: Tables): Readonly<Record<keyof RememberStore, Statement>> {
  return {
    create: statement(
      'remember',
      `insert into ${remembered} as r (family, subject, token_hash, created_at, expires_at)
values ($1, $2, $3, $4, $5)
on conflict (family) do update set subject = excluded.subject, token_hash = excluded.token_hash,
  created_at = excluded.created_at, expires_at = excluded.expires_at,
  previous_hash = null, sealed = null, grace_until = null
where r.expires_at <= $6::bigint
returning ${durably}`,
    ),
    // The row is locked before it is judged, so that of parallel exchanges each sees what the one before it made.
    exchange: statement(
      'exchange',
      `with shown as materialized (
  select family, subject, created_at, sealed, case
    when token_hash = $2 then 'exchanged'
    when previous_hash = $2 and grace_until > $3::bigint then 'repeated'
    else 'stolen' end as kind
  from ${remembered} where family = $1 and expires_at > $3::bigint for update
), exchanged as (
  update ${remembered} r set token_hash = $4, previous_hash = $2, sealed = $5, grace_until = $6, expires_at = $7
  from shown where r.family = shown.family and shown.kind = 'exchanged' returning ${durably}
), stolen as (
  delete from ${remembered} r using shown where r.family = shown.family and shown.kind = 'stolen' returning ${durably}
)
select kind, subject, created_at as created, sealed from shown`,
    ),
    deleteFamily: statement(
      'forget',
      `delete from ${remembered} where family = $1 and expires_at > $2::bigint returning ${durably}`,
    ),
    deleteBySubject: statement(
      'forget_by_subject',
      `with found as materialized (
  select family from ${remembered} where subject = $1 and expires_at > $2::bigint order by family for update
)
delete from ${remembered} r using found where r.family = found.family returning ${durably}`,
    ),
    listBySubject: statement(
      'remembered_by_subject',
      `select family, created_at as created, expires_at as expires from ${remembered}
where subject = $1 and expires_at > $2::bigint`,
    ),
    sweep: statement(
      'sweep_remembered',
      `with turn as materialized (
  select pg_try_advisory_xact_lock(hashtextextended('sweep ${remembered}', 0)) as ours
), over as materialized (
  select family from ${remembered} where (select ours from turn) and expires_at <= $1::bigint
  order by expires_at limit $2::bigint for update skip locked
)
delete from ${remembered} r using over where r.family = over.family returning 1`,
    ),
  }
}
