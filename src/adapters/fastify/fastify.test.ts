import { once } from 'node:events'
import { connect } from 'node:http2'
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { Connection, until } from '../../../test/contracts/node-connection.ts'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause } from '../../core/cause.ts'
import { type AuthenticationContext, provider, type Verdict } from '../../core/provider.ts'
import type { Refused } from '../../core/who.ts'
import { authenticate, protect } from './fastify.ts'

const ada = { principal: { name: 'ada' } }
const nobody: Verdict = { cause: AuthenticationFailedCause.NoCredentials }
const always = [['Set-Cookie', 'seen=1']] as const

function auth(answer: (context: AuthenticationContext) => Verdict | Promise<Verdict>) {
  return authentication({ some: provider({ challenge: { scheme: 'Some' }, authenticate: answer }) })
}

const refusing = auth(() => ({ ...nobody, always })).require('some')

/** Says what it found in the body. */
const reading = auth(async ({ request }) => {
  const found = await request.body(1000).catch((error: Error) => ({ kind: 'error', message: error.message }) as const)
  return { principal: { found: 'bytes' in found ? Buffer.from(found.bytes).toString() : JSON.stringify(found) } }
})

/** An application that counts what its hooks see. */
function watched(): { readonly app: FastifyInstance; readonly seen: string[] } {
  const seen: string[] = []
  const app = fastify()
  app.addHook('onSend', async (_request, reply, payload) => {
    seen.push(`onSend ${reply.statusCode} ${typeof payload}`)
    return payload
  })
  app.addHook('onResponse', async (_request, reply) => {
    seen.push(`onResponse ${reply.statusCode}`)
  })
  return { app, seen }
}

describe('a refusal of becauth/fastify', () => {
  it.each(['onRequest', 'preValidation', 'preHandler'] as const)('goes through the reply from %s', async (name) => {
    const { app, seen } = watched()
    app.get('/', { [name]: authenticate(refusing) }, () => 'through')
    const response = await app.inject('/')
    expect(response.statusCode).toBe(401)
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'content-length': String(response.body.length),
      'www-authenticate': 'Some realm="some"',
      'cache-control': 'no-store',
      'set-cookie': 'seen=1',
    })
    expect(seen).toEqual(['onSend 401 object', 'onResponse 401'])
  })

  it.each([
    ['at once', refusing],
    ['later', auth(async () => nobody).require('some')],
  ])('goes through the reply of a protected handler that is decided %s, once', async (_when, requirement) => {
    const { app, seen } = watched()
    app.get(
      '/',
      protect(requirement, () => 'through'),
    )
    expect((await app.inject('/')).json()).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401 })
    expect(seen).toEqual(['onSend 401 object', 'onResponse 401'])
  })

  it('keeps header fields and cookies that were set before, on the reply and on the raw response', async () => {
    const app = fastify()
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('vary', 'Origin').header('set-cookie', 'a=1').header('set-cookie', 'b=2')
      reply.raw.setHeader('access-control-allow-origin', '*')
    })
    app.get('/', { onRequest: authenticate(refusing) }, () => 'through')
    const { headers } = await app.inject('/')
    expect(headers).toMatchObject({ vary: 'Origin, Accept', 'access-control-allow-origin': '*' })
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2', 'seen=1'])
  })

  it.each([
    ['sends and returns nothing', (reply) => void reply.code(418).send('own')],
    ['returns the reply', (reply) => reply.code(418).send('own')],
    ['sends later', (reply) => Promise.resolve().then(() => void reply.code(418).send('own'))],
    [
      'sends a file',
      (reply) =>
        reply
          .code(418)
          .type('text/plain')
          .send(Readable.from(['own'])),
    ],
  ] satisfies [string, (reply: FastifyReply) => unknown][])(
    'leaves the answer to an onRefused that %s',
    async (_how, own) => {
      const { app, seen } = watched()
      const options = { onRefused: (_refused: Refused, _request: FastifyRequest, reply: FastifyReply) => own(reply) }
      app.get('/hook', { onRequest: authenticate(refusing, options) }, () => 'through')
      app.get(
        '/protected',
        protect(refusing, () => 'through', options),
      )
      for (const path of ['/hook', '/protected']) {
        const { statusCode, body } = await app.inject(path)
        expect([path, statusCode, body]).toEqual([path, 418, 'own'])
      }
      expect(seen.filter((entry) => entry.startsWith('onSend'))).toHaveLength(2)
    },
  )

  it('is the default one when onRefused only prepares the reply', async () => {
    const app = fastify()
    const onRefused = (_refused: Refused, _request: FastifyRequest, reply: FastifyReply) => reply.code(418)
    app.get('/', { onRequest: authenticate(refusing, { onRefused }) }, () => 'through')
    expect((await app.inject('/')).statusCode).toBe(401)
  })

  it('is nothing at all when the client has gone', async () => {
    const { app, seen } = watched()
    let asked = false
    let left: () => void = () => undefined
    const slow = auth(async ({ signal }) => {
      asked = true
      await once(signal, 'abort')
      left()
      return nobody
    })
    app.get('/', { onRequest: authenticate(slow.require('some')) }, () => 'through')
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const connection = new Connection(Number(new URL(url).port))
    connection.send('GET / HTTP/1.1', 'Host: a', '')
    await until(() => asked)
    const leaving = new Promise<void>((resolve) => {
      left = resolve
    })
    connection.socket.destroy()
    await leaving
    await app.close()
    expect(seen.filter((entry) => entry.startsWith('onSend'))).toEqual([])
  })
})

describe('a decision of becauth/fastify', () => {
  it('is taken in the same tick when the provider answers at once', async () => {
    const order: string[] = []
    const app = fastify()
    const guard = authenticate(auth(() => ada).require('some'))
    app.addHook('onRequest', (request, reply, done) => {
      guard(request, reply, () => order.push('done'))
      order.push('after')
      done()
    })
    app.get('/', (request) => guard.of(request).provider)
    expect((await app.inject('/')).body).toBe('some')
    expect(order).toEqual(['done', 'after'])
  })

  it('gives a protected handler the instance as this, and what it throws to the error handler', async () => {
    const app = fastify()
    app.decorate('answer', 42)
    app.setErrorHandler((error, _request, reply) => reply.code(500).send(error instanceof Error && error.message))
    const some = auth(async () => ada).require('some')
    app.get(
      '/',
      protect(some, function (_request, _reply, who) {
        return { decorated: this.hasDecorator('answer'), who: who.principal }
      }),
    )
    app.get(
      '/throw',
      protect(some, () => {
        throw new Error('thrown')
      }),
    )
    expect((await app.inject('/')).json()).toEqual({ decorated: true, who: { name: 'ada' } })
    expect((await app.inject('/throw')).body).toBe('thrown')
  })

  it.each([undefined, null, '', 'text'])(
    'never passes when a provider throws %j and errors are handed on',
    async (thrown) => {
      const failing = auth(() => {
        throw thrown
      }).require('some')
      const app = fastify()
      app.setErrorHandler((error, _request, reply) => reply.code(500).send(error instanceof Error && error.message))
      app.get('/hook', { onRequest: authenticate(failing, { passErrors: true }) }, () => 'through')
      app.get(
        '/protected',
        protect(failing, () => 'through', { passErrors: true }),
      )
      for (const path of ['/hook', '/protected']) {
        const { statusCode, body } = await app.inject(path)
        expect([path, statusCode, body]).toEqual([path, 500, 'the provider threw'])
      }
    },
  )
})

describe('a body under becauth/fastify', () => {
  const guard = authenticate(reading.require('some'))
  const tell = (request: FastifyRequest) => [guard.of(request).principal, request.body ?? null]
  const post = { method: 'POST', url: '/', payload: { user: 'ada' } } as const

  it("is left to Fastify's parser by onRequest, injected and over the wire", async () => {
    const app = fastify()
    app.post('/', { onRequest: guard }, tell)
    const expected = [{ found: '{"user":"ada"}' }, { user: 'ada' }]
    expect((await app.inject(post)).json()).toEqual(expected)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"user":"ada"}' }
    for (let round = 0; round < 2; round++) expect(await (await fetch(url, init)).json()).toEqual(expected)
    await app.close()
  })

  it('is what Fastify has made of it in preHandler and in a protected handler', async () => {
    const app = fastify()
    app.post('/', { preHandler: guard }, tell)
    app.post(
      '/protected',
      protect(reading.require('some'), (_request, _reply, who) => who.principal),
    )
    const found = '{"kind":"parsed","value":{"user":"ada"}}'
    expect((await app.inject(post)).json()).toEqual([{ found }, { user: 'ada' }])
    expect((await app.inject({ ...post, url: '/protected' })).json()).toEqual({ found })
  })

  it('is left to the handler over HTTP/2', async () => {
    const app = fastify({ http2: true })
    app.post('/', { onRequest: guard }, (request) => [guard.of(request).principal, request.body ?? null])
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const session = connect(url)
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/json' })
    stream.end('{"user":"ada"}')
    let body = ''
    for await (const chunk of stream) body += chunk
    expect(JSON.parse(body)).toEqual([{ found: '{"user":"ada"}' }, { user: 'ada' }])
    session.destroy()
    await app.close()
  })
})

it('of() of becauth/fastify throws for a request that its hook did not see', async () => {
  const app = fastify()
  const guard = authenticate(auth(() => ada).require('some'))
  app.get('/', (request) => guard.of(request).provider)
  const { statusCode, body } = await app.inject('/')
  expect([statusCode, body]).toEqual([500, expect.stringContaining('has not let this request pass')])
})
