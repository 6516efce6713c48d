import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { authentication } from 'becauth'
import { form } from 'becauth/form'
import { memoryRememberStore, memorySessionStore } from 'becauth/memory'
import { protect, requestSource } from 'becauth/node'
import { type SessionCookieOptions, session, sessions } from 'becauth/session'
import { z } from 'zod'

/** A service with sessions for browsers to try, whose routes also do what must not be done. */
export interface SessionService {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** How many requests each path got. */
  readonly asked: ReadonlyMap<string, number>
  /** The `Cookie` lines of all requests for a path. */
  cookiesAt(path: string): readonly string[]
  /** Lets the requests for `/held` go on to their decision. */
  release(): void
  close(): Promise<void>
}

/** Starts one on a free port of the loopback. */
export async function startSessionService(cookie: SessionCookieOptions = {}): Promise<SessionService> {
  const asked = new Map<string, number>()
  const cookies: [path: string, line: string][] = []
  const held: (() => void)[] = []
  const routes = routesOf(cookie)
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://service.invalid')
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
    cookies.push([pathname, request.headers.cookie ?? ''])
    if (pathname === '/held') await new Promise<void>((resolve) => held.push(resolve))
    const route = routes[`${request.method} ${pathname}`]
    if (route === undefined) response.writeHead(404).end()
    else await route(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the service has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    cookiesAt: (path) => cookies.filter(([own]) => own === path).map(([, line]) => line),
    release: () => {
      for (const goOn of held.splice(0)) goOn()
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function routesOf(cookie: SessionCookieOptions): Readonly<Record<string, RequestListener>> {
  const stored = sessions({
    store: memorySessionStore(),
    schema: z.object({ name: z.string(), count: z.number() }),
    cookie,
    remember: { store: memoryRememberStore(), restore: (name) => ({ name, count: 0 }) },
  })
  const auth = authentication({
    form: form({ validate: ({ username, password }) => (password === 'right' ? { name: username } : null) }),
    visitor: session({ sessions: stored, challenge: { redirect: '/login' } }),
  })
  const visitor = auth.require('visitor')
  const secret = protect(visitor, (_request, response, { principal }) =>
    html(response, `<p>secret of ${principal.name}</p>`),
  )
  return {
    'GET /login': (_request, response) => html(response, loginForm),
    'POST /login': protect(auth.require('form'), async (request, response, { principal }) => {
      const remember = (await textOf(request)).includes('remember=')
      const { name } = principal
      await stored.login(requestSource(request, response), { name, count: 0 }, { subject: name, remember })
      seeOther(response, '/me')
    }),
    'GET /me': secret,
    'GET /held': secret,
    // What one would send who knows nothing of the back button.
    'GET /private': protect(visitor, (_request, response, { principal }) => {
      response.setHeader('Cache-Control', 'private')
      html(response, `<p>secret of ${principal.name}</p>`)
    }),
    'POST /count': protect(visitor, async (request, response) => {
      const changed = await stored.update(requestSource(request, response), async ({ name, count }) => {
        await new Promise((resolve) => setImmediate(resolve))
        return { name, count: count + 1 }
      })
      response.end(String(changed?.session.data.count))
    }),
    'GET /list': protect(visitor, async (_request, response, { principal }) => {
      const listed = await stored.list(principal.name)
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(listed))
    }),
    'POST /logout': protect(visitor, async (request, response) => {
      await stored.logout(requestSource(request, response))
      seeOther(response, '/login')
    }),
    // A logout that leaves the browser's cache alone.
    'POST /quiet-logout': protect(visitor, async (request, response) => {
      const { headers } = await stored.logout(requestSource(request))
      for (const [name, value] of headers) if (name === 'Set-Cookie') response.appendHeader(name, value)
      seeOther(response, '/login')
    }),
  }
}

const loginForm = `<form method="post"><input name="user"><input name="password" type="password">
<input name="remember" type="checkbox"><button>Log in</button></form>`

function html(response: ServerResponse, body: string): void {
  response.setHeader('Content-Type', 'text/html')
  response.end(`<!doctype html><title>service</title>${body}
<form method="post" action="/logout"><button id="logout">Log out</button></form>
<form method="post" action="/quiet-logout"><button id="quiet-logout">Log out</button></form>`)
}

function seeOther(response: ServerResponse, place: string): void {
  response.writeHead(303, { Location: place }).end()
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
