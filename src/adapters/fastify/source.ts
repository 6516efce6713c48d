import type { HeaderField } from '../../core/request.ts'
import { appendField } from '../node/fields.ts'
import { NodeSource } from '../node/node-source.ts'
import { type FastifyReplyLike, type FastifyRequestLike, ReplyFields } from './refusal.ts'

/** A Fastify request as the engine sees it, whose answer is reached through the reply, so that hooks see what is set. */
export class FastifySource extends NodeSource {
  readonly #reply: FastifyReplyLike

  constructor(request: FastifyRequestLike, reply: FastifyReplyLike) {
    super(request.raw, reply.raw, request)
    this.#reply = reply
  }

  override get respond(): (fields: readonly HeaderField[]) => void {
    const fields = new ReplyFields(this.#reply)
    return (added) => {
      for (const [name, value] of added) appendField(fields, name, value)
    }
  }
}
