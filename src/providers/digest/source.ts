import { digestHash } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import { AuthenticationError } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { DigestHash } from '../../crypto/digest-hash.ts'
import type { AlgorithmRow } from './algorithms.ts'
import type { DigestCredential } from './credential.ts'
import { passwordHash } from './response.ts'

/** Whose hashed password is wanted, and hashed how. */
export interface Ha1Request {
  readonly username: string
  readonly realm: string
  /** Never with `-sess`: what is kept is the same. */
  readonly algorithm: DigestHash
}

/** Where hashed passwords come from: one of `ha1` and `secret`. */
export interface DigestSource {
  /**
   * Answers H(username:realm:password), in hexadecimal digits or as octets, or `null` for somebody unknown. Such a hash is
   * as good as the password within the realm: keep it as secret. Asked for one algorithm at a time; keep a hash for each that
   * is offered. With a file of Apache's:
   * `ha1: ({ username, realm, algorithm }) => users.ha1(username, realm, algorithm)` and
   * `usernameOfHash: users.usernameOf`, where `users` is what `htdigest(file)` made.
   */
  readonly ha1?:
    | ((wanted: Ha1Request, context: AuthenticationContext) => Awaitable<string | Uint8Array | null>)
    | undefined
  /**
   * Answers the password itself, or `null` for somebody unknown. It is hashed as UTF-8, as it is: keep it in NFC, in which
   * clients should send theirs (RFC 7616, section 4).
   */
  readonly secret?: ((username: string, context: AuthenticationContext) => Awaitable<string | null>) | undefined
  /**
   * Answers whose name hashes to this, H(username:realm) in lower-case hexadecimal digits, or `null`, from an index of one's
   * own. With it clients are told that they may hide names. Default: they are not.
   */
  readonly usernameOfHash?:
    | ((userhash: string, realm: string, algorithm: DigestHash) => Awaitable<string | null>)
    | undefined
  /** All names there are, from which that index is made when it is first needed; instead of `usernameOfHash`. */
  readonly usernames?: Iterable<string> | undefined
}

/** Somebody's hashed password, or something at random that costs the same. */
export interface Found {
  readonly username: string
  readonly ha1: string
  readonly known: boolean
}

/** Answers for a credential whose hashed password to compute with. Somebody unknown costs what somebody known costs. */
export class Source {
  readonly #options: DigestSource
  readonly #realm: string
  readonly #indexes = new Map<DigestHash, Awaitable<ReadonlyMap<string, string>>>()
  #usernames: readonly string[] | undefined
  #decoy: string | undefined

  constructor(options: DigestSource, realm: string) {
    this.#options = options
    this.#realm = realm
  }

  /** The name behind a credential: what it says, or who hashes to that; `null` when nobody does. */
  nameOf({ username, userhash }: DigestCredential, { hash }: AlgorithmRow): Awaitable<string | null> {
    return userhash ? this.#usernameOf(username, hash) : username
  }

  /** The hashed password of this name, or of nobody where it is `null`. */
  find(username: string | null, row: AlgorithmRow, context: AuthenticationContext): Awaitable<Found> {
    return username === null ? this.#unknown('', row, context) : this.#lookUp(username, row, context)
  }

  #lookUp(username: string, row: AlgorithmRow, context: AuthenticationContext): Awaitable<Found> {
    const { ha1, secret } = this.#options
    if (secret !== undefined) {
      return chain(secret(username, context), (password) => {
        if (password === null) return this.#unknown(username, row, context)
        if (typeof password !== 'string') throw notAnAnswer('"secret" must answer a string or null')
        return this.#hashed(username, password, row, true)
      })
    }
    const wanted = { username, realm: this.#realm, algorithm: row.hash }
    return chain(ha1 === undefined ? null : ha1(wanted, context), (answer) => {
      if (answer === null) return this.#unknown(username, row, context)
      return { username, ha1: hexadecimal(answer, row), known: true }
    })
  }

  #unknown(username: string, row: AlgorithmRow, context: AuthenticationContext): Awaitable<Found> {
    this.#decoy ??= digitsOf(context.random(32))
    if (this.#options.secret !== undefined) return this.#hashed(username, this.#decoy, row, false)
    return { username, ha1: this.#decoy.slice(0, row.digits), known: false }
  }

  #hashed(username: string, password: string, row: AlgorithmRow, known: boolean): Awaitable<Found> {
    return chain(passwordHash(row.hash, username, this.#realm, password), (ha1) => ({ username, ha1, known }))
  }

  #usernameOf(userhash: string, hash: DigestHash): Awaitable<string | null> {
    const { usernameOfHash } = this.#options
    if (usernameOfHash !== undefined) {
      return chain(usernameOfHash(userhash, this.#realm, hash), (username) => {
        if (username === null || typeof username === 'string') return username
        throw notAnAnswer('"usernameOfHash" must answer a string or null')
      })
    }
    const index = this.#indexes.get(hash) ?? this.#index(hash)
    return chain(index, (known) => known.get(userhash) ?? null)
  }

  #index(hash: DigestHash): Awaitable<ReadonlyMap<string, string>> {
    // An iterator can be read once, and there may be several algorithms.
    this.#usernames ??= [...(this.#options.usernames ?? [])]
    let index: Awaitable<Map<string, string>> = new Map<string, string>()
    for (const username of this.#usernames) {
      index = chain(index, (known) =>
        chain(digestHash(hash, `${username}:${this.#realm}`), (userhash) => known.set(userhash, username)),
      )
    }
    this.#indexes.set(hash, index)
    return index
  }
}

function hexadecimal(answer: unknown, { digits }: AlgorithmRow): string {
  const text = answer instanceof Uint8Array ? digitsOf(answer) : answer
  if (typeof text === 'string' && text.length === digits) {
    if (LOWER.test(text)) return text
    if (HEXADECIMAL.test(text)) return text.toLowerCase()
  }
  throw notAnAnswer('"ha1" must answer a hash of the algorithm asked for, in hexadecimal digits or octets, or null')
}

const LOWER = /^[0-9a-f]+$/
const HEXADECIMAL = /^[0-9A-Fa-f]+$/

function digitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function notAnAnswer(what: string): AuthenticationError {
  return new AuthenticationError(`digest(): ${what}`, { code: 'invalid-answer' })
}
