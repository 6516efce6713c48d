import type { Connection } from './database.ts'

/**
 * What makes each version of the tables out of the one before. What was released is never changed, only added to.
 *
 * Not `user_version`: that one belongs to whose file it is, and the file may hold more than sessions.
 */
const versions = [
  `
  CREATE TABLE becauth_session (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    handle TEXT NOT NULL,
    version INTEGER NOT NULL,
    format INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tags TEXT NOT NULL,
    payload BLOB NOT NULL
  ) STRICT;
  CREATE INDEX becauth_session_by_subject ON becauth_session (subject, created_at);
  CREATE INDEX becauth_session_by_end ON becauth_session (expires_at);

  CREATE TABLE becauth_session_tag (
    tag TEXT NOT NULL,
    session INTEGER NOT NULL,
    PRIMARY KEY (tag, session)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX becauth_session_tag_by_session ON becauth_session_tag (session);

  CREATE TABLE becauth_session_old_key (
    key TEXT PRIMARY KEY NOT NULL,
    session INTEGER,
    grace_until INTEGER NOT NULL,
    tombstone_until INTEGER NOT NULL,
    version INTEGER,
    format INTEGER,
    created_at INTEGER,
    renewed_at INTEGER,
    expires_at INTEGER,
    tags TEXT,
    payload BLOB
  ) STRICT;
  CREATE INDEX becauth_session_old_key_by_session ON becauth_session_old_key (session) WHERE session IS NOT NULL;
  CREATE INDEX becauth_session_old_key_by_end ON becauth_session_old_key (tombstone_until);

  CREATE TABLE becauth_remembered (
    family TEXT PRIMARY KEY NOT NULL,
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    before_hash TEXT,
    before_until INTEGER,
    sealed BLOB
  ) STRICT;
  CREATE INDEX becauth_remembered_by_subject ON becauth_remembered (subject);
  CREATE INDEX becauth_remembered_by_end ON becauth_remembered (expires_at);
  `,
  `
  CREATE TABLE becauth_one_time_key (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX becauth_one_time_key_by_end ON becauth_one_time_key (expires_at);
  `,
]

/** Makes the tables, or what they lack. Any number of processes may do so at once. */
export function migrate(connection: Connection): void {
  if (versionOf(connection) === versions.length) return
  connection.transaction(() => {
    const version = versionOf(connection)
    if (version > versions.length) {
      throw new Error(`sqliteStore(): the tables are of version ${version}, and this release knows ${versions.length}`)
    }
    for (const sql of versions.slice(version)) connection.exec(sql)
    connection.exec(`
      CREATE TABLE IF NOT EXISTS becauth_schema (version INTEGER NOT NULL) STRICT;
      DELETE FROM becauth_schema;
      INSERT INTO becauth_schema (version) VALUES (${versions.length});
    `)
  })
}

function versionOf(connection: Connection): number {
  const table = connection.get("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'becauth_schema'")
  return table === undefined ? 0 : (connection.get('SELECT version FROM becauth_schema')?.number('version') ?? 0)
}
