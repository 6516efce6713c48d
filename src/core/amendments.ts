import { isFieldValue, isToken } from '../wire/tokens.ts'
import type { Entry } from './entry.ts'
import type { AcceptedResponse, OnAccept } from './provider.ts'
import type { HeaderField } from './request.ts'
import type { Result } from './result.ts'
import type { RequestState } from './state.ts'
import { ignore } from './validate.ts'
import type { ResponseAmendments } from './who.ts'

/** The part of the amendments that depends on the requirement alone, made once. */
export interface StandingAmendments {
  readonly vary: readonly string[]
  /** For requests that were let pass without a session. */
  readonly plain: ResponseAmendments | undefined
}

/** Rule 19: what answers depend on beside `Authorization`. */
export function standingAmendments(entries: Iterable<Entry>): StandingAmendments {
  const vary = [...new Set([...entries].flatMap(({ provider }) => provider.readsHeaders))]
  const plain: ResponseAmendments | undefined =
    vary.length === 0 ? undefined : Object.freeze({ vary, cacheControl: 'private', headers: undefined })
  return { vary, plain }
}

/** What the answer to a request that passed must carry. `undefined`, without any work, for `Authorization` alone. */
export function amendmentsOf(
  result: Result,
  standing: StandingAmendments,
  state: RequestState,
): ResponseAmendments | undefined {
  let asks = false
  for (const { entry, onAccept } of result.grants) {
    if (entry.provider.session) state.usedSession = true
    if (onAccept !== undefined) asks = true
  }
  if (!state.usedSession && !asks && !state.wantsAlways && state.chosenVary === undefined) return standing.plain
  return ownAmendments(result, standing, state)
}

function ownAmendments(result: Result, standing: StandingAmendments, state: RequestState): ResponseAmendments {
  const { chosenVary } = state
  const vary = chosenVary === undefined ? standing.vary : [...new Set([...standing.vary, ...chosenVary])]
  return {
    vary,
    cacheControl: cacheControlOf(vary, state),
    headers: (response) => [...(state.always ?? []), ...accepted(result, response, state)],
  }
}

/** The strictest that any scope of this request asks for, so that stacked ones agree. */
function cacheControlOf(vary: readonly string[], state: RequestState): ResponseAmendments['cacheControl'] {
  if (state.usedSession) return 'no-store'
  return vary.length > 0 ? 'private' : undefined
}

/** `onAccept` of the principals used, unless another scope refused the request after all. */
function accepted(result: Result, response: AcceptedResponse, state: RequestState): readonly HeaderField[] {
  if (state.refusedWith?.includes(response.status)) return []
  return result.grants.flatMap(({ entry, onAccept }) => {
    if (onAccept === undefined) return []
    return state.acceptOnce(entry, () => fieldsOf(call(onAccept, response, entry, state), entry.name, state))
  })
}

function call(onAccept: OnAccept, response: AcceptedResponse, entry: Entry, state: RequestState): unknown {
  if (typeof onAccept !== 'function') return onAccept
  try {
    return onAccept(response)
  } catch (thrown) {
    state.engine.announce.fault('on-accept-threw', 'onAccept threw; nothing was sent for it', entry.name, state, thrown)
    return []
  }
}

/** The fields that can go on the wire; the others are dropped, with a fault. */
export function fieldsOf(fields: unknown, provider: string | undefined, state: RequestState): readonly HeaderField[] {
  ignore(fields)
  const all: readonly unknown[] = Array.isArray(fields) ? fields : [fields]
  const valid = all.filter(isHeaderField)
  if (valid.length < all.length) {
    state.engine.announce.fault('invalid-header', 'a header field of a provider was not valid', provider, state)
  }
  return valid
}

function isHeaderField(field: unknown): field is HeaderField {
  if (!Array.isArray(field) || field.length !== 2) return false
  const [name, value]: readonly unknown[] = field
  return typeof name === 'string' && typeof value === 'string' && isToken(name) && isFieldValue(value)
}
