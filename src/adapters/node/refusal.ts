import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Awaitable } from '../../core/provider.ts'
import type { Requirement } from '../../core/requirement.ts'
import { isThenable } from '../../core/validate.ts'
import type { Refused } from '../../core/who.ts'
import { appendField, type Fields, mergeVary } from './fields.ts'
import { isComplete, type NodeRequest, type NodeResponse } from './native.ts'

/** Answers a refusal in one's own way. */
export type OnRefused<in Q, in R> = (refused: Refused, request: Q, response: R) => Awaitable<unknown>

/**
 * Writes the answer to a refused request: to a response, or to the bare socket of an `upgrade` event, which is closed.
 *
 * Header fields that were set on the response before stay. Nothing is written when the client has gone, or when somebody
 * has begun to answer already.
 *
 * @example
 * import { createServer } from 'node:http'
 * import type { Requirement } from 'becauth'
 * import { requestSource, writeRefusal } from 'becauth/node'
 *
 * declare const requirement: Requirement
 * declare function accept(name: string): void
 *
 * createServer().on('upgrade', async (request, socket) => {
 *   socket.on('error', () => socket.destroy())
 *   const outcome = await requirement.decide(requestSource(request))
 *   if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') writeRefusal(outcome, socket)
 *   else accept(outcome.provider ?? 'nobody')
 * })
 */
export function writeRefusal(refused: Refused, target: NodeResponse | Duplex): void {
  if (isGone(refused)) return
  if (!('setHeader' in target)) writeToSocket(refused, target)
  else if (!target.headersSent) writeToResponse(refused, target)
}

export function isGone(refused: Refused): boolean {
  return refused.kind === 'unavailable' && refused.gone
}

/** Writes the head's fields: those set before stay, but for what a refusal must say by itself. */
export function setRefusalFields({ response }: Refused, fields: Fields, request: NodeRequest): void {
  for (const [name, value] of response.headers) {
    // Names as becauth itself writes them need no second look, and what nobody has set before nothing to add to.
    if (name === 'Cache-Control' || name === 'Content-Type') fields.setHeader(name, value)
    else if (fields.getHeader(name) === undefined) fields.setHeader(name, value)
    else addRefusalField(name, value, fields)
  }
  // The rest of a body that nobody wants is not waited for (RFC 9110, section 15.5.14).
  if (response.status === 413 && !('stream' in request) && !isComplete(request)) fields.setHeader('Connection', 'close')
}

function addRefusalField(name: string, value: string, fields: Fields): void {
  switch (name.toLowerCase()) {
    case 'vary':
      mergeVary(fields, [value])
      break
    case 'www-authenticate':
    case 'proxy-authenticate':
    case 'set-cookie':
      appendField(fields, name, value)
      break
    default:
      fields.setHeader(name, value)
  }
}

function writeToResponse(refused: Refused, response: NodeResponse): void {
  const { status, body } = refused.response
  response.statusCode = status
  // One by one, though `writeHead` with a list would cost less: what that writes, `getHeader` does not tell loggers.
  setRefusalFields(refused, response, response.req)
  // HEAD's would have to be GET's (RFC 9110, section 8.6).
  if (response.req.method !== 'HEAD') response.setHeader('Content-Length', String(Buffer.byteLength(body ?? '')))
  response.end(body ?? '')
}

/** RFC 9112, section 6: a message on a connection that HTTP leaves behind. */
function writeToSocket({ response }: Refused, socket: Duplex): void {
  // Node has taken its own listeners off by now; without one, a reset would end the process.
  socket.on('error', () => socket.destroy())
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { status, headers, body } = response
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body ?? '')}`,
    'Connection: close',
  ]
  socket.once('finish', () => socket.destroy())
  // Field values are ASCII or obs-text (RFC 9110, section 5.5): Latin-1, as `node:http` writes them.
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  socket.end(body ?? '')
}

/** Lets `onRefused` answer, and answers by itself when it did not or could not. */
export function answerRefused<Q extends object, R extends NodeResponse>(
  refused: Refused,
  request: Q,
  response: R,
  onRefused: OnRefused<Q, R> | undefined,
  requirement: Requirement,
): void {
  if (isGone(refused)) return
  if (onRefused === undefined) {
    writeRefusal(refused, response)
    return
  }
  const giveUp = (thrown: unknown): void => {
    requirement.report(request, thrown)
    abandon(refused, response)
  }
  try {
    const answer = onRefused(refused, request, response)
    if (isThenable(answer)) {
      Promise.resolve(answer).then(
        () => writeRefusal(refused, response),
        (thrown: unknown) => giveUp(thrown),
      )
    } else writeRefusal(refused, response)
  } catch (thrown) {
    giveUp(thrown)
  }
}

/** After a throw: the default answer, or the end of one that was left half written. */
function abandon(refused: Refused, response: NodeResponse): void {
  if (!response.headersSent) writeRefusal(refused, response)
  else if (!response.writableEnded) response.destroy()
}

/** The error to hand to a framework, of what could not be decided: what was thrown, or the cause that stands for it. */
export function errorOf(refused: Refused): Error | undefined {
  if (refused.kind !== 'unavailable' || refused.gone) return undefined
  for (const { cause } of refused.failures) {
    // Anything but an `Error` is not passed on: frameworks read `undefined`, or the string `route`, as "go on".
    if (cause.kind === 'Error' && cause.retryable) return cause.cause instanceof Error ? cause.cause : cause
  }
  return undefined
}
