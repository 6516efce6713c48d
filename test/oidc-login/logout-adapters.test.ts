import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { authenticate as expressAuthenticate } from '../../src/adapters/express/express.ts'
import { authenticate as fastifyAuthenticate } from '../../src/adapters/fastify/fastify.ts'
import { authenticate as fetchAuthenticate } from '../../src/adapters/fetch/fetch.ts'
import { authenticate as honoAuthenticate } from '../../src/adapters/hono/hono.ts'
import { authenticate as nodeAuthenticate } from '../../src/adapters/node/node.ts'
import type { StoredLogoutRoutes } from '../../src/providers/oauth2/logout/logout-options.ts'
import { listen } from '../contracts/subjects/listen.ts'
import { ISSUER, origin } from './kit.ts'
import { logoutKit } from './logout-kit.ts'

type Mounted =
  | { readonly listener: RequestListener }
  | { readonly fetch: (request: Request) => Response | Promise<Response> }

const paths = ['logout', 'afterLogout', 'backChannel', 'frontChannel'] as const

const mounts: Readonly<Record<string, (routes: StoredLogoutRoutes) => Mounted | Promise<Mounted>>> = {
  node: (routes) => {
    const mounted = paths.map((name) => [`/${name}`, nodeAuthenticate(routes[name])] as const)
    return {
      listener: (request, response) => {
        const [, route] = mounted.find(([path]) => request.url?.startsWith(path)) ?? []
        route?.(request, response, () => {})
      },
    }
  },
  express: (routes) => {
    const app = express()
    app.use(express.urlencoded())
    for (const name of paths) app.all(`/${name}`, expressAuthenticate(routes[name]))
    return { listener: app }
  },
  fastify: async (routes) => {
    const app = fastify()
    for (const name of paths) app.all(`/${name}`, { onRequest: fastifyAuthenticate(routes[name]) }, () => 'passed')
    await app.ready()
    return { listener: (request, response) => app.routing(request, response) }
  },
  hono: (routes) => {
    const app = new Hono()
    for (const name of paths) app.all(`/${name}`, honoAuthenticate(routes[name]))
    return { fetch: (request) => app.fetch(request) }
  },
  fetch: (routes) => {
    const mounted = paths.map((name) => [`/${name}`, fetchAuthenticate(routes[name])] as const)
    return {
      fetch: async (request) => {
        const [, route] = mounted.find(([path]) => new URL(request.url).pathname === path) ?? []
        return (await route?.(request)) ?? new Response('passed', { status: 500 })
      },
    }
  },
}

async function asking(mounted: Mounted): Promise<{ ask: typeof globalThis.fetch; close(): Promise<void> }> {
  if ('fetch' in mounted) {
    return { ask: async (input, init) => mounted.fetch(new Request(input, init)), close: async () => {} }
  }
  const { url, close } = await listen(createServer(mounted.listener))
  return { ask: (input, init) => fetch(String(input).replace(origin, url), init), close }
}

describe.each(Object.entries(mounts))('the routes of a logout on %s', (_name, mount) => {
  it('log out by the person, from the back and in a frame', async () => {
    const { logIn, isIn, logoutToken, logout } = await logoutKit()
    const [one, two, three] = [
      await logIn({ sub: 'ada', sid: 's1' }),
      await logIn({ sub: 'ada', sid: 's2' }),
      await logIn({ sub: 'ada', sid: 's3' }),
    ]
    const { ask, close } = await asking(await mount(logout))
    const cookie = [...one.jar(origin)].map(([name, value]) => `${name}=${value}`).join('; ')
    const left = await ask(`${origin}/logout?returnTo=/bye`, {
      method: 'POST',
      // As browsers write it, which `fetch` would not let us.
      headers: { cookie, origin },
      redirect: 'manual',
    })
    const location = new URL(left.headers.get('location') ?? '')
    expect([left.status, location.origin]).toEqual([303, ISSUER])
    const out = left.headers.getSetCookie().find((field) => field.startsWith('__Host-becauth-out-')) ?? ''
    const back = await ask(`${origin}/afterLogout?state=${location.searchParams.get('state')}`, {
      headers: { cookie: out.split(';', 1)[0] ?? '' },
      redirect: 'manual',
    })
    expect([back.status, back.headers.get('location')]).toEqual([303, '/bye'])
    const body = new URLSearchParams({ logout_token: await logoutToken({ sid: 's2' }) })
    const told = await ask(`${origin}/backChannel`, { method: 'POST', body })
    expect([told.status, told.headers.get('cache-control'), await told.text()]).toEqual([200, 'no-store', ''])
    const wrong = await ask(`${origin}/backChannel`, { method: 'POST', body })
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: 'invalid_request' }])
    const framed = await ask(`${origin}/frontChannel?${new URLSearchParams({ iss: ISSUER, sid: 's3' })}`)
    expect([framed.status, framed.headers.get('content-security-policy')]).toEqual([
      200,
      `default-src 'none'; frame-ancestors ${ISSUER}`,
    ])
    expect(await Promise.all([one, two, three].map(isIn))).toEqual([false, false, false])
    await close()
  })
})
