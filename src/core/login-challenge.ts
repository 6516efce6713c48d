import { percentEncode } from '../wire/percent.ts'
import { askedReturnTo, safeReturnTo } from '../wire/return-to.ts'
import { isWellFormed } from '../wire/text.ts'
import { isPrintableAscii } from '../wire/tokens.ts'
import type { AuthenticationFailedCause } from './cause.ts'
import type { RequiredAuthentication } from './checks.ts'
import { isNavigation } from './navigation.ts'
import type { AuthenticationContext, Awaitable, ChallengeAnswer, ChallengeFunction } from './provider.ts'
import type { RequestView } from './request.ts'

/** Sends a refused person to a login page. */
export interface LoginRedirect {
  /** The login page: a path such as `/login`, or an absolute http or https URL. */
  readonly redirect: string
  /**
   * The query parameter of the login page that says where to return to. A refused GET or HEAD gives its own path and
   * query; another method hands on the place that its own query has under this name, if that is safe.
   * `false`: none. Default: `'returnTo'`.
   */
  readonly returnToParameter?: string | false | undefined
  /** Redirects every refused request, not just navigations, as Ktor does. Default: `false`. */
  readonly always?: boolean | undefined
}

/** Shows a refused person the login page at once, with status 401. */
export interface LoginPage {
  /** The HTML, or a function that makes it. Escape whatever you put into it. */
  readonly page: string | ((cause: AuthenticationFailedCause, context: AuthenticationContext) => Awaitable<string>)
}

/** What a refused browser gets. */
export type LoginChallenge = LoginRedirect | LoginPage | ChallengeFunction

/** A longer place is left out: encoded, it would not fit into a `Location` that every client takes. */
const LONGEST_RETURN_TO = 2048

/**
 * Makes the override of a provider by which people log in, or stay logged in. `factory` is who errors name.
 *
 * @throws TypeError when the challenge is none of the three.
 */
export function loginOverride(challenge: LoginChallenge, factory: string): ChallengeFunction {
  if (typeof challenge === 'function') return challenge
  if (typeof challenge !== 'object' || challenge === null || 'redirect' in challenge === 'page' in challenge) {
    throw new TypeError(`${factory}: "challenge" must be a function or an object with "redirect" or "page"`)
  }
  return 'page' in challenge ? pageOverride(challenge, factory) : redirectOverride(challenge, factory)
}

/**
 * Makes of a login challenge what sends somebody who is known to log in once more: the same page, told `acr_values` and
 * `max_age` by its query. `undefined` for a challenge that a function makes, which only knows of failures.
 */
export function loginRaise(challenge: LoginChallenge): Raise | undefined {
  if (typeof challenge === 'function') return undefined
  if ('page' in challenge) {
    const { page } = challenge
    return typeof page === 'string' ? () => ({ page }) : undefined
  }
  const { redirect, returnToParameter = 'returnTo' } = challenge
  const page = redirect.split(/[?#]/, 1)[0]
  return ({ acrValues, maxAgeSeconds }, { request }) => {
    if (isRead(request) && isAt(request.url, page)) return null
    const demanding = withPairs(redirect, [
      ['acr_values', acrValues?.join(' ')],
      ['max_age', maxAgeSeconds === undefined ? undefined : String(maxAgeSeconds)],
    ])
    return { redirect: returnToParameter === false ? demanding : withReturnTo(demanding, returnToParameter, request) }
  }
}

/** A `raise` that needs not know who is known. */
export type Raise = (
  demand: RequiredAuthentication,
  context: Pick<AuthenticationContext, 'request'>,
) => ChallengeAnswer | null

function pageOverride({ page }: LoginPage, factory: string): ChallengeFunction {
  if (typeof page === 'function') {
    return async (cause, context) => (isNavigation(context.request) ? { page: await page(cause, context) } : null)
  }
  if (typeof page !== 'string') throw new TypeError(`${factory}: "challenge.page" must be a string or a function`)
  const answer: ChallengeAnswer = Object.freeze({ page })
  return () => answer
}

function redirectOverride(options: LoginRedirect, factory: string): ChallengeFunction {
  const { redirect, returnToParameter = 'returnTo' } = options
  if (!isLoginPage(redirect)) {
    throw new TypeError(`${factory}: "challenge.redirect" must be an absolute path or an http or https URL, in ASCII`)
  }
  if (returnToParameter !== false && !isName(returnToParameter)) {
    throw new TypeError(`${factory}: "challenge.returnToParameter" must be a non-empty string or false`)
  }
  const always = options.always === true
  const page = redirect.split(/[?#]/, 1)[0]
  return (_cause, { request }) => {
    if (!always && !isNavigation(request)) return null
    // Whoever protects the login page itself gets a plain 401 instead of a circle.
    if (isRead(request) && isAt(request.url, page)) return null
    return {
      redirect: returnToParameter === false ? redirect : withReturnTo(redirect, returnToParameter, request),
      always,
    }
  }
}

function isLoginPage(redirect: string): boolean {
  if (typeof redirect !== 'string' || !isPrintableAscii(redirect) || redirect.includes(' ')) return false
  if (redirect.startsWith('/')) return !/^\/[/\\]/.test(redirect)
  return URL.canParse(redirect) && /^https?:\/\//i.test(redirect)
}

function isName(parameter: string): boolean {
  return typeof parameter === 'string' && parameter !== '' && isWellFormed(parameter)
}

function isAt({ origin, pathname }: URL, page: string | undefined): boolean {
  return pathname === page || origin + pathname === page
}

function isRead({ method }: RequestView): boolean {
  return method === 'GET' || method === 'HEAD'
}

function withReturnTo(redirect: string, parameter: string, request: RequestView): string {
  const { url } = request
  const asked = isRead(request) ? url.href : askedReturnTo(url, parameter)
  const place = asked === undefined ? undefined : safeReturnTo(asked, url.origin)
  return place === undefined || place.length > LONGEST_RETURN_TO ? redirect : withPairs(redirect, [[parameter, place]])
}

function withPairs(redirect: string, pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const [page = '', ...fragment] = redirect.split('#')
  const query = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`${percentEncode(name)}=${percentEncode(value)}`],
  )
  if (query.length === 0) return redirect
  return [page + (page.includes('?') ? '&' : '?') + query.join('&'), ...fragment].join('#')
}
