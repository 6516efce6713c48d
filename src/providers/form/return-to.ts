import { askedReturnTo, safeReturnTo } from '../../wire/return-to.ts'

// Only path and query leave this file, so the origin is never seen by anybody.
const ORIGIN = 'http://return-to.invalid'

/** Whatever has the URL of a request: a `Request`, Express's and Node's `req`, Hono's `c.req`, a `RequestView`. */
export interface HasUrl {
  readonly url?: string | URL | undefined
}

/** What `returnTo()` is told. */
export interface ReturnToOptions {
  /** The query parameter to read. Default: `'returnTo'`. */
  readonly parameter?: string | undefined
  /** The value itself, such as a hidden form field, instead of the query parameter. */
  readonly value?: unknown
}

/**
 * Answers where to send a person after signing in: the path that a refused navigation carried to the login page, checked
 * so that a link to the login page cannot send them to another site. `'/'` when there is none, or it comes twice, or
 * it leads elsewhere.
 *
 * @example
 * import { returnTo } from 'becauth/form'
 *
 * export function afterLogin(request: Request): Response {
 *   return new Response(null, { status: 303, headers: { location: returnTo(request) } })
 * }
 *
 * @see safeReturnTo in becauth/wire
 */
export function returnTo(request: HasUrl, options: ReturnToOptions = {}): string {
  const { parameter = 'returnTo', value } = options
  const asked = value === undefined ? askedReturnTo(request.url, parameter) : value
  return (typeof asked === 'string' ? safeReturnTo(asked, ORIGIN) : undefined) ?? '/'
}
