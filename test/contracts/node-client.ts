import { Agent, request } from 'node:http'
import type { HeaderField } from '../../src/core/request.ts'
import type { ReceivedResponse, SentRequest } from '../../src/testing/contract/kit.ts'

/**
 * Sends one request over a connection of its own by node:http: doubled field lines go out as they are, redirects are not
 * followed, and an answer counts also when the server closes the connection before it has read the whole body.
 */
export function send(url: string, sent: SentRequest): Promise<ReceivedResponse> {
  const { method = 'GET', headers = [], body, abortAfterMs } = sent
  const agent = new Agent({ keepAlive: false, maxSockets: 1 })
  const pieces = body === undefined ? [] : Array.isArray(body) ? body : [body]
  return new Promise<ReceivedResponse>((resolve, reject) => {
    let answered = false
    const outgoing = request(url, { method, agent, headers: fieldLines(url, headers, body) })
    outgoing.on('response', (incoming) => {
      answered = true
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          rawHeaders: pairs(incoming.rawHeaders),
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    // Writing into a connection that the server has closed fails after its answer came.
    outgoing.on('error', (error) => (answered ? undefined : reject(error)))
    if (abortAfterMs !== undefined) {
      const timer = setTimeout(() => outgoing.destroy(new Error('the client hung up, as told')), abortAfterMs)
      outgoing.on('close', () => clearTimeout(timer))
    }
    for (const piece of pieces) outgoing.write(piece)
    outgoing.end()
  }).finally(() => agent.destroy())
}

/** A flat list, which is the form in which node:http sends names twice. */
function fieldLines(url: string, headers: readonly HeaderField[], body: SentRequest['body']): string[] {
  const lines: string[] = ['Host', new URL(url).host]
  for (const [name, value] of headers) lines.push(name, value)
  if (typeof body === 'string' || body instanceof Uint8Array)
    lines.push('Content-Length', String(Buffer.byteLength(body)))
  else if (body !== undefined) lines.push('Transfer-Encoding', 'chunked')
  return lines
}

function pairs(raw: readonly string[]): HeaderField[] {
  const fields: HeaderField[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) fields.push([raw[index] ?? '', raw[index + 1] ?? ''])
  return fields
}
