import { z } from 'zod'
import { authentication } from '../../src/core/authentication.ts'
import type { HeaderField, RequestSource } from '../../src/core/request.ts'
import { session } from '../../src/providers/session/session.ts'
import type { SealedSessionsOptions } from '../../src/sessions/sealed/options.ts'
import { sealedSessions } from '../../src/sessions/sealed/sealed-sessions.ts'
import type { SealedSessions } from '../../src/sessions/sealed/session.ts'
import { testRequest } from '../../src/testing/request.ts'

export interface Data {
  readonly name: string
}

export const start = 1_800_000_000
export const current = { id: 'b', key: 'the key that is the first of the ring' }
export const old = { id: 'a', key: 'the key that was the first before it' }
const schema = z.object({ name: z.string() })
export const base = { keys: [current, old], absoluteSeconds: 3600, schema, clock: () => start }

export function make(options: Partial<SealedSessionsOptions<Data>> = {}): SealedSessions<Data> {
  return sealedSessions<Data>({ ...base, ...options })
}

export function withCookies(cookie: string): RequestSource {
  return testRequest({ headers: { Cookie: cookie } })
}

/** What a browser has after an answer with these fields. */
export function jar(fields: readonly HeaderField[] | undefined): string {
  const cookies = (fields ?? []).filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)
  const live = cookies.filter((cookie) => !cookie.includes('Max-Age=0'))
  return live.map((cookie) => cookie.split(';')[0]).join('; ')
}

export async function cookieOf(sessions: SealedSessions<Data>, name = 'Anna'): Promise<string> {
  return jar((await sessions.login(testRequest(), { name }, { subject: 'anna' })).headers)
}

/** What a service with these sessions comes to, and what its answer carries. */
export async function visit(
  sessions: SealedSessions<Data>,
  request: RequestSource,
  now: number = start,
  setCookie?: string,
) {
  const events: unknown[] = []
  const faults: string[] = []
  const note = (event: unknown): unknown => events.push(event)
  const auth = authentication(
    { visitor: session({ sessions, validate: (found) => found }) },
    {
      clock: () => now,
      listeners: [{ decision: note, error: note, fault: (event) => faults.push(event.fault) + events.push(event) }],
    },
  )
  const outcome = await auth.decide(request, 'visitor')
  const headers =
    outcome.kind === 'authenticated'
      ? outcome.amendments?.headers?.({ status: 200, header: () => setCookie })
      : outcome.response.headers
  const { cause } = outcome.failures[0] ?? {}
  const cookies = (headers ?? []).filter(([name]) => name === 'Set-Cookie')
  return { outcome, cause, cookies, events, faults }
}

export async function reasonOf(sessions: SealedSessions<Data>, cookie: string, now?: number): Promise<unknown> {
  const { cause, cookies } = await visit(sessions, withCookies(cookie), now)
  if (cause?.kind !== 'InvalidCredentials') return cause?.kind
  return [cause.reason, cause.discardable, jar(cookies) === '' && cookies.length > 0]
}
