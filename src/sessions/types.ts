import type { AuthenticationContext, Awaitable, FailureVerdict, Grant } from '../core/provider.ts'
import type { HeaderField } from '../core/request.ts'
import type { SessionAuthentication } from './authentication.ts'

/** A stored session, as it is read. */
export interface Session<out D> {
  readonly data: D
  /** Whose session it is, as given to `login`. */
  readonly subject: string
  /** The public name of the session, for lists and `revoke`. It stays when the session is rotated, and opens nothing. */
  readonly handle: string
  /** When the person logged in, in whole seconds since 1970. */
  readonly createdAt: number
  /** When the session was last renewed. Requests renew it once per `touchEverySeconds`. */
  readonly renewedAt: number
  /** The second in which it is over unless it is renewed, since 1970. */
  readonly expiresAt: number
  /**
   * When the person last showed credentials in this session; `undefined` when the browser was only remembered. A
   * step-up asks for this, so that being remembered never satisfies one.
   */
  readonly authenticatedAt: number | undefined
  /** The authentication context class that the login or the last step-up reached, where it said one. */
  readonly acr: string | undefined
  /** The methods by which the person showed it, where the login or the last step-up said them. */
  readonly amr: readonly string[]
}

/** What a request must tell. A `RequestView` and a `RequestSource` are ones. */
export interface SessionRequest {
  /** The runtime's or framework's own request object. */
  readonly native: object
  readonly signal: AbortSignal
  /** All field lines of a name, which is given in lower case, as in `RequestView`. */
  header(name: string): string | undefined
  /** Puts header fields onto the answer, where the answer can be reached from the request. */
  readonly respond?: ((fields: readonly HeaderField[]) => void) | undefined
}

/** What was done to a request's session, and the header fields that the answer must carry for it. */
export interface SessionChange<out D> {
  /** To append to the answer; given to the request's `respond` already, where it has one. */
  readonly headers: readonly HeaderField[]
  readonly session: Session<D>
}

/** What `login` came to. When it was refused, nothing has changed and the person is not logged in. */
export type LoginResult<D> =
  | ({ readonly kind: 'logged-in' } & SessionChange<D>)
  | {
      readonly kind: 'refused'
      /** `logged-out`: one of the tags was logged out since the login was begun. */
      readonly reason: 'too-many-sessions' | 'logged-out'
      readonly headers: readonly HeaderField[]
      readonly session?: undefined
    }

/** Whose session `login` makes. */
export interface LoginOptions {
  /** The account's id: 1 to 255 characters without lone surrogates or U+0000. */
  readonly subject: string
  /** Whether the browser is remembered when the session is over. Needs the `remember` option. Default: `false`. */
  readonly remember?: boolean | undefined
  /** Up to three names by which `revokeTagged` finds the session, such as an identity provider's `sid`. Default: none. */
  readonly tags?: readonly string[] | undefined
  /** What the person showed, for `requireAuthentication`. Default: credentials of no particular kind, now. */
  readonly authentication?: SessionAuthentication | undefined
  /**
   * When the login was begun, in seconds since 1970, at most ten minutes ago: a `revokeTagged` with `holdLogins` and one of
   * the tags that came since refuses it. Default: now.
   */
  readonly begunAt?: number | undefined
  /** A text to keep, as in `KeepsText`. Data and text are at most 80 KB together. Default: none. */
  readonly kept?: string | undefined
}

/**
 * Why a session gets another key. After a step-up or a change of privileges the old one dies at once, since somebody may
 * have planted it; only a rotation that is merely due may leave it readable for requests on their way.
 */
export type RotateOptions =
  | {
      readonly because: 'step-up'
      readonly graceSeconds?: 0 | undefined
      /** What the person showed: it takes the place of what was shown before. Default: as with `login`. */
      readonly authentication?: SessionAuthentication | undefined
      /** Takes the place of the session's tags. Default: they stay. */
      readonly tags?: readonly string[] | undefined
      /** As with `login`: the session ends when it was logged out since. */
      readonly begunAt?: number | undefined
      /** Takes the place of the kept text. Default: it stays. */
      readonly kept?: string | undefined
    }
  | { readonly because: 'privilege-change'; readonly graceSeconds?: 0 | undefined }
  | {
      readonly because: 'periodic'
      /** How long the old key goes on, at most 300. Default: 30. */
      readonly graceSeconds?: number | undefined
    }

/** What is kept about a subject, as plain data. */
export interface SubjectExport {
  readonly subject: string
  readonly sessions: readonly {
    readonly handle: string
    readonly createdAt: number
    readonly renewedAt: number
    readonly expiresAt: number
    readonly authenticatedAt: number | null
    readonly acr: string | null
    readonly amr: readonly string[]
    readonly dataVersion: number | null
    /** As it is stored. */
    readonly data: unknown
  }[]
  readonly rememberedBrowsers: readonly { readonly createdAt: number; readonly expiresAt: number }[]
}

/** What calls that belong to no request may be told. */
export interface CallOptions {
  /** Gives up when aborted. */
  readonly signal?: AbortSignal | undefined
}

/** A text that a session keeps. */
export interface KeptText {
  readonly text: string
  /** Whose session it is, and its public name. */
  readonly subject: string
  readonly handle: string
  /** Whether it was read by a key in grace, by which nothing can be written. */
  readonly isFixed: boolean
}

/**
 * Keeps a text in a session beside its data: opaque, and seen by no handler. `sessionTokens()` keeps its tokens so; seal
 * what is secret before. Every call reads the store, so that several processes can agree by it.
 */
export interface KeepsText {
  /** Answers the text of the request's session; `undefined` when there is no live session or no text in it. */
  readKept(request: SessionRequest): Promise<KeptText | undefined>
  /** Writes another text in place of the one that was seen. `false`: the session has another by now, ended, or was rotated. */
  replaceKept(request: SessionRequest, seen: string, text: string): Promise<boolean>
  /** Ends the session if it still keeps the text that was seen, whoever else changes it meanwhile. */
  endKept(request: SessionRequest, seen: string): Promise<boolean>
}

/** A live session of a request, and what goes with it into the verdict. */
export interface SessionFound<out S> extends Pick<Grant, 'claims' | 'onAccept' | 'always'> {
  readonly session: S
  readonly cause?: never
}

/** A small cookie that says for what a browser was sent to the login page, so that nobody goes round in circles. */
export interface Errand {
  read(request: SessionRequest): readonly string[]
  write(text: string, maxAgeSeconds: number): HeaderField
  /** The fields that delete it. */
  readonly deletion: readonly HeaderField[]
}

/** What the `session()` provider asks: stored and sealed sessions are ones. */
export interface SessionSource<out S> {
  /** Finds the session of a request, or says why there is none. A throw is an `Error`. */
  read(context: AuthenticationContext): Awaitable<SessionFound<S> | FailureVerdict>
  /** The header field in which the session comes. Default: `Cookie`. */
  readonly header?: string | undefined
  /** Where the browser keeps for what it was sent to log in once more; without it, it is sent each time. */
  readonly errand?: Errand | undefined
  /** Takes what a provider forgets of a request with, to be called when the session of the request has changed. */
  readonly onChange?: ((forget: (native: object) => void) => void) | undefined
}

/**
 * Stored sessions: log in once, stay in, get out everywhere. Made by `sessions()`.
 *
 * Calls with a request act on the session that its cookie shows, and answer `undefined` when there is no live one. All
 * reject with a `SessionUnavailable` when the store cannot be asked.
 */
export interface Sessions<D> extends SessionSource<Session<D>>, KeepsText {
  /**
   * Starts a session under a new key and ends the one that the request shows, so that nobody can plant one. A login of the
   * same person in the same browser goes on with its handle.
   *
   * @throws TypeError (rejects) when the data does not fit the schema or is over 64 KB, or the subject cannot be used.
   */
  login(request: SessionRequest, data: D, options: LoginOptions): Promise<LoginResult<D>>
  /**
   * Ends the session of the request, forgets the browser, and answers the fields that delete the cookies and the browser's
   * cached pages. Calling it twice does no harm. When the store is down it rejects, and the session may still live.
   */
  logout(request: SessionRequest): Promise<{ readonly headers: readonly HeaderField[] }>
  /**
   * Gives the session another key. `step-up`: the person showed credentials again just now. Before a change of privileges
   * rotate first, then `update`. `undefined` as well when a step-up was logged out since it was begun.
   *
   * @throws TypeError (rejects) when a grace is asked for where none may be.
   */
  rotate(request: SessionRequest, options: RotateOptions): Promise<SessionChange<D> | undefined>
  /** Renews the session when it is due, for connections that live long. Requests do so by themselves. */
  touch(request: SessionRequest): Promise<Session<D> | undefined>
  /**
   * Changes the data. A function gets the data as it is now and answers all of it; it runs again when somebody else was
   * faster, so that no change is lost. An object replaces the members that it has.
   *
   * @throws TypeError (rejects) as `login` does, and whatever the function throws.
   */
  update(
    request: SessionRequest,
    change: Partial<D> | ((data: D) => Awaitable<D>),
  ): Promise<SessionChange<D> | undefined>
  /** Answers the session of the request, for handlers that want to know more than the provider gave. */
  current(request: SessionRequest): Promise<Session<D> | undefined>
  /** Lists the live sessions of a subject, the youngest first. Data that fits no more is `undefined`. */
  list(subject: string, options?: CallOptions): Promise<readonly Session<D | undefined>[]>
  /** Ends one session of a subject and forgets its browser. `false`: there is none. */
  revoke(subject: string, handle: string, options?: CallOptions): Promise<boolean>
  /**
   * Ends all sessions of a subject, but one where told so, forgets all its browsers, and answers how many sessions ended.
   * Call it when a password changes.
   */
  revokeAll(subject: string, options?: CallOptions & { readonly except?: string | undefined }): Promise<number>
  /**
   * Ends the sessions that `login` gave a tag, and answers how many. With `holdLogins` also refuses those logins and step-ups
   * that are given the tag within ten minutes and a `begunAt` that is not later than this.
   */
  revokeTagged(tag: string, options?: CallOptions & { readonly holdLogins?: boolean | undefined }): Promise<number>
  /** Answers everything that is stored about a subject. */
  exportSubject(subject: string, options?: CallOptions): Promise<SubjectExport>
  /** Deletes everything that is stored about a subject, and answers how many sessions ended. */
  eraseSubject(subject: string, options?: CallOptions): Promise<number>
  /** Drops what is over from the stores, and answers how much. To be called now and then, by one process. */
  sweep(options?: CallOptions): Promise<number>
}
