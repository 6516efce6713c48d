import { bounded, causeOfThrown } from './bounded.ts'
import { AuthenticationError, AuthenticationFailedCause, isCause } from './cause.ts'
import type { Entry } from './entry.ts'
import { runProvider } from './leaf.ts'
import type { Check, Node } from './node.ts'
import { whoOf } from './outcome.ts'
import type { Awaitable, Principal } from './provider.ts'
import { refuse } from './refusal.ts'
import {
  anonymous,
  authenticated,
  type Denied,
  type Failed,
  failed,
  failure,
  type Granted,
  type Result,
  skipped,
} from './result.ts'
import { Call, type RequestState } from './state.ts'
import { ignore, isPrincipal, isThenable, notAnAnswer } from './validate.ts'

/** Walks a requirement. Synchronous as long as everything below is. Never throws, never rejects. */
export function evaluate(node: Node, state: RequestState): Awaitable<Result> {
  return node.type === 'require' ? runProvider(node.entry, state) : combine(node, state)
}

function combine(node: Exclude<Node, { readonly type: 'require' }>, state: RequestState): Awaitable<Result> {
  switch (node.type) {
    case 'anyOf':
      return anyOf(node.children, state, 0, [])
    case 'allOf':
      return allOf(node.children, state, 0, [])
    case 'optional':
      return then(evaluate(node.child, state), optional)
    case 'attempt':
      return then(evaluate(node.child, state), (result) => attempt(result, state))
    case 'skipWhen':
      return state.once(node, () => skipWhen(node.predicate, node.child, state))
    case 'select':
      return state.once(node, () => select(node.choose, state))
    case 'map':
      return state.once(node, () => then(evaluate(node.child, state), (result) => map(result, node.enrich, state)))
    case 'check':
      return state.once(node, () => then(evaluate(node.child, state), (result) => ask(result, node.check, state)))
  }
}

function then(value: Awaitable<Result>, next: (result: Result) => Awaitable<Result>): Awaitable<Result> {
  return isThenable(value) ? value.then(next) : next(value)
}

/** Rule 2: in order, the first success wins. */
function anyOf(children: readonly Node[], state: RequestState, from: number, results: Result[]): Awaitable<Result> {
  for (let index = from; index < children.length; index++) {
    const child = children[index]
    if (child === undefined) break
    const result = evaluate(child, state)
    if (isThenable(result)) {
      return result.then((settled) => {
        results.push(settled)
        return settled.kind === 'authenticated' ? conclude(results) : anyOf(children, state, index + 1, results)
      })
    }
    results.push(result)
    if (result.kind === 'authenticated') break
  }
  return conclude(results)
}

/** Rules 2, 8 and 11: what an `anyOf` comes to when these children have been tried. */
function conclude(results: readonly Result[]): Result {
  const only = results[0]
  if (results.length === 1 && only !== undefined) return only
  const tried = results.filter((result) => result.kind !== 'skipped')
  if (tried.length === 0) return skipped
  const failures = distinct(tried.flatMap((result) => result.failures))
  const succeeded = everybody(tried)
  const winner = tried.at(-1)
  if (winner?.kind === 'authenticated') return authenticated(winner.grants, failures, succeeded)
  if (tried.some((result) => result.attempted))
    return anonymous(failures, succeeded, true, tried.find((result) => result.refused !== undefined)?.refused)
  const denials = tried.flatMap((result) => result.denials)
  const mayPass = tried.some((result) => result.kind === 'anonymous')
  if (mayPass && denials.length === 0 && succeeded.length === 0 && failures.every(isForgivable))
    return anonymous(failures, succeeded, false)
  // A child that was anonymous has nothing counted, yet its provider could have let the request pass.
  const counted = tried.flatMap((result) => (result.kind === 'anonymous' ? result.failures : result.counted))
  return failed(failures, distinct(counted), denials, succeeded)
}

/** Rule 3: in order, the first failure ends it. */
function allOf(children: readonly Node[], state: RequestState, from: number, results: Result[]): Awaitable<Result> {
  for (let index = from; index < children.length; index++) {
    const child = children[index]
    if (child === undefined) break
    const result = evaluate(child, state)
    if (isThenable(result)) {
      return result.then((settled) => {
        results.push(settled)
        return settled.kind === 'failed' ? join(results) : allOf(children, state, index + 1, results)
      })
    }
    results.push(result)
    if (result.kind === 'failed') break
  }
  return join(results)
}

function join(results: readonly Result[]): Result {
  const kept = results.filter((result) => result.kind !== 'skipped')
  const last = kept.at(-1)
  if (last === undefined) return skipped
  if (kept.length === 1) return last
  const failures = distinct(kept.flatMap((result) => result.failures))
  const succeeded = everybody(kept)
  if (last.kind === 'failed') return failed(failures, last.counted, last.denials, succeeded)
  const grants = merge(kept.flatMap((result) => result.grants))
  if (grants.length > 0) return authenticated(grants, failures, succeeded)
  const attempted = kept.some((result) => result.attempted)
  return anonymous(failures, succeeded, attempted, kept.find((result) => result.refused !== undefined)?.refused)
}

const nobody: readonly Entry[] = Object.freeze([])

/** The providers that succeeded in any of these, each once. */
function everybody(results: readonly Result[]): readonly Entry[] {
  return [...new Set(results.flatMap((result) => result.succeeded))]
}

/** One principal per name; the first stays. */
function merge(grants: readonly Granted[]): readonly Granted[] {
  const byEntry = new Map<Entry, Granted>()
  for (const granted of grants) if (!byEntry.has(granted.entry)) byEntry.set(granted.entry, granted)
  return [...byEntry.values()]
}

/** One failure per provider that ran, however often it is named. */
function distinct(failures: readonly Failed[]): readonly Failed[] {
  return failures.length < 2 ? failures : [...new Set(failures)]
}

/** Rules 4 and 17: absent, or a credential that the browser merely still holds. */
function isForgivable({ cause }: Failed): boolean {
  return cause.kind === 'NoCredentials' || (cause.kind === 'InvalidCredentials' && cause.discardable)
}

/** Rule 4. */
function optional(result: Result): Result {
  if (result.kind !== 'failed') return result
  if (result.succeeded.length > 0 || result.denials.length > 0 || !result.failures.every(isForgivable)) return result
  return anonymous(result.failures, nobody, false)
}

/** Rule 8. */
function attempt(result: Result, state: RequestState): Awaitable<Result> {
  if (result.kind === 'skipped' || result.kind === 'authenticated') return result
  if (result.kind === 'anonymous') return { ...result, attempted: true }
  const refused = refuse(result, state)
  const pass = (refusal: Awaited<typeof refused>) => anonymous(result.failures, result.succeeded, true, refusal)
  return isThenable(refused) ? refused.then(pass) : pass(refused)
}

/** Rule 5. */
function skipWhen(predicate: (request: RequestState) => unknown, child: Node, state: RequestState): Awaitable<Result> {
  const { announce } = state.engine
  try {
    const answer = predicate(state)
    if (answer === true) return skipped
    if (answer !== false) {
      ignore(answer)
      announce.fault('predicate-not-boolean', 'skipWhen(): the predicate must answer true or false', undefined, state)
    }
  } catch (thrown) {
    announce.fault('predicate-threw', 'skipWhen(): the predicate threw', undefined, state, thrown)
  }
  return evaluate(child, state)
}

/** Rule 6. */
function select(
  choose: (request: RequestState) => Awaitable<Node | undefined>,
  state: RequestState,
): Awaitable<Result> {
  const go = (node: Node | undefined) => {
    if (node !== undefined) {
      state.chose(node)
      return evaluate(node, state)
    }
    const message = 'select(): the function must answer a name or a requirement of this authentication()'
    return broken('select()', new AuthenticationError(message, { code: 'invalid-answer' }), state)
  }
  const thrown = (error: unknown) => broken('select()', causeOfThrown(error, 'select()'), state)
  try {
    const node = choose(state)
    return isThenable(node) ? bounded(node, new Call('select()', state)).then(go, thrown) : go(node)
  } catch (error) {
    return thrown(error)
  }
}

/** The result of a function that could not decide. */
function broken(provider: string, cause: AuthenticationError, state: RequestState): Result {
  const list = [failure(undefined, provider, cause)]
  state.engine.announce.error(provider, cause, state)
  return failed(list, list, [], nobody)
}

/** Rule 7, first half: another principal under the same name, or a failure under it. */
function map(
  result: Result,
  enrich: (principal: Principal, who: ReturnType<typeof whoOf>) => unknown,
  state: RequestState,
): Awaitable<Result> {
  if (result.kind === 'failed') return result
  const first = result.grants[0]
  if (first === undefined) return withoutPrincipal('map()', result, state)
  const go = (answer: unknown): Result => {
    if (isCause(answer)) return fail(answer)
    if (answer === null) return fail(AuthenticationFailedCause.InvalidCredentials)
    if (!isPrincipal(answer)) return fail(notAnAnswer('map()', 'enrich'))
    return authenticated(
      [{ ...first, principal: answer }, ...result.grants.slice(1)],
      result.failures,
      result.succeeded,
    )
  }
  const fail = (cause: AuthenticationFailedCause): Result => {
    const own = failure(first.entry, first.entry.name, cause)
    if (cause.kind === 'Error') state.engine.announce.error(first.entry.name, cause, state)
    return failed([...result.failures, own], [own], [], result.succeeded)
  }
  return guarded(
    () => enrich(first.principal, whoOf(result)),
    go,
    (error) => fail(causeOfThrown(error, 'map()')),
    state,
  )
}

/** Rule 7, second half. */
function ask(result: Result, check: Check, state: RequestState): Awaitable<Result> {
  if (result.kind === 'failed') return result
  const first = result.grants[0]
  if (first === undefined) return withoutPrincipal(`${check.name}()`, result, state)
  const go = (denied: Denied | null): Result =>
    denied === null ? result : failed(result.failures, [], [denied], result.succeeded)
  const thrown = (error: unknown): Result => {
    const cause = causeOfThrown(error, `${check.name}()`)
    const own = failure(first.entry, first.entry.name, cause)
    state.engine.announce.error(first.entry.name, cause, state)
    return failed([...result.failures, own], [own], [], result.succeeded)
  }
  return guarded(() => check.ask(first.principal, whoOf(result), state, result.grants), go, thrown, state)
}

/** A `select` chose something that may be anonymous where a principal is needed. */
function withoutPrincipal(what: string, result: Result, state: RequestState): Result {
  const cause = new AuthenticationError(`${what}: the requirement chosen by select() yielded no principal`, {
    code: 'no-principal',
  })
  const own = broken(what, cause, state)
  return failed([...result.failures, ...own.failures], own.counted, [], result.succeeded)
}

function guarded<T>(
  run: () => Awaitable<T>,
  go: (value: T) => Result,
  thrown: (error: unknown) => Result,
  state: RequestState,
): Awaitable<Result> {
  try {
    const value = run()
    return isThenable(value) ? bounded(value, new Call('', state)).then(go, thrown) : go(value)
  } catch (error) {
    return thrown(error)
  }
}
