import { AuthenticationError } from '../core/cause.ts'

/** The cause of a hash that this process cannot compute; `why` is static, never taken from a hash. */
export function hashUnsupported(why: string, cause?: unknown): AuthenticationError {
  const message = `passwords(): a hash cannot be computed here: ${why}`
  return new AuthenticationError(
    message,
    cause === undefined ? { code: 'hash-unsupported' } : { code: 'hash-unsupported', cause },
  )
}

/** The cause of a stored hash that names a pepper key which is not configured. */
export function pepperUnknown(): AuthenticationError {
  return new AuthenticationError('passwords(): a stored hash names a key that is not among "pepper.keys"', {
    code: 'pepper-unknown',
  })
}

/** The cause of work that would come too late, or that the queue has no room for. */
export function overloaded(retryAfterSeconds: number): AuthenticationError {
  return new AuthenticationError('passwords(): too many passwords wait to be checked', {
    code: 'overloaded',
    retryAfterSeconds,
  })
}

/** The cause of work whose caller went away. */
export function aborted(signal: AbortSignal): AuthenticationError {
  return new AuthenticationError('passwords(): nobody waits for the answer any more', {
    code: 'aborted',
    cause: signal.reason,
  })
}
