import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createServer2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { Connection, readers, until, withConnection, withServer } from '../../../test/contracts/node-connection.ts'
import type { RequestSource } from '../../core/request.ts'
import { requestSource } from './node.ts'

/** Sends lines and hands over the view of the request. */
async function viewed(lines: readonly string[], look: (source: RequestSource, request: IncomingMessage) => void) {
  let failure: unknown
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    try {
      look(requestSource(request, response), request)
    } catch (error) {
      failure = error
    }
    response.end()
  }
  await withConnection(listener, async (connection) => {
    connection.send(...lines, '')
    await connection.answer()
  })
  if (failure !== undefined) throw failure
}

interface Exchange {
  readonly status: number | undefined
  readonly body: string
}

/** One request over HTTP/2 without TLS. */
async function over2(
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  headers: Record<string, string | string[]>,
  chunks: readonly string[] | undefined,
): Promise<Exchange> {
  let answer: Exchange = { status: undefined, body: '' }
  await withServer(createServer2(listener), async (port) => {
    const session = connect(`http://127.0.0.1:${port}`)
    try {
      const stream = session.request(headers, { endStream: chunks === undefined })
      const responded = once(stream, 'response')
      for (const chunk of chunks ?? []) stream.write(chunk)
      if (chunks !== undefined) stream.end()
      const [head] = await responded
      let body = ''
      for await (const chunk of stream) body += chunk
      answer = { status: head[':status'], body }
    } finally {
      session.destroy()
    }
  })
  return answer
}

describe('a Node request as the engine sees it', () => {
  it('joins field lines that Node itself drops', () =>
    viewed(['GET / HTTP/1.1', 'Host: a', 'Authorization: one', 'AUTHORIZATION: two', 'X-A: 1'], (source, request) => {
      expect(request.headers.authorization).toBe('one')
      expect(source.header('authorization')).toBe('one, two')
      expect(source.header('x-a')).toBe('1')
      expect(source.header('x-b')).toBeUndefined()
    }))

  it('joins cookies by semicolons and keeps empty values', () =>
    viewed(['GET / HTTP/1.1', 'Host: a', 'Cookie: a=1', 'cookie: b=2', 'X-Empty:'], (source) => {
      expect(source.header('cookie')).toBe('a=1; b=2')
      expect(source.header('x-empty')).toBe('')
    }))

  it('tells method, target, peer and the native request', () =>
    viewed(['DELETE /a/b?c=d HTTP/1.1', 'Host: a'], (source, request) => {
      expect([source.method, source.target]).toEqual(['DELETE', '/a/b?c=d'])
      expect(source.peer).toEqual({ address: '127.0.0.1', encrypted: false })
      expect(source.native).toBe(request)
      expect(source.gone).toBe(false)
    }))

  it('prefers the target that a framework received over the one it has rewritten', () =>
    viewed(['GET /admin/users HTTP/1.1', 'Host: a'], (_source, request) => {
      const mounted = Object.assign(request, { originalUrl: '/admin/users', url: '/users' })
      expect(requestSource(mounted).target).toBe('/admin/users')
    }))

  it('is not gone when its body was read to the end', async () => {
    const [byEvents] = readers
    const listener = async (request: IncomingMessage, response: ServerResponse) => {
      await byEvents?.read(request)
      await until(() => request.destroyed)
      response.end(`gone: ${requestSource(request, response).gone}`)
    }
    await withConnection(listener, async (connection) => {
      connection.send('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', '')
      connection.write('x')
      expect((await connection.answer()).body).toBe('gone: false')
    })
  })

  it('is gone, with its signal aborted, when the client hangs up', async () => {
    let source: RequestSource | undefined
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      source = requestSource(request, response)
      expect(source.signal).toBe(source.signal)
    }
    await withConnection(listener, async (connection) => {
      connection.send('GET / HTTP/1.1', 'Host: a', '')
      await until(() => source !== undefined)
      expect([source?.gone, source?.signal.aborted]).toEqual([false, false])
      connection.socket.destroy()
      await until(() => source?.signal.aborted === true)
      expect(source?.gone).toBe(true)
    })
  })

  it('has its signal aborted from the start when asked after the client hung up', async () => {
    let source: RequestSource | undefined
    const listener = (request: IncomingMessage) => {
      source = requestSource(request)
    }
    await withConnection(listener, async (connection) => {
      connection.send('GET / HTTP/1.1', 'Host: a', '')
      await until(() => source !== undefined)
      connection.socket.destroy()
      await until(() => source?.gone === true)
      expect(source?.signal.aborted).toBe(true)
    })
  })

  it('keeps its signal quiet when the answer was finished, and leaves the socket without a listener', async () => {
    const signals: AbortSignal[] = []
    const counts: number[] = []
    const server = createServer((request, response) => {
      signals.push(requestSource(request, response).signal)
      counts.push(request.socket.listenerCount('close'))
      response.end()
    })
    await withServer(server, async (port) => {
      const connection = new Connection(port)
      for (let round = 0; round < 3; round++) {
        connection.send('GET / HTTP/1.1', 'Host: a', '')
        await connection.answer()
      }
      connection.socket.destroy()
      await connection.closed()
    })
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
    expect(new Set(counts).size).toBe(1)
  })
})

describe('an HTTP/2 request as the engine sees it', () => {
  const look = (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const source = requestSource(request, response)
    const names = ['host', ':authority', ':path', 'cookie', 'x-a']
    response.end(JSON.stringify([source.method, source.target, source.peer, names.map((name) => source.header(name))]))
  }

  it('has its authority as host and shows no other pseudo-header', async () => {
    const { body } = await over2(
      look,
      { ':path': '/a?b', ':authority': 'shop.example', cookie: ['a=1', 'b=2'], 'x-a': ['1', '2'] },
      undefined,
    )
    expect(JSON.parse(body)).toEqual([
      'GET',
      '/a?b',
      { address: '127.0.0.1', encrypted: false },
      ['shop.example', null, null, 'a=1; b=2', '1, 2'],
    ])
  })

  it('has no host that can be believed when Host contradicts the authority', async () => {
    const { body } = await over2(look, { ':authority': 'shop.example', host: 'evil.example' }, undefined)
    expect(JSON.parse(body)[3][0]).toBe('shop.example, evil.example')
  })

  describe.each(readers)('with a body that the handler reads $how', ({ read }) => {
    const listener = async (request: Http2ServerRequest, response: Http2ServerResponse) => {
      const reading = await requestSource(request, response).body(100_000)
      const text = await read(request)
      response.end(`${reading.kind} ${reading.kind === 'bytes' ? reading.bytes.length : ''} | ${text.length}`)
    }

    it('gives becauth and the handler all of it', async () => {
      const post = { ':method': 'POST' }
      expect((await over2(listener, post, ['user=', 'ada'])).body).toBe('bytes 8 | 8')
      expect((await over2(listener, { ...post, 'content-length': '8' }, ['user=', 'ada'])).body).toBe('bytes 8 | 8')
      expect((await over2(listener, post, ['y'.repeat(90_000)])).body).toBe('bytes 90000 | 90000')
      expect((await over2(listener, post, ['y'.repeat(200_000)])).body).toBe('too-large  | 200000')
      expect((await over2(listener, post, [])).body).toBe('bytes 0 | 0')
      expect((await over2(listener, post, undefined)).body).toBe('none  | 0')
    })
  })

  it('lets the session serve more when the handler leaves a body that was too large', async () => {
    const listener = async (request: Http2ServerRequest, response: Http2ServerResponse) => {
      const reading = await requestSource(request, response).body(10)
      response.end(reading.kind)
    }
    await withServer(createServer2(listener), async (port) => {
      const session = connect(`http://127.0.0.1:${port}`)
      try {
        for (let round = 0; round < 20; round++) {
          const stream = session.request({ ':method': 'POST' })
          stream.on('error', () => undefined)
          stream.end('y'.repeat(100_000))
          let body = ''
          for await (const chunk of stream) body += chunk
          expect(body).toBe('too-large')
        }
      } finally {
        session.destroy()
      }
    })
  })

  it('is gone, and its body fails, when the client resets the stream', async () => {
    let source: RequestSource | undefined
    let failure: Promise<unknown> | undefined
    const listener = (request: Http2ServerRequest, response: Http2ServerResponse) => {
      source = requestSource(request, response)
      failure = source.body(100).catch((error: Error) => error.message)
    }
    await withServer(createServer2(listener), async (port) => {
      const session = connect(`http://127.0.0.1:${port}`)
      const stream = session.request({ ':method': 'POST' })
      stream.on('error', () => undefined)
      stream.write('half')
      await until(() => source !== undefined)
      expect(source?.signal.aborted).toBe(false)
      stream.close(8)
      await until(() => source?.signal.aborted === true)
      expect(source?.gone).toBe(true)
      expect(await failure).toBe('the client hung up before the body was there')
      expect(source?.peer).toMatchObject({ encrypted: false })
      session.destroy()
    })
  })
})
