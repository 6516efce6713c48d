import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { MountedRoutes } from '../../src/testing/adapter-subject.ts'

/** Serves a WHATWG handler by node:http, with nothing of anybody's framework in between. */
export async function serveFetch(handle: (request: Request) => Promise<Response>): Promise<MountedRoutes> {
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, handle).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handle: (request: Request) => Promise<Response>,
): Promise<void> {
  const gone = new AbortController()
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const response = await handle(requestOf(incoming, gone.signal))
  if (outgoing.destroyed) return
  const cookies = response.headers.getSetCookie()
  const fields = [...response.headers].filter(([name]) => name !== 'set-cookie')
  outgoing.writeHead(response.status, [...fields, ...cookies.map((cookie) => ['set-cookie', cookie] as const)].flat())
  outgoing.end(new Uint8Array(await response.arrayBuffer()))
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', url = '/', rawHeaders } = incoming
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  }
  const init = { method, headers, signal }
  const absolute = `http://${incoming.headers.host}${url}`
  if (method === 'GET' || method === 'HEAD') return new Request(absolute, init)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on('data', (chunk: Buffer) => controller.enqueue(new Uint8Array(chunk)))
      incoming.on('end', () => controller.close())
      incoming.on('error', (error) => controller.error(error))
    },
  })
  // The types of the DOM do not know `duplex`, which Node demands.
  const streaming = { ...init, body, duplex: 'half' }
  return new Request(absolute, streaming)
}
