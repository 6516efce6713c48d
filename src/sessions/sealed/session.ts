import type { HeaderField } from '../../core/request.ts'
import type { SessionAuthentication } from '../authentication.ts'
import type { SessionRequest, SessionSource } from '../types.ts'

/** A session that lives in its cookie, as it is read. */
export interface SealedSession<out D> {
  readonly data: D
  /** Whose session it is, as given to `login`. */
  readonly subject: string
  /** When the person logged in, in seconds since 1970, with fractions. */
  readonly createdAt: number
  /** When it is over unless it is renewed, in seconds since 1970, with fractions. */
  readonly expiresAt: number
  /** When the person showed credentials, in whole seconds since 1970; `undefined` when the login did not know. */
  readonly authenticatedAt: number | undefined
  /** The authentication context class, where the login said one. */
  readonly acr: string | undefined
  /** The methods, where the login said them. */
  readonly amr: readonly string[]
}

/** What was done to a request's session, and the header fields that the answer must carry for it. */
export interface SealedChange<out D> {
  /** To append to the answer; given to the request's `respond` already, where it has one. */
  readonly headers: readonly HeaderField[]
  readonly session: SealedSession<D>
}

/** Whose session `login` makes. */
export interface SealedLoginOptions {
  /** The account's id: 1 to 255 characters without lone surrogates or U+0000. `notBefore` gets it. */
  readonly subject: string
  /** What the person showed, for `requireAuthentication`. Default: credentials of no particular kind, now. */
  readonly authentication?: SessionAuthentication | undefined
}

/**
 * Sessions without a store. Made by `sealedSessions()`.
 *
 * They cannot be listed, counted or revoked one by one, since nobody but the browsers has them: that takes `sessions()`.
 */
export interface SealedSessions<D> extends SessionSource<SealedSession<D>> {
  /**
   * Makes a session in place of the one that the request shows.
   *
   * @throws TypeError (rejects) when the data does not fit the schema or the cookies, or the subject cannot be used.
   */
  login(request: SessionRequest, data: D, options: SealedLoginOptions): Promise<SealedChange<D>>
  /**
   * Replaces the data of the request's session, which ends no later for it; `undefined` when the request has no live one.
   *
   * The last writer wins: of parallel requests the one whose answer reaches the browser last, a mere renewal for
   * `idleSeconds` or for a new key included. What must not be lost belongs into stored sessions.
   *
   * @throws TypeError (rejects) as `login` does, and whatever `notBefore` throws.
   */
  replace(request: SessionRequest, data: D): Promise<SealedChange<D> | undefined>
  /**
   * Answers the fields that delete the browser's copy and its cached pages. Whoever has another copy of the cookie can use
   * it until it is over, and a request that is on its way may set it again; only `notBefore` ends it everywhere.
   */
  logout(request: SessionRequest): Promise<{ readonly headers: readonly HeaderField[] }>
}
