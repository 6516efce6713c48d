import type { Statement } from './client.ts'
import { durably, statement, type Tables } from './tables.ts'

/** The statements of the sessions. Each is one transaction; `$1` and the rest are told in `session-store.ts`. */
export interface SessionStatements {
  readonly read: Statement
  readonly create: Statement
  readonly replace: Statement
  readonly touch: Statement
  readonly rotate: Statement
  readonly deleteByKey: Statement
  readonly deleteByOldKey: Statement
  readonly listBySubject: Statement
  readonly deleteBySubject: Statement
  readonly deleteByHandle: Statement
  readonly listByTag: Statement
  readonly deleteByTag: Statement
  readonly sweep: Statement
}

/** What an old key in grace keeps of a session. */
const content = [
  'subject',
  'handle',
  'version',
  'format',
  'created_at',
  'renewed_at',
  'expires_at',
  'tags',
  'payload',
] as const

// Names without underscores: some have postgres.js rewrite them.
const columns = `subject, handle, version, format, created_at as created, renewed_at as renewed, expires_at as expires,
  array_to_string(tags, ',') as tags, payload`

/**
 * Under the usual isolation, a statement that meets a row which another transaction is writing waits for it and judges the
 * row as it is then. So `where` compares and sets in one step, and a session that is being rotated does not slip through a
 * deletion: it is the same row under another key.
 */
export function sessionStatements({ sessions, oldKeys, createSession }: Tables): SessionStatements {
  const list = (condition: string): string =>
    `select 'live' as kind, ${columns} from ${sessions} where ${condition} and expires_at > $2::bigint`

  // Rows are locked in one order, so that those who end the same sessions do not wait for each other in a circle.
  const endAll = (condition: string): string => `with found as materialized (
  select id from ${sessions} where ${condition} order by created_at, id for update
), ended as (
  delete from ${sessions} s using found where s.id = found.id returning s.id, ${durably}
), graces as (
  delete from ${oldKeys} where session_id in (select id from ended) and grace_until > 0
)
select count(*) as ended from ended`

  const end = (condition: string): string => `with ended as (
  delete from ${sessions} s where ${condition} and s.expires_at > $3::bigint returning s.id, s.key, ${durably}
), graces as (
  update ${oldKeys} set grace_until = 0, ends_at = $2::bigint, ${content.map((name) => `${name} = null`).join(', ')}
  where session_id in (select id from ended) and ends_at > $3::bigint
)
insert into ${oldKeys} as o (key, session_id, grace_until, ends_at) select key, id, 0, $2::bigint from ended
on conflict (key) do update set ends_at = greatest(o.ends_at, excluded.ends_at) returning 1`

  return {
    read: statement(
      'read',
      `select 'live' as kind, ${columns} from ${sessions} where key = $1
union all
select case when grace_until > $2::bigint and exists (select from ${sessions} s where s.id = session_id)
  then 'grace' else 'revoked' end, ${columns} from ${oldKeys} where key = $1 and ends_at > $2::bigint
limit 1`,
    ),
    create: statement(
      'create',
      `select ${createSession}($1, $2, $3, $4, $5, $6, $7, string_to_array($8, ','), $9, $10, $11, $12) as answer`,
    ),
    replace: statement(
      'replace',
      `update ${sessions} set version = version + 1, format = $4, tags = string_to_array($5, ','), payload = $6
where key = $1 and version = $2 and expires_at > $3::bigint returning ${durably}`,
    ),
    touch: statement(
      'touch',
      `update ${sessions} set renewed_at = $4, expires_at = $5
where key = $1 and renewed_at = $2 and expires_at > $3::bigint returning ${durably}`,
    ),
    rotate: statement(
      'rotate',
      `with old as materialized (
  select * from ${sessions} where key = $1 and version = $2 and expires_at > $3::bigint for update
), moved as (
  update ${sessions} s set key = $4, version = s.version + 1, format = $5, created_at = $6, renewed_at = $7,
    expires_at = $8, tags = string_to_array($9, ','), payload = $10
  from old where s.id = old.id
  returning s.id, ${content.map((name) => `old.${name}`).join(', ')}, ${durably}
)
insert into ${oldKeys} (key, session_id, grace_until, ends_at, ${content.join(', ')})
select $1, id, $11::bigint, greatest($11::bigint, $12::bigint),
  ${content.map((name) => `case when $11::bigint > $3::bigint then ${name} end`).join(', ')}
from moved
on conflict (key) do update set
  ${['session_id', 'grace_until', 'ends_at', ...content].map((name) => `${name} = excluded.${name}`).join(', ')}
returning 1`,
    ),
    deleteByKey: statement('delete_by_key', end('s.key = $1')),
    deleteByOldKey: statement(
      'delete_by_old_key',
      end(`s.id = (select session_id from ${oldKeys} where key = $1 and grace_until > $3::bigint)`),
    ),
    listBySubject: statement('list_by_subject', list('subject = $1')),
    deleteBySubject: statement(
      'delete_by_subject',
      endAll('subject = $1 and expires_at > $2::bigint and handle is distinct from $3'),
    ),
    deleteByHandle: statement('delete_by_handle', endAll('subject = $1 and expires_at > $2::bigint and handle = $3')),
    listByTag: statement('list_by_tag', list(`tags @> array[$1::text] and tags <> '{}'`)),
    deleteByTag: statement(
      'delete_by_tag',
      endAll(`tags @> array[$1::text] and tags <> '{}' and expires_at > $2::bigint`),
    ),
    sweep: statement('sweep', sweepOf(sessions, oldKeys)),
  }
}

/** One process sweeps at a time, and it waits for nobody: what is locked is in use, or swept the next time. */
function sweepOf(sessions: string, oldKeys: string): string {
  return `with turn as materialized (
  select pg_try_advisory_xact_lock(hashtextextended('sweep ${sessions}', 0)) as ours
), over as materialized (
  select id from ${sessions} where (select ours from turn) and expires_at <= $1::bigint
  order by expires_at limit $2::bigint for update skip locked
), swept as (
  delete from ${sessions} s using over where s.id = over.id returning 1
), old as materialized (
  select key from ${oldKeys} where (select ours from turn) and ends_at <= $1::bigint
  order by ends_at limit $2::bigint - (select count(*) from over) for update skip locked
), dropped as (
  delete from ${oldKeys} o using old where o.key = old.key returning 1
)
select (select count(*) from swept) + (select count(*) from dropped) as swept`
}
