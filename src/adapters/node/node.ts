import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRefused } from '../../core/outcome.ts'
import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Outcome, Who } from '../../core/who.ts'
import { amend } from './amend.ts'
import type { NodeRequest, NodeResponse } from './native.ts'
import { NodeSource, type RespondingSource } from './node-source.ts'
import { checkArguments, Passes } from './passes.ts'
import { answerRefused, type OnRefused } from './refusal.ts'

export type { NodeRequest, NodeResponse } from './native.ts'
export type { RespondingSource } from './node-source.ts'
export { type OnRefused, writeRefusal } from './refusal.ts'

/** How to answer what was refused. */
export interface NodeOptions<in Q = NodeRequest, in R = NodeResponse> {
  /**
   * Answers refusals in one's own way; what it answers later must be behind the promise that it returns. When it answers
   * nothing, throws or rejects, the default answer is sent; it can never let the request pass. Not called when the client
   * has gone. Default: `outcome.response` is written as it is.
   */
  readonly onRefused?: OnRefused<Q, R> | undefined
}

/** A middleware that lets only those pass whom a requirement lets pass, and tells who they are. */
export interface NodeMiddleware<out W extends Who> {
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void | Promise<void>
  /**
   * Tells who made the request.
   *
   * @throws TypeError when this middleware has not let this very request pass.
   */
  readonly of: (request: NodeRequest) => W
}

/**
 * Makes the request listener of `node:http` or `node:http2` that runs `handler` for those whom the requirement lets pass.
 *
 * What the handler returns, throws or rejects with is handed through to the caller of the listener: Node itself looks at
 * none of it, so that a handler must see to its own errors, as without becauth.
 *
 * @example
 * import { createServer } from 'node:http'
 * import { authentication } from 'becauth'
 * import { basic } from 'becauth/basic'
 * import { protect } from 'becauth/node'
 *
 * declare function check(username: string, password: string): { name: string } | null
 *
 * const auth = authentication({
 *   staff: basic({ realm: 'staff', validate: ({ username, password }) => check(username, password) }),
 * })
 * createServer(protect(auth.require('staff'), (request, response, who) => response.end(who.principal.name)))
 *
 * @throws TypeError when the requirement, the handler or `onRefused` is not one.
 */
export function protect<
  W extends Who,
  Q extends NodeRequest = IncomingMessage,
  R extends NodeResponse = ServerResponse<IncomingMessage>,
>(
  requirement: Requirement<W>,
  handler: (request: Q, response: R, who: NoInfer<W>) => unknown,
  options: NodeOptions<NoInfer<Q>, NoInfer<R>> = {},
): (request: Q, response: R) => unknown {
  checkArguments('protect', requirement, options, handler)
  const { onRefused } = options
  function settle(outcome: Outcome<W>, request: Q, response: R): unknown {
    if (isRefused(outcome)) return answerRefused(outcome, request, response, onRefused, requirement)
    amend(response, outcome.amendments)
    return handler(request, response, outcome)
  }
  function settleLater(outcome: Promise<Outcome<W>>, request: Q, response: R): Promise<unknown> {
    return outcome.then((settled) => settle(settled, request, response))
  }
  return (request, response) => {
    const outcome = requirement.decide(new NodeSource(request, response))
    return isThenable(outcome) ? settleLater(outcome, request, response) : settle(outcome, request, response)
  }
}

/**
 * Makes a middleware of the shape `(request, response, next)`, for Connect and hand-written chains.
 *
 * It calls `next()` for those whom the requirement lets pass, in the same tick when the providers answer at once, and
 * answers the others itself. When `next` throws, that goes to the caller, as a rejection if the decision took its time.
 *
 * @example
 * import { createServer } from 'node:http'
 * import type { Requirement } from 'becauth'
 * import { authenticate } from 'becauth/node'
 *
 * declare const requirement: Requirement
 *
 * const staff = authenticate(requirement)
 * createServer((request, response) => staff(request, response, () => response.end(staff.of(request).provider)))
 *
 * @throws TypeError when the requirement or `onRefused` is not one.
 */
export function authenticate<W extends Who>(requirement: Requirement<W>, options: NodeOptions = {}): NodeMiddleware<W> {
  checkArguments('authenticate', requirement, options)
  const { onRefused } = options
  const passes = new Passes(requirement)
  function settle(
    outcome: Outcome<W>,
    request: NodeRequest,
    response: NodeResponse,
    next: (error?: unknown) => void,
  ): void {
    if (isRefused(outcome)) {
      answerRefused(outcome, request, response, onRefused, requirement)
      return
    }
    passes.add(request, outcome)
    amend(response, outcome.amendments)
    next()
  }
  function settleLater(
    outcome: Promise<Outcome<W>>,
    request: NodeRequest,
    response: NodeResponse,
    next: (error?: unknown) => void,
  ): Promise<void> {
    return outcome.then((settled) => settle(settled, request, response, next))
  }
  function middleware(
    request: NodeRequest,
    response: NodeResponse,
    next: (error?: unknown) => void,
  ): void | Promise<void> {
    const outcome = requirement.decide(new NodeSource(request, response))
    return isThenable(outcome)
      ? settleLater(outcome, request, response, next)
      : settle(outcome, request, response, next)
  }
  middleware.of = (request: NodeRequest): W => passes.of(request)
  return middleware
}

/**
 * Makes the engine's view of a Node request: for `decide()` where there is no middleware, WebSocket upgrades, say, and for
 * what handlers do to sessions.
 *
 * With the response, the client's going away aborts the providers' signal, and `sessions.login()` and the like set their
 * cookies by themselves; without, the closing of the socket aborts it.
 *
 * @example
 * import { createServer } from 'node:http'
 * import type { Authenticated, Requirement } from 'becauth'
 * import { protect, requestSource } from 'becauth/node'
 * import type { Sessions } from 'becauth/session'
 *
 * declare const form: Requirement<Authenticated<'form', { form: { id: string } }>>
 * declare const sessions: Sessions<{ id: string }>
 *
 * createServer(
 *   protect(form, async (request, response, { principal }) => {
 *     await sessions.login(requestSource(request, response), principal, { subject: principal.id })
 *     response.writeHead(303, { Location: '/' }).end()
 *   }),
 * )
 */
export function requestSource(request: NodeRequest, response?: NodeResponse): RespondingSource {
  return new NodeSource(request, response)
}
