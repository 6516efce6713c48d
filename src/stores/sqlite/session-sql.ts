const content = 'version, format, created_at, renewed_at, expires_at, tags, payload'
const columns = `subject, handle, ${content}`

/** By key. One that is over may be answered still. */
export const read: string = `SELECT ${columns} FROM becauth_session WHERE key = ?`

/** By key. Without a subject when the session has ended since. */
export const readOldKey: string = `
  SELECT s.subject, s.handle, o.grace_until, o.tombstone_until,
    o.version, o.format, o.created_at, o.renewed_at, o.expires_at, o.tags, o.payload
  FROM becauth_session_old_key AS o LEFT JOIN becauth_session AS s ON s.id = o.session
  WHERE o.key = ?`

/** By the key twice and the time. */
export const isTaken: string = `
  SELECT 1 AS taken FROM becauth_session WHERE key = ?
  UNION ALL
  SELECT 1 FROM becauth_session_old_key WHERE key = ? AND tombstone_until > ?`

export const insert: string = `
  INSERT INTO becauth_session
    (key, subject, handle, version, format, created_at, renewed_at, expires_at, tags, payload)
  VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?) RETURNING id`

/** By key and time. */
export const idByKey: string = 'SELECT id, key FROM becauth_session WHERE key = ? AND expires_at > ?'

/** By an old key and the time twice: whose grace it is. */
export const idByOldKey: string = `
  SELECT s.id, s.key FROM becauth_session_old_key AS o JOIN becauth_session AS s ON s.id = o.session
  WHERE o.key = ? AND o.grace_until > ? AND s.expires_at > ?`

/** By key, version and time. */
export const byVersion: string = 'SELECT id, tags FROM becauth_session WHERE key = ? AND version = ? AND expires_at > ?'

/** By subject and time, the oldest first. */
export const idsBySubject: string = `
  SELECT id, handle FROM becauth_session WHERE subject = ? AND expires_at > ? ORDER BY created_at, id`

/** By tag and time. */
export const idsByTag: string = `
  SELECT s.id FROM becauth_session_tag AS t JOIN becauth_session AS s ON s.id = t.session
  WHERE t.tag = ? AND s.expires_at > ?`

export const listBySubject: string = `SELECT ${columns} FROM becauth_session WHERE subject = ? AND expires_at > ?`

export const listByTag: string = `
  SELECT ${columns} FROM becauth_session
  WHERE id IN (SELECT session FROM becauth_session_tag WHERE tag = ?) AND expires_at > ?`

export const replace: string =
  'UPDATE becauth_session SET version = version + 1, format = ?, tags = ?, payload = ? WHERE id = ?'

export const touch: string = `
  UPDATE becauth_session SET renewed_at = ?, expires_at = ?
  WHERE key = ? AND renewed_at = ? AND expires_at > ?`

export const rotate: string = `
  UPDATE becauth_session SET key = ?, version = version + 1, format = ?, created_at = ?, renewed_at = ?, expires_at = ?,
    tags = ?, payload = ?
  WHERE id = ?`

/** Keeps a session as it is under the key that it has. */
export const insertGrace: string = `
  INSERT OR REPLACE INTO becauth_session_old_key (key, session, grace_until, tombstone_until, ${content})
  SELECT key, id, ?, ?, ${content} FROM becauth_session WHERE id = ?`

export const insertTombstone: string = `
  INSERT OR REPLACE INTO becauth_session_old_key (key, grace_until, tombstone_until) VALUES (?, 0, ?)`

export const dropOldKey: string = 'DELETE FROM becauth_session_old_key WHERE key = ?'

/** What is left of a grace when the session has ended. */
const ended = `session = NULL, grace_until = 0, version = NULL, format = NULL, created_at = NULL, renewed_at = NULL,
  expires_at = NULL, tags = NULL, payload = NULL`

export const retireOldKeys: string = `
  UPDATE becauth_session_old_key SET tombstone_until = ?, ${ended} WHERE session = ?`

export const endGraces: string = `UPDATE becauth_session_old_key SET ${ended} WHERE session = ?`
export const untag: string = 'DELETE FROM becauth_session_tag WHERE session = ?'
export const end: string = 'DELETE FROM becauth_session WHERE id = ?'
export const tag: string = 'INSERT INTO becauth_session_tag (tag, session) VALUES (?, ?)'

/** The same sessions each time within a transaction. */
const over = '(SELECT id FROM becauth_session WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?)'

export const sweepGraces: string = `UPDATE becauth_session_old_key SET ${ended} WHERE session IN ${over}`
export const sweepTags: string = `DELETE FROM becauth_session_tag WHERE session IN ${over}`
export const sweepSessions: string = `DELETE FROM becauth_session WHERE id IN ${over}`
export const sweepOldKeys: string = `
  DELETE FROM becauth_session_old_key WHERE key IN
    (SELECT key FROM becauth_session_old_key WHERE tombstone_until <= ? ORDER BY tombstone_until LIMIT ?)`
