import { amendmentsOf, type StandingAmendments, standingAmendments } from './amendments.ts'
import { attachments } from './attachments.ts'
import type { Engine } from './engine.ts'
import { Entry } from './entry.ts'
import { evaluate } from './evaluate.ts'
import { describe, entriesOf, type Node } from './node.ts'
import { nobodyOf, whoOf } from './outcome.ts'
import { noStore, problem, varyAccept } from './problem.ts'
import type { AuthenticationProvider, Awaitable, Principal } from './provider.ts'
import { refuse } from './refusal.ts'
import type { RequestSource } from './request.ts'
import type { Requirement } from './requirement.ts'
import type { Result } from './result.ts'
import { RequestState } from './state.ts'
import { isThenable } from './validate.ts'
import type { Outcome, Unavailable } from './who.ts'

/** Decides requests for the requirements of one `authentication()`, and remembers what it found out about each. */
export class Decider {
  readonly engine: Engine
  readonly #states = attachments<RequestState>()
  #enrolled = 0

  constructor(engine: Engine) {
    this.engine = engine
  }

  /**
   * Makes the entry of a provider.
   *
   * @throws TypeError when the name cannot stand in challenges.
   */
  enrol(name: string, provider: AuthenticationProvider<Principal>): Entry {
    const entry = new Entry(name, this.#enrolled, provider)
    this.#enrolled++
    return entry
  }

  /**
   * Makes the requirement that decides by a node.
   *
   * @throws TypeError when it mixes providers for proxies with others.
   */
  for(node: Node): Requirement {
    const entries = entriesOf(node)
    const description = describe(node)
    const proxies = [...entries].filter(({ provider }) => provider.proxy).length
    if (proxies > 0 && proxies < entries.size) {
      throw new TypeError(`${description}: a provider for proxies may stand only beside providers for proxies`)
    }
    const standing = standingAmendments(entries)
    return {
      description,
      decide: (source) => this.#decide(source, node, standing, description),
      report: (native, thrown) => this.#report(native, thrown),
      reportRoute: (source, thrown) => this.#reportRoute(source, thrown),
    }
  }

  #decide(source: RequestSource, node: Node, standing: StandingAmendments, description: string): Awaitable<Outcome> {
    const state = this.#stateOf(source)
    try {
      const result = evaluate(node, state)
      const outcome = isThenable(result)
        ? settleLater(result, standing, description, state)
        : settle(result, standing, description, state)
      return isThenable(outcome) ? orBroken(outcome, description, state) : outcome
    } catch (thrown) {
      return broken(thrown, description, state)
    }
  }

  /** Forgets what a provider said of a request. */
  forget(native: object, entry: Entry): void {
    this.#states.get(native)?.forget(entry)
  }

  #report(native: object, thrown: unknown): void {
    const state = this.#states.get(native)
    if (state === undefined) return
    const message = 'onRefused threw; the default answer was sent'
    this.engine.announce.fault('on-refused-threw', message, undefined, state, thrown)
  }

  #reportRoute(source: RequestSource, thrown: unknown): void {
    const message = 'a route threw, or a function that it was given; it was answered as an outage'
    this.engine.announce.fault('route-threw', message, undefined, this.#stateOf(source), thrown)
  }

  #stateOf(source: RequestSource): RequestState {
    const key = source.purpose ?? source.native
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const state = new RequestState(source, this.engine, this.#enrolled)
    this.#states.set(key, state)
    return state
  }
}

/** Rule 10: these are all the ways there are. */
function conclude(result: Result, standing: StandingAmendments, state: RequestState): Awaitable<Outcome> {
  if (state.source.gone) return unavailable(true)
  switch (result.kind) {
    case 'authenticated':
      return whoOf(result, amendmentsOf(result, standing, state))
    case 'anonymous':
    case 'skipped':
      return nobodyOf(result, amendmentsOf(result, standing, state))
    case 'failed':
      return refuse(result, state)
  }
}

// Closures stand in functions of their own: where one is, its variables are kept on the heap, needed or not.
function settleLater(
  result: Promise<Result>,
  standing: StandingAmendments,
  description: string,
  state: RequestState,
): Promise<Outcome> {
  return result.then((settled) => settle(settled, standing, description, state))
}

function orBroken(outcome: Promise<Outcome>, description: string, state: RequestState): Promise<Outcome> {
  return outcome.catch((thrown) => broken(thrown, description, state))
}

function settle(
  result: Result,
  standing: StandingAmendments,
  description: string,
  state: RequestState,
): Awaitable<Outcome> {
  const outcome = conclude(result, standing, state)
  return isThenable(outcome)
    ? announcedLater(outcome, result.succeeded, description, state)
    : announced(outcome, result.succeeded, description, state)
}

function announcedLater(
  outcome: Promise<Outcome>,
  succeeded: readonly Entry[],
  description: string,
  state: RequestState,
): Promise<Outcome> {
  return outcome.then((settled) => announced(settled, succeeded, description, state))
}

function announced(outcome: Outcome, succeeded: readonly Entry[], description: string, state: RequestState): Outcome {
  if ('response' in outcome) state.refusedWith = [...(state.refusedWith ?? []), outcome.response.status]
  state.engine.announce.decision(outcome, succeeded, description, state)
  return outcome
}

/** A bug of ours, or a request view that throws. Nobody gets in, nobody gets a 500. */
function broken(thrown: unknown, description: string, state: RequestState): Outcome {
  state.engine.announce.fault('internal', 'the decision itself threw', undefined, state, thrown)
  return announced(unavailable(false), [], description, state)
}

function unavailable(gone: boolean): Unavailable {
  const { contentType, body } = problem(503, false)
  const response = {
    status: 503,
    headers: [['Retry-After', '5'], noStore, varyAccept, contentType],
    body,
  } as const
  return { kind: 'unavailable', principals: {}, failures: [], denials: [], response, retryAfterSeconds: 5, gone }
}
