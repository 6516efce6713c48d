import type { HeaderField } from './request.ts'

type RefusalStatus = 400 | 401 | 403 | 407 | 413 | 429 | 503

const titles: Readonly<Record<RefusalStatus, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  407: 'Proxy Authentication Required',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
}

/** The body of a refusal and what describes it. Static text only, made once per process. */
export interface Problem {
  readonly contentType: HeaderField
  readonly body: string
}

/** What every refusal carries: nobody may keep it, and there are two forms of it. */
export const noStore: HeaderField = Object.freeze(['Cache-Control', 'no-store'] as const)
export const varyAccept: HeaderField = Object.freeze(['Vary', 'Accept'] as const)

/** Seconds that a client is told to wait when whoever refused it did not say. */
export const defaultSeconds = 5
/** A year: more is a mistake, and would not be written as digits. */
const longestSeconds = 31_536_000

/** What may stand in `Retry-After` of what was asked for, before it is rounded up. */
export function secondsToWait(asked: number): number {
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 0), longestSeconds) : defaultSeconds
}

const json: HeaderField = Object.freeze(['Content-Type', 'application/problem+json'] as const)
const html: HeaderField = Object.freeze(['Content-Type', 'text/html; charset=utf-8'] as const)

function problemJson(status: RefusalStatus, reason?: string): Problem {
  const document = { type: 'about:blank', title: titles[status], status, ...(reason === undefined ? {} : { reason }) }
  return Object.freeze({ contentType: json, body: JSON.stringify(document) })
}

function problemPage(status: RefusalStatus): Problem {
  const title = `${status} ${titles[status]}`
  const body = `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1></html>\n`
  return Object.freeze({ contentType: html, body })
}

const documents: Readonly<Record<RefusalStatus, Problem>> = {
  400: problemJson(400),
  401: problemJson(401),
  403: problemJson(403),
  407: problemJson(407),
  413: problemJson(413),
  429: problemJson(429),
  503: problemJson(503),
}

const pages: Readonly<Record<RefusalStatus, Problem>> = {
  400: problemPage(400),
  401: problemPage(401),
  403: problemPage(403),
  407: problemPage(407),
  413: problemPage(413),
  429: problemPage(429),
  503: problemPage(503),
}

export type { RefusalStatus }

/** Rule 18: a problem document, or a small page where that is what the client would rather have. */
export function problem(status: RefusalStatus, asPage: boolean, reason?: string): Problem {
  if (asPage) return pages[status]
  return reason === undefined ? documents[status] : problemJson(status, reason)
}

/** A page of a provider's own. */
export function ownPage(body: string): Problem {
  return { contentType: html, body }
}
