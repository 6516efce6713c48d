import { AuthenticationError } from '../../core/cause.ts'

const LONGEST_CODE = 64
/** Of what a server says for developers. */
export const LONGEST_DESCRIPTION = 256

/**
 * The authorization server sent the browser back with an error: the person said no, or the server did.
 *
 * `temporarily_unavailable` and `server_error` are retryable, everything else is final.
 *
 * @see RFC 6749, section 4.1.2.1
 */
export class OAuth2RedirectError extends AuthenticationError {
  /** The code, such as `access_denied`. Comes from outside: at most 64 characters of those that RFC 6749 allows. */
  readonly error: string
  /** What the server says for developers. Comes from outside: never send it to a page unescaped. */
  readonly errorDescription: string | undefined

  constructor(error: string, errorDescription: string | undefined) {
    const retryable = error === 'temporarily_unavailable' || error === 'server_error'
    super('the authorization server sent the browser back with an error', { code: 'oauth2-redirect', retryable })
    this.error = printable(error, LONGEST_CODE)
    this.errorDescription =
      errorDescription === undefined ? undefined : printable(errorDescription, LONGEST_DESCRIPTION)
  }
}

/**
 * The token endpoint refused: the client is not registered so, or may not do this. Final.
 *
 * @see RFC 6749, section 5.2
 */
export class OAuth2TokenError extends AuthenticationError {
  /** The code, such as `invalid_client`. Comes from outside: at most 64 characters of those that RFC 6749 allows. */
  readonly error: string

  constructor(error: string, cause: unknown, code = 'oauth2-token') {
    super('the authorization server refused the request of this service', { code, retryable: false, cause })
    this.error = printable(error, LONGEST_CODE)
  }
}

/** The token endpoint takes the code or the refresh token for none of its own, expired, revoked or used. Final. */
export class OAuth2InvalidGrantError extends OAuth2TokenError {
  constructor(cause: unknown) {
    super('invalid_grant', cause, 'oauth2-invalid-grant')
  }
}

/**
 * The issuer cannot be reached, or answers in a way that nobody can use. Retryable. Where a handler gets it, answer with 503;
 * frameworks that look at `statusCode`, `status` and `headers` do so by themselves.
 */
export class OAuth2Unavailable extends AuthenticationError {
  readonly statusCode = 503 as const
  readonly status = 503 as const
  readonly headers: Readonly<Record<string, string>>

  constructor(code: string, message: string, cause?: unknown) {
    super(`oauth2: ${message}`, { code: `oauth2-${code}`, ...(cause === undefined ? {} : { cause }) })
    this.headers = { 'Retry-After': String(this.retryAfterSeconds), 'Cache-Control': 'no-store' }
  }
}

/** The service and the issuer cannot work together as they are set up. Final. */
export class OAuth2ConfigurationError extends AuthenticationError {
  constructor(code: string, message: string) {
    super(`oauth2: ${message}`, { code: `oauth2-${code}`, retryable: false })
  }
}

/** The person came back and did not log in as `requireAuthentication` demands. Final, so that nobody is sent in circles. */
export class OAuth2StepUpError extends AuthenticationError {
  constructor() {
    super('the login does not meet what was demanded of it', { code: 'oauth2-step-up', retryable: false })
  }
}

/** What can go wrong with a login, as `onFailure` gets it. */
export type OAuth2Failure =
  | OAuth2RedirectError
  | OAuth2TokenError
  | OAuth2Unavailable
  | OAuth2ConfigurationError
  | OAuth2StepUpError

/** What is in a text of a server's that RFC 6749, sections 4.1.2.1 and 5.2, allow there. What else is in it is nobody's to see. */
export function printable(text: string, longest: number): string {
  return text.slice(0, longest).replace(/[^ !#-[\]-~]/g, '?')
}
