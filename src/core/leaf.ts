import { isCrossSite, isSafe } from './ambient.ts'
import { fieldsOf } from './amendments.ts'
import { bounded, causeOfThrown } from './bounded.ts'
import { AuthenticationError, AuthenticationFailedCause, InvalidCredentials, isCause } from './cause.ts'
import type { Entry } from './entry.ts'
import type { Ambient, Awaitable, FailureVerdict, Principal, SuccessVerdict, Verdict } from './provider.ts'
import { authenticated, failed, failedOnce, failure, type Granted, type Result } from './result.ts'
import { Call, type RequestState } from './state.ts'
import { absent, ignore, isPrincipal, isThenable } from './validate.ts'

/** Asks a provider, at most once per request. Never throws, never rejects. */
export function runProvider(entry: Entry, state: RequestState): Awaitable<Result> {
  const known = state.slots[entry.index]
  if (known !== undefined) return known
  state.slots[entry.index] = reentered
  const result = ask(entry, state)
  state.slots[entry.index] = result
  if (isThenable(result)) keepWhenSettled(result, entry, state)
  return result
}

function keepWhenSettled(result: Promise<Result>, entry: Entry, state: RequestState): void {
  result.then((settled) => {
    // Unless it was forgotten meanwhile.
    if (state.slots[entry.index] === result) state.slots[entry.index] = settled
  })
}

/** What a provider finds that asks, while deciding, for a decision that needs itself. */
const reentered: Result = Object.freeze(
  failedOnce(
    failure(
      undefined,
      'reentered',
      new AuthenticationError('a provider asked for its own verdict while deciding', { code: 'reentered' }),
    ),
  ),
)

function ask(entry: Entry, state: RequestState): Awaitable<Result> {
  const call = new Call(entry.name, state)
  try {
    const verdict = entry.provider.authenticate(call)
    return isThenable(verdict) ? judgeLater(verdict, call, entry, state) : judge(verdict, entry, state)
  } catch (thrown) {
    return judge(threw(thrown), entry, state)
  }
}

function judgeLater(
  verdict: Promise<Verdict<Principal>>,
  call: Call,
  entry: Entry,
  state: RequestState,
): Promise<Result> {
  return bounded(verdict, call).then(
    (settled) => judge(settled, entry, state),
    (thrown) => judge(threw(thrown), entry, state),
  )
}

function threw(thrown: unknown): FailureVerdict {
  return { cause: causeOfThrown(thrown, 'the provider') }
}

/** Turns a verdict into a result, and everything that is not a verdict into a failure. */
function judge(verdict: Verdict<Principal>, entry: Entry, state: RequestState): Result {
  try {
    const result = weigh(verdict, entry, state)
    if (result.kind === 'failed') announceErrors(result, entry, state)
    return result
  } catch (thrown) {
    // A verdict with throwing getters, or a request view that throws while the origin is looked at.
    const cause = causeOfThrown(thrown, 'the verdict')
    const result = failedOnce(failure(entry, entry.name, cause))
    state.engine.announce.error(entry.name, cause, state)
    return result
  }
}

function announceErrors({ failures }: Result, entry: Entry, state: RequestState): void {
  for (const { cause } of failures) {
    if (cause.kind === 'Error') state.engine.announce.error(entry.name, cause, state)
  }
}

function weigh(verdict: Verdict<Principal> | undefined, entry: Entry, state: RequestState): Result {
  const { announce } = state.engine
  if (typeof verdict !== 'object' || verdict === null) {
    announce.fault('no-verdict', 'the provider answered no verdict', entry.name, state)
    return failedOnce(failure(entry, entry.name, AuthenticationFailedCause.NoCredentials))
  }
  if (verdict === absent) return entry.absent
  if (verdict.always !== undefined) {
    state.addAlways(entry, fieldsOf(verdict.always, entry.name, state))
  }
  if (verdict.cause !== undefined) return refuse(verdict, entry, state)
  if (verdict.principal === undefined) {
    announce.fault('no-verdict', 'the provider answered neither a principal nor a cause', entry.name, state)
    return failedOnce(failure(entry, entry.name, AuthenticationFailedCause.NoCredentials))
  }
  return accept(verdict, entry, state)
}

function refuse(verdict: FailureVerdict, entry: Entry, state: RequestState): Result {
  const { announce } = state.engine
  if ('principal' in verdict && verdict.principal !== undefined) {
    announce.fault('two-verdicts', 'the provider answered both a principal and a cause', entry.name, state)
  }
  if (isCause(verdict.cause)) return failedOnce(failure(entry, entry.name, verdict.cause, verdict.challenges))
  return failedOnce(failure(entry, entry.name, invalidVerdict('its cause is not a cause')))
}

function accept(verdict: SuccessVerdict, entry: Entry, state: RequestState): Result {
  const { principal, expiresAt, ambient } = verdict
  if (!isPrincipal(principal) || isCause(principal)) {
    ignore(principal)
    return failedOnce(failure(entry, entry.name, invalidVerdict('its principal is not an object')))
  }
  if (expiresAt !== undefined) {
    if (typeof expiresAt !== 'number' || Number.isNaN(expiresAt)) {
      return failedOnce(failure(entry, entry.name, invalidVerdict('its expiry is not a number')))
    }
    if (expiresAt <= state.engine.clock()) {
      return failedOnce(failure(entry, entry.name, new InvalidCredentials('expired')))
    }
  }
  if (ambient !== undefined && !state.engine.allowCrossSite && isForeign(ambient, state)) {
    const denied = {
      requirement: 'cross-site',
      providers: [entry.name],
      status: 403,
      error: undefined,
      challenges: [],
    } as const
    return failed([], [], [denied], entry.alone)
  }
  const granted: Granted = { entry, principal, expiresAt, claims: verdict.claims, onAccept: verdict.onAccept }
  return authenticated([granted], [], entry.alone)
}

function isForeign(ambient: Ambient, state: RequestState): boolean {
  return !isSafe(state) && isCrossSite(state, ambient, (origin) => isOwn(origin, state))
}

function isOwn(origin: string, state: RequestState): boolean {
  const { surroundings, allowedOrigins } = state.engine
  return allowedOrigins.has(origin) || origin === surroundings.origin(state.source)
}

function invalidVerdict(why: string): AuthenticationError {
  return new AuthenticationError(`the provider answered an invalid verdict: ${why}`, { code: 'invalid-verdict' })
}
