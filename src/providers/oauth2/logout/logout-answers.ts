import { noStore } from '../../../core/problem.ts'
import type { HeaderField, RequestSource } from '../../../core/request.ts'
import type { Refused } from '../../../core/who.ts'
import type { SessionRequest } from '../../../sessions/types.ts'
import { prefersHtml } from '../../../wire/accept.ts'
import { answered, unavailable } from '../login/route.ts'
import type { TenantRequest } from '../options.ts'

const json: HeaderField = Object.freeze(['Content-Type', 'application/json'] as const)
const html: HeaderField = Object.freeze(['Content-Type', 'text/html; charset=utf-8'] as const)
const problemJson: HeaderField = Object.freeze(['Content-Type', 'application/problem+json'] as const)

/** Sends the browser on. */
export function seeOther(location: string, headers: readonly HeaderField[]): Refused {
  return answered(303, [['Location', location], ['Referrer-Policy', 'no-referrer'], noStore, ...headers])
}

export function methodNotAllowed(source: RequestSource, allowed: string): Refused {
  const body = JSON.stringify({ type: 'about:blank', title: 'Method Not Allowed', status: 405 })
  return answered(405, [['Allow', allowed], noStore, problemJson], source.method === 'HEAD' ? null : body)
}

/** What an issuer is told whose logout was done. */
export function done(): Refused {
  return answered(200, [noStore])
}

/** All that an issuer is told of why its logout was refused. */
export function invalidRequest(status: 400 | 413): Refused {
  return answered(status, [noStore, json], '{"error":"invalid_request"}')
}

/** What is in the frame that an issuer's page has for a logout. */
export function framedPage(issuer: string): Refused {
  const policy = `default-src 'none'; frame-ancestors ${new URL(issuer).origin}`
  const page = '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Logged out</title></html>\n'
  return answered(200, [['Content-Security-Policy', policy], noStore, html], page)
}

/** The store could not end a session. The cookie stays, so that the person can try again. */
export function stillLoggedIn(source: RequestSource, thrown: unknown): Refused {
  const detail = 'You may still be logged in. Please try again.'
  if (!prefersHtml(source.header('accept'))) {
    const document = { type: 'about:blank', title: 'Service Unavailable', status: 503, detail }
    return unavailable(source, thrown, { contentType: problemJson, body: JSON.stringify(document) })
  }
  const title = '503 Service Unavailable'
  const head = `<meta charset="utf-8"><title>${title}</title>`
  const body = `<!doctype html>\n<html lang="en">${head}<h1>${title}</h1><p>${detail}</p></html>\n`
  return unavailable(source, thrown, { contentType: html, body })
}

/**
 * What sessions are told of a request. Without `respond`: what is set goes with the route's own answer. A logout goes on
 * when whoever asked for it has gone, so that it is not left half done.
 */
export function lastingRequest(source: RequestSource): SessionRequest {
  return { native: source.native, signal: new AbortController().signal, header: (name) => source.header(name) }
}

/** What `resolve` is told of a request. No decision was made that would know of proxies: the host is as it came. */
export function tenantRequest(source: RequestSource): TenantRequest {
  const { native, target, absoluteUrl, peer } = source
  const host = source.header('host')
  const guess = host === undefined ? '' : `${peer.encrypted ? 'https' : 'http'}://${host}${target}`
  const href = absoluteUrl ?? guess
  const url = URL.canParse(href) ? new URL(href) : undefined
  return { native, url, header: (name) => source.header(name.toLowerCase()) }
}

/** The path and the query of a request. */
export function placeOf({ target }: RequestSource): URL {
  const base = 'https://place.invalid/'
  return URL.canParse(target, base) ? new URL(target, base) : new URL(base)
}
