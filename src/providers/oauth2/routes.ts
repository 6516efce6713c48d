import { AuthenticationError } from '../../core/cause.ts'
import { defaultSeconds, noStore, problem, secondsToWait, varyAccept } from '../../core/problem.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { HeaderField, RequestSource } from '../../core/request.ts'
import type { Requirement } from '../../core/requirement.ts'
import type { AnyAuthenticated, Refusal, Refused } from '../../core/who.ts'
import type { SessionAuthentication } from '../../sessions/authentication.ts'
import type { SessionRequest } from '../../sessions/types.ts'
import { prefersHtml } from '../../wire/accept.ts'
import { askedReturnTo, safeReturnTo } from '../../wire/return-to.ts'
import { CallbackIntent, IntentSource, type LoginDemand, LoginIntent } from './intents.ts'
import type { IdTokenClaims, OAuth2Credential } from './tokens.ts'

/** The session that a login starts. */
export interface SessionToMake<out D> {
  /** The account's id. */
  readonly subject: string
  readonly data: D
  /** Names by which the session can be ended later. Default: none. */
  readonly tags?: readonly string[] | undefined
  /** Whether the browser is remembered when the session is over. Needs stored sessions with `remember`. Default: `false`. */
  readonly remember?: boolean | undefined
}

/** What makes sessions: `sessions()` and `sealedSessions()` do. */
export interface SessionMaker<in D> {
  login(
    request: SessionRequest,
    data: D,
    options: {
      readonly subject: string
      readonly tags?: readonly string[]
      readonly remember?: boolean
      readonly authentication: SessionAuthentication
    },
  ): Promise<{ readonly headers: readonly HeaderField[]; readonly kind?: 'logged-in' | 'refused' }>
  /** Answers whose session the request has: after a step-up of the same person it goes on. Sealed sessions have no such. */
  current?(request: SessionRequest): Promise<{ readonly subject: string } | undefined>
  rotate?(
    request: SessionRequest,
    options: { readonly because: 'step-up'; readonly authentication: SessionAuthentication },
  ): Promise<{ readonly headers: readonly HeaderField[] } | undefined>
}

/** What `loginRoutes()` is told. */
export interface LoginRoutesOptions<in W extends AnyAuthenticated, in out D> {
  readonly sessions: SessionMaker<D>
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
  /** Where people end up who wanted nothing special: a path. Default: `/`. */
  readonly home?: string | undefined
  /** The query parameter of `login` that says where to return to. Default: `returnTo`. */
  readonly returnToParameter?: string | undefined
}

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
  const { home = '/', returnToParameter = 'returnTo' } = options
  if (typeof options.sessions?.login !== 'function') {
    throw new TypeError('loginRoutes(): "sessions" must be made by sessions() or sealedSessions()')
  }
  if (typeof options.session !== 'function') throw new TypeError('loginRoutes(): "session" must be a function')
  if (safeReturnTo(home, 'https://home.invalid') !== home) throw new TypeError('loginRoutes(): "home" must be a path')
  return Object.freeze({
    login: route(requirement, (source) => begin(requirement, source, home, returnToParameter)),
    callback: route(requirement, (source) => finish(requirement, source, { ...options, home })),
  })
}

/** A requirement that nothing passes: what it answers is the answer. */
function route(requirement: Requirement, answer: (source: RequestSource) => Promise<Refused>): Requirement<never> {
  return Object.freeze({
    description: requirement.description,
    report: requirement.report,
    decide: async (source: RequestSource): Promise<Refused> => {
      try {
        return await answer(source)
      } catch (thrown) {
        requirement.report(source.native, thrown)
        return unavailable(source, thrown)
      }
    },
  })
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
  const intent = new LoginIntent(source.native, returnTo, demandOf(url))
  const outcome = await requirement.decide(new IntentSource(source, intent))
  if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') return outcome
  // A requirement that lets somebody in without a login has nothing to begin.
  return rejected(303, [['Location', home], noStore])
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
  { sessions, session, signedIn, home }: LoginRoutesOptions<W, D> & { readonly home: string },
): Promise<Refused> {
  const intent = new CallbackIntent(source.native)
  const outcome = await requirement.decide(new IntentSource(source, intent))
  if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') {
    const someone = intent.isOld ? await signedIn?.decide(source) : undefined
    return someone?.kind === 'authenticated' ? rejected(303, [['Location', home], noStore]) : outcome
  }
  const own = outcome.amendments?.headers?.({ status: 303, header: () => undefined }) ?? []
  // A login that was refused is nobody's, although the requirement let somebody else in.
  const completed = intent.completedIn(outcome)
  const made = completed === undefined ? null : await session(outcome, completed)
  if (completed === undefined || made === null) return forbidden(source, own)
  const authentication = authenticationOf(completed)
  const result =
    (intent.isStepUp ? await steppedUp(sessions, source, made.subject, authentication) : undefined) ??
    (await sessions.login(requestOf(source), made.data, loginOptions(made, authentication)))
  const headers = [...own, ...result.headers]
  if (result.kind === 'refused') return forbidden(source, headers)
  const place = completed.returnTo === '/' ? home : completed.returnTo
  return rejected(303, [['Location', place], ['Referrer-Policy', 'no-referrer'], noStore, ...headers])
}

/** A session of the same person goes on, with what is in it, under another key. */
async function steppedUp<D>(
  sessions: SessionMaker<D>,
  source: RequestSource,
  subject: string,
  authentication: SessionAuthentication,
): Promise<{ readonly headers: readonly HeaderField[]; readonly kind?: undefined } | undefined> {
  const request = requestOf(source)
  const current = await sessions.current?.(request)
  if (current?.subject !== subject) return undefined
  const rotated = await sessions.rotate?.(request, { because: 'step-up', authentication })
  return rotated && { headers: rotated.headers }
}

function loginOptions<D>({ subject, tags, remember }: SessionToMake<D>, authentication: SessionAuthentication) {
  return {
    subject,
    authentication,
    ...(tags === undefined ? {} : { tags }),
    ...(remember === undefined ? {} : { remember }),
  }
}

/** Without `respond`: what is set goes with the answer that is given here. */
function requestOf(source: RequestSource): SessionRequest {
  return {
    native: source.native,
    get signal() {
      return source.signal
    },
    header: (name) => source.header(name),
  }
}

/** How the person logged in there, as far as the server says. */
function authenticationOf(credential: OAuth2Credential): SessionAuthentication {
  const claims: IdTokenClaims | undefined = hasClaims(credential) ? credential.claims : undefined
  return { acr: claims?.acr, amr: claims?.amr, authTime: claims?.auth_time ?? null }
}

function hasClaims(credential: OAuth2Credential): credential is OAuth2Credential & { readonly claims: IdTokenClaims } {
  return 'claims' in credential
}

function rejected(status: number, headers: readonly HeaderField[], body: string | null = null): Refused {
  const response: Refusal = { status, headers, body }
  return { kind: 'rejected', principals: {}, failures: [], denials: [], response }
}

function forbidden(source: RequestSource, headers: readonly HeaderField[]): Refused {
  const { contentType, body } = problem(403, prefersHtml(source.header('accept')))
  return rejected(403, [noStore, varyAccept, contentType, ...headers], source.method === 'HEAD' ? null : body)
}

function unavailable(source: RequestSource, thrown: unknown): Refused {
  const asked = thrown instanceof AuthenticationError ? thrown.retryAfterSeconds : defaultSeconds
  const seconds = Math.ceil(secondsToWait(asked))
  const { contentType, body } = problem(503, prefersHtml(source.header('accept')))
  const headers: readonly HeaderField[] = [['Retry-After', String(seconds)], noStore, varyAccept, contentType]
  const response = { status: 503, headers, body: source.method === 'HEAD' ? null : body }
  const common = { principals: {}, failures: [], denials: [], retryAfterSeconds: seconds, gone: source.gone }
  return { kind: 'unavailable', ...common, response }
}
