import { attachments } from '../../core/attachments.ts'
import { isRefused } from '../../core/outcome.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { Peer, RequestSource } from '../../core/request.ts'
import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Outcome, Refused, Who } from '../../core/who.ts'
import { amended, refusalResponse, thrownOf } from './answer.ts'
import type { FetchOptions } from './options.ts'
import { FetchSource } from './source.ts'

export type { FetchOptions } from './options.ts'

/**
 * A guard for runtimes and routers in which middleware is a function that may answer a `Response`.
 *
 * The three steps of a route are: return what the guard answers, if anything; ask `of` who is there; send the response
 * through `finish`.
 */
export interface FetchGuard<out W extends Who, in Rest extends readonly unknown[] = []> {
  /** Decides a request. Answers the response to send when it is refused, and `undefined` when it may go on. */
  (request: Request, ...rest: Rest): Awaitable<Response | undefined>
  /**
   * Tells who is there.
   *
   * @throws TypeError when this guard has not let this request through.
   */
  of(request: Request): W
  /**
   * Gives the response the header fields that the decision asks for: `Vary`, `Cache-Control`, renewed cookies. The
   * response is changed in place, or copied where its header is immutable.
   *
   * @throws TypeError when this guard has not let this request through.
   */
  finish(request: Request, response: Response): Response
}

/**
 * Makes a guard of a requirement, where `protect()` does not fit: for routers whose middleware may answer a `Response`.
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { authenticate } from 'becauth/fetch'
 *
 * declare const auth: Authentication<{ api: { sub: string } }>
 * const api = authenticate(auth.require('api'))
 *
 * export async function handle(request: Request): Promise<Response> {
 *   const refusal = await api(request)
 *   if (refusal) return refusal
 *   return api.finish(request, Response.json(api.of(request).principal.sub))
 * }
 */
export function authenticate<W extends Who, Rest extends readonly unknown[] = []>(
  requirement: Requirement<W>,
  options: FetchOptions<Rest> = {},
): FetchGuard<W, Rest> {
  const passed = attachments<W>()
  const pass = (who: W, request: Request): undefined => {
    passed.set(request, who)
    return undefined
  }
  const of = (request: Request): W => {
    const who = passed.get(request)
    if (who !== undefined) return who
    throw new TypeError('authenticate(): the guard has not let this request through; call it before of() and finish()')
  }
  const finish = (request: Request, response: Response): Response => {
    const { amendments } = of(request)
    return amendments === undefined ? response : amended(response, amendments)
  }
  const guard = (request: Request, ...rest: Rest): Awaitable<Response | undefined> => {
    const outcome = decide(requirement, options, request, rest)
    const settle = (settled: Outcome<W>): Awaitable<Response | undefined> =>
      isRefused(settled) ? refuse(settled, requirement, options, request, rest) : pass(settled, request)
    return isThenable(outcome) ? outcome.then(settle) : settle(outcome)
  }
  return Object.freeze(Object.assign(guard, { of, finish }))
}

/**
 * Protects a handler of WHATWG requests: for `fetch` exports of Workers, Deno and Bun, and for route handlers that
 * take a `Request`. The handler runs only for requests that pass, and is told who is there. Whatever else the runtime
 * gives (`env`, `ctx`, route parameters) is passed on.
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { protect } from 'becauth/fetch'
 *
 * declare const auth: Authentication<{ api: { sub: string } }>
 * declare const serve: (handler: (request: Request) => Response | Promise<Response>) => void
 *
 * serve(protect(auth.require('api'), (_request, who) => Response.json({ hello: who.principal.sub })))
 */
export function protect<W extends Who, Rest extends readonly unknown[] = []>(
  requirement: Requirement<W>,
  handler: (request: Request, who: NoInfer<W>, ...rest: Rest) => Awaitable<Response>,
  options: FetchOptions<NoInfer<Rest>> = {},
): (request: Request, ...rest: Rest) => Awaitable<Response> {
  return (request, ...rest) => {
    const outcome = decide(requirement, options, request, rest)
    const settle = (settled: Outcome<W>): Awaitable<Response> =>
      isRefused(settled)
        ? refuse(settled, requirement, options, request, rest)
        : run(settled, handler(request, settled, ...rest))
    return isThenable(outcome) ? outcome.then(settle) : settle(outcome)
  }
}

/**
 * Shows a request to `auth.decide()`: for WebSocket upgrades, and where no adapter fits.
 *
 * @param peer who is at the other end, where the runtime knows; default: unknown
 */
export function fetchSource(request: Request, peer?: Peer): RequestSource {
  return new FetchSource(request, peer, true)
}

function decide<W extends Who, Rest extends readonly unknown[]>(
  requirement: Requirement<W>,
  options: FetchOptions<Rest>,
  request: Request,
  rest: Rest,
): Awaitable<Outcome<W>> {
  const { peer } = options
  const source = new FetchSource(request, peer && (() => peer(request, ...rest)), false)
  const outcome = requirement.decide(source)
  source.watching = true
  return outcome
}

function run({ amendments }: Who, answer: Awaitable<Response>): Awaitable<Response> {
  if (amendments === undefined) return answer
  return isThenable(answer) ? answer.then((response) => amended(response, amendments)) : amended(answer, amendments)
}

function refuse<Rest extends readonly unknown[]>(
  refused: Refused,
  requirement: Requirement,
  options: FetchOptions<Rest>,
  request: Request,
  rest: Rest,
): Awaitable<Response> {
  const plain = (): Response => refusalResponse(refused, request.method)
  const { onRefused, passErrors } = options
  // Nobody is there to read an answer, but the runtime wants one.
  if (refused.kind === 'unavailable' && refused.gone) return plain()
  const thrown = passErrors === true && refused.kind === 'unavailable' ? thrownOf(refused) : undefined
  if (thrown !== undefined) return Promise.reject(thrown)
  if (onRefused === undefined) return plain()
  return customised(
    () => onRefused(refused, request, ...rest),
    plain,
    (error) => requirement.report(request, error),
  )
}

/** The application's answer, or the plain one when it gives none or throws: never a pass. */
async function customised(
  ask: () => Awaitable<Response | undefined>,
  plain: () => Response,
  report: (thrown: unknown) => void,
): Promise<Response> {
  try {
    return (await ask()) ?? plain()
  } catch (thrown) {
    report(thrown)
    return plain()
  }
}
