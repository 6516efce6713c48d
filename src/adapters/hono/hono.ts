import type { Context, Env, Input, MiddlewareHandler, Next } from 'hono'
import type { BlankInput } from 'hono/types'
import { attachments } from '../../core/attachments.ts'
import { isRefused } from '../../core/outcome.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { Peer } from '../../core/request.ts'
import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Outcome, Refused, Who } from '../../core/who.ts'
import { amended, refusalResponse, thrownOf } from '../fetch/answer.ts'
import { addPreset } from './preset.ts'
import { HonoSource, type RespondingSource } from './source.ts'

export type { RespondingSource } from './source.ts'

/** What can be said about the Hono adapter. */
export interface HonoOptions {
  /**
   * Answers refused requests in the application's own way. It cannot let anybody through: answering nothing or throwing
   * sends the refusal as it is. Status and header fields of the refusal are in `refused.response`; a 401 should keep
   * the challenges. Default: the refusal as it is.
   */
  readonly onRefused?: ((refused: Refused, c: Context) => Awaitable<Response | undefined>) | undefined
  /**
   * Hands what a provider threw to `app.onError` instead of answering 503. It comes before `onRefused`. Default: `false`.
   */
  readonly passErrors?: boolean | undefined
  /** Tells who is at the other end of the connection, where the runtime knows. Default: the address is unknown. */
  readonly peer?: ((c: Context) => Peer) | undefined
}

/** Hono middleware that lets through only whom the requirement accepts. */
export interface HonoAuthenticate<W extends Who, K extends string>
  extends MiddlewareHandler<{ Variables: { [P in K]: W } }> {
  /**
   * Tells who is there. Unlike `c.var` nothing but this very middleware can set it.
   *
   * @throws TypeError when this middleware has not let this request through.
   */
  of(c: Context): W
}

/**
 * Makes Hono middleware of a requirement. Handlers chained after it find who is there in `c.var.auth`, typed.
 *
 * Stacked scopes of different providers need different variables: give the second one a `key`.
 *
 * @param key the name of the variable; default: `'auth'`
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { authenticate } from 'becauth/hono'
 * import { Hono } from 'hono'
 *
 * declare const auth: Authentication<{ staff: { name: string } }>
 * const staff = authenticate(auth.require('staff'))
 *
 * export const app = new Hono().get('/hello', staff, (c) => c.text(c.var.auth.principal.name))
 *
 * @throws TypeError when `key` is empty.
 */
export function authenticate<W extends Who, const K extends string = 'auth'>(
  requirement: Requirement<W>,
  key?: K,
  options?: HonoOptions,
): HonoAuthenticate<W, K>
export function authenticate<W extends Who>(
  requirement: Requirement<W>,
  key: string = 'auth',
  options: HonoOptions = {},
): HonoAuthenticate<W, string> {
  if (typeof key !== 'string' || key === '') {
    throw new TypeError('authenticate(): "key" must be the name of a variable, a non-empty string')
  }
  const passed = attachments<W>()
  const of = (c: Context): W => {
    const who = passed.get(c)
    if (who !== undefined) return who
    throw new TypeError('authenticate(): the middleware has not let this request through; mount it before the handler')
  }
  const middleware: MiddlewareHandler = (c: Context, next: Next) => {
    const settle = (outcome: Outcome<W>): ReturnType<MiddlewareHandler> => {
      if (isRefused(outcome)) return refuse(outcome, requirement, options, c)
      passed.set(c, outcome)
      c.set(key, outcome)
      return outcome.amendments === undefined
        ? next()
        : next().then(() => {
            finish(outcome, c)
          })
    }
    const outcome = decide(requirement, options, c)
    return isThenable(outcome) ? outcome.then(settle) : settle(outcome)
  }
  return Object.freeze(Object.assign(middleware, { of }))
}

/**
 * Protects one Hono handler, which is told who is there. It reads better than `authenticate()` where a single route is
 * protected, and needs no variable. The types of bindings, variables, path and validated input do not reach through it:
 * where the handler uses them, annotate `c: Context<AppEnv, '/users/:id'>`.
 *
 * @example
 * import type { Authentication } from 'becauth'
 * import { protect } from 'becauth/hono'
 * import { Hono } from 'hono'
 *
 * declare const auth: Authentication<{ staff: { name: string } }>
 *
 * export const app = new Hono().get('/hello', protect(auth.require('staff'), (c, who) => c.text(who.principal.name)))
 */
export function protect<
  W extends Who,
  E extends Env,
  P extends string,
  R extends Response,
  I extends Input = BlankInput,
>(
  requirement: Requirement<W>,
  handler: (c: Context<E, P, I>, who: NoInfer<W>) => Awaitable<R>,
  options?: HonoOptions,
): (c: Context<E, P, NoInfer<I>>) => Awaitable<R>
export function protect<W extends Who>(
  requirement: Requirement<W>,
  handler: (c: Context, who: W) => Awaitable<Response>,
  options: HonoOptions = {},
): (c: Context) => Awaitable<Response> {
  return (c) => {
    const settle = (outcome: Outcome<W>): Awaitable<Response> => {
      if (isRefused(outcome)) return refuse(outcome, requirement, options, c)
      const answer = handler(c, outcome)
      if (outcome.amendments === undefined) return answer
      return isThenable(answer) ? answer.then((response) => sent(response, outcome, c)) : sent(answer, outcome, c)
    }
    const outcome = decide(requirement, options, c)
    return isThenable(outcome) ? outcome.then(settle) : settle(outcome)
  }
}

/**
 * Makes the engine's view of a Hono request, for what handlers do to sessions: `sessions.login()` and the like set their
 * cookies by themselves. Also for `decide()` where no middleware fits.
 *
 * @param peer who is at the other end, where the runtime knows; default: unknown
 *
 * @example
 * import type { Authenticated, Requirement } from 'becauth'
 * import { protect, requestSource } from 'becauth/hono'
 * import type { Sessions } from 'becauth/session'
 * import { Hono } from 'hono'
 *
 * declare const form: Requirement<Authenticated<'form', { form: { id: string } }>>
 * declare const sessions: Sessions<{ id: string }>
 *
 * export const app = new Hono().post(
 *   '/login',
 *   protect(form, async (c, { principal }) => {
 *     await sessions.login(requestSource(c), principal, { subject: principal.id })
 *     return c.redirect('/', 303)
 *   }),
 * )
 */
export function requestSource(c: Context, peer?: Peer): RespondingSource {
  const source = new HonoSource(c, peer && (() => peer))
  source.watching = true
  return source
}

/** Lets Hono merge what earlier middleware set before the decision's fields are added; the other way round some get lost. */
function sent(response: Response, who: Who, c: Context): Response {
  c.res = response
  return finish(who, c)
}

function decide<W extends Who>(requirement: Requirement<W>, { peer }: HonoOptions, c: Context): Awaitable<Outcome<W>> {
  const source = new HonoSource(c, peer)
  const outcome = requirement.decide(source)
  source.watching = true
  return outcome
}

/** Changes the response that Hono is about to send; `Response`s that cannot be changed are copied. */
function finish({ amendments }: Who, c: Context): Response {
  const { res } = c
  const response = amendments === undefined ? res : amended(res, amendments)
  return response === res ? res : replace(c, response)
}

/** Assigning over a response would write its header fields over the new one's. */
function replace(c: Context, response: Response): Response {
  c.res = undefined
  c.res = response
  return response
}

async function refuse(
  refused: Refused,
  requirement: Requirement,
  { onRefused, passErrors }: HonoOptions,
  c: Context,
): Promise<Response> {
  const gone = refused.kind === 'unavailable' && refused.gone
  const thrown = passErrors === true && refused.kind === 'unavailable' && !gone ? thrownOf(refused) : undefined
  if (thrown !== undefined) throw thrown
  const own =
    onRefused === undefined || gone
      ? undefined
      : await customised(
          () => onRefused(refused, c),
          (error) => requirement.report(c.req, error),
        )
  if (own !== undefined) return own
  const response = refusalResponse(refused, c.req.raw.method)
  const preset = c.res.headers
  if (!preset.keys().next().done) addPreset(response.headers, preset)
  return replace(c, response)
}

/** The application's answer; nothing when it gives none or throws: never a pass. */
async function customised(
  ask: () => Awaitable<Response | undefined>,
  report: (thrown: unknown) => void,
): Promise<Response | undefined> {
  try {
    return await ask()
  } catch (thrown) {
    report(thrown)
    return undefined
  }
}
