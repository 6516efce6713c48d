import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Connection, withConnection, withServer } from '../../../test/contracts/node-connection.ts'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause } from '../../core/cause.ts'
import { provider, type Verdict } from '../../core/provider.ts'
import { authenticate, protect, requestSource, writeRefusal } from './node.ts'

const ada = { principal: { name: 'ada' } }
const nobody: Verdict = { cause: AuthenticationFailedCause.NoCredentials }

function auth(answer: () => Verdict | Promise<Verdict> = () => ada) {
  return authentication({ some: provider({ challenge: { scheme: 'Some' }, authenticate: answer }) }).require('some')
}

const get = ['GET / HTTP/1.1', 'Host: a', ''] as const

describe('protect() of becauth/node', () => {
  it('runs the handler in the same tick when the provider answers at once', async () => {
    const order: string[] = []
    const listener = protect(auth(), (_request, response: ServerResponse) => {
      order.push('handler')
      response.end()
    })
    await withConnection(
      (request, response) => {
        listener(request, response)
        order.push('after')
      },
      async (connection) => {
        connection.send(...get)
        await connection.answer()
        expect(order).toEqual(['handler', 'after'])
      },
    )
  })

  it('hands through what the handler returns, throws and rejects with, also after a decision that took its time', async () => {
    const later = () => Promise.resolve(ada)
    const seen: unknown[] = []
    await withConnection(
      async (request, response) => {
        const call = async (answer: () => Verdict | Promise<Verdict>, handler: () => unknown) =>
          protect(auth(answer), handler)(request, response)
        seen.push(
          await call(
            () => ada,
            () => 'returned',
          ),
          await call(later, async () => 'resolved'),
        )
        for (const answer of [() => ada, later]) {
          await call(answer, () => {
            throw new Error('thrown')
          }).catch((error: Error) => seen.push(error.message))
          await call(answer, () => Promise.reject(new Error('rejected'))).catch((error: Error) =>
            seen.push(error.message),
          )
        }
        response.end()
      },
      async (connection) => {
        connection.send(...get)
        await connection.answer()
        expect(seen).toEqual(['returned', 'resolved', 'thrown', 'rejected', 'thrown', 'rejected'])
      },
    )
  })

  it('adds no property to request or response, and no listener', async () => {
    const listener = protect(auth(), (_request, response: ServerResponse) => response.end('handled'))
    await withConnection(
      (request, response) => {
        const shape = () => [request, response].map((object) => [Reflect.ownKeys(object), object.eventNames()])
        const before = shape()
        const end = response.end.bind(response)
        response.end = () => response
        listener(request, response)
        Reflect.deleteProperty(response, 'end')
        expect(shape()).toEqual(before)
        end('same')
      },
      async (connection) => {
        connection.send(...get)
        expect((await connection.answer()).body).toBe('same')
      },
    )
  })

  it('leaves a refusal to onRefused and answers by itself what that leaves, in each way to fail', async () => {
    const fail = () => {
      throw new Error('in onRefused')
    }
    let runs = 0
    const handler = () => {
      runs++
    }
    const refusing = auth(() => nobody)
    const listeners: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown> = {
      '/throws': protect(refusing, handler, { onRefused: fail }),
      '/rejects': protect(refusing, handler, { onRefused: async () => fail() }),
      '/nothing': protect(refusing, handler, { onRefused: () => ada }),
      '/later': protect(refusing, handler, { onRefused: async () => 'authenticated' }),
      '/own': protect(refusing, handler, {
        onRefused: async (refused, _request, response) => response.writeHead(418).end(refused.kind),
      }),
    }
    await withConnection(
      (request, response) => listeners[request.url ?? '']?.(request, response),
      async (connection) => {
        for (const path of ['/throws', '/rejects', '/nothing', '/later']) {
          connection.send(`GET ${path} HTTP/1.1`, 'Host: a', '')
          const { status, fields } = await connection.answer()
          expect([path, status]).toEqual([path, 401])
          expect(fields).toContain('www-authenticate: some realm="some"')
        }
        connection.send('GET /own HTTP/1.1', 'Host: a', 'Connection: close', '')
        await connection.closed()
      },
    )
    expect(runs).toBe(0)
  })

  it('ends an answer that onRefused leaves half written when it throws', async () => {
    const listener = protect(
      auth(() => nobody),
      () => undefined,
      {
        onRefused: (_refused, _request, response) => {
          response.writeHead(401, { 'Content-Length': '10' }).write('half')
          throw new Error('in onRefused')
        },
      },
    )
    await withConnection(
      (request, response) => listener(request, response),
      async (connection) => {
        connection.send(...get)
        await connection.closed()
      },
    )
  })

  it('names what it was not given, when it is made', () => {
    expect(() => Reflect.apply(protect, undefined, ['some', () => undefined])).toThrow(
      new TypeError("protect(): the first argument must be a requirement, such as auth.require('api')"),
    )
    expect(() => Reflect.apply(protect, undefined, [auth()])).toThrow(/"?second argument must be the handler/)
    expect(() => Reflect.apply(authenticate, undefined, [auth(), { onRefused: 'page' }])).toThrow(
      new TypeError('authenticate(): "onRefused" must be a function'),
    )
  })
})

describe('authenticate() of becauth/node', () => {
  it('tells who is there for the request that it let pass, and for no other', async () => {
    const guard = authenticate(auth())
    const other = authenticate(auth())
    await withConnection(
      (request, response) =>
        void guard(request, response, () => {
          expect(() => other.of(request)).toThrow(TypeError)
          expect(() => guard.of(Object.create(request))).toThrow(/authenticate\(some\) has not let this request pass/)
          response.end(guard.of(request).provider)
        }),
      async (connection) => {
        connection.send(...get)
        expect((await connection.answer()).body).toBe('some')
      },
    )
  })

  it('gives what next() throws to its caller, at once or as a rejection', async () => {
    const seen: string[] = []
    const boom = () => {
      throw new Error('in next')
    }
    await withConnection(
      async (request, response) => {
        try {
          authenticate(auth())(request, response, boom)
        } catch (error) {
          seen.push(`thrown ${error instanceof Error && error.message}`)
        }
        const slow = authenticate(auth(() => Promise.resolve(ada)))
        await Promise.resolve(slow(request, response, boom)).catch((error: Error) =>
          seen.push(`rejected ${error.message}`),
        )
        response.end()
      },
      async (connection) => {
        connection.send(...get)
        await connection.answer()
        expect(seen).toEqual(['thrown in next', 'rejected in next'])
      },
    )
  })
})

describe('an upgrade decided by becauth/node', () => {
  it('is let through or refused on its socket', async () => {
    const requirement = auth(() => Promise.resolve(nobody))
    const server = createServer().on('upgrade', async (request, socket) => {
      const outcome = await requirement.decide(requestSource(request))
      if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') writeRefusal(outcome, socket)
      else socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    })
    await withServer(server, async (port) => {
      const connection = new Connection(port)
      connection.send('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '')
      expect(await connection.answer()).toMatchObject({ status: 401 })
      await connection.closed()
    })
  })
})
