import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import * as forExpress from '../../src/adapters/express/express.ts'
import * as forFastify from '../../src/adapters/fastify/fastify.ts'
import * as forFetch from '../../src/adapters/fetch/fetch.ts'
import * as forHono from '../../src/adapters/hono/hono.ts'
import * as forNode from '../../src/adapters/node/node.ts'
import { serveFetch } from '../contracts/fetch-server.ts'
import { send } from '../contracts/node-client.ts'
import { express4 } from '../contracts/subjects/express4.ts'
import { listen } from '../contracts/subjects/listen.ts'
import { Browser, service } from './kit.ts'

const everything = { 'X-Own': 'kept' }

/** The same three routes in every framework: `POST /login` beside a cookie of one's own, `GET /me`, `POST /logout`. */
const adapters = {
  node: ({ stored, auth }: Service) => {
    const me = forNode.protect(auth.require('visitor'), (_request, response, { principal }) =>
      response.end(principal.name),
    )
    return listen(
      createServer(async (request, response) => {
        if (request.url === '/me') {
          await me(request, response)
          return
        }
        const source = forNode.requestSource(request, response)
        if (request.url === '/login') {
          response.setHeader('Set-Cookie', 'own=1')
          await stored.login(source, person, { subject: 'ada' })
        } else await stored.logout(source)
        response.writeHead(200, everything).end()
      }),
    )
  },
  express: (made: Service) => listen(createServer(expressApp(express, made))),
  'express 4': (made: Service) => listen(createServer(expressApp(express4, made))),
  fastify: async ({ stored, auth }: Service) => {
    const app = fastify({ forceCloseConnections: true })
    const visitor = forFastify.authenticate(auth.require('visitor'))
    app.post('/login', async (request, reply) => {
      reply.header('Set-Cookie', 'own=1')
      await stored.login(forFastify.requestSource(request, reply), person, { subject: 'ada' })
      return reply.headers(everything).send('')
    })
    app.get('/me', { onRequest: visitor }, (request) => visitor.of(request).principal.name)
    app.post('/logout', async (request, reply) => {
      await stored.logout(forFastify.requestSource(request, reply))
      return reply.headers(everything).send('')
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, close: () => app.close() }
  },
  hono: ({ stored, auth }: Service) => {
    const app = new Hono<{ Variables: { own: number } }>()
    app.post('/login', async (c) => {
      c.header('Set-Cookie', 'own=1')
      await stored.login(forHono.requestSource(c), person, { subject: 'ada' })
      return c.body('', 200, everything)
    })
    app.get(
      '/me',
      forHono.protect(auth.require('visitor'), (c, { principal }) => c.text(principal.name)),
    )
    app.post('/logout', async (c) => {
      await stored.logout(forHono.requestSource(c))
      return c.body('', 200, everything)
    })
    return new Promise<Served>((resolve) => {
      const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
        resolve({ url: `http://127.0.0.1:${port}`, close: () => new Promise((done) => server.close(() => done())) }),
      )
    })
  },
  fetch: ({ stored, auth }: Service) => {
    const me = forFetch.protect(auth.require('visitor'), (_request, { principal }) => new Response(principal.name))
    return serveFetch(async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/me') return me(request)
      const source = forFetch.fetchSource(request)
      const isLogin = pathname === '/login'
      const { headers } = isLogin ? await stored.login(source, person, { subject: 'ada' }) : await stored.logout(source)
      const own = isLogin ? [['Set-Cookie', 'own=1']] : []
      const fields = [...Object.entries(everything), ...own, ...headers].map(([name = '', value = '']) => [name, value])
      return new Response('', { headers: fields as [string, string][] })
    })
  },
}

type Service = ReturnType<typeof service>

interface Served {
  readonly url: string
  close(): Promise<void>
}

const person = { name: `ada-${randomUUID()}`, count: 0 }

function expressApp(make: typeof express, { stored, auth }: Service) {
  const visitor = forExpress.authenticate(auth.require('visitor'))
  const app = make()
  app.post('/login', async (request, response) => {
    response.append('Set-Cookie', 'own=1')
    await stored.login(forExpress.requestSource(request, response), person, { subject: 'ada' })
    response.set(everything).end()
  })
  app.get('/me', visitor, (request, response) => {
    response.end(visitor.of(request).principal.name)
  })
  app.post('/logout', async (request, response) => {
    await stored.logout(forExpress.requestSource(request, response))
    response.set(everything).end()
  })
  return app
}

describe.each(Object.entries(adapters))('sessions through becauth/%s', (_name, mount) => {
  it('sets the cookie by one call of login, lets the next request pass, and deletes it by one call of logout', async () => {
    const served = await mount(service())
    const browser = new Browser()
    const ask = async (method: string, path: string) => {
      const Cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = [
        ...(Cookie === '' ? [] : [['Cookie', Cookie] as const]),
        ['Sec-Fetch-Site', 'same-origin'] as const,
      ]
      const answer = await send(served.url + path, { method, headers, ...(method === 'POST' && { body: '' }) })
      const fields = answer.rawHeaders.map(([name, value]) => [titled(name), value] as const)
      browser.take(fields)
      return {
        ...answer,
        fields,
        values: (name: string) => fields.filter(([own]) => own === name).map(([, value]) => value),
      }
    }
    try {
      expect((await ask('GET', '/me')).status).toBe(401)
      const login = await ask('POST', '/login')
      expect(login.status).toBe(200)
      expect(login.values('X-Own')).toEqual(['kept'])
      expect(login.values('Set-Cookie').toSorted()).toEqual([
        expect.stringMatching(/^__Host-session=s1\.[\w-]{11}\.[\w-]{22}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
        'own=1',
      ])
      const me = await ask('GET', '/me')
      expect([me.status, me.body]).toEqual([200, person.name])
      expect(me.values('Cache-Control')).toEqual(['no-store'])
      const kept = browser.session
      const logout = await ask('POST', '/logout')
      expect(logout.status).toBe(200)
      expect(logout.values('Clear-Site-Data')).toEqual(['"cache"'])
      expect(logout.values('X-Own')).toEqual(['kept'])
      expect(browser.session).toBeUndefined()
      expect((await ask('GET', '/me')).status).toBe(401)
      browser.cookies.set('__Host-session', kept ?? '')
      expect((await ask('GET', '/me')).status).toBe(401)
    } finally {
      await served.close()
    }
  })
})

/** Fields as the browser of the kit knows them. */
function titled(name: string): string {
  return name.toLowerCase().replace(/(^|-)\w/g, (letter) => letter.toUpperCase())
}
