import { createServer } from 'node:http'
import express, { type NextFunction, type Request, type Response } from 'express'
import { describe, expect, it } from 'vitest'
import { Connection, withServer } from '../../../test/contracts/node-connection.ts'
import { express4 } from '../../../test/contracts/subjects/express4.ts'
import { authentication } from '../../core/authentication.ts'
import { type AuthenticationContext, provider, type Verdict } from '../../core/provider.ts'
import { authenticate, protect } from './express.ts'

const ada = { principal: { name: 'ada' } }
const form = 'application/x-www-form-urlencoded'

function auth(answer: (context: AuthenticationContext) => Verdict | Promise<Verdict>) {
  return authentication({ some: provider({ challenge: { scheme: 'Some' }, authenticate: answer }) })
}

/** Says what it found in the body. */
const reading = auth(async ({ request }) => {
  const found = await request.body(1000).catch((error: Error) => ({ kind: 'error', message: error.message }) as const)
  return { principal: { found: 'bytes' in found ? Buffer.from(found.bytes).toString() : JSON.stringify(found) } }
})

describe.each([
  ['5', express],
  ['4', express4],
] as const)('becauth/express on Express %s', (_version, make) => {
  /** Sends one request to an application that answers errors by their message. */
  async function answerOf(
    build: (app: ReturnType<typeof express>) => void,
    path = '/',
    body?: readonly [type: string, text: string],
  ): Promise<string> {
    const app = make()
    build(app)
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
      response.status(500).send(`handled ${error instanceof Error ? error.message : String(error)}`)
    })
    let answer = ''
    await withServer(createServer(app), async (port) => {
      const connection = new Connection(port)
      const [type, text = ''] = body ?? []
      if (body === undefined) connection.send(`GET ${path} HTTP/1.1`, 'Host: a', '')
      else {
        connection.send(
          `POST ${path} HTTP/1.1`,
          'Host: a',
          `Content-Type: ${type}`,
          `Content-Length: ${text.length}`,
          '',
        )
        connection.write(text)
      }
      const { status, body: received } = await connection.answer()
      answer = `${status} ${received}`
      connection.socket.destroy()
    })
    return answer
  }

  it.each([undefined, null, 0, false, '', 'route', 'router'])(
    'does not let a request pass when a provider throws %j and errors are handed on',
    async (thrown) => {
      const failing = auth(() => {
        throw thrown
      }).require('some')
      const options = { passErrors: true }
      const expected = '500 handled the provider threw'
      expect(
        await answerOf((app) => {
          app.get('/', authenticate(failing, options), (_request, response) => response.send('through'))
          app.get('/', (_request, response) => response.send('around'))
        }),
      ).toBe(expected)
      expect(
        await answerOf((app) => {
          app.get(
            '/',
            protect(failing, (_request, response) => response.send('through'), options),
          )
          app.get('/', (_request, response) => response.send('around'))
        }),
      ).toBe(expected)
    },
  )

  it.each([
    ['throws', () => ada],
    ['throws, after a decision that took its time,', () => Promise.resolve(ada)],
  ])('gives what a protected handler %s or rejects with to the error handlers', async (_title, answer) => {
    const some = auth(answer).require('some')
    const thrower = protect(some, () => {
      throw new Error('thrown')
    })
    expect(await answerOf((app) => app.get('/', thrower))).toBe('500 handled thrown')
    const rejecter = protect(some, () => Promise.reject(new Error('rejected')))
    expect(await answerOf((app) => app.get('/', rejecter))).toBe('500 handled rejected')
    const silent = protect(some, () => Promise.reject(undefined))
    expect(await answerOf((app) => app.get('/', silent, (_request, response) => response.send('around')))).toBe(
      '500 handled the handler threw a value that says nothing',
    )
  })

  it('lets a protected handler go on by next()', async () => {
    const handler = protect(auth(() => ada).require('some'), (_request, _response, _who, next) => next())
    expect(await answerOf((app) => app.get('/', handler, (_request, response) => response.send('next')))).toBe(
      '200 next',
    )
  })

  it('shows providers the target that the server received, below a router too', async () => {
    const guard = authenticate(
      auth(({ request }) => ({ principal: { target: request.target, path: request.url.pathname } })).require('some'),
    )
    const router = make.Router()
    router.use(guard)
    router.get('/users', (request, response) => response.json(guard.of(request).principal))
    expect(await answerOf((app) => app.use('/admin', router), '/admin/users?a=b')).toBe(
      '200 {"target":"/admin/users?a=b","path":"/admin/users"}',
    )
  })

  describe('with a provider that reads the body', () => {
    const guard = authenticate(reading.require('some'))
    const tell = (request: Request, response: Response) =>
      response.json([guard.of(request).principal, request.body ?? null])

    it('leaves it to a parser that comes after', async () => {
      const build = (app: ReturnType<typeof express>) =>
        app.post('/', guard, make.urlencoded({ extended: false }), tell)
      expect(await answerOf(build, '/', [form, 'user=ada'])).toBe('200 [{"found":"user=ada"},{"user":"ada"}]')
      const json = (app: ReturnType<typeof express>) => app.post('/', guard, make.json(), tell)
      expect(await answerOf(json, '/', ['application/json', '{"a":1}'])).toBe('200 [{"found":"{\\"a\\":1}"},{"a":1}]')
    })

    it('takes what a parser before has made of it', async () => {
      const build = (app: ReturnType<typeof express>) =>
        app.post('/', make.urlencoded({ extended: false }), guard, tell)
      expect(await answerOf(build, '/', [form, 'user=ada'])).toBe(
        '200 [{"found":"{\\"kind\\":\\"parsed\\",\\"value\\":{\\"user\\":\\"ada\\"}}"},{"user":"ada"}]',
      )
    })

    it('takes the bytes that a raw parser before has kept', async () => {
      const build = (app: ReturnType<typeof express>) =>
        app.post('/', make.raw({ type: '*/*' }), guard, (request, response) =>
          response.json(guard.of(request).principal),
        )
      expect(await answerOf(build, '/', [form, 'user=ada'])).toBe('200 {"found":"user=ada"}')
    })

    it('reads it where a parser for another type came before', async () => {
      const build = (app: ReturnType<typeof express>) =>
        app.post('/', make.json(), guard, make.urlencoded({ extended: false }), tell)
      expect(await answerOf(build, '/', [form, 'user=ada'])).toBe('200 [{"found":"user=ada"},{"user":"ada"}]')
    })

    it('says how to mount it where something has consumed the stream', async () => {
      const eater = (request: Request, _response: Response, next: NextFunction) => {
        request.on('end', () => next()).resume()
      }
      const build = (app: ReturnType<typeof express>) =>
        app.post('/', eater, guard, (request, response) => response.json(guard.of(request).principal))
      expect(await answerOf(build, '/', [form, 'user=ada'])).toContain('mount becauth before what reads the stream')
    })
  })

  it('answers 503 for what was thrown unless told to hand it on', async () => {
    const failing = auth(() => {
      throw new Error('directory down')
    }).require('some')
    expect(await answerOf((app) => app.get('/', authenticate(failing)))).toMatch(/^503 /)
    expect(await answerOf((app) => app.get('/', authenticate(failing, { passErrors: true })))).toBe(
      '500 handled directory down',
    )
  })

  it('names what it was not given, when it is made', () => {
    expect(() => Reflect.apply(authenticate, undefined, ['some'])).toThrow(/first argument must be a requirement/)
  })
})
