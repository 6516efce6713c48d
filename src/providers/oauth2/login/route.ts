import { AuthenticationError } from '../../../core/cause.ts'
import { defaultSeconds, noStore, problem, secondsToWait, varyAccept } from '../../../core/problem.ts'
import type { HeaderField, RequestSource } from '../../../core/request.ts'
import type { Requirement } from '../../../core/requirement.ts'
import type { Refusal, Refused } from '../../../core/who.ts'
import type { SessionRequest } from '../../../sessions/types.ts'
import { prefersHtml } from '../../../wire/accept.ts'

/** A requirement that nothing passes: what it answers is the answer. */
export function route(
  requirement: Requirement,
  answer: (source: RequestSource) => Promise<Refused>,
): Requirement<never> {
  return Object.freeze({
    description: requirement.description,
    report: requirement.report,
    reportRoute: requirement.reportRoute,
    decide: async (source: RequestSource): Promise<Refused> => {
      try {
        return await answer(source)
      } catch (thrown) {
        requirement.reportRoute?.(source, thrown)
        return unavailable(source, thrown)
      }
    },
  })
}

/** An answer of a route's. */
export function answered(status: number, headers: readonly HeaderField[], body: string | null = null): Refused {
  const response: Refusal = { status, headers, body }
  return { kind: 'rejected', principals: {}, failures: [], denials: [], response }
}

export function forbidden(source: RequestSource, headers: readonly HeaderField[]): Refused {
  const { contentType, body } = problem(403, prefersHtml(source.header('accept')))
  return answered(403, [noStore, varyAccept, contentType, ...headers], source.method === 'HEAD' ? null : body)
}

/** What is shown of an answer. */
interface Shown {
  readonly contentType: HeaderField
  readonly body: string
}

/** The answer when something that must be done could not be: whoever asked may ask again. */
export function unavailable(
  source: RequestSource,
  thrown: unknown,
  { contentType, body }: Shown = problem(503, prefersHtml(source.header('accept'))),
): Refused {
  const asked = thrown instanceof AuthenticationError ? thrown.retryAfterSeconds : defaultSeconds
  const seconds = Math.ceil(secondsToWait(asked))
  const headers: readonly HeaderField[] = [['Retry-After', String(seconds)], noStore, varyAccept, contentType]
  const response = { status: 503, headers, body: source.method === 'HEAD' ? null : body }
  const common = { principals: {}, failures: [], denials: [], retryAfterSeconds: seconds, gone: source.gone }
  return { kind: 'unavailable', ...common, response }
}

/** What sessions are told of a request. Without `respond`: what is set goes with the route's own answer. */
export function requestOf(source: RequestSource): SessionRequest {
  return {
    native: source.native,
    get signal() {
      return source.signal
    },
    header: (name) => source.header(name),
  }
}
