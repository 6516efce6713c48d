import { isReason, type Reason } from './reasons.ts'

/** What every cause shares: a mark that no principal can carry, so that the two are never confused. */
class Marked {
  readonly #mark = true

  static has(value: object): boolean {
    return #mark in value && value.#mark
  }
}

/** The cause of a provider whose credentials are not in the request at all. There is one value of it. */
export class NoCredentials extends Marked {
  readonly kind = 'NoCredentials' as const

  constructor() {
    super()
    Object.freeze(this)
  }
}

/** What `InvalidCredentials` may say beside its reason. */
export interface InvalidCredentialsOptions {
  /** Seconds after which trying again makes sense; becomes `Retry-After` when the reason is `throttled`. */
  readonly retryAfterSeconds?: number
  /** Whether the credential is one that a browser merely still holds (an old session cookie): `optional` forgives it. */
  readonly discardable?: boolean
  /** Static text for the developer. Never taken from the request, never sent to a client. */
  readonly detail?: string
}

/** The cause of a provider whose credentials are in the request and wrong. */
export class InvalidCredentials extends Marked {
  readonly kind = 'InvalidCredentials' as const
  /** Why, or `undefined` when `validate` answered `null`. */
  readonly reason: Reason | undefined
  readonly retryAfterSeconds: number | undefined
  readonly discardable: boolean
  readonly detail: string | undefined

  constructor(reason?: Reason, options: InvalidCredentialsOptions = {}) {
    super()
    this.reason = reason
    this.retryAfterSeconds = options.retryAfterSeconds
    this.discardable = options.discardable === true
    this.detail = options.detail
    Object.freeze(this)
  }
}

/** What an `Error` cause may say beside its message. */
export interface AuthenticationErrorOptions extends ErrorOptions {
  /** A stable word to switch on. Default: `'error'`. */
  readonly code?: string
  /** Whether the same request may succeed later: 503 instead of 401. Default: `true`. */
  readonly retryable?: boolean
  /** Seconds sent as `Retry-After` with the 503. Default: 5. */
  readonly retryAfterSeconds?: number
}

/**
 * The cause of a provider that could not decide: a directory is down, keys are unreachable, `validate` threw.
 *
 * Meant to be extended. Its message is for the developer; clients never see it.
 */
export class AuthenticationError extends Error {
  readonly #mark = true
  readonly kind = 'Error' as const
  readonly code: string
  readonly retryable: boolean
  readonly retryAfterSeconds: number

  constructor(message: string, options: AuthenticationErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.name = new.target.name
    this.code = options.code ?? 'error'
    this.retryable = options.retryable !== false
    this.retryAfterSeconds = options.retryAfterSeconds ?? 5
  }

  static has(value: object): value is AuthenticationError {
    return #mark in value && value.#mark
  }
}

/**
 * Why one provider did not yield a principal. A closed union, so that a `switch` over `kind` is exhaustive.
 *
 * @example
 * import { AuthenticationFailedCause } from 'becauth'
 *
 * export class DirectoryDown extends AuthenticationFailedCause.Error {}
 *
 * export function describe(cause: AuthenticationFailedCause): string {
 *   switch (cause.kind) {
 *     case 'NoCredentials':
 *       return 'nothing was sent'
 *     case 'InvalidCredentials':
 *       return cause.reason ?? 'wrong'
 *     case 'Error':
 *       return cause.code
 *   }
 * }
 */
export type AuthenticationFailedCause = NoCredentials | InvalidCredentials | AuthenticationError

/** The values and the class behind the type of the same name. */
export const AuthenticationFailedCause: {
  /** The one value that says: this provider's credentials are not in the request. */
  readonly NoCredentials: NoCredentials
  /** The value that says: they are there and wrong, without a reason. `invalidCredentials()` makes one with. */
  readonly InvalidCredentials: InvalidCredentials
  /** The class of causes that say: the provider could not decide. */
  readonly Error: typeof AuthenticationError
} = Object.freeze({
  NoCredentials: new NoCredentials(),
  InvalidCredentials: new InvalidCredentials(),
  Error: AuthenticationError,
})

/**
 * Makes an `InvalidCredentials` cause with a reason, for `validate` to return instead of `null`.
 *
 * @example
 * import { invalidCredentials } from 'becauth'
 *
 * export const locked = invalidCredentials('locked', { detail: 'five wrong passwords' })
 *
 * @throws TypeError when the reason is neither in the table nor begins with `x-`, or `retryAfterSeconds` is negative.
 */
export function invalidCredentials(reason: Reason, options: InvalidCredentialsOptions = {}): InvalidCredentials {
  if (!isReason(reason)) {
    throw new TypeError('invalidCredentials(): "reason" must be a known reason or begin with "x-"')
  }
  const { retryAfterSeconds } = options
  if (retryAfterSeconds !== undefined && !(retryAfterSeconds >= 0)) {
    throw new TypeError('invalidCredentials(): "retryAfterSeconds" must not be negative')
  }
  return new InvalidCredentials(reason, options)
}

/** Says whether a value is a cause. Principals never are, whatever their properties. */
export function isCause(value: unknown): value is AuthenticationFailedCause {
  // The class first, which is quicker to deny than the mark; the mark decides.
  if (value instanceof Marked) return Marked.has(value)
  return value instanceof AuthenticationError && AuthenticationError.has(value)
}
