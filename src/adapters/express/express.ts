import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { isRefused } from '../../core/outcome.ts'
import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Outcome, Refused, Who } from '../../core/who.ts'
import { amend } from '../node/amend.ts'
import type { NodeResponse } from '../node/native.ts'
import { NodeSource } from '../node/node-source.ts'
import { checkArguments, Passes } from '../node/passes.ts'
import { answerRefused, errorOf, type OnRefused } from '../node/refusal.ts'

export type { NodeRequest, NodeResponse } from '../node/native.ts'
export { requestSource } from '../node/node.ts'
export type { RespondingSource } from '../node/node-source.ts'

/** How to answer what was refused. */
export interface ExpressOptions<in Q = Request, in R = Response> {
  /**
   * Answers refusals in one's own way, by `response.status(…).render(…)`, say; what it answers later must be behind the
   * promise that it returns. When it answers nothing, throws or rejects, the default answer is sent; it can never let the
   * request pass. Not called when the client has gone. Default: `outcome.response` is written as it is.
   */
  readonly onRefused?: OnRefused<Q, R> | undefined
  /**
   * Whether what a provider or `validate` threw goes to Express's error handlers by `next(error)`, instead of being
   * answered with 503. Default: `false`.
   */
  readonly passErrors?: boolean | undefined
}

/** An Express middleware that lets only those pass whom a requirement lets pass, and tells who they are. */
export interface ExpressMiddleware<out W extends Who> {
  (request: IncomingMessage, response: NodeResponse, next: (error?: unknown) => void): void
  /**
   * Tells who made the request.
   *
   * @throws TypeError when this middleware has not let this very request pass.
   */
  readonly of: (request: IncomingMessage) => W
}

/**
 * Makes a middleware for Express 5 and 4 that lets only those pass whom the requirement lets pass.
 *
 * For one route, a router or the whole application; path parameters keep their types. It calls `next()` in the same tick
 * when the providers answer at once. Mount it before what reads the request's body, or after a body parser.
 *
 * @example
 * import { authentication } from 'becauth'
 * import { basic } from 'becauth/basic'
 * import { authenticate } from 'becauth/express'
 * import express from 'express'
 *
 * declare function check(username: string, password: string): { name: string } | null
 *
 * const auth = authentication({
 *   staff: basic({ realm: 'staff', validate: ({ username, password }) => check(username, password) }),
 * })
 * const staff = authenticate(auth.require('staff'))
 * express().get('/users/:id', staff, (req, res) => {
 *   res.send(`${staff.of(req).principal.name} looks at ${req.params.id}`)
 * })
 *
 * @throws TypeError when the requirement or `onRefused` is not one.
 */
export function authenticate<W extends Who>(
  requirement: Requirement<W>,
  options: ExpressOptions = {},
): ExpressMiddleware<W> {
  checkArguments('authenticate', requirement, options)
  // Express calls a middleware with its own request and response. The middleware's type cannot say so: a `Request` there
  // takes the path parameters' types from the handlers beside it.
  const answers = options as ExpressOptions<IncomingMessage, NodeResponse>
  const passes = new Passes(requirement)
  function settle(outcome: Outcome<W>, request: IncomingMessage, response: NodeResponse, next: Next): void {
    if (isRefused(outcome)) {
      refuse(outcome, request, response, next, answers, requirement)
      return
    }
    passes.add(request, outcome)
    amend(response, outcome.amendments)
    next()
  }
  function middleware(request: IncomingMessage, response: NodeResponse, next: Next): void {
    const outcome = requirement.decide(new NodeSource(request, response))
    if (isThenable(outcome)) outcome.then((settled) => settle(settled, request, response, next)).catch(next)
    else settle(outcome, request, response, next)
  }
  middleware.of = (request: IncomingMessage): W => passes.of(request)
  return middleware
}

/**
 * Makes a handler for Express 5 and 4 that runs for those whom the requirement lets pass, with `who` as an argument.
 *
 * What it throws or rejects with goes to Express's error handlers, in Express 4 too. Path parameters lose the types that
 * Express derives from the path: annotate `req: Request<{ id: string }>`, or use `authenticate()`.
 *
 * @example
 * import type { Authenticated, Requirement } from 'becauth'
 * import { protect } from 'becauth/express'
 * import express from 'express'
 *
 * declare const staff: Requirement<Authenticated<'staff', { staff: { name: string } }>>
 *
 * express().get('/me', protect(staff, (_req, res, who) => res.send(who.principal.name)))
 *
 * @throws TypeError when the requirement, the handler or `onRefused` is not one.
 */
export function protect<W extends Who, Q extends IncomingMessage = Request, R extends NodeResponse = Response>(
  requirement: Requirement<W>,
  handler: (request: Q, response: R, who: NoInfer<W>, next: NextFunction) => unknown,
  options: ExpressOptions<NoInfer<Q>, NoInfer<R>> = {},
): (request: Q, response: R, next: NextFunction) => void {
  checkArguments('protect', requirement, options, handler)
  function settle(outcome: Outcome<W>, request: Q, response: R, next: NextFunction): void {
    if (isRefused(outcome)) {
      refuse(outcome, request, response, next, options, requirement)
      return
    }
    amend(response, outcome.amendments)
    try {
      const answer = handler(request, response, outcome, next)
      if (isPromise(answer)) answer.then(undefined, (thrown: unknown) => fail(thrown, next))
    } catch (thrown) {
      fail(thrown, next)
    }
  }
  return (request, response, next) => {
    const outcome = requirement.decide(new NodeSource(request, response))
    if (isThenable(outcome)) outcome.then((settled) => settle(settled, request, response, next)).catch(next)
    else settle(outcome, request, response, next)
  }
}

type Next = (error?: unknown) => void

function refuse<Q extends object, R extends NodeResponse>(
  refused: Refused,
  request: Q,
  response: R,
  next: Next,
  { passErrors, onRefused }: ExpressOptions<Q, R>,
  requirement: Requirement,
): void {
  const error = passErrors === true ? errorOf(refused) : undefined
  if (error === undefined) answerRefused(refused, request, response, onRefused, requirement)
  else next(error)
}

/** A falsy value would mean to Express that all is well. */
function fail(thrown: unknown, next: Next): void {
  next(thrown || new Error('the handler threw a value that says nothing'))
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
