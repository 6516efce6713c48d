import { AuthenticationError } from '../../core/cause.ts'

/** The cause of a directory that cannot be reached, or does not speak as it should. */
export class DirectoryUnavailable extends AuthenticationError {
  constructor(message: string, cause?: unknown) {
    super(`ldap(): ${message}`, { code: 'directory-unavailable', cause })
  }
}

/** The cause of a connection that ended before the answer came. Asking again on another one may help. */
export class ConnectionLost extends DirectoryUnavailable {}

/** The cause of a directory that takes too long. */
export class DirectoryTimedOut extends AuthenticationError {
  constructor(what: string, seconds: number) {
    super(`ldap(): ${what} took longer than ${seconds} seconds`, { code: 'directory-timed-out' })
  }
}

/** The cause of a service account that may not log in. Nobody else can, as long as that is so. */
export class ServiceAccountRefused extends AuthenticationError {
  constructor(resultCode: number) {
    super(`ldap(): the directory refuses the service account with result code ${resultCode}`, {
      code: 'service-account-refused',
    })
  }
}

/** The cause of an answer with a result code that says neither yes nor no. */
export class UnexpectedResult extends AuthenticationError {
  readonly resultCode: number

  constructor(operation: 'bind' | 'search', resultCode: number) {
    super(`ldap(): the directory answers a ${operation} with result code ${resultCode}`, { code: 'unexpected-result' })
    this.resultCode = resultCode
  }
}

/** The cause of a caller who went away. */
export function aborted(signal: AbortSignal): AuthenticationError {
  return new AuthenticationError('ldap(): nobody waits for the answer any more', {
    code: 'aborted',
    cause: signal.reason,
  })
}

/** The cause of a login that waited too long for a connection to bind on. */
export function overloaded(): AuthenticationError {
  return new AuthenticationError('ldap(): too many logins wait for a connection', { code: 'overloaded' })
}

/** The cause of a login after `close()`. */
export function closed(): AuthenticationError {
  return new AuthenticationError('ldap(): it was closed', { code: 'closed' })
}

/** The cause of something in the directory that will be wrong tomorrow as well. */
export function lasting(code: string, message: string): AuthenticationError {
  return new AuthenticationError(`ldap(): ${message}`, { code, retryable: false })
}
