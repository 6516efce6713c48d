import type { Awaitable } from './provider.ts'

/**
 * For whom and when a store works. An `AuthenticationContext` is one.
 *
 * Stores have no clock of their own: what is expired, in grace or a tombstone is judged by `now()`, so that one clock
 * decides everything. A store's own time-to-live may drop what is over, never what is not.
 */
export interface StoreContext {
  /** Aborted on time-out and when the client goes away. Ask for it only when something can be aborted. */
  readonly signal: AbortSignal
  /** Seconds since 1970, with fractions. Every time that is stored is in whole seconds. */
  now(): number
}

/** What a session holds, apart from its times. */
export interface SessionContent {
  /** The format of `payload`: 1. Stores hand it back as it is; readers refuse what is newer than they are. */
  readonly format: number
  /** Opaque to stores, at most 80 KB. Nobody changes the bytes once they are handed over, in either direction. */
  readonly payload: Uint8Array
  /** Up to four hashes, each 43 characters of base64url, by which others find the session. Kept as a set. */
  readonly tags: readonly string[]
}

/** The times of a session, in whole seconds since 1970. */
export interface SessionTimes {
  /** When the person logged in. The session with the smallest one is the oldest. */
  readonly createdAt: number
  /** When the session was last renewed. */
  readonly renewedAt: number
  /** The first second in which it is over. */
  readonly expiresAt: number
}

/** A session as it is written. */
export interface SessionRecord extends SessionContent, SessionTimes {}

/** A session as it is read. */
export interface StoredSession extends SessionRecord {
  /** Whose session it is, as given to `create`. */
  readonly subject: string
  /** The public name of the session, 22 characters of base64url; it stays when the key is rotated. */
  readonly handle: string
  /** 1 at first; each `replace` and `rotate` makes it another number. `touch` does not. */
  readonly version: number
  /**
   * Whether it was read by an old key that is in grace: then it is the session as it was when the key was rotated, and
   * nothing can be written by this key.
   */
  readonly rotated: boolean
}

/** What is found under a key: a session, the tombstone of a key that was rotated or deleted just now, or nothing. */
export type SessionReading = StoredSession | 'revoked' | undefined

/** Whose session `create` makes, and how many that person may have. */
export interface SessionOwner {
  /** 1 to 255 characters without lone surrogates or U+0000, compared exactly: case and all. */
  readonly subject: string
  /** 22 characters of base64url. */
  readonly handle: string
  /** How many live sessions the subject may have, this one included. Default: any number. */
  readonly limit?: number | undefined
  /**
   * When there are as many already: `refuse` creates nothing, `oldest` ends the oldest ones, without a tombstone, in the
   * same step. Default: `refuse`.
   */
  readonly onExceed?: 'refuse' | 'oldest' | undefined
}

/** What becomes of a key that is rotated away, in whole seconds since 1970. */
export interface RotationEnd {
  /** Until then the old key reads the session as it was. Not later than `now()`: it reads nothing at once. */
  readonly graceUntil: number
  /** From the end of the grace until then the old key reads `'revoked'`, afterwards nothing. */
  readonly tombstoneUntil: number
}

/** Which of a subject's sessions to leave alone. */
export interface DeleteBySubjectOptions {
  /** The handle of a session that goes on. */
  readonly except?: string | undefined
}

/**
 * Keeps sessions. Shared by all processes that serve the same people.
 *
 * Keys are `<tag>.<hash>`: 11 characters of base64url that stay the same for the life of a session, so that a clustered
 * store finds all its keys in one place, a dot, and a SHA-256 hash in 43 characters of base64url. They may be stored as
 * they are. A throw or a rejection means that the store could not do it and nobody knows: 503, and cookies stay. No call
 * answers before what it wrote is kept as durably as the store can.
 *
 * A session that is over is as good as gone for every call but `read`, which may still answer it. A call that names one
 * session happens in one step: no other call sees half of it. One that names several need not end all of them in one step,
 * but when it answers, all that were there when it was made have ended. Whatever ends a session ends its old keys that
 * are in grace as well, and nothing brings back a session that has ended.
 */
export interface SessionStore {
  /** Answers what is under a key. The hot path: one round trip. It never writes on behalf of unknown keys. */
  read(key: string, context: StoreContext): Awaitable<SessionReading>
  /**
   * Makes a session under a key. `'exists'`: the key is taken, be it by a session, a grace or a tombstone; nothing
   * changed. `'limit'`: the subject has as many as it may have. A store without room rejects and ends nobody's session.
   */
  create(
    key: string,
    record: SessionRecord,
    owner: SessionOwner,
    context: StoreContext,
  ): Awaitable<'created' | 'exists' | 'limit'>
  /**
   * Writes the content of a session whose version is still the one that was read; its times stay. `false`: another
   * version, ended, rotated away, or nothing under this key.
   */
  replace(key: string, version: number, content: SessionContent, context: StoreContext): Awaitable<boolean>
  /**
   * Writes the renewal of a session that nobody renewed since `seenRenewedAt`; content and version stay. Of parallel calls
   * that saw the same, one is `true`. `false`: renewed by somebody else, ended, rotated away, or nothing under this key.
   */
  touch(
    key: string,
    seenRenewedAt: number,
    renewedAt: number,
    expiresAt: number,
    context: StoreContext,
  ): Awaitable<boolean>
  /**
   * Moves a session whose version is still the one that was read to another key of the same tag, with a new record.
   * Subject and handle stay. `false`: as with `replace`, and nothing happened.
   */
  rotate(
    key: string,
    version: number,
    next: string,
    record: SessionRecord,
    end: RotationEnd,
    context: StoreContext,
  ): Awaitable<boolean>
  /**
   * Ends the session that a key reads, also by an old key in grace. The key, and the session's other keys, read `'revoked'`
   * until `tombstoneUntil` (whole seconds since 1970). `false`: there is none, and no tombstone is left for it.
   */
  delete(key: string, tombstoneUntil: number, context: StoreContext): Awaitable<boolean>
  /** Answers a subject's live sessions, each once, in any order. */
  listBySubject(subject: string, context: StoreContext): Awaitable<readonly StoredSession[]>
  /** Ends a subject's sessions, without tombstones, and answers how many. */
  deleteBySubject(subject: string, options: DeleteBySubjectOptions, context: StoreContext): Awaitable<number>
  /** Ends the session of this handle, if it is this subject's, without a tombstone. `false`: there is none. */
  deleteByHandle(subject: string, handle: string, context: StoreContext): Awaitable<boolean>
  /** Answers the live sessions that have a tag now, each once, in any order. */
  listByTag(tag: string, context: StoreContext): Awaitable<readonly StoredSession[]>
  /** Ends the sessions that have a tag now, without tombstones, and answers how many. */
  deleteByTag(tag: string, context: StoreContext): Awaitable<number>
  /**
   * Drops at most `limit` sessions, graces and tombstones that are over, and answers how many it dropped; 0 when there
   * are none. A store that drops by itself answers 0.
   */
  sweep(limit: number, context: StoreContext): Awaitable<number>
}

/** A browser that is remembered, as it is written first. */
export interface RememberRecord {
  /** As in `SessionOwner`. */
  readonly subject: string
  /** The hash of the one token that is good, 43 characters of base64url. */
  readonly tokenHash: string
  /** In whole seconds since 1970. */
  readonly createdAt: number
  /** The first second in which it is over. */
  readonly expiresAt: number
}

/** The token that comes after the one that is shown. */
export interface RememberSuccessor {
  /** The hash of the next good token, 43 characters of base64url. */
  readonly tokenHash: string
  /** The next token, sealed so that only who has the one before can open it: opaque to stores, at most 1 KB. */
  readonly sealed: Uint8Array
  /** Until then, in whole seconds since 1970, the token that is shown now is answered with `sealed` again. */
  readonly graceUntil: number
  /** The first second in which the browser is forgotten, from now on. */
  readonly expiresAt: number
}

/**
 * What a shown token came to. `exchanged`: it was the good one, the successor is now. `repeated`: it was the good one
 * until a moment ago; `sealed` is the successor that was stored for it then. `stolen`: it is neither, so two browsers
 * have this family, and it was deleted in the same step. `undefined`: no such family, or it is over.
 */
export type RememberExchange =
  | { readonly kind: 'exchanged'; readonly subject: string; readonly createdAt: number }
  | { readonly kind: 'repeated'; readonly subject: string; readonly createdAt: number; readonly sealed: Uint8Array }
  | { readonly kind: 'stolen'; readonly subject: string }
  | undefined

/** A browser that is remembered, as it is listed. */
export interface RememberedBrowser {
  /** The name of the family, 43 characters of base64url. */
  readonly family: string
  readonly createdAt: number
  readonly expiresAt: number
}

/**
 * Keeps which browsers are remembered: for each a family of tokens, of which one is good at a time.
 *
 * Families are named by a hash, 43 characters of base64url. The rules of `SessionStore` on failures, time and single steps
 * hold here as well.
 */
export interface RememberStore {
  /** Makes a family. Rejects when there is one of this name. */
  create(family: string, record: RememberRecord, context: StoreContext): Awaitable<void>
  /** Judges a shown token and, when it is the good one, makes the successor the good one. Of parallel calls one is `exchanged`. */
  exchange(
    family: string,
    tokenHash: string,
    successor: RememberSuccessor,
    context: StoreContext,
  ): Awaitable<RememberExchange>
  /** Forgets a family. `false`: there is none. */
  deleteFamily(family: string, context: StoreContext): Awaitable<boolean>
  /** Forgets all families of a subject and answers how many. */
  deleteBySubject(subject: string, context: StoreContext): Awaitable<number>
  /** Answers a subject's families that are not over, in any order. */
  listBySubject(subject: string, context: StoreContext): Awaitable<readonly RememberedBrowser[]>
  /** Drops at most `limit` families that are over, and answers how many it dropped. */
  sweep(limit: number, context: StoreContext): Awaitable<number>
}
