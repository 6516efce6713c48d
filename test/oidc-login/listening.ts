import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A `fetch` handler on a port of this machine. */
export interface Listening {
  readonly url: string
  /** Who answers from now on. */
  handle: (request: Request) => Promise<Response>
  /** The paths that were asked. */
  readonly asked: string[]
  close(): Promise<void>
}

/** Listens, and answers 503 until somebody handles requests. */
export async function listening(): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, self).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server has no port')
  const self: Listening = {
    url: `http://127.0.0.1:${address.port}`,
    handle: async () => new Response(null, { status: 503 }),
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return self
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, service: Listening): Promise<void> {
  const { method = 'GET', url = '/' } = incoming
  service.asked.push(url.split('?', 1)[0] ?? '')
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = chunks.length > 0 ? Buffer.concat(chunks) : null
  const response = await service.handle(new Request(service.url + url, { method, headers, body }))
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  outgoing.setHeader('set-cookie', response.headers.getSetCookie())
  outgoing.writeHead(response.status).end(Buffer.from(await response.arrayBuffer()))
}
