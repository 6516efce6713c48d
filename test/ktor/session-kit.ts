import { authentication, type HeaderField, type Outcome, type RequestSource } from 'becauth'
import { memorySessionStore } from 'becauth/memory'
import {
  type Session,
  type SessionSource,
  type SessionsOptions,
  sealedSessions,
  session,
  sessions,
} from 'becauth/session'
import { parseSetCookie } from 'cookie'
import { z } from 'zod'
import { testRequest } from '../../src/testing/request.ts'

export type Data = Readonly<Record<string, unknown>>

export const NOW = 1_800_000_000
export const schema = z.record(z.string(), z.unknown())
const keys = [{ id: 'a', key: 'the only key of this ring, 32 bytes or more' }]
const cookie = { name: '_S' }

/** What becauth does with a case. */
export interface Seen {
  readonly status?: number
  readonly principal?: unknown
  readonly cause?: string | undefined
  readonly reason?: string | undefined
  readonly challenges?: readonly string[]
  /** Every header field that the answer carries. */
  readonly fields?: readonly HeaderField[]
  readonly body?: string
  readonly result?: unknown
  readonly error?: string
}

export function stored(options: Partial<SessionsOptions<Data>> = {}) {
  return sessions<Data>({
    store: memorySessionStore(),
    schema,
    clock: () => NOW,
    cookie,
    ...options,
  } as SessionsOptions<Data>)
}

export function sealed(name = '_S') {
  return sealedSessions<Data>({ keys, absoluteSeconds: 3600, schema, clock: () => NOW, cookie: { name } })
}

export function request(cookieHeader = '', headers: Readonly<Record<string, string>> = {}): RequestSource {
  const own = cookieHeader === '' ? {} : { Cookie: cookieHeader }
  return testRequest({ headers: { 'Sec-Fetch-Site': 'same-origin', ...own, ...headers } })
}

/** The `Cookie` field of a browser that took these. */
export function jar(fields: readonly HeaderField[]): string {
  const cookies = fields.filter(([name]) => name === 'Set-Cookie').map(([, line]) => parseSetCookie(line))
  return cookies
    .filter(({ maxAge }) => maxAge !== 0)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ')
}

interface Logins {
  login(request: RequestSource, data: Data, options: { subject: string }): Promise<{ headers: readonly HeaderField[] }>
}

/** Logs in, and answers the `Cookie` field for the next request. */
export async function loggedIn(sessions: Logins, data: Data, from = request()): Promise<string> {
  return jar((await sessions.login(from, data, { subject: 'somebody' })).headers)
}

export function service(sessions: SessionSource<{ data: Data; expiresAt: number }>) {
  return authentication({ default: session({ sessions }) }, { clock: () => NOW })
}

/** A route that wants a session, or one that goes on without: what the answer is. */
export async function visit(
  sessions: SessionSource<{ data: Data; expiresAt: number }>,
  from: RequestSource,
  optionally?: (data: Data | undefined) => string,
): Promise<Seen> {
  const auth = service(sessions)
  if (optionally === undefined) return seenIn(await auth.decide(from, 'default'))
  const outcome = await auth.decide(from, auth.optional('default'))
  const data = outcome.kind === 'authenticated' ? Object(outcome.principal) : undefined
  const seen = seenIn(outcome)
  return outcome.kind === 'rejected' ? seen : { ...seen, body: optionally(data) }
}

export function seenIn(outcome: Outcome): Seen {
  const cause = outcome.failures[0]?.cause
  const failure = { cause: cause?.kind, reason: cause?.kind === 'InvalidCredentials' ? cause.reason : undefined }
  if ('response' in outcome) {
    const { status, headers } = outcome.response
    const challenges = headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
    return { status, principal: null, challenges, fields: headers, ...failure }
  }
  const fields = outcome.amendments?.headers?.({ status: 200, header: () => undefined }) ?? []
  const principal = outcome.kind === 'authenticated' ? outcome.principal : null
  return { status: 200, principal, fields, ...failure }
}

/** The text that a Ktor application of these cases writes about a user. */
export const greeting =
  (separator: string) =>
  (data: Data | undefined): string =>
    `ok${separator}${data === undefined ? 'null' : String(data.userId)}`

export const orNothing =
  (nothing: string) =>
  (data: Data | undefined): string =>
    data === undefined ? nothing : String(data.userId)

/** The last character of a text, made another one, or the given one. */
export function damaged(text: string, last = text.endsWith('A') ? 'B' : 'A'): string {
  return text.slice(0, -1) + last
}

export async function held(sessions: ReturnType<typeof stored>, from: RequestSource): Promise<Session<Data>> {
  const found = await sessions.current(from)
  if (found === undefined) throw new Error('there is no session')
  return found
}
