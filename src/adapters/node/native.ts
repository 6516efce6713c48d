import type { IncomingMessage, OutgoingMessage } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request as Node's servers hand it out, over HTTP/1 or by the compatibility API over HTTP/2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/** What becauth uses of a response. Those of `node:http`, `node:http2` and the frameworks upon them all have it. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  readonly req: NodeRequest
  getHeader(name: string): ReturnType<OutgoingMessage['getHeader'] | Http2ServerResponse['getHeader']>
  setHeader(name: string, value: string | readonly string[]): unknown
  end(body: string): unknown
  destroy(): unknown
  once(event: 'finish' | 'close', listener: () => void): unknown
  off(event: 'finish' | 'close', listener: () => void): unknown
}

/** Whether the whole message has arrived, read or not. */
export function isComplete(request: NodeRequest): boolean {
  // `complete` of an HTTP/2 request is also true for one that was cut off.
  return 'stream' in request ? request.stream.readableEnded && !request.stream.aborted : request.complete
}
