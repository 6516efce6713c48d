import type { RequestView } from '../../core/request.ts'

/**
 * Tells whether the `uri` that a client signed is the request target. Both may have the absolute form: clients of proxies
 * sign one and send the other.
 *
 * @see RFC 7616, section 3.4.6
 */
export function designates(uri: string, request: Pick<RequestView, 'target' | 'url'>): boolean {
  const { target } = request
  if (uri === target) return true
  const signed = ABSOLUTE.exec(uri)
  const received = ABSOLUTE.exec(target)
  if (signed === null && received === null) return false
  if (pathAfter(uri, signed) !== pathAfter(target, received)) return false
  if (signed === null) return true
  return hostOf(uri) === (received === null ? request.url.host : hostOf(target))
}

const ABSOLUTE = /^https?:\/\/[^/?#]+/i

function pathAfter(text: string, origin: RegExpExecArray | null): string {
  const path = origin === null ? text : text.slice(origin[0].length)
  return path.startsWith('/') ? path : `/${path}`
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}
