// A browser drops tabs and line breaks from a URL and takes a backslash for a slash; no honest sender writes them,
// nor half of a surrogate pair.
const SUSPICIOUS = /[\p{Cc}\p{Surrogate}\\]/u

/**
 * Checks where a person wants to return to after signing in, so that a link to the sign-in page cannot send them to
 * another site. Answers path and query of a place on `origin`, always beginning with exactly one slash, or `undefined`.
 * Never throws.
 *
 * @param value what the request asked for: a path, a relative reference or an absolute URL
 * @param origin the serialised origin of the application, such as `https://app.example`
 *
 * @example
 * import { safeReturnTo } from 'becauth/wire'
 *
 * safeReturnTo('/orders?page=2#top', 'https://app.example') // '/orders?page=2'
 * safeReturnTo('//evil.example', 'https://app.example') // undefined
 *
 * @see WHATWG URL, section 4.4
 */
export function safeReturnTo(value: string, origin: string): string | undefined {
  if (value.trim() !== value || SUSPICIOUS.test(value)) return undefined
  const url = parseUrl(value, origin)
  if (url === undefined || url.origin !== origin) return undefined
  // `https://app.example//evil.example` and `/.//evil.example` are of this origin, and their path alone is not.
  if (!url.pathname.startsWith('/') || url.pathname.startsWith('//')) return undefined
  return url.pathname + url.search
}

/**
 * Answers the value that the query of a URL has for a parameter, as it was asked for and unchecked; `undefined` when it
 * has none or several. A relative URL will do.
 */
export function askedReturnTo(url: string | URL | undefined, parameter: string): string | undefined {
  const parsed = url === undefined ? undefined : parseUrl(String(url), 'http://return-to.invalid')
  const values = parsed?.searchParams.getAll(parameter) ?? []
  return values.length === 1 ? values[0] : undefined
}

function parseUrl(value: string, base: string): URL | undefined {
  try {
    return new URL(value, base)
  } catch {
    return undefined
  }
}
