import { type PostgresClient, queryOf } from './client.ts'
import { type PostgresTableOptions, type Tables, tablesOf } from './tables.ts'

/**
 * Gives the SQL that makes the tables for sessions, remembered browsers and one-time keys, for `psql` or for the
 * application's own migrations. What is there already stays, so it can be run at every deployment.
 *
 * The tables are logged ones. They need PostgreSQL 12 or later and the encoding UTF8.
 *
 * @example
 * import { postgresSchema } from 'becauth/postgres'
 *
 * console.log(postgresSchema({ schema: 'auth' }))
 *
 * @throws TypeError when a name cannot be used.
 */
export function postgresSchema(options: PostgresTableOptions = {}): string {
  return `begin;\n\n${definitions(tablesOf(options, 'postgresSchema'))}\ncommit;\n`
}

/**
 * Makes the tables for sessions, remembered browsers and one-time keys, in one transaction. What is there already stays, so
 * it also adds what a later release needs. Of several processes that migrate at once each waits for the one before.
 *
 * @example
 * import { migrate } from 'becauth/postgres'
 * import pg from 'pg'
 *
 * await migrate(new pg.Pool())
 *
 * @throws TypeError when `client` is none or a name cannot be used.
 */
export async function migrate(client: PostgresClient, options: PostgresTableOptions = {}): Promise<void> {
  const tables = tablesOf(options, 'migrate')
  await queryOf(client, 'migrate').script(`set local client_min_messages = warning;
select pg_advisory_xact_lock(hashtextextended('migrate ${tables.sessions}', 0));
${definitions(tables)}`)
}

function definitions(tables: Tables): string {
  const { prefix, sessions, oldKeys, remembered, oneTimeKeys } = tables
  return `-- Times are seconds since 1970 by the clock of the application.
create table if not exists ${sessions} (
  id bigint generated always as identity primary key,
  key text collate "C" not null unique,
  subject text collate "C" not null,
  handle text collate "C" not null,
  version bigint not null default 1,
  format integer not null,
  created_at bigint not null,
  renewed_at bigint not null,
  expires_at bigint not null,
  tags text[] collate "C" not null,
  payload bytea not null
) with (fillfactor = 80);
create index if not exists "${prefix}sessions_subject" on ${sessions} (subject);
create index if not exists "${prefix}sessions_expiry" on ${sessions} (expires_at);
create index if not exists "${prefix}sessions_tags" on ${sessions} using gin (tags) where tags <> '{}';

-- Keys that were good. One in grace reads what the session was, for as long as the session is there.
create table if not exists ${oldKeys} (
  key text collate "C" primary key,
  session_id bigint not null,
  grace_until bigint not null,
  ends_at bigint not null,
  subject text collate "C",
  handle text collate "C",
  version bigint,
  format integer,
  created_at bigint,
  renewed_at bigint,
  expires_at bigint,
  tags text[] collate "C",
  payload bytea
);
create index if not exists "${prefix}session_old_keys_session" on ${oldKeys} (session_id);
create index if not exists "${prefix}session_old_keys_end" on ${oldKeys} (ends_at);

create table if not exists ${remembered} (
  family text collate "C" primary key,
  subject text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null,
  token_hash text collate "C" not null,
  previous_hash text collate "C",
  sealed bytea,
  grace_until bigint
) with (fillfactor = 80);
create index if not exists "${prefix}remembered_browsers_subject" on ${remembered} (subject);
create index if not exists "${prefix}remembered_browsers_expiry" on ${remembered} (expires_at);

-- What was used once, until nobody accepts it any more.
create table if not exists ${oneTimeKeys} (
  namespace text collate "C" not null,
  key text collate "C" not null,
  expires_at bigint not null,
  primary key (namespace, key)
);
create index if not exists "${prefix}one_time_keys_expiry" on ${oneTimeKeys} (expires_at);

${createSession(tables)}`
}

/**
 * A function, because it takes several statements: each of them sees what was committed before it, so that the count of
 * those who waited for the lock is right. One call is one transaction and one round trip.
 */
function createSession({ sessions, oldKeys, createSession: name }: Tables): string {
  return `create or replace function ${name}(
  p_key text, p_subject text, p_handle text, p_format integer, p_created_at bigint, p_renewed_at bigint,
  p_expires_at bigint, p_tags text[], p_payload bytea, p_limit bigint, p_oldest boolean, p_now bigint
) returns text language plpgsql volatile as $$
declare
  v_id bigint;
  v_others bigint;
begin
  if p_limit is not null then
    if current_setting('transaction_isolation') = 'repeatable read' then
      raise exception 'a limit of sessions cannot be kept under "repeatable read"';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('${sessions} ' || p_subject, 0));
    select count(*) into v_others from ${sessions} where subject = p_subject and expires_at > p_now;
    if v_others >= p_limit and not p_oldest then
      if exists (select from ${sessions} where key = p_key)
        or exists (select from ${oldKeys} where key = p_key and ends_at > p_now)
      then return 'exists'; end if;
      return 'limit';
    end if;
  end if;
  insert into ${sessions} (key, subject, handle, format, created_at, renewed_at, expires_at, tags, payload)
    values (p_key, p_subject, p_handle, p_format, p_created_at, p_renewed_at, p_expires_at, p_tags, p_payload)
    on conflict (key) do nothing returning id into v_id;
  if v_id is null then return 'exists'; end if;
  -- Only now: a rotation that was under way may just have left its old key.
  if exists (select from ${oldKeys} where key = p_key and ends_at > p_now) then
    delete from ${sessions} where id = v_id;
    return 'exists';
  end if;
  if v_others >= p_limit then
    with oldest as (
      select id from ${sessions} where subject = p_subject and expires_at > p_now and id <> v_id
      order by created_at, id
      limit greatest(0, 1 - p_limit + (
        select count(*) from ${sessions} where subject = p_subject and expires_at > p_now and id <> v_id))
    ), ended as (
      delete from ${sessions} where id in (select id from oldest) returning id
    )
    delete from ${oldKeys} where session_id in (select id from ended) and grace_until > p_now;
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  return 'created';
end $$;
`
}
