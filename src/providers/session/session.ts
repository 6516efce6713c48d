import { chain } from '../../core/awaitable.ts'
import { type LoginChallenge, loginOverride } from '../../core/login-challenge.ts'
import {
  type Ambient,
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type Principal,
  provider,
  type Verdict,
} from '../../core/provider.ts'
import { type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import type { SessionSource } from '../../sessions/types.ts'
import { isPrintableAscii, isToken } from '../../wire/tokens.ts'
import { raiseBy } from './raise.ts'

export type { LoginChallenge, LoginPage, LoginRedirect } from '../../core/login-challenge.ts'
export type { SealingKey } from '../../crypto/key-ring.ts'
export type { SessionAuthentication } from '../../sessions/authentication.ts'
export { SessionUnavailable } from '../../sessions/errors.ts'
export type { MaxConcurrent, RememberOptions, SessionsOptions } from '../../sessions/options.ts'
export type { SealedSessionsOptions } from '../../sessions/sealed/options.ts'
export { sealedSessions } from '../../sessions/sealed/sealed-sessions.ts'
export type {
  SealedChange,
  SealedLoginOptions,
  SealedSession,
  SealedSessions,
} from '../../sessions/sealed/session.ts'
export { sessions } from '../../sessions/sessions.ts'
export type { SessionCookieOptions } from '../../sessions/transport.ts'
export type {
  CallOptions,
  Errand,
  KeepsText,
  KeptText,
  LoginOptions,
  LoginResult,
  RotateOptions,
  Session,
  SessionChange,
  SessionFound,
  SessionRequest,
  SessionSource,
  Sessions,
  SubjectExport,
} from '../../sessions/types.ts'

interface CommonOptions<S> {
  /** The sessions that are looked for: `sessions()` or `sealedSessions()`. */
  readonly sessions: SessionSource<S>
  /** Names the area in the challenge: printable US-ASCII, not empty. Default: the name under which it is registered. */
  readonly realm?: string | undefined
  /**
   * What a refused browser gets: a redirect to the login page, the page itself, or what a function answers. Default: 401.
   *
   * The redirect also answers navigations to which `requireAuthentication` said no: the login page finds `acr_values` and
   * `max_age` in its query. Who comes back and still does not meet the demand gets a 401, not another redirect.
   */
  readonly challenge?: LoginChallenge | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

/** What `session()` is told. */
export interface SessionOptions<S, P extends Principal> extends CommonOptions<S> {
  /** Answers the principal for a live session, `null` for a plain no, or a cause. Default: the session's data. */
  readonly validate: (session: S, context: AuthenticationContext) => Awaitable<Validated<P>>
}

/** What `session()` is told when the session's data is the principal. */
export interface PlainSessionOptions<P extends Principal> extends CommonOptions<LiveSession<P>> {
  readonly validate?: undefined
}

/** What stored and sealed sessions have in common. */
interface LiveSession<out D> {
  readonly data: D
  readonly expiresAt: number
}

/**
 * Authenticates requests by the session that somebody logged in to. The session's expiry is the decision's `expiresAt`, so
 * that a WebSocket can be closed in time.
 *
 * A session that is over, unknown or unreadable is refused as `discardable`: `optional` goes on without it, and the answer
 * deletes the cookie. A store that is down is a 503 and leaves the cookie alone.
 *
 * @throws TypeError when `sessions` is missing or another option cannot be used.
 */
export function session<P extends Principal>(options: PlainSessionOptions<P>): AuthenticationProvider<P>
export function session<S extends { readonly expiresAt: number }, P extends Principal>(
  options: SessionOptions<S, P>,
): AuthenticationProvider<PrincipalFrom<P>>
export function session<P extends Principal>(
  options: CommonOptions<LiveSession<P>> & {
    readonly validate?:
      | ((session: LiveSession<P>, context: AuthenticationContext) => Awaitable<Validated<P>>)
      | undefined
  },
): AuthenticationProvider<PrincipalFrom<P>> {
  const { sessions, realm, challenge, description } = checked(options)
  const validate = options.validate ?? (({ data }: LiveSession<P>) => data)
  const header = sessions.header ?? 'Cookie'
  const ambient: Ambient | undefined = header.toLowerCase() === 'cookie' ? true : undefined
  const made = provider<PrincipalFrom<P>>({
    challenge: { scheme: 'Session', parameters: realm === undefined ? [] : [['realm', realm]] },
    authenticate: (context): Awaitable<Verdict<PrincipalFrom<P>>> =>
      chain(sessions.read(context), (found) => {
        if (found.cause !== undefined) return found
        const { session, claims, onAccept, always } = found
        const grant = { expiresAt: session.expiresAt, ambient, claims, onAccept, always }
        return verdictOf<P>(validate(session, context), 'session()', grant)
      }),
    readsHeaders: [header],
    session: true,
    override: challenge === undefined ? undefined : loginOverride(challenge, 'session()'),
    raise: challenge === undefined ? undefined : raiseBy(challenge, sessions.errand),
    description,
  })
  sessions.onChange?.((native) => made.forget(native))
  return made
}

function checked<O extends CommonOptions<unknown>>(options: O): O {
  if (typeof options !== 'object' || options === null) throw new TypeError('session(): wants an object of options')
  const { sessions, realm } = options
  if (typeof sessions !== 'object' || sessions === null || typeof sessions.read !== 'function') {
    throw new TypeError('session(): "sessions" must be made by sessions() or sealedSessions()')
  }
  if (sessions.header !== undefined && !isToken(sessions.header)) {
    throw new TypeError('session(): "sessions.header" must be the name of a header field')
  }
  if (realm !== undefined && (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm))) {
    throw new TypeError('session(): "realm" must be a non-empty string of printable US-ASCII')
  }
  if ('validate' in options && options.validate !== undefined && typeof options.validate !== 'function') {
    throw new TypeError('session(): "validate" must be a function')
  }
  return options
}
