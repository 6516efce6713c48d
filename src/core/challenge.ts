import type { Challenge } from '../wire/challenges.ts'
import { isPrintableAscii } from '../wire/tokens.ts'
import { fieldsOf } from './amendments.ts'
import { bounded } from './bounded.ts'
import { type AuthenticationError, isCause } from './cause.ts'
import type { Entry, RenderedChallenge } from './entry.ts'
import type { Awaitable, ChallengeAnswer } from './provider.ts'
import type { HeaderField } from './request.ts'
import type { Failed, Unmet } from './result.ts'
import { Call, type RequestState } from './state.ts'
import { isThenable } from './validate.ts'

/** What a refusal sends so that the client can try again. */
export interface Challenges {
  /** One `WWW-Authenticate` field line each, in order. */
  readonly fields: readonly HeaderField[]
  readonly redirect?: string | undefined
  readonly page?: string | undefined
  /** What goes with the redirect or the page. */
  readonly extra?: readonly HeaderField[] | undefined
  /** Why there is none of them now. */
  readonly unavailable?: AuthenticationError | undefined
}

const registered: ReadonlySet<string> = new Set(['basic', 'digest', 'bearer', 'dpop'])

/**
 * Rules 14 to 16: the challenges of all that failed, or for a navigation the first provider's redirect or page.
 *
 * `navigation` is `undefined` when neither redirects nor pages may be sent at all.
 */
export function answerOf(
  counted: readonly Failed[],
  navigation: boolean | undefined,
  state: RequestState,
): Awaitable<Challenges> {
  const ordered = counted.length < 2 ? counted : inOrder(counted)
  const overridden = ordered.some(({ entry }) => entry?.provider.override !== undefined)
  if (overridden) return withOverrides(ordered, navigation, state)
  return { fields: merge(ordered.map((failed) => challengesOf(failed, undefined, state))) }
}

async function withOverrides(
  ordered: readonly Failed[],
  navigation: boolean | undefined,
  state: RequestState,
): Promise<Challenges> {
  const lists: RenderedGroup[] = []
  for (const failed of ordered) {
    const answer = await override(failed, state)
    const own = challengesOf(failed, answer, state)
    if (navigation !== undefined && answer !== null) {
      const { redirect, page, always, unavailable } = answer
      if (unavailable !== undefined && (navigation || always === true)) {
        return withoutLogin(unavailable, failed.entry, state)
      }
      const extra = extraOf(answer, failed.entry, state)
      if (redirect !== undefined && (navigation || always === true)) return { fields: noFields, redirect, extra }
      if (page !== undefined && navigation) return { fields: merge([own]), page, extra }
    }
    lists.push(own)
  }
  return { fields: merge(lists) }
}

const noFields: readonly HeaderField[] = Object.freeze([])

function withoutLogin(unavailable: AuthenticationError, entry: Entry | undefined, state: RequestState): Challenges {
  const message = 'nobody can be sent to log in now'
  state.engine.announce.fault('challenge-threw', message, entry?.name, state, unavailable)
  return { fields: noFields, unavailable }
}

function extraOf(
  { headers }: ChallengeAnswer,
  entry: Entry | undefined,
  state: RequestState,
): readonly HeaderField[] | undefined {
  return headers && fieldsOf(headers, entry?.name, state)
}

/** Rule 16: what the first provider used that can raise somebody answers; `undefined` when none does. */
export async function raised(unmet: readonly Unmet[], state: RequestState): Promise<Challenges | undefined> {
  for (const { demand, grants } of unmet) {
    for (const { entry, principal, claims } of grants) {
      const run = entry.provider.raise
      if (run === undefined) continue
      const answer = await asked((call) => run(demand, call, { principal, claims }), entry, state)
      if (answer === null) continue
      const { redirect, page, unavailable } = answer
      if (unavailable !== undefined) return withoutLogin(unavailable, entry, state)
      return { fields: noFields, redirect, page, extra: extraOf(answer, entry, state) }
    }
  }
  return undefined
}

interface RenderedGroup {
  readonly group: number
  readonly challenges: readonly RenderedChallenge[]
}

/** What a provider's own challenge function answers, `null` when it has none or misbehaves. */
async function override({ entry, cause }: Failed, state: RequestState): Promise<ChallengeAnswer | null> {
  const run = entry?.provider.override
  return entry === undefined || run === undefined ? null : asked((call) => run(cause, call), entry, state)
}

async function asked(
  ask: (call: Call) => Awaitable<ChallengeAnswer | null>,
  entry: Entry,
  state: RequestState,
): Promise<ChallengeAnswer | null> {
  const { announce } = state.engine
  try {
    const call = new Call(entry.name, state)
    const answer = ask(call)
    const settled = isThenable(answer) ? await bounded(answer, call) : answer
    if (settled === null || isChallengeAnswer(settled)) return settled
    announce.fault('invalid-challenge', 'the challenge function answered no valid challenge', entry.name, state)
  } catch (thrown) {
    announce.fault('challenge-threw', 'the challenge function threw', entry.name, state, thrown)
  }
  return null
}

function isChallengeAnswer(answer: ChallengeAnswer | undefined): answer is ChallengeAnswer {
  if (typeof answer !== 'object') return false
  const { redirect, page, challenges, unavailable } = answer
  if (unavailable !== undefined && !(isCause(unavailable) && unavailable.kind === 'Error')) return false
  if (redirect !== undefined && (typeof redirect !== 'string' || redirect === '' || !isLocation(redirect))) return false
  if (page !== undefined && typeof page !== 'string') return false
  return challenges === undefined || Array.isArray(challenges)
}

function isLocation(redirect: string): boolean {
  return isPrintableAscii(redirect) && !redirect.includes(' ')
}

/** The override's challenges, else the verdict's, else the default one: whatever is valid, and never none. */
function challengesOf(failed: Failed, answer: ChallengeAnswer | null | undefined, state: RequestState): RenderedGroup {
  const { entry } = failed
  const group = groupOf(failed)
  if (entry === undefined) return { group, challenges: [] }
  const rendered = renderAll(answer?.challenges ?? failed.challenges, entry, state)
  return { group, challenges: rendered ?? [entry.defaultChallenge] }
}

function renderAll(
  challenges: readonly Challenge[] | undefined,
  entry: Entry,
  state: RequestState,
): readonly RenderedChallenge[] | undefined {
  if (challenges === undefined) return undefined
  if (!Array.isArray(challenges)) {
    state.engine.announce.fault('invalid-challenge', 'the challenges were not a list', entry.name, state)
    return undefined
  }
  const rendered = challenges.map((challenge) => entry.render(challenge)).filter((one) => one !== undefined)
  if (rendered.length < challenges.length) {
    state.engine.announce.fault('invalid-challenge', 'a challenge was not valid', entry.name, state)
  }
  return rendered.length === 0 ? undefined : rendered
}

/** Wrong ones first: their client is the one that is trying. */
function groupOf({ cause }: Failed): number {
  return cause.kind === 'InvalidCredentials' ? 0 : cause.kind === 'NoCredentials' ? 1 : 2
}

function inOrder(counted: readonly Failed[]): readonly Failed[] {
  return counted.toSorted((a, b) => groupOf(a) - groupOf(b))
}

/** Rule 14: one line per challenge; of two with one scheme and realm the one with `error` stays. */
function merge(groups: readonly RenderedGroup[]): readonly HeaderField[] {
  const only = groups[0]
  if (groups.length === 1 && only?.challenges.length === 1) return only.challenges.map(({ field }) => field)
  const ordered = [0, 1, 2].flatMap((group) => registeredFirst(groups.filter((one) => one.group === group)))
  const distinct = ordered.filter((one, index) => ordered.findIndex(({ text }) => text === one.text) === index)
  return distinct
    .filter((one) => one.hasError || !distinct.some((other) => supersedes(other, one)))
    .map(({ field }) => field)
}

function supersedes(other: RenderedChallenge, one: RenderedChallenge): boolean {
  return other.hasError && other.scheme === one.scheme && other.realm === one.realm
}

/** Chromium misses Basic behind a scheme that it does not know. */
function registeredFirst(groups: readonly RenderedGroup[]): readonly RenderedChallenge[] {
  const all = groups.flatMap(({ challenges }) => challenges)
  const known = all.filter(({ scheme }) => registered.has(scheme))
  return [...known, ...all.filter(({ scheme }) => !registered.has(scheme))]
}
