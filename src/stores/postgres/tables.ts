import type { Statement } from './client.ts'

/** Where the tables are. Give the same to `migrate()`, `postgresSchema()` and the stores. */
export interface PostgresTableOptions {
  /** The schema, which must be there. Default: the first of the search path. */
  readonly schema?: string | undefined
  /** What the names of tables, indexes and functions begin with. Default: `'becauth_'`. */
  readonly prefix?: string | undefined
}

/** The names as they are written in statements. */
export interface Tables {
  readonly prefix: string
  readonly sessions: string
  /** Keys that were good: in grace, then tombstones. */
  readonly oldKeys: string
  readonly remembered: string
  readonly oneTimeKeys: string
  readonly createSession: string
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/
const PREFIX = /^[a-z_][a-z0-9_]{0,31}$/

/** @throws TypeError when a name cannot be used. */
export function tablesOf({ schema, prefix = 'becauth_' }: PostgresTableOptions, factory: string): Tables {
  if (schema !== undefined && !SCHEMA.test(schema)) {
    throw new TypeError(`${factory}(): "schema" must be a lower-case name of SQL`)
  }
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw new TypeError(`${factory}(): "prefix" must be a lower-case name of SQL, of at most 32 characters`)
  }
  const named = (name: string): string =>
    schema === undefined ? `"${prefix}${name}"` : `"${schema}"."${prefix}${name}"`
  return {
    prefix,
    sessions: named('sessions'),
    oldKeys: named('session_old_keys'),
    remembered: named('remembered_browsers'),
    oneTimeKeys: named('one_time_keys'),
    createSession: named('create_session'),
  }
}

/**
 * Raises `synchronous_commit` for the transaction of a written row when the server, the role or the connection has switched
 * it off: a login that was acknowledged must outlive a crash. It is never lowered.
 */
export const durably = `case when current_setting('synchronous_commit') = 'off'
  then set_config('synchronous_commit', 'on', true) end as durably`

/** Names a statement by its text: two stores with other tables may share a connection. */
export function statement(step: string, text: string): Statement {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return { name: `becauth_${step}_${hash.toString(36)}`, text }
}
