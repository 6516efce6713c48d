import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestSource } from '../../src/adapters/node/node.ts'
import { authentication } from '../../src/core/authentication.ts'
import { certificateBound } from '../../src/proofs/certificate-bound/certificate-bound.ts'
import { bearer } from '../../src/providers/bearer/bearer.ts'
import { first, second, type TestCertificate } from './certificates.ts'

const hash = createHash('sha256').update(new X509Certificate(first.cert).raw).digest('base64url')
const auth = authentication({
  api: bearer({ validate: () => ({ cnf: { 'x5t#S256': hash } }), proofs: [certificateBound()] }),
})

type Request = IncomingMessage | Http2ServerRequest

async function answer(request: Request, response: ServerResponse | Http2ServerResponse): Promise<void> {
  const outcome = await auth.decide(requestSource(request, response), 'api')
  response.statusCode = 'response' in outcome ? outcome.response.status : 200
  response.end()
}

describe('certificateBound() over TLS, on Node', () => {
  const server = createSecureServer(
    { ...first, allowHTTP1: true, requestCert: true, rejectUnauthorized: false },
    answer,
  )
  let port = 0

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'object' && address !== null) port = address.port
  })
  afterAll(() => {
    server.close()
  })

  async function over1(client?: TestCertificate): Promise<number | undefined> {
    const options = { ...client, port, host: '127.0.0.1', rejectUnauthorized: false, agent: false as const }
    const sent = httpsRequest({ ...options, headers: { authorization: 'Bearer token' } })
    sent.end()
    const [response] = await once(sent, 'response')
    response.resume()
    return response.statusCode
  }

  async function over2(client?: TestCertificate): Promise<number | undefined> {
    const session = connect(`https://127.0.0.1:${port}`, { ...client, rejectUnauthorized: false })
    try {
      const stream = session.request({ authorization: 'Bearer token' })
      const [head] = await once(stream, 'response')
      return head[':status']
    } finally {
      session.destroy()
    }
  }

  it.each([
    ['HTTP/1.1', over1],
    ['HTTP/2', over2],
  ] as const)('lets in the client that has the certificate and nobody else, over %s', async (_version, send) => {
    expect(await send(first)).toBe(200)
    expect(await send(second)).toBe(401)
    expect(await send()).toBe(401)
  })
})
