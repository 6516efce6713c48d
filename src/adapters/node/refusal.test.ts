import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, createServer as createServer2 } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { Connection, until, withConnection, withServer } from '../../../test/contracts/node-connection.ts'
import { AuthenticationError } from '../../core/cause.ts'
import type { Refused, Rejected, Unavailable } from '../../core/who.ts'
import { writeRefusal } from './node.ts'
import { errorOf } from './refusal.ts'

const rejected: Rejected = {
  kind: 'rejected',
  principals: {},
  failures: [],
  denials: [],
  response: {
    status: 401,
    headers: [
      ['WWW-Authenticate', 'Basic realm="a"'],
      ['WWW-Authenticate', 'Bearer realm="b"'],
      ['Cache-Control', 'no-store'],
      ['Vary', 'Accept'],
      ['Set-Cookie', 'sid=; Max-Age=0'],
      ['Content-Type', 'application/problem+json'],
    ],
    body: '{"status":401}',
  },
}
const unavailable: Unavailable = {
  kind: 'unavailable',
  principals: {},
  failures: [],
  denials: [],
  response: { status: 503, headers: [['Retry-After', '5']], body: 'later' },
  retryAfterSeconds: 5,
  gone: false,
}
const own = (fields: readonly string[]) => fields.filter((line) => !/^(date|connection|keep-alive):/.test(line))

describe('writeRefusal()', () => {
  it('writes every field line, and the length of the body', async () => {
    await withConnection(
      (_request, response) => writeRefusal(rejected, response),
      async (connection) => {
        connection.send('GET / HTTP/1.1', 'Host: a', '')
        const { status, fields, body } = await connection.answer()
        expect([status, body]).toEqual([401, '{"status":401}'])
        expect(own(fields)).toEqual([
          'www-authenticate: basic realm="a"',
          'www-authenticate: bearer realm="b"',
          'cache-control: no-store',
          'vary: accept',
          'set-cookie: sid=; max-age=0',
          'content-type: application/problem+json',
          'content-length: 14',
        ])
      },
    )
  })

  it('keeps what CORS has set, adds to Vary and to cookies, and replaces the rest', async () => {
    await withConnection(
      (_request, response) => {
        response.setHeader('Access-Control-Allow-Origin', '*')
        response.setHeader('Vary', 'Origin, accept')
        response.setHeader('Cache-Control', 'public')
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        response.setHeader('WWW-Authenticate', 'Negotiate')
        writeRefusal(rejected, response)
      },
      async (connection) => {
        connection.send('GET / HTTP/1.1', 'Host: a', '')
        expect(own((await connection.answer()).fields)).toEqual([
          'access-control-allow-origin: *',
          'vary: origin, accept',
          'cache-control: no-store',
          'set-cookie: a=1',
          'set-cookie: b=2',
          'set-cookie: sid=; max-age=0',
          'www-authenticate: negotiate',
          'www-authenticate: basic realm="a"',
          'www-authenticate: bearer realm="b"',
          'content-type: application/problem+json',
          'content-length: 14',
        ])
      },
    )
  })

  it('writes length 0 without a body, and neither body nor length for HEAD', async () => {
    const empty: Refused = { ...rejected, response: { status: 302, headers: [['Location', '/login']], body: null } }
    await withConnection(
      (_request, response) => writeRefusal(empty, response),
      async (connection) => {
        connection.send('GET / HTTP/1.1', 'Host: a', '')
        const get = await connection.answer()
        expect([get.status, own(get.fields), get.body]).toEqual([302, ['location: /login', 'content-length: 0'], ''])
        connection.send('HEAD / HTTP/1.1', 'Host: a', '')
        const head = await connection.answer()
        expect([head.status, own(head.fields), head.body]).toEqual([302, ['location: /login'], ''])
      },
    )
  })

  it('closes the connection after 413 only while the body is on its way', async () => {
    const large: Refused = { ...rejected, response: { status: 413, headers: [], body: 'too large' } }
    await withConnection(
      async (request, response) => {
        if (request.url === '/read') for await (const _ of request);
        writeRefusal(large, response)
      },
      async (connection) => {
        connection.send('POST /read HTTP/1.1', 'Host: a', 'Content-Length: 1', '')
        connection.write('x')
        expect((await connection.answer()).fields).toContain('connection: keep-alive')
        connection.send('POST / HTTP/1.1', 'Host: a', 'Content-Length: 100', '')
        const answer = await connection.answer()
        expect([answer.status, answer.body]).toEqual([413, 'too large'])
        expect(answer.fields).toContain('connection: close')
        await connection.closed()
      },
    )
  })

  it('writes nothing when the client has gone or somebody has begun to answer', async () => {
    await withConnection(
      (_request, response) => {
        writeRefusal({ ...unavailable, gone: true }, response)
        expect(response.headersSent).toBe(false)
        response.flushHeaders()
        writeRefusal(unavailable, response)
        response.end()
      },
      async (connection) => {
        connection.send('GET / HTTP/1.1', 'Host: a', '')
        expect((await connection.answer()).status).toBe(200)
      },
    )
  })

  it('writes to an HTTP/2 response, without the fields of a connection', async () => {
    const large: Refused = { ...rejected, response: { ...rejected.response, status: 413 } }
    const server = createServer2((_request, response) => writeRefusal(large, response))
    await withServer(server, async (port) => {
      const session = connect(`http://127.0.0.1:${port}`)
      const stream = session.request({ ':method': 'POST' })
      stream.write('x')
      const [headers] = await once(stream, 'response')
      expect(headers).toMatchObject({ ':status': 413, 'content-length': '14', vary: 'Accept' })
      expect(headers['www-authenticate']).toBe('Basic realm="a", Bearer realm="b"')
      expect(headers.connection).toBeUndefined()
      let body = ''
      for await (const chunk of stream) body += chunk
      expect(body).toBe('{"status":401}')
      session.destroy()
    })
  })

  it('answers an upgrade on its bare socket and closes it', async () => {
    const server = createServer().on('upgrade', (_request, socket) => writeRefusal(rejected, socket))
    await withServer(server, async (port) => {
      const connection = new Connection(port)
      connection.send('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '')
      const { status, fields, body } = await connection.answer()
      expect([status, body]).toEqual([401, '{"status":401}'])
      expect(fields).toEqual([
        'www-authenticate: basic realm="a"',
        'www-authenticate: bearer realm="b"',
        'cache-control: no-store',
        'vary: accept',
        'set-cookie: sid=; max-age=0',
        'content-type: application/problem+json',
        'content-length: 14',
        'connection: close',
      ])
      await connection.closed()
    })
  })

  it('survives a socket of an upgrade that is reset before it is answered', async () => {
    let upgrade: { readonly request: IncomingMessage; readonly refuse: () => void } | undefined
    const server = createServer().on('upgrade', (request, socket) => {
      socket.on('error', () => undefined)
      upgrade = { request, refuse: () => writeRefusal(rejected, socket) }
    })
    await withServer(server, async (port) => {
      const connection = new Connection(port)
      connection.send('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '')
      await until(() => upgrade !== undefined)
      connection.socket.resetAndDestroy()
      await until(() => upgrade?.request.socket.destroyed === true)
      upgrade?.refuse()
      expect(upgrade?.request.socket.destroyed).toBe(true)
    })
  })
})

describe('the error that is handed to a framework', () => {
  const failing = (...causes: AuthenticationError[]): Refused => ({
    ...unavailable,
    failures: causes.map((cause) => ({ provider: 'p', cause })),
  })
  const thrown = new Error('directory down')

  it('is what was thrown, of the first that is worth another try', () => {
    const final = new AuthenticationError('said no', { retryable: false, cause: new Error('other') })
    expect(errorOf(failing(final, new AuthenticationError('x', { cause: thrown })))).toBe(thrown)
  })

  it('is the cause itself when nothing was thrown, or something that a framework reads as "go on"', () => {
    for (const cause of [undefined, null, 0, '', 'route', 'router', { status: 200 }]) {
      const error = new AuthenticationError('x', { cause })
      expect(errorOf(failing(error))).toBe(error)
    }
  })

  it('is none for a refusal, and none when the client has gone', () => {
    expect(errorOf(rejected)).toBeUndefined()
    expect(
      errorOf({
        ...unavailable,
        ...failing(new AuthenticationError('x')),
        kind: 'unavailable',
        gone: true,
        retryAfterSeconds: 5,
      }),
    ).toBeUndefined()
  })
})
