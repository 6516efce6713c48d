import { AuthenticationError, type AuthenticationErrorOptions } from '../core/cause.ts'
import type { Refusal } from '../core/who.ts'

/**
 * Says that something could not be done to a session: the store is down, or somebody else was faster too often. Answer
 * with 503; frameworks that look at `statusCode`, `status` and `headers` do so by themselves.
 */
export class SessionUnavailable extends AuthenticationError {
  readonly statusCode = 503 as const
  readonly status = 503 as const
  readonly headers: Readonly<Record<string, string>>
  /** The answer as plain data. */
  readonly response: Refusal

  constructor(message: string, options: AuthenticationErrorOptions, detail?: string) {
    super(message, options)
    const retryAfter = String(this.retryAfterSeconds)
    this.headers = { 'Retry-After': retryAfter, 'Cache-Control': 'no-store' }
    const document = { type: 'about:blank', title: 'Service Unavailable', status: 503, ...(detail && { detail }) }
    this.response = {
      status: 503,
      headers: [
        ['Retry-After', retryAfter],
        ['Cache-Control', 'no-store'],
        ['Content-Type', 'application/problem+json'],
      ],
      body: JSON.stringify(document),
    }
  }
}

/** What the application threw in a callback of its own, on its way out through the store's failures. */
export class Thrown {
  readonly thrown: unknown

  constructor(thrown: unknown) {
    this.thrown = thrown
  }
}

/** Makes what a store threw an error of ours; a cause that is one already, stays. */
export function unavailable(thrown: unknown): AuthenticationError {
  if (typeof thrown === 'object' && thrown !== null && AuthenticationError.has(thrown)) return thrown
  return new SessionUnavailable('the session store failed', { code: 'store-failed', cause: thrown })
}
