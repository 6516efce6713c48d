import { prefersHtml } from '../wire/accept.ts'
import type { RequestView } from './request.ts'

/** Rule 16: whether a person is looking at a browser window that waits for this answer. */
export function isNavigation(request: RequestView): boolean {
  const mode = request.header('sec-fetch-mode')
  if (mode === undefined && request.header('sec-fetch-dest') === undefined) return prefersHtml(request.header('accept'))
  return (
    mode === 'navigate' &&
    request.header('sec-fetch-dest') === 'document' &&
    !(request.header('sec-purpose')?.includes('prefetch') ?? false)
  )
}

/**
 * Says whether a request is a CORS preflight, which browsers send without credentials.
 *
 * @example
 * import { type Authentication, isCorsPreflight } from 'becauth'
 *
 * declare const auth: Authentication<{ api: { sub: string } }>
 * export const api = auth.skipWhen(isCorsPreflight, 'api')
 *
 * @see Fetch Standard, section 3.3.2
 */
export function isCorsPreflight(request: RequestView): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.header('origin') !== undefined &&
    request.header('access-control-request-method') !== undefined
  )
}
