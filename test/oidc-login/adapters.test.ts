import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { authenticate as expressAuthenticate } from '../../src/adapters/express/express.ts'
import { authenticate as fastifyAuthenticate } from '../../src/adapters/fastify/fastify.ts'
import { authenticate as honoAuthenticate } from '../../src/adapters/hono/hono.ts'
import { authenticate as nodeAuthenticate } from '../../src/adapters/node/node.ts'
import type { LoginRoutes } from '../../src/providers/oauth2/login/routes.ts'
import { listen } from '../contracts/subjects/listen.ts'
import { FetchBrowser } from './browser.ts'
import { kit, origin } from './kit.ts'

/** How the routes of a login are mounted: one listener, or what answers a `Request`. */
type Mounted =
  | { readonly listener: RequestListener }
  | { readonly fetch: (request: Request) => Response | Promise<Response> }

const mounts: Readonly<Record<string, (routes: LoginRoutes) => Mounted | Promise<Mounted>>> = {
  node: (routes) => {
    const [login, callback] = [nodeAuthenticate(routes.login), nodeAuthenticate(routes.callback)]
    const passed = () => {}
    return {
      listener: (request, response) => {
        if (request.url?.startsWith('/login')) login(request, response, passed)
        else callback(request, response, passed)
      },
    }
  },
  express: (routes) => {
    const app = express()
    app.get('/login', expressAuthenticate(routes.login))
    app.use(express.urlencoded())
    app.all('/callback/office', expressAuthenticate(routes.callback))
    return { listener: app }
  },
  fastify: async (routes) => {
    const app = fastify()
    app.get('/login', { onRequest: fastifyAuthenticate(routes.login) }, () => 'passed')
    app.get('/callback/office', { onRequest: fastifyAuthenticate(routes.callback) }, () => 'passed')
    await app.ready()
    return { listener: (request, response) => app.routing(request, response) }
  },
  hono: (routes) => {
    const app = new Hono()
    app.get('/login', honoAuthenticate(routes.login))
    app.all('/callback/office', honoAuthenticate(routes.callback))
    return { fetch: (request) => app.fetch(request) }
  },
}

async function asking(mounted: Mounted): Promise<{ ask: typeof globalThis.fetch; close(): Promise<void> }> {
  if ('fetch' in mounted) {
    return { ask: async (input, init) => mounted.fetch(new Request(input, init)), close: async () => {} }
  }
  const { url, close } = await listen(createServer(mounted.listener))
  const ask: typeof globalThis.fetch = (input, init) => fetch(String(input).replace(origin, url), init)
  return { ask, close }
}

describe.each(Object.entries(mounts))('the routes of a login on %s', (_name, mount) => {
  it('redirect to the authorization server, and start the session when the browser comes back', async () => {
    const { service, issuer } = await kit()
    const { ask, close } = await asking(await mount(service.routes))
    const browser = new FetchBrowser(ask)
    const login = await browser.ask(`${origin}/login?returnTo=/orders`)
    expect(login.status).toBe(302)
    const parameters = new URL(login.headers.get('location') ?? '').searchParams
    issuer.nonce = parameters.get('nonce') ?? ''
    const back = await browser.ask(`${origin}/callback/office?code=c&state=${parameters.get('state')}`)
    expect([back.status, back.headers.get('location'), back.headers.get('cache-control')]).toEqual([
      303,
      '/orders',
      'no-store',
    ])
    expect([...browser.jar(origin).keys()]).toEqual(['__Host-session'])
    const again = await browser.ask(`${origin}/callback/office?code=c&state=${parameters.get('state')}`)
    expect([again.status, again.headers.get('location')]).toEqual([303, '/'])
    await close()
  })
})
