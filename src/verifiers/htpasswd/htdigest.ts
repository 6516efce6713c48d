import { createHash, randomBytes } from 'node:crypto'
import { invalidCredentials } from '../../core/cause.ts'
import type { Awaitable, Principal } from '../../core/provider.ts'
import { isThenable } from '../../core/validate.ts'
import { constantTimeEqual } from '../../crypto/index.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { type FileOptions, followedFile, lookUp } from './file-options.ts'
import { type HtdigestTable, parseHtdigest } from './htdigest-table.ts'
import type { AnyPrincipalOption, FileUser, FileVerifier, PrincipalOption } from './htpasswd.ts'

/** The hash functions of Digest, without `-sess`, which changes nothing in what is stored. */
export type DigestHash = 'MD5' | 'SHA-256' | 'SHA-512-256'

/** Where Digest finds H(username ":" realm ":" password). */
export interface Ha1Source {
  /** The hash in lower-case hexadecimal digits, or `null` when there is none for this user, realm and algorithm. */
  ha1(username: string, realm: string, algorithm: DigestHash, signal?: AbortSignal): Awaitable<string | null>
  /** The user behind H(username ":" realm), in lower-case hexadecimal digits, or `null`. */
  usernameOf(userhash: string, realm: string, algorithm: DigestHash, signal?: AbortSignal): Awaitable<string | null>
}

export type HtdigestOptions = FileOptions

export interface HtdigestVerifierOptions {
  /** Whose lines of the file count. */
  readonly realm: string
}

/** A file of Apache's `htdigest`: a source for Digest, and verifiers for Basic and forms. */
export interface HtdigestFile extends Ha1Source {
  /**
   * Makes a `validate` for `basic()` and `form()` out of the lines of one realm.
   *
   * @throws TypeError when `realm` is missing or `principal` is not a function.
   */
  verifier(options: HtdigestVerifierOptions & { readonly principal?: undefined }): FileVerifier<FileUser>
  verifier<P extends Principal>(options: HtdigestVerifierOptions & PrincipalOption<P>): FileVerifier<P>
}

const MAXIMUM_PASSWORD_BYTES = 1024
const unknown = invalidCredentials('unknown')
const wrongSecret = invalidCredentials('wrong-secret')

/**
 * Reads a file of Apache's `htdigest`: `name:realm:hash` a line, the hash one of MD5 (32 hexadecimal digits) or of SHA-256
 * (64). Read and followed as by `htpasswd()`.
 *
 * What it holds is as good as the passwords: whoever reads it can answer Digest challenges, and one fast hash is all that
 * keeps the passwords from being guessed.
 *
 * @example
 * import { basic } from 'becauth/basic'
 * import { htdigest } from 'becauth/htdigest'
 *
 * const users = htdigest('/etc/shop/htdigest')
 *
 * export const staff = basic({ realm: 'staff', validate: users.verifier({ realm: 'staff' }) })
 *
 * @throws TypeError when an option cannot be used. The file is not touched before it is needed.
 * @see https://httpd.apache.org/docs/2.4/programs/htdigest.html; RFC 7616, section 3.4.2
 */
export function htdigest(file: string | URL, options: HtdigestOptions = {}): HtdigestFile {
  const followed = followedFile('htdigest', file, options, parseHtdigest)
  const nobody = randomBytes(32).toString('hex')

  function ask<T>(question: (table: HtdigestTable) => T): Awaitable<T> {
    const table = followed.current()
    return isThenable(table) ? table.then(question) : question(table)
  }

  function verifier(options: HtdigestVerifierOptions & { readonly principal?: undefined }): FileVerifier<FileUser>
  function verifier<P extends Principal>(options: HtdigestVerifierOptions & PrincipalOption<P>): FileVerifier<P>
  function verifier(options: HtdigestVerifierOptions & AnyPrincipalOption): FileVerifier<Principal> {
    const { realm, principal = (name: string): FileUser => ({ name }) } = options ?? {}
    if (typeof realm !== 'string' || realm === '') {
      throw new TypeError('htdigest(): "realm" of a verifier must be a non-empty string')
    }
    if (typeof principal !== 'function') throw new TypeError('htdigest(): "principal" must be a function')
    return async ({ username, password }) => {
      const table = await followed.current()
      const entry = lookUp(username, (name) => table.hashes(name, realm))
      const { sha256, md5 = nobody.slice(32) } = entry?.found ?? table.decoy ?? {}
      const expected = entry === undefined ? nobody : (sha256 ?? md5)
      const hash = sha256 === undefined ? 'md5' : 'sha256'
      const isRight = isUsable(password) && isAnyForm(password, `${entry?.name ?? ''}:${realm}:`, hash, expected)
      if (entry === undefined) return unknown
      return isRight ? principal(entry.name) : wrongSecret
    }
  }

  return Object.freeze({
    ha1: (username, realm, algorithm) =>
      ask((table) => lookUp(username, (name) => table.ha1(name, realm, algorithm))?.found ?? null),
    usernameOf: (userhash, realm, algorithm) => ask((table) => table.usernameOf(userhash, realm, algorithm) ?? null),
    verifier,
  } satisfies HtdigestFile)
}

function isUsable(password: string): boolean {
  return !password.includes('\0') && encodeUtf8(password).length <= MAXIMUM_PASSWORD_BYTES
}

/** The form as received first, then NFC. */
function isAnyForm(password: string, before: string, hash: 'md5' | 'sha256', expected: string): boolean {
  if (constantTimeEqual(hashed(hash, before + password), expected)) return true
  const normalised = password.normalize('NFC')
  return normalised !== password && constantTimeEqual(hashed(hash, before + normalised), expected)
}

function hashed(hash: 'md5' | 'sha256', text: string): string {
  return createHash(hash).update(text).digest('hex')
}
