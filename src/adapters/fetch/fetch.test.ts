import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { type Grant, provider, type Verdict } from '../../core/provider.ts'
import type { HeaderField, Peer, RequestView } from '../../core/request.ts'
import { absent } from '../../core/validate.ts'
import { authenticate, fetchSource, protect } from './fetch.ts'
import { rejoined, targetOf } from './source.ts'

const url = 'https://shop.example/orders?a=1'

function setup(grant: Grant = {}, seen: (request: RequestView) => void = () => undefined) {
  let runs = 0
  const key = provider({
    challenge: { scheme: 'ApiKey' },
    authenticate: ({ request }): Verdict<{ id: string }> => {
      runs++
      seen(request)
      const id = request.header('x-key')
      return id === undefined ? absent : { principal: { id }, ...grant }
    },
  })
  return { auth: authentication({ key }), runs: () => runs }
}

function ask(headers: Record<string, string> = { 'x-key': 'ada' }, more: RequestInit = {}): Request {
  return new Request(url, { headers, ...more })
}

const renewing: Grant = { always: [['Set-Cookie', 'sid=2']], onAccept: [['X-Accepted', 'yes']] }

describe('protect()', () => {
  it('answers in the same tick when provider and handler do', () => {
    const { auth } = setup(renewing)
    const handle = protect(auth.require('key'), (_request, who) => new Response(who.principal.id))
    const response = handle(ask())
    expect(response).toBeInstanceOf(Response)
    expect(handle(ask({}))).toMatchObject({ status: 401 })
  })

  it('hands on whatever the runtime gives beside the request', async () => {
    const { auth } = setup()
    const handle = protect(
      auth.require('key'),
      (_request, who, env: { region: string }, id: number) => new Response(`${who.principal.id} ${env.region} ${id}`),
    )
    expect(await (await handle(ask(), { region: 'eu' }, 7)).text()).toBe('ada eu 7')
  })

  it('gives the hooks what the runtime gives', async () => {
    const peers: (string | undefined)[] = []
    const { auth } = setup({}, ({ peer }) => peers.push(peer.address))
    const handle = protect(auth.require('key'), (_request, _who, _env: { ip: string }) => new Response('handler'), {
      peer: (_request, { ip }): Peer => ({ address: ip, encrypted: true }),
      onRefused: (refused, request, { ip }) => new Response(`${refused.response.status} ${request.url} ${ip}`),
    })
    expect(await (await handle(ask({}), { ip: '192.0.2.7' })).text()).toBe(`401 ${url} 192.0.2.7`)
    expect(peers).toEqual(['192.0.2.7'])
  })

  it('copies a response whose header cannot be changed', async () => {
    const { auth } = setup(renewing)
    const handle = protect(auth.require('key'), () => Response.redirect('https://shop.example/next', 303))
    const response = await handle(ask())
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('https://shop.example/next')
    expect(response.headers.getSetCookie()).toEqual(['sid=2'])
    expect(response.headers.get('x-accepted')).toBe('yes')
  })

  it('copies the body of a response that it must copy', async () => {
    const { auth } = setup(renewing)
    const fetched = await fetch('data:text/plain,hello')
    const response = await protect(auth.require('key'), () => fetched)(ask())
    expect(await response.text()).toBe('hello')
    expect(response.headers.get('x-accepted')).toBe('yes')
  })

  it('leaves a network error response as it is', async () => {
    const { auth } = setup(renewing)
    const error = Response.error()
    expect(await protect(auth.require('key'), () => error)(ask())).toBe(error)
  })

  it('changes nothing about a response that needs nothing', () => {
    const { auth } = setup()
    const response = new Response('as it is')
    expect(protect(auth.require('key'), () => response)(ask())).toBe(response)
  })

  it('runs a provider once for nested protected handlers', async () => {
    const { auth, runs } = setup()
    const inner = protect(auth.require('key'), (_request, who) => new Response(who.principal.id))
    const outer = protect(auth.optional('key'), (request) => inner(request))
    expect(await (await outer(ask())).text()).toBe('ada')
    expect(runs()).toBe(1)
  })

  it('hands on what the handler throws', () => {
    const { auth } = setup()
    const broken = (): never => {
      throw new RangeError('of the handler')
    }
    expect(() => protect(auth.require('key'), broken)(ask())).toThrow(RangeError)
  })
})

describe('authenticate()', () => {
  it('tells who is there only after it let that very request through', async () => {
    const { auth } = setup()
    const guard = authenticate(auth.require('key'))
    const request = ask()
    expect(() => guard.of(request)).toThrow(TypeError)
    expect(await guard(request)).toBeUndefined()
    expect(guard.of(request).principal.id).toBe('ada')
    expect(() => guard.of(ask())).toThrow('the guard has not let this request through')
    expect(() => authenticate(auth.require('key')).of(request)).toThrow(TypeError)
  })

  it('gives neither who nor a finished response for a request that it refused', async () => {
    const { auth } = setup()
    const guard = authenticate(auth.require('key'))
    const request = ask({})
    expect(await guard(request)).toMatchObject({ status: 401 })
    expect(() => guard.of(request)).toThrow(TypeError)
    expect(() => guard.finish(request, new Response())).toThrow(TypeError)
  })

  it('finishes a response with the fields of the decision', async () => {
    const { auth } = setup(renewing)
    const guard = authenticate(auth.require('key'))
    const request = ask()
    await guard(request)
    const response = guard.finish(request, new Response('hello'))
    expect(response.headers.get('x-accepted')).toBe('yes')
    expect(guard.finish(request, response).headers.getSetCookie()).toEqual(['sid=2'])
  })
})

describe('fetchSource()', () => {
  it('shows the request as it is', () => {
    const source = fetchSource(ask({ 'X-Key': 'ada', Cookie: 'a=1' }))
    expect([source.method, source.target, source.absoluteUrl]).toEqual(['GET', '/orders?a=1', url])
    expect([source.header('x-key'), source.header('cookie'), source.header('x-none')]).toEqual([
      'ada',
      'a=1',
      undefined,
    ])
    expect(source.peer).toEqual({ address: undefined, encrypted: true })
    expect(fetchSource(new Request('http://shop.example')).peer.encrypted).toBe(false)
  })

  it('notices a client that has gone', async () => {
    const { auth } = setup()
    const controller = new AbortController()
    const source = fetchSource(ask(undefined, { signal: controller.signal }))
    expect(source.gone).toBe(false)
    controller.abort()
    expect(source.gone).toBe(true)
    expect(await auth.decide(source, 'key')).toMatchObject({ kind: 'unavailable', gone: true })
  })

  it('finds path and query in every form that a request URL has', () => {
    const forms = ['http://a/', 'http://a:1/b?c#d', 'https://[::1]/?x=/y', 'http://a/b/c', 'http://a/?u=http://b/c']
    expect(forms.map(targetOf)).toEqual(['/', '/b?c', '/?x=/y', '/b/c', '/?u=http://b/c'])
  })

  it('separates cookies that a runtime joined by commas', () => {
    expect(rejoined('a=1; b=2, sid=ada, c=3')).toBe('a=1; b=2; sid=ada; c=3')
    expect(rejoined('greeting=hello, world; a=1')).toBe('greeting=hello, world; a=1')
  })

  it('refuses to read a body that somebody has read', async () => {
    const request = new Request(url, { method: 'POST', body: 'user=ada' })
    await request.text()
    await expect(fetchSource(request).body(100)).rejects.toThrow('the body was read before the provider could')
  })

  it('reads a body from a clone, up to the limit', async () => {
    const request = new Request(url, { method: 'POST', body: 'user=ada' })
    const source = fetchSource(request)
    expect(await source.body(7)).toEqual({ kind: 'too-large' })
    expect(await source.body(8)).toEqual({ kind: 'bytes', bytes: new TextEncoder().encode('user=ada') })
    expect(await request.text()).toBe('user=ada')
    expect(await fetchSource(new Request(url)).body(8)).toEqual({ kind: 'none' })
  })

  it('believes a client that announces a body beyond the limit', async () => {
    const headers: [string, string][] = [['Content-Length', '1000']]
    const request = new Request(url, { method: 'POST', body: 'short', headers })
    expect(await fetchSource(request).body(999)).toEqual({ kind: 'too-large' })
  })
})

describe('a refusal as a Response', () => {
  it('puts registered schemes before others and keeps the order otherwise', async () => {
    const schemes = ['Negotiate', 'Bearer', 'ApiKey', 'DPoP', 'Digest', 'Basic', 'Basically']
    const many = provider({
      challenge: { scheme: 'Many' },
      authenticate: () => ({
        ...absent,
        challenges: schemes.map((scheme) => ({ scheme, parameters: [['realm', 'r']] as const })),
      }),
    })
    const other = provider({
      challenge: { scheme: 'Basic', parameters: [['realm', 'last']] },
      authenticate: () => absent,
    })
    const handle = protect(authentication({ many, other }).anyOf('many', 'other'), () => new Response('handler'))
    const sent = (await handle(ask())).headers.get('www-authenticate')
    expect(sent?.match(/\w+(?= realm)/g)).toEqual([
      ...['Bearer', 'DPoP', 'Digest', 'Basic', 'Basic'],
      ...['Negotiate', 'ApiKey', 'Basically'],
    ])
  })

  it('has no body for HEAD even when the decision itself broke', async () => {
    const { auth } = setup()
    const request = ask({}, { method: 'HEAD' })
    const decide = () => ({
      ...({
        kind: 'unavailable',
        principals: {},
        failures: [],
        denials: [],
        retryAfterSeconds: 5,
        gone: false,
      } as const),
      response: { status: 503, headers: [['Retry-After', '5']] as HeaderField[], body: '{}' },
    })
    const response = await protect({ ...auth.require('key'), decide }, () => new Response('handler'))(request)
    expect([response.status, await response.text()]).toEqual([503, ''])
  })
})

describe('rule 10', () => {
  it('runs the handler for nothing but an outcome that is authenticated or anonymous', async () => {
    const { auth } = setup()
    const odd = { ...auth.require('key'), decide: () => JSON.parse('{"kind":"granted","principals":{}}') }
    let ran = 0
    const guarded = async () =>
      protect(odd, () => {
        ran++
        return new Response()
      })(ask())
    await expect(guarded()).rejects.toThrow(TypeError)
    await expect((async () => authenticate(odd)(ask()))()).rejects.toThrow(TypeError)
    expect(ran).toBe(0)
  })
})
