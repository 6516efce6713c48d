import { prefersHtml } from '../wire/accept.ts'
import { answerOf, type Challenges, raised } from './challenge.ts'
import { isNavigation } from './navigation.ts'
import { failuresOf } from './outcome.ts'
import {
  defaultSeconds,
  noStore,
  ownPage,
  type Problem,
  problem,
  type RefusalStatus,
  secondsToWait,
  varyAccept,
} from './problem.ts'
import type { Awaitable } from './provider.ts'
import { reasons } from './reasons.ts'
import type { HeaderField } from './request.ts'
import type { Denied, Failed, Result } from './result.ts'
import type { RequestState } from './state.ts'
import { isThenable } from './validate.ts'
import type { Denial, Refused } from './who.ts'

const noChallenges: readonly never[] = Object.freeze([])

/** Turns a failed result into the answer. Synchronous unless a provider's `override` is not. */
export function refuse(result: Result, state: RequestState): Awaitable<Refused> {
  const status = statusOf(result)
  const plain = status === 401 ? plainRefusal(result, state) : undefined
  if (plain !== undefined) return plain
  const denied = result.denials.flatMap(({ challenges }) => challenges.map(({ field }) => field))
  if (status === 403) return compose(status, result, { fields: denied }, state)
  if (status !== 400 && status !== 401 && status !== 407)
    return compose(status, result, { fields: noChallenges }, state)
  const navigation = status === 401 ? isNavigation(state) : undefined
  const finish = (challenges: Challenges) =>
    challenges.unavailable === undefined
      ? compose(status, result, { ...challenges, fields: [...denied, ...challenges.fields] }, state)
      : compose(503, result, challenges, state)
  const plainly = () => {
    const answer = answerOf(result.counted, navigation, state)
    return isThenable(answer) ? answer.then(finish) : finish(answer)
  }
  const unmet = navigation === true ? result.denials.flatMap((one) => one.unmet ?? []) : []
  if (!unmet.some(({ grants }) => grants.some(({ entry }) => entry.provider.raise !== undefined))) return plainly()
  return raised(unmet, state).then((answer) => {
    if (answer === undefined) return plainly()
    // A redirect needs no challenges.
    return answer.redirect === undefined ? finish(answer) : compose(status, result, answer, state)
  })
}

/** The answer to one provider that has nothing of its own to say: the same every time, so that it is made once. */
function plainRefusal(result: Result, state: RequestState): Refused | undefined {
  const { counted, denials } = result
  const failed = counted[0]
  if (failed === undefined || counted.length > 1 || denials.length > 0) return undefined
  const { entry, challenges } = failed
  if (entry === undefined || challenges !== undefined || entry.provider.override !== undefined) return undefined
  if (state.always !== undefined || state.method === 'HEAD') return undefined
  if (state.engine.exposeReason && failed.cause.kind !== 'NoCredentials') return undefined
  const response = entry.plainRefusal(prefersHtml(state.header('accept')))
  return { kind: 'rejected', principals: {}, failures: failuresOf(result), denials: noChallenges, response }
}

/** Rule 13: the first that applies. */
function statusOf({ counted, denials }: Result): RefusalStatus {
  if (counted.some(isRetryable)) return 503
  if (counted.some((failed) => reasonStatus(failed) === 413)) return 413
  if (counted.some((failed) => reasonStatus(failed) === 429)) return 429
  if (denials.length > 0) return denials.some(({ status }) => status === 401) ? 401 : 403
  const invalid = counted.filter(({ cause }) => cause.kind === 'InvalidCredentials')
  if (invalid.length > 0 && invalid.every(isBadRequest)) return 400
  return counted.some(({ entry }) => entry?.provider.proxy) ? 407 : 401
}

function isRetryable({ retryable }: Failed): boolean {
  return retryable
}

function isBadRequest(failed: Failed): boolean {
  return reasonStatus(failed) === 400 && failed.entry?.provider.malformedRequestStatus === 400
}

function reasonStatus({ cause }: Failed): number | undefined {
  if (cause.kind !== 'InvalidCredentials' || cause.reason === undefined || isOwnReason(cause.reason)) return undefined
  return reasons[cause.reason].status
}

function isOwnReason(reason: string): reason is `x-${string}` {
  return reason.startsWith('x-')
}

function compose(status: RefusalStatus, result: Result, challenges: Challenges, state: RequestState): Refused {
  const failures = failuresOf(result)
  const denials = result.denials.map(publicDenial)
  const { unavailable } = challenges
  const retryAfterSeconds =
    unavailable === undefined ? retryAfter(status, result) : secondsToWait(unavailable.retryAfterSeconds)
  const headers: HeaderField[] = [...challenges.fields]
  if (retryAfterSeconds !== undefined) headers.push(['Retry-After', String(Math.ceil(retryAfterSeconds))])
  headers.push(noStore, varyAccept)
  const always = [...(state.always ?? []), ...(challenges.extra ?? [])]
  // Rule 13: while it cannot be decided, the client keeps its cookies.
  headers.push(...(status === 503 ? always.filter(([name]) => name.toLowerCase() !== 'set-cookie') : always))
  if (challenges.redirect !== undefined) {
    headers.push(['Location', challenges.redirect])
    const redirectStatus = state.method === 'GET' || state.method === 'HEAD' ? 302 : 303
    const response = { status: redirectStatus, headers, body: null }
    return { kind: 'rejected', principals: {}, failures, denials, response }
  }
  const { contentType, body } = documentOf(status, result, challenges, state)
  headers.push(contentType)
  const response = { status, headers, body: state.method === 'HEAD' ? null : body }
  if (status !== 503) return { kind: 'rejected', principals: {}, failures, denials, response }
  const seconds = retryAfterSeconds ?? 0
  return { kind: 'unavailable', principals: {}, failures, denials, response, retryAfterSeconds: seconds, gone: false }
}

function documentOf(status: RefusalStatus, result: Result, { page }: Challenges, state: RequestState): Problem {
  if (page !== undefined) return ownPage(page)
  const exposed = state.engine.exposeReason ? firstReason(result.counted) : undefined
  return problem(status, prefersHtml(state.header('accept')), exposed)
}

function firstReason(counted: readonly Failed[]): string | undefined {
  for (const { cause } of counted) {
    if (cause.kind === 'InvalidCredentials' && cause.reason !== undefined) return cause.reason
  }
  return undefined
}

function retryAfter(status: RefusalStatus, { counted }: Result): number | undefined {
  if (status !== 503 && status !== 429) return undefined
  let longest = 0
  for (const failed of counted) {
    const asked = status === 503 ? failed.retryable : reasonStatus(failed) === 429
    if (asked) longest = Math.max(longest, failed.retryAfterSeconds ?? defaultSeconds)
  }
  return secondsToWait(longest)
}

function publicDenial({ challenges, unmet: _, ...denied }: Denied): Denial {
  return { ...denied, challenges: challenges.map(({ text }) => text) }
}
