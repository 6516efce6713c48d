import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Refused } from '../../core/who.ts'
import type { Fields } from '../node/fields.ts'
import type { NodeRequest, NodeResponse } from '../node/native.ts'
import { isGone, type OnRefused, setRefusalFields } from '../node/refusal.ts'

/** What becauth uses of a Fastify request. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest
  readonly body: unknown
}

/** What becauth uses of a Fastify reply. */
export interface FastifyReplyLike {
  readonly raw: NodeResponse
  readonly sent: boolean
  getHeader(name: string): unknown
  header(name: string, value: string | readonly string[]): unknown
  removeHeader(name: string): unknown
  code(status: number): unknown
  send(payload?: Buffer): unknown
}

/** Lets `onRefused` answer, and answers through the reply when it did not or could not. */
export function answerRefused<Q extends FastifyRequestLike, R extends FastifyReplyLike>(
  refused: Refused,
  request: Q,
  reply: R,
  onRefused: OnRefused<Q, R> | undefined,
  requirement: Requirement,
): void {
  if (isGone(refused)) return
  if (onRefused === undefined) {
    sendRefusal(refused, request, reply)
    return
  }
  const watched = new WatchedReply(reply)
  const finish = (): void => {
    if (!watched.unwatch()) sendRefusal(refused, request, reply)
  }
  const giveUp = (thrown: unknown): void => {
    requirement.report(request.raw, thrown)
    finish()
  }
  try {
    const answer = onRefused(refused, request, reply)
    // The reply is a thenable itself, which waits for the answer.
    if (answer !== reply && isThenable(answer)) Promise.resolve(answer).then(finish, giveUp)
    else finish()
  } catch (thrown) {
    giveUp(thrown)
  }
}

/** Whether somebody sends: while `onSend` hooks are at work, the reply itself does not know yet. */
class WatchedReply {
  readonly #reply: FastifyReplyLike
  #used = false

  constructor(reply: FastifyReplyLike) {
    const { send } = reply
    this.#reply = reply
    reply.send = (payload) => {
      this.#used = true
      return send.call(reply, payload)
    }
  }

  /** Ends it, and says whether there is an answer. */
  unwatch(): boolean {
    Reflect.deleteProperty(this.#reply, 'send')
    return this.#used || isAnswered(this.#reply)
  }
}

function isAnswered(reply: FastifyReplyLike): boolean {
  return reply.sent || reply.raw.headersSent
}

function sendRefusal(refused: Refused, request: FastifyRequestLike, reply: FastifyReplyLike): void {
  if (isAnswered(reply)) return
  const { status, body } = refused.response
  reply.code(status)
  setRefusalFields(refused, new ReplyFields(reply), request.raw)
  // Bytes, since to a string Fastify adds a charset and its serializer.
  if (body === null) reply.send()
  else reply.send(Buffer.from(body))
}

/** The fields of an answer, by way of the reply. */
export class ReplyFields implements Fields {
  readonly #reply: FastifyReplyLike

  constructor(reply: FastifyReplyLike) {
    this.#reply = reply
  }

  getHeader(name: string): unknown {
    return this.#reply.getHeader(name)
  }

  /** Fastify itself would add cookies to those that are set. */
  setHeader(name: string, value: string | readonly string[]): void {
    if (name.toLowerCase() === 'set-cookie') this.#reply.removeHeader(name)
    this.#reply.header(name, value)
  }
}
