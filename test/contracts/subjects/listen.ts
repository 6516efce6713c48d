import type { IncomingMessage, Server } from 'node:http'
import type { Readable } from 'node:stream'
import { AuthenticationFailedCause } from '../../../src/core/cause.ts'
import type { Refused } from '../../../src/core/who.ts'
import type { ContractIo, MountedRoutes } from '../../../src/testing/adapter-subject.ts'

/** Starts a server on a free port of the loopback. */
export async function listen(server: Server): Promise<MountedRoutes> {
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

/** The request's half of what a route's handler may do, by nothing but Node's own means. */
export function requestIo(request: IncomingMessage): Pick<ContractIo, 'header' | 'readBody'> {
  return {
    header: (name) => request.headersDistinct[name.toLowerCase()]?.join(', '),
    readBody: () => readAll(request),
  }
}

function readAll(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    stream.on('error', reject)
  })
}

/** What `of()` of a middleware that was never mounted says. */
export function probe(ask: () => unknown): string {
  try {
    ask()
    return 'nothing'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
  }
}

/** What a provider threw, of what could not be decided, or the cause's own message. */
export function thrownMessage(refused: Refused): string | undefined {
  if (refused.kind !== 'unavailable') return undefined
  for (const { cause } of refused.failures) {
    if (!(cause instanceof AuthenticationFailedCause.Error && cause.retryable)) continue
    return cause.cause instanceof Error ? cause.cause.message : cause.message
  }
  return undefined
}
