import type { Ambient } from './provider.ts'
import type { RequestView } from './request.ts'

/**
 * Says whether another site may have caused a request whose credential the browser attached by itself.
 *
 * Fetch metadata decide where they are; else `Origin`; with neither, a credential that tools send as well passes.
 * A WebSocket handshake is a GET that opens a channel, so it is judged like an unsafe method (RFC 6455, section 10.2).
 */
export function isCrossSite(request: RequestView, ambient: Ambient, isOwnOrigin: (origin: string) => boolean): boolean {
  if (isSafe(request)) return false
  const site = request.header('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return false
  const origin = request.header('origin')
  if (origin !== undefined) return !isOwnOrigin(origin)
  return site !== undefined || ambient !== 'browser-or-tool'
}

/** Says whether a request only reads. */
export function isSafe(request: RequestView): boolean {
  const { method } = request
  if (method === 'GET') return !opensWebSocket(request.header('upgrade'))
  return method === 'HEAD' || method === 'OPTIONS'
}

function opensWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket') ?? false
}
