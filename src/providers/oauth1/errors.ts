import { AuthenticationError } from '../../core/cause.ts'

/** The person, or the server that they were sent to, said no: the callback came without a verifier. Final. */
export class Oauth1DeniedError extends AuthenticationError {
  constructor() {
    super('the login was denied at the other side', { code: 'oauth1-denied', retryable: false })
  }
}

/** The server refused a request for credentials: it answered with a status of 400 to 499. Final. */
export class Oauth1RefusedError extends AuthenticationError {
  /** The status of the answer. */
  readonly status: number

  constructor(status: number) {
    super('the server refuses to give credentials', { code: 'oauth1-refused', retryable: false })
    this.status = status
  }
}

/** The server's answer is not what RFC 5849 wants: it could be nobody's, or a trap. Final. */
export class Oauth1AnswerError extends AuthenticationError {
  constructor(code: 'malformed' | 'callback-unconfirmed' | 'too-large-for-cookie', message: string) {
    super(message, { code: `oauth1-${code}`, retryable: false })
  }
}

/** The server cannot be reached, fails, answers too much or with a redirect. It may go right later. */
export class Oauth1UnavailableError extends AuthenticationError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'oauth1-unavailable', ...(cause === undefined ? {} : { cause }) })
  }
}
