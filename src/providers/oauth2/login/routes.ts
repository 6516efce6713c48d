import { noStore } from '../../../core/problem.ts'
import type { Awaitable } from '../../../core/provider.ts'
import type { RequestSource } from '../../../core/request.ts'
import type { Requirement } from '../../../core/requirement.ts'
import type { AnyAuthenticated, Refused } from '../../../core/who.ts'
import { askedReturnTo, safeReturnTo } from '../../../wire/return-to.ts'
import type { SessionTokens } from '../session-tokens/session-tokens.ts'
import type { TokenSessions } from '../session-tokens/token-writer.ts'
import type { OAuth2Credential } from '../tokens.ts'
import { CallbackIntent, IntentSource, type LoginDemand, LoginIntent } from './intents.ts'
import { answered, forbidden, requestOf, route } from './route.ts'
import { type SessionMaker, type SessionToMake, startSession } from './session-start.ts'

/** What `loginRoutes()` is told beside the sessions. */
interface LoginRoutesSettings<in W extends AnyAuthenticated, in out D> {
  /**
   * Answers the session for a login that came back; `null` refuses it with 403. Here accounts are made and linked: by issuer
   * and subject, never by an e-mail address that nobody verified.
   */
  readonly session: (who: W, login: OAuth2Credential) => Awaitable<SessionToMake<D> | null>
  /**
   * What the service's pages require. A callback that is opened again by somebody whom it lets in leads to `home` instead of
   * an error. Default: it does not.
   */
  readonly signedIn?: Requirement | undefined
  /**
   * Hears of a login that started no session. `too-many-sessions`: the person has as many as they may, and gets 403.
   * `logged-out`: the issuer logged the person out while they were logging in, and they are led to `home`. Default: nobody does.
   */
  readonly onRefused?: ((reason: 'too-many-sessions' | 'logged-out', login: OAuth2Credential) => unknown) | undefined
  /** Where people end up who wanted nothing special: a path. Default: `/`. */
  readonly home?: string | undefined
  /** The query parameter of `login` that says where to return to. Default: `returnTo`. */
  readonly returnToParameter?: string | undefined
}

/** Where sessions are made. */
interface WithSessions<in D> {
  readonly sessions: SessionMaker<D>
  readonly tokens?: undefined
}

/** Where sessions are made, and tokens are kept in them. */
interface WithTokens<in D> {
  /** What `tokens` was made with: stored sessions. */
  readonly sessions: SessionMaker<D> & TokenSessions
  /** Keeps the tokens of each login in its session, for `accessToken()`. Default: nobody has them afterwards. */
  readonly tokens: SessionTokens
}

/** What `loginRoutes()` is told. */
export type LoginRoutesOptions<W extends AnyAuthenticated, D> = LoginRoutesSettings<W, D> &
  (WithSessions<D> | WithTokens<D>)

/** Requirements that answer every request themselves: give them to the `authenticate()` of any adapter. */
export interface LoginRoutes {
  /**
   * Begins a login: redirects to the authorization server. Of its query, `returnTo` says where to go afterwards, `acr_values`
   * and `max_age` how to log in: what a denied `requireAuthentication` sends. 503 while the server is down.
   */
  readonly login: Requirement<never>
  /** Takes the answer, at `redirectUri`, for GET and POST: starts the session and answers 303 to where the person wanted to go. */
  readonly callback: Requirement<never>
}

/**
 * Makes the routes of a login by `oauth2()` or `oidc()`.
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { authenticate } from 'becauth/fetch'
 * import { loginRoutes, type OidcCredential } from 'becauth/oidc'
 * import type { Sessions } from 'becauth/session'
 *
 * declare const auth: Authentication<{ office: OidcCredential }>
 * declare const stored: Sessions<{ account: string }>
 *
 * const routes = loginRoutes(auth.require('office'), {
 *   sessions: stored,
 *   session: ({ principal }) => ({ subject: principal.claims.sub, data: { account: principal.claims.sub } }),
 * })
 * export const login = authenticate(routes.login)
 * export const callback = authenticate(routes.callback)
 *
 * @throws TypeError when an option cannot be used.
 */
export function loginRoutes<W extends AnyAuthenticated, D>(
  requirement: Requirement<W>,
  options: LoginRoutesOptions<NoInfer<W>, D>,
): LoginRoutes {
  const { home = '/', returnToParameter = 'returnTo', tokens } = options
  if (typeof options.sessions?.login !== 'function') {
    throw new TypeError('loginRoutes(): "sessions" must be made by sessions() or sealedSessions()')
  }
  if (typeof options.session !== 'function') throw new TypeError('loginRoutes(): "session" must be a function')
  if (options.onRefused !== undefined && typeof options.onRefused !== 'function') {
    throw new TypeError('loginRoutes(): "onRefused" must be a function')
  }
  if (tokens !== undefined && !Object.is(tokens.sessions, options.sessions)) {
    throw new TypeError('loginRoutes(): "tokens" must be made by sessionTokens() with the same "sessions"')
  }
  if (safeReturnTo(home, 'https://home.invalid') !== home) throw new TypeError('loginRoutes(): "home" must be a path')
  return Object.freeze({
    login: route(requirement, (source) => begin(requirement, source, home, returnToParameter)),
    callback: route(requirement, (source) => finish(requirement, source, { ...options, home })),
  })
}

/** The options, with their defaults. */
interface Settled<in W extends AnyAuthenticated, in out D> extends LoginRoutesSettings<W, D> {
  readonly sessions: SessionMaker<D>
  readonly tokens?: SessionTokens | undefined
  readonly home: string
}

async function begin(
  requirement: Requirement,
  source: RequestSource,
  home: string,
  parameter: string,
): Promise<Refused> {
  const origin = 'https://return-to.invalid'
  const url = new URL(source.target, origin)
  const asked = askedReturnTo(url, parameter)
  const returnTo = (asked === undefined ? undefined : safeReturnTo(asked, origin)) ?? home
  const intent = new LoginIntent(returnTo, demandOf(url))
  const outcome = await requirement.decide(new IntentSource(source, intent))
  if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') return outcome
  // A requirement that lets somebody in without a login has nothing to begin.
  return answered(303, [['Location', home], noStore])
}

/** RFC 9470's names, as a challenged session sends them here. */
function demandOf({ searchParams }: URL): LoginDemand {
  const acr =
    searchParams
      .get('acr_values')
      ?.split(' ')
      .filter((one) => /^[!#-[\]-~]{1,128}$/.test(one)) ?? []
  const maxAge = searchParams.get('max_age') ?? ''
  return {
    acrValues: acr.length > 0 && acr.length <= 5 ? acr : undefined,
    maxAgeSeconds: /^\d{1,9}$/.test(maxAge) ? Number(maxAge) : undefined,
  }
}

async function finish<W extends AnyAuthenticated, D>(
  requirement: Requirement<W>,
  source: RequestSource,
  { sessions, session, signedIn, home, tokens, onRefused }: Settled<W, D>,
): Promise<Refused> {
  const intent = new CallbackIntent()
  const outcome = await requirement.decide(new IntentSource(source, intent))
  if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') {
    const someone = intent.isOld ? await signedIn?.decide(source) : undefined
    return someone?.kind === 'authenticated' ? answered(303, [['Location', home], noStore]) : outcome
  }
  const own = outcome.amendments?.headers?.({ status: 303, header: () => undefined }) ?? []
  // A login that was refused is nobody's, although the requirement let somebody else in.
  const completed = intent.completedIn(outcome)
  const made = completed === undefined ? null : await session(outcome, completed.credential)
  if (completed === undefined || made === null) return forbidden(source, own)
  const result = await startSession({ sessions, tokens }, requestOf(source), made, completed)
  const headers = [...own, ...result.headers]
  const { returnTo } = completed.credential
  if (result.kind === 'refused') {
    if (result.reason !== undefined) await onRefused?.(result.reason, completed.credential)
    if (result.reason !== 'logged-out') return forbidden(source, headers)
  }
  // Whoever logged out got what they wanted.
  const place = result.kind === 'refused' || returnTo === '/' ? home : returnTo
  return answered(303, [['Location', place], ['Referrer-Policy', 'no-referrer'], noStore, ...headers])
}
