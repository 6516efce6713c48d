import type { AuthenticationError } from './cause.ts'
import type { Entry } from './entry.ts'
import type { RequestView } from './request.ts'
import type { AuthenticationFailure, Denial, Outcome } from './who.ts'

/** A failure without anything that could be secret: words from tables and class names. */
export interface FailureReport {
  readonly provider: string
  readonly kind: 'NoCredentials' | 'InvalidCredentials' | 'Error'
  /** The reason of `InvalidCredentials`. */
  readonly reason?: string
  /** The static text that went with the reason. */
  readonly detail?: string
  /** The code of an `Error`. */
  readonly code?: string
  /** The class of an `Error`. */
  readonly errorName?: string
}

/** One decision, for logs and metrics: it holds no secret and nothing taken from the request but its method. */
export interface DecisionEvent {
  /** Seconds since 1970. */
  readonly at: number
  readonly outcome: Outcome['kind']
  /** How the requirement was written. */
  readonly requirement: string
  readonly method: string
  /** The provider whose principal was used. */
  readonly provider: string | undefined
  /** The status of the refusal; `undefined` when the request went on. */
  readonly status: number | undefined
  /** The providers that yielded a principal, also those whose yes did not suffice. */
  readonly succeeded: readonly string[]
  readonly failures: readonly FailureReport[]
  readonly denials: readonly { readonly requirement: string; readonly providers: readonly string[] }[]
}

/** A provider could not decide. The only event that carries what was thrown, untouched, for the application. */
export interface ErrorEvent {
  readonly at: number
  readonly provider: string
  readonly code: string
  readonly retryable: boolean
  readonly errorName: string
  /** The `Error` cause; what was thrown is its `cause`. */
  readonly error: Error
}

/** What can go wrong in the code around a decision without changing it. */
export type FaultCode =
  | 'no-verdict'
  | 'two-verdicts'
  | 'invalid-verdict'
  | 'invalid-challenge'
  | 'challenge-threw'
  | 'invalid-header'
  | 'on-accept-threw'
  | 'on-refused-threw'
  | 'route-threw'
  | 'predicate-threw'
  | 'predicate-not-boolean'
  | 'check-not-boolean'
  | 'provider-fault'
  | 'internal'

/** Somebody's code misbehaved and becauth did the safe thing instead. */
export interface FaultEvent {
  readonly at: number
  readonly provider: string | undefined
  readonly fault: FaultCode
  /** A static sentence. */
  readonly message: string
  /** The class of what was thrown. */
  readonly errorName?: string
}

/** Watches decisions. It is told after the verdict is fixed and cannot change it. */
export interface AuthenticationListener {
  /** Called once per decision. The request is the application's own to read; do not log its header fields. */
  readonly decision?: (event: DecisionEvent, request: RequestView) => unknown
  readonly error?: (event: ErrorEvent, request: RequestView) => unknown
  readonly fault?: (event: FaultEvent, request: RequestView) => unknown
}

/** Tells listeners, and keeps whatever they do away from the decision. */
export class Announcer {
  readonly #listeners: readonly AuthenticationListener[]
  readonly #onListenerError: (error: unknown) => unknown
  readonly #now: () => number

  constructor(
    listeners: readonly AuthenticationListener[],
    onListenerError: ((error: unknown) => unknown) | undefined,
    now: () => number,
  ) {
    this.#listeners = [...listeners]
    this.#onListenerError = onListenerError ?? ((error) => console.error(`becauth: a listener threw ${nameOf(error)}`))
    this.#now = now
  }

  decision(outcome: Outcome, succeeded: readonly Entry[], requirement: string, request: RequestView): void {
    if (this.#listeners.length === 0) return
    const make = (at: number): DecisionEvent => ({
      at,
      outcome: outcome.kind,
      requirement,
      method: request.method,
      provider: outcome.provider,
      status: 'response' in outcome ? outcome.response.status : undefined,
      succeeded: Object.freeze(succeeded.map(({ name }) => name)),
      failures: Object.freeze(outcome.failures.map(report)),
      denials: Object.freeze('denials' in outcome ? outcome.denials.map(brief) : []),
    })
    this.#announce(make, (listener, event) => listener.decision?.(event, request))
  }

  error(provider: string, error: AuthenticationError, request: RequestView): void {
    if (this.#listeners.length === 0) return
    const make = (at: number): ErrorEvent => ({
      at,
      provider,
      code: error.code,
      retryable: error.retryable,
      errorName: nameOf(error.cause ?? error),
      error,
    })
    this.#announce(make, (listener, event) => listener.error?.(event, request))
  }

  fault(fault: FaultCode, message: string, provider: string | undefined, request: RequestView, thrown?: unknown): void {
    if (this.#listeners.length === 0) return
    const make = (at: number): FaultEvent => ({
      at,
      provider,
      fault,
      message,
      ...(thrown === undefined ? {} : { errorName: nameOf(thrown) }),
    })
    this.#announce(make, (listener, event) => listener.fault?.(event, request))
  }

  /** Making an event can fail as well: a request view or a subclass of the application's may throw. */
  #announce<E>(make: (at: number) => E, tell: (listener: AuthenticationListener, event: E) => unknown): void {
    try {
      const event = Object.freeze(make(this.#now()))
      for (const listener of this.#listeners) this.#tell(() => tell(listener, event))
    } catch (error) {
      this.#complain(error)
    }
  }

  #tell(call: () => unknown): void {
    try {
      const answer = call()
      if (answer instanceof Promise) answer.catch((error) => this.#complain(error))
    } catch (error) {
      this.#complain(error)
    }
  }

  #complain(error: unknown): void {
    try {
      const answer = this.#onListenerError(error)
      if (answer instanceof Promise) answer.catch(() => this.#lastWord())
    } catch {
      this.#lastWord()
    }
  }

  /** Nobody is left to tell but the console. */
  #lastWord(): void {
    console.error('becauth: onListenerError threw')
  }
}

/** The class name of a thrown value: the most that may be said of it in public. */
export function nameOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return typeof thrown
  try {
    const name: unknown = thrown.constructor?.name
    return typeof name === 'string' && name !== '' ? name : 'Object'
  } catch {
    // A proxy or getter that throws itself.
    return 'Object'
  }
}

function report({ provider, cause }: AuthenticationFailure): FailureReport {
  switch (cause.kind) {
    case 'NoCredentials':
      return Object.freeze({ provider, kind: cause.kind })
    case 'InvalidCredentials':
      return Object.freeze({
        provider,
        kind: cause.kind,
        ...(cause.reason === undefined ? {} : { reason: cause.reason }),
        ...(cause.detail === undefined ? {} : { detail: cause.detail }),
      })
    case 'Error':
      return Object.freeze({ provider, kind: cause.kind, code: cause.code, errorName: nameOf(cause) })
  }
}

function brief({ requirement, providers }: Denial): DecisionEvent['denials'][number] {
  return Object.freeze({ requirement, providers: Object.freeze([...providers]) })
}
