import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type FetchedKeySource, jwks } from '../../src/keys/index.ts'
import { edKey, wanting } from './scripted-issuer.ts'

const servers: Server[] = []

/** Starts a server on this machine and answers its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server has no port')
  return `http://127.0.0.1:${address.port}/jwks`
}

async function failureOf(keys: FetchedKeySource): Promise<unknown> {
  const found = await keys.find(wanting('a'), new AbortController().signal)
  expect(found).toMatchObject({ kind: 'Error', retryable: true, code: 'keys-unavailable' })
  const cause = keys.status().failure?.cause
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describe('keys over real HTTP', () => {
  it("come with the runtime's own fetch, whatever the content type", async () => {
    const accepted: (string | undefined)[] = []
    const url = await serve((request, response) => {
      accepted.push(request.headers.accept)
      response.setHeader('content-type', 'text/plain').end(JSON.stringify({ keys: [edKey('a')] }))
    })
    expect(await jwks(url).find(wanting('a'), new AbortController().signal)).toHaveLength(1)
    expect(accepted).toEqual(['application/jwk-set+json, application/json'])
  })

  it.each([301, 302, 303, 307, 308])('are not fetched through a redirect %i', async (status) => {
    const paths: (string | undefined)[] = []
    const url = await serve((request, response) => {
      paths.push(request.url)
      if (request.url === '/jwks') response.writeHead(status, { location: '/other' }).end()
      else response.end(JSON.stringify({ keys: [edKey('a')] }))
    })
    expect(await failureOf(jwks(url))).toBe('keys-redirect')
    expect(paths).toEqual(['/jwks'])
  })

  it('of 50 MB are given up after a small part, and the connection is closed', async () => {
    let sent = 0
    let onClose = (_sent: number) => {}
    const closed = new Promise<number>((resolve) => {
      onClose = resolve
    })
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(65_536, 0x20)
      const more = () => {
        while (sent < 50_000_000) {
          sent += chunk.length
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.on('drain', more)
      response.on('close', () => onClose(sent))
      more()
    })
    expect(await failureOf(jwks(url))).toBe('keys-too-large')
    expect(await closed).toBeLessThan(20_000_000)
  })

  it('are given up at the time limit when headers or the rest of the body do not come', async () => {
    const closed: string[] = []
    for (const start of ['', '{"keys":[']) {
      const url = await serve((_request, response) => {
        if (start !== '') response.write(start)
        response.on('close', () => closed.push(start))
      })
      expect(await failureOf(jwks(url, { timeoutSeconds: 0.1 }))).toBe('keys-timeout')
    }
    await expect.poll(() => closed).toEqual(['', '{"keys":['])
  })

  it('that are compressed count as what they become', async () => {
    const { gzipSync } = await import('node:zlib')
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb)
    })
    expect(bomb.length).toBeLessThan(100_000)
    expect(await failureOf(jwks(url))).toBe('keys-too-large')
  })

  it('of nobody who listens are unreachable', async () => {
    const url = await serve(() => {})
    await new Promise((resolve) => servers.pop()?.close(resolve))
    expect(await failureOf(jwks(url))).toBe('keys-unreachable')
  })
})
