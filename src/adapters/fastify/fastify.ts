import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isRefused } from '../../core/outcome.ts'
import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Outcome, Who } from '../../core/who.ts'
import { amend } from '../node/amend.ts'
import { NodeSource, type RespondingSource } from '../node/node-source.ts'
import { checkArguments, Passes } from '../node/passes.ts'
import { errorOf, type OnRefused } from '../node/refusal.ts'
import { answerRefused, type FastifyReplyLike, type FastifyRequestLike } from './refusal.ts'
import { FastifySource } from './source.ts'

export type { RespondingSource } from '../node/node-source.ts'
export type { FastifyReplyLike, FastifyRequestLike } from './refusal.ts'

/** How to answer what was refused. */
export interface FastifyOptions<in Q = FastifyRequest, in R = FastifyReply> {
  /**
   * Answers refusals in one's own way, by `reply.code(…).send(…)`; what it answers later must be behind the promise that
   * it returns. When it answers nothing, throws or rejects, the default answer is sent; it can never let the request
   * pass. Not called when the client has gone. Default: `outcome.response` is sent as it is.
   */
  readonly onRefused?: OnRefused<Q, R> | undefined
  /**
   * Whether what a provider or `validate` threw goes to Fastify's error handler, instead of being answered with 503.
   * Default: `false`.
   */
  readonly passErrors?: boolean | undefined
}

/** A Fastify hook that lets only those pass whom a requirement lets pass, and tells who they are. */
export interface FastifyHook<out W extends Who> {
  (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void): void
  /**
   * Tells who made the request.
   *
   * @throws TypeError when this hook has not let this very request pass.
   */
  readonly of: (request: Pick<FastifyRequestLike, 'raw'>) => W
}

/**
 * Makes a hook for Fastify 5, for `onRequest` or `preHandler` of a route or a scope.
 *
 * It calls `done()` in the same tick when the providers answer at once. Refusals go through the reply, so that `onSend`
 * and `onResponse` hooks see them.
 *
 * @example
 * import { authentication } from 'becauth'
 * import { basic } from 'becauth/basic'
 * import { authenticate } from 'becauth/fastify'
 * import fastify from 'fastify'
 *
 * declare function check(username: string, password: string): { name: string } | null
 *
 * const auth = authentication({
 *   staff: basic({ realm: 'staff', validate: ({ username, password }) => check(username, password) }),
 * })
 * const staff = authenticate(auth.require('staff'))
 * fastify().get('/me', { onRequest: staff }, (request) => staff.of(request).principal)
 *
 * @throws TypeError when the requirement or `onRefused` is not one.
 */
export function authenticate<W extends Who>(requirement: Requirement<W>, options: FastifyOptions = {}): FastifyHook<W> {
  checkArguments('authenticate', requirement, options)
  // Fastify calls a hook with its own request and reply. The hook's type cannot say so: it would fit one kind of server,
  // schema and type provider only.
  const { onRefused, passErrors } = options as FastifyOptions<FastifyRequestLike, FastifyReplyLike>
  const passes = new Passes(requirement)
  function settle(outcome: Outcome<W>, request: FastifyRequestLike, reply: FastifyReplyLike, done: Done): void {
    if (isRefused(outcome)) {
      const error = passErrors === true ? errorOf(outcome) : undefined
      if (error !== undefined) done(error)
      else answerRefused(outcome, request, reply, onRefused, requirement)
      return
    }
    passes.add(request.raw, outcome)
    amend(reply.raw, outcome.amendments)
    done()
  }
  function hook(request: FastifyRequestLike, reply: FastifyReplyLike, done: Done): void {
    const outcome = requirement.decide(new NodeSource(request.raw, reply.raw, request))
    if (isThenable(outcome)) outcome.then((settled) => settle(settled, request, reply, done)).catch(done)
    else settle(outcome, request, reply, done)
  }
  hook.of = (request: Pick<FastifyRequestLike, 'raw'>): W => passes.of(request.raw)
  return hook
}

/**
 * Makes a route handler for Fastify 5 that runs for those whom the requirement lets pass, with `who` as an argument.
 *
 * It decides after Fastify has parsed and validated the body: `authenticate()` as an `onRequest` hook decides before. Types
 * that come from a schema do not reach the handler: name them, as in `get<{ Params: { id: string } }>`.
 *
 * @example
 * import type { Authenticated, Requirement } from 'becauth'
 * import { protect } from 'becauth/fastify'
 * import fastify from 'fastify'
 *
 * declare const staff: Requirement<Authenticated<'staff', { staff: { name: string } }>>
 *
 * fastify().get('/me', protect(staff, (_request, _reply, who) => ({ name: who.principal.name })))
 *
 * @throws TypeError when the requirement, the handler or `onRefused` is not one.
 */
export function protect<
  W extends Who,
  Q extends FastifyRequestLike = FastifyRequest,
  R extends FastifyReplyLike = FastifyReply,
>(
  requirement: Requirement<W>,
  handler: (this: FastifyInstance, request: Q, reply: R, who: NoInfer<W>) => unknown,
  options: FastifyOptions<NoInfer<Q>, NoInfer<R>> = {},
): (this: FastifyInstance, request: Q, reply: R) => unknown {
  checkArguments('protect', requirement, options, handler)
  function settle(outcome: Outcome<W>, instance: FastifyInstance, request: Q, reply: R): unknown {
    if (!isRefused(outcome)) {
      amend(reply.raw, outcome.amendments)
      return handler.call(instance, request, reply, outcome)
    }
    const error = options.passErrors === true ? errorOf(outcome) : undefined
    if (error !== undefined) throw error
    answerRefused(outcome, request, reply, options.onRefused, requirement)
    // Fastify then waits for the answer instead of sending an empty one.
    return reply
  }
  return function (this: FastifyInstance, request, reply) {
    const outcome = requirement.decide(new NodeSource(request.raw, reply.raw, request))
    if (isThenable(outcome)) return outcome.then((settled) => settle(settled, this, request, reply))
    return settle(outcome, this, request, reply)
  }
}

/**
 * Makes the engine's view of a Fastify request, for what handlers do to sessions: `sessions.login()` and the like set their
 * cookies through the reply by themselves. Also for `decide()` where no hook fits.
 *
 * @example
 * import type { Authenticated, Requirement } from 'becauth'
 * import { protect, requestSource } from 'becauth/fastify'
 * import type { Sessions } from 'becauth/session'
 * import fastify from 'fastify'
 *
 * declare const form: Requirement<Authenticated<'form', { form: { id: string } }>>
 * declare const sessions: Sessions<{ id: string }>
 *
 * fastify().post(
 *   '/login',
 *   protect(form, async (request, reply, { principal }) => {
 *     await sessions.login(requestSource(request, reply), principal, { subject: principal.id })
 *     return reply.redirect('/', 303)
 *   }),
 * )
 */
export function requestSource(request: FastifyRequestLike, reply: FastifyReplyLike): RespondingSource {
  return new FastifySource(request, reply)
}

type Done = (error?: Error) => void
