import type { PasswordFormat } from './formats/format.ts'
import { Hasher } from './hasher.ts'
import { thisMachine } from './machine.ts'
import type { PepperOptions } from './pepper.ts'

/** What `passwords()` is told, whatever the algorithm. */
export interface PasswordsBaseOptions {
  /** Secrets that go into every hash and are not in the database. Default: none. */
  readonly pepper?: PepperOptions | undefined
  /**
   * Formats of other software that are verified as well and always `needsRehash`, asked in order. Default: none, so that
   * only what is listed is loaded.
   */
  readonly formats?: readonly PasswordFormat[] | undefined
  /**
   * Takes a stored text that no format recognises and that does not begin with `$` or `{` for the password itself. Only
   * to get rid of such a table: list every format that it holds, or a stolen hash of an unlisted one is a password.
   * Default: `false`.
   *
   * @deprecated Not for production: everybody who reads the table can log in as everybody.
   */
  readonly dangerouslyAllowPlainText?: boolean | undefined
  /**
   * How many hashes are computed at a time. Default: one less than the cores, or than the threads of libuv's pool
   * (`UV_THREADPOOL_SIZE`, 4) where those are fewer; at least 1.
   */
  readonly concurrency?: number | undefined
  /** How much work may wait, in seconds that the last entry has to wait. More is `overloaded`, a 503. Default: 4. */
  readonly queueSeconds?: number | undefined
  /**
   * A stored hash of a legacy format with the cost that most users still have; an unknown user is checked against it.
   * For the time of a migration: in a mixed table the time tells who has been migrated, whatever is chosen here.
   * Default: an unknown user costs what a hash with the current parameters costs.
   */
  readonly legacyDummy?: string | undefined
  /** Seconds since 1970, the clock of `deadline`. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** Argon2id, the one to take: it costs an attacker memory as well as time. Needs Node 24.7 or `@node-rs/argon2`. */
export interface Argon2idOptions extends PasswordsBaseOptions {
  readonly algorithm: 'argon2id'
  /** Memory for each hash, in KiB. Default: 19,456 (19 MiB), at most 2 GiB. */
  readonly memoryKib?: number | undefined
  /** Passes over the memory. Default: 2. */
  readonly passes?: number | undefined
  /** Lanes. Default: 1, at most 16. */
  readonly parallelism?: number | undefined
}

/** scrypt, where nothing may be installed. */
export interface ScryptOptions extends PasswordsBaseOptions {
  readonly algorithm: 'scrypt'
  /** N, a power of two. Memory for each hash is 128 × cost × blockSize bytes. Default: 131,072 (2¹⁷), at most 2²⁰. */
  readonly cost?: number | undefined
  /** r. Default: 8, at most 32. */
  readonly blockSize?: number | undefined
  /** p. Default: 1, at most 16. */
  readonly parallelism?: number | undefined
}

/** PBKDF2 with HMAC-SHA-256, where FIPS 140 is demanded. */
export interface Pbkdf2Options extends PasswordsBaseOptions {
  readonly algorithm: 'pbkdf2-sha256'
  /** Iterations. Default: 600,000, at most 10,000,000. */
  readonly iterations?: number | undefined
}

/** What `passwords()` is told. */
export type PasswordsOptions = Argon2idOptions | ScryptOptions | Pbkdf2Options

/** For how long the caller of `hash()` and `verify()` cares. */
export interface PasswordWorkOptions {
  /** Aborted when nobody waits for the answer any more. Default: never. */
  readonly signal?: AbortSignal | undefined
  /** When the answer is wanted at the latest, in seconds since 1970. Default: any time. */
  readonly deadline?: number | undefined
}

/** What a stored hash says to a password. */
export interface PasswordVerification {
  /** Whether it is the right one. */
  readonly ok: boolean
  /**
   * Whether to store a new hash, since this one is weaker than configured, of another format, or under another pepper.
   * Only with `ok`: for a wrong password there is nothing to hash.
   */
  readonly needsRehash: boolean
}

/** How much a `passwords()` has to do. */
export interface PasswordLoad {
  /** Hashes that are being computed. */
  readonly running: number
  /** Hashes that wait for their turn. */
  readonly waiting: number
  /** Seconds that one takes, as a running average. */
  readonly averageSeconds: number
}

/** Hashes passwords and verifies them. */
export interface Passwords {
  /**
   * Hashes a new password with a fresh salt, as a PHC string. What a good password is, is for `passwordPolicy()`.
   *
   * Rejects with a `RangeError` over 1,024 bytes of UTF-8, with a `TypeError` at NUL and at lone surrogates, and with an
   * `AuthenticationError` of code `overloaded` or `aborted`.
   */
  hash(password: string, options?: PasswordWorkOptions): Promise<string>
  /**
   * Checks a password against what is stored for a user; `null`, `undefined` and `''` mean that there is nothing, and
   * cost what a wrong password costs. A password that `hash()` would reject is wrong at once, whoever the user is.
   *
   * Rejects with an `AuthenticationError` of code `hash-unsupported` when this process cannot tell (an unknown format, a
   * parameter over its cap, a package that is missing), of `pepper-unknown` when the hash names a key that is not
   * configured, of `overloaded` when the queue is full or the deadline cannot be met, of `aborted` by the signal.
   */
  verify(
    password: string,
    stored: string | null | undefined,
    options?: PasswordWorkOptions,
  ): Promise<PasswordVerification>
  /** Tells how busy it is, for metrics. */
  load(): PasswordLoad
}

/**
 * Makes a hasher of passwords: a slow hash against whoever steals the table, equal time against whoever asks which names
 * exist, and a bounded queue against whoever floods the login.
 *
 * The algorithm is configured and never inferred from what is installed, since a fleet of unlike machines would
 * otherwise rehash to and fro. Hashes of all three algorithms are verified whichever is configured. Make one for a
 * process, so that there is one queue.
 *
 * Hashes are PHC strings: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, `$scrypt$ln=…,r=…,p=…$salt$hash` and
 * `$pbkdf2-sha256$i=…$salt$hash`, with `,keyid=…` (base64 of the key's id) after the parameters where a pepper went in.
 *
 * @example
 * import { passwords } from 'becauth/password'
 *
 * const hasher = passwords({ algorithm: 'scrypt' })
 *
 * export async function logIn(password: string, stored: string | null): Promise<boolean> {
 *   const { ok } = await hasher.verify(password, stored)
 *   return ok
 * }
 *
 * @throws TypeError when an option cannot be used, and for `argon2id` where neither the runtime nor `@node-rs/argon2`
 *   has it.
 * @see OWASP Password Storage Cheat Sheet; RFC 9106; RFC 7914; RFC 8018
 */
export function passwords(options: PasswordsOptions): Passwords {
  const hasher = new Hasher(options, thisMachine())
  return Object.freeze({
    hash: (password, limits) => hasher.hash(password, limits),
    verify: (password, stored, limits) => hasher.verify(password, stored, limits),
    load: () => hasher.load(),
  } satisfies Passwords)
}
