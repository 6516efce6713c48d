import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { type AuthenticationContext, type Grant, provider, type Verdict } from '../../core/provider.ts'
import type { BodyReading } from '../../core/request.ts'
import { absent } from '../../core/validate.ts'
import { authenticate, protect } from './hono.ts'

const headers = { 'x-key': 'ada' }

function setup(grant: Grant = {}, before: (context: AuthenticationContext) => unknown = () => undefined) {
  let runs = 0
  const key = provider({
    challenge: { scheme: 'ApiKey' },
    readsHeaders: ['X-Key'],
    authenticate: async (context): Promise<Verdict<{ id: string }>> => {
      runs++
      await before(context)
      const id = context.request.header('x-key')
      return id === undefined ? absent : { principal: { id }, ...grant }
    },
  })
  return { auth: authentication({ key }), runs: () => runs }
}

describe('authenticate()', () => {
  it('sets the variable that it was told to, and auth otherwise', async () => {
    const { auth } = setup()
    const app = new Hono()
      .get('/one', authenticate(auth.require('key')), (c) => c.text(c.var.auth.principal.id))
      .get('/two', authenticate(auth.require('key'), 'device'), (c) => c.text(c.var.device.principal.id))
    expect(await (await app.request('/one', { headers })).text()).toBe('ada')
    expect(await (await app.request('/two', { headers })).text()).toBe('ada')
  })

  it('does not let a variable that somebody else set pass for its own', async () => {
    const { auth } = setup()
    const guard = authenticate(auth.require('key'))
    const forged = async (c: Context) => {
      c.set('auth', { kind: 'authenticated' })
      return c.text(guard.of(c).principal.id)
    }
    const app = new Hono().get('/', forged).onError((error, c) => c.text(error.name))
    expect(await (await app.request('/', { headers })).text()).toBe('TypeError')
  })

  it('refuses an empty key as a TypeError', () => {
    const { auth } = setup()
    expect(() => authenticate(auth.require('key'), '')).toThrow('"key" must be the name of a variable')
  })

  it('works for all routes below use(), its not-found and error answers included', async () => {
    const { auth } = setup({ always: [['Set-Cookie', 'sid=2']] })
    const app = new Hono()
      .use(authenticate(auth.require('key')))
      .get('/broken', () => {
        throw new Error('of the handler')
      })
      .onError((error, c) => c.text(error.message, 500))
    for (const [path, status] of [
      ['/none', 404],
      ['/broken', 500],
    ] as const) {
      const response = await app.request(path, { headers })
      expect(response.status).toBe(status)
      expect(response.headers.getSetCookie()).toEqual(['sid=2'])
      expect(response.headers.get('vary')).toBe('X-Key')
      expect((await app.request(path)).status).toBe(401)
    }
  })

  it('adds to a response whose header cannot be changed', async () => {
    const { auth } = setup({ always: [['Set-Cookie', 'sid=2']] })
    const app = new Hono()
      .use(authenticate(auth.require('key')))
      .get('/', () => Response.redirect('https://shop.example/', 303))
    const response = await app.request('/', { headers })
    expect([response.status, response.headers.get('location')]).toEqual([303, 'https://shop.example/'])
    expect(response.headers.getSetCookie()).toEqual(['sid=2'])
  })

  it('runs a provider once although middleware between two scopes replaced the raw request', async () => {
    const { auth, runs } = setup()
    const guard = authenticate(auth.require('key'))
    const app = new Hono()
      .use(authenticate(auth.optional('key'), 'outer'))
      .use(async (c, next) => {
        c.req.raw = new Request(c.req.raw)
        await next()
      })
      .post('/', bodyLimit({ maxSize: 100 }), guard, (c) => c.text(guard.of(c).principal.id))
    const body = new Blob(['hello']).stream()
    const streaming = { method: 'POST', headers, body, duplex: 'half' }
    expect(await (await app.request('/', streaming)).text()).toBe('ada')
    expect(runs()).toBe(1)
  })

  it('asks the runtime for the other end when told how', async () => {
    let address: string | undefined
    const { auth } = setup({}, ({ request }) => {
      address = request.peer.address
    })
    const peer = (c: Context) => ({ address: c.req.header('x-socket'), encrypted: false })
    const app = new Hono().get('/', authenticate(auth.require('key'), 'auth', { peer }), (c) => c.text(''))
    await app.request('/', { headers: { ...headers, 'x-socket': '192.0.2.7' } })
    expect(address).toBe('192.0.2.7')
  })
})

describe('what other middleware set', () => {
  it.each(['authenticate', 'protect'])('is kept on refusals and answers by %s(), Vary merged', async (style) => {
    const { auth } = setup()
    const app = new Hono().use(cors({ origin: ['https://app.example'] }))
    const raw = () => new Response('raw', { headers: { Vary: 'Accept-Encoding' } })
    if (style === 'protect') app.get('/', protect(auth.require('key'), raw))
    else app.get('/', authenticate(auth.require('key')), raw)
    const refused = await app.request('/', { headers: { origin: 'https://app.example' } })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(refused.headers.get('vary')?.split(', ').toSorted()).toEqual(['Accept', 'Origin'])
    const accepted = await app.request('/', { headers: { ...headers, origin: 'https://app.example' } })
    expect(await accepted.text()).toBe('raw')
    expect(accepted.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(accepted.headers.get('vary')).toContain('X-Key')
    expect(accepted.headers.get('vary')).toContain('Origin')
  })

  it('does not overwrite the Vary of an answer when it was set on a response made before', async () => {
    const { auth } = setup()
    const app = new Hono()
      .use(async (c, next) => {
        c.res.headers.set('Vary', 'Origin')
        await next()
      })
      .get(
        '/',
        protect(auth.require('key'), () => new Response('raw')),
      )
    expect((await app.request('/', { headers })).headers.get('vary')).toBe('Origin, X-Key')
  })

  it('does not make a refusal cacheable', async () => {
    const { auth } = setup()
    const app = new Hono()
      .use(async (c, next) => {
        c.header('Cache-Control', 'public, max-age=600')
        c.header('Set-Cookie', 'seen=1')
        await next()
      })
      .get('/', authenticate(auth.require('key')), (c) => c.text('handler'))
    const refused = await app.request('/')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('cache-control')).toBe('no-store')
    expect(refused.headers.getSetCookie()).toEqual(['seen=1'])
    expect((await app.request('/', { headers })).headers.get('cache-control')).toBe('public, max-age=600')
  })
})

describe('a body that Hono has read before the provider', () => {
  async function readingAfter(
    read: (c: Context) => Promise<unknown>,
    init: RequestInit,
  ): Promise<BodyReading | string> {
    let reading: BodyReading | string = 'not read'
    const { auth } = setup({}, async ({ request }) => {
      reading = await request.body(100)
    })
    const app = new Hono()
      .use(async (c, next) => {
        await read(c)
        await next()
      })
      .post('/', authenticate(auth.optional('key')), async (c) => c.text(await c.req.text()))
    const response = await app.request('/', { method: 'POST', ...init })
    return response.status === 200 ? reading : `${response.status}`
  }
  const bytes = (text: string) => ({ kind: 'bytes', bytes: new TextEncoder().encode(text) })

  it('is there for the provider as bytes', async () => {
    expect(await readingAfter((c) => c.req.text(), { body: 'user=ada' })).toEqual(bytes('user=ada'))
    expect(await readingAfter((c) => c.req.json(), { body: '{"user":"ada"}' })).toEqual(bytes('{"user":"ada"}'))
    const form = { body: new URLSearchParams({ user: 'ada' }) }
    expect(await readingAfter((c) => c.req.parseBody(), form)).toEqual(bytes('user=ada'))
  })

  it('is there as a parsed form when only that is left of it', async () => {
    const body = new URLSearchParams([
      ['user', 'ada'],
      ['role', 'a'],
      ['role', 'b'],
    ])
    const value = { user: 'ada', role: ['a', 'b'] }
    expect(await readingAfter((c) => c.req.formData(), { body })).toEqual({ kind: 'parsed', value })
  })

  it('is too large when it is beyond the limit', async () => {
    expect(await readingAfter((c) => c.req.text(), { body: 'x'.repeat(101) })).toEqual({ kind: 'too-large' })
  })

  it('leads to a 503 when it was read past Hono', async () => {
    expect(await readingAfter((c) => c.req.raw.text(), { body: 'user=ada' })).toBe('503')
  })
})

describe('protect()', () => {
  it('tells the handler who is there', async () => {
    const { auth } = setup()
    const app = new Hono().get(
      '/users/:id',
      protect(auth.require('key'), (c, who) => c.text(`${who.principal.id} ${c.req.path}`)),
    )
    expect(await (await app.request('/users/7', { headers })).text()).toBe('ada /users/7')
    expect((await app.request('/users/7')).status).toBe(401)
  })

  it('answers in the same tick when provider and handler do', async () => {
    const sync = provider({ challenge: { scheme: 'X' }, authenticate: () => ({ principal: { id: 'ada' } }) })
    const handler = protect(authentication({ sync }).require('sync'), (c: Context) => c.text('hello'))
    let answer: unknown
    const app = new Hono().get('/', (c) => {
      answer = handler(c)
      return handler(c)
    })
    await app.request('/')
    expect(answer).toBeInstanceOf(Response)
  })
})
