import type {
  AuthenticationContext,
  AuthenticationListener,
  AuthenticationOptions,
  AuthenticationProvider,
  DecisionEvent,
  ErrorEvent,
  FaultEvent,
  Outcome,
  Principal,
  ProviderOptions,
  Refused,
  RequestSource,
} from 'becauth'
import { AuthenticationFailedCause, authentication, provider } from 'becauth'
import { requestOf } from './request.ts'

export type Extras = Partial<Omit<ProviderOptions<Principal>, 'authenticate'>>

/** A provider that answers whatever it is told, also what types forbid: JavaScript callers do. */
export function doing(
  run: (context: AuthenticationContext) => unknown,
  extras: Extras = {},
): AuthenticationProvider<Principal> {
  return provider({
    challenge: { scheme: 'Test' },
    ...extras,
    authenticate: run as ProviderOptions<Principal>['authenticate'],
  })
}

export function saying(verdict: unknown, extras?: Extras): AuthenticationProvider<Principal> {
  return doing(() => verdict, extras)
}

export const nothing: { readonly cause: AuthenticationFailedCause } = { cause: AuthenticationFailedCause.NoCredentials }
export const wrong: { readonly cause: AuthenticationFailedCause } = {
  cause: AuthenticationFailedCause.InvalidCredentials,
}

/** What a listener was told. */
export interface Record {
  readonly listener: AuthenticationListener
  readonly decisions: DecisionEvent[]
  readonly errors: ErrorEvent[]
  readonly faults: FaultEvent[]
}

export function record(): Record {
  const decisions: DecisionEvent[] = []
  const errors: ErrorEvent[] = []
  const faults: FaultEvent[] = []
  return {
    decisions,
    errors,
    faults,
    listener: {
      decision: (event) => decisions.push(event),
      error: (event) => errors.push(event),
      fault: (event) => faults.push(event),
    },
  }
}

export interface Decided {
  readonly outcome: Outcome
  readonly faults: readonly string[]
  readonly errors: readonly string[]
  readonly events: Record
}

/** Decides one request by one provider, registered as `only`, and tells what listeners heard. */
export async function decideBy(
  only: AuthenticationProvider<Principal>,
  request: RequestSource = requestOf(),
  options: AuthenticationOptions = {},
): Promise<Decided> {
  const events = record()
  const auth = authentication({ only }, { ...options, listeners: [events.listener, ...(options.listeners ?? [])] })
  const outcome = await auth.decide(request, 'only')
  const faults = events.faults.map(({ fault }) => fault)
  return { outcome, faults, errors: events.errors.map(({ code }) => code), events }
}

/** The outcome as a refusal. Fails the test when it is none. */
export function refused(outcome: Outcome): Refused {
  if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') return outcome
  throw new Error(`expected a refusal, got ${outcome.kind}`)
}

export function statusOf(outcome: Outcome): number {
  return refused(outcome).response.status
}

/** All values of a header field of a refusal, in order. */
export function fieldsOf(outcome: Outcome, name: string): string[] {
  const { headers } = refused(outcome).response
  return headers.filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

export function challengesOf(outcome: Outcome): string[] {
  return fieldsOf(outcome, 'WWW-Authenticate')
}

export function causesOf(outcome: Outcome): AuthenticationFailedCause['kind'][] {
  return outcome.failures.map(({ cause }) => cause.kind)
}

/** An object with a `then` of one's own. */
export function thenable(
  then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => unknown,
): object {
  return Object.fromEntries([['then', then]])
}

/** A promise that rejects, and whether anybody handled that. One that nobody handles ends a Node process. */
export function watchedRejection(error: unknown): { readonly promise: Promise<never>; handled(): Promise<boolean> } {
  let isHandled = false
  const promise = Promise.reject(error)
  const own = promise.then.bind(promise)
  own(undefined, () => undefined)
  Object.defineProperty(promise, 'then', {
    value: (yes: undefined, no: undefined) => {
      if (typeof no === 'function') isHandled = true
      return own(yes, no)
    },
  })
  return {
    promise,
    handled: async () => {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
      return isHandled
    },
  }
}
