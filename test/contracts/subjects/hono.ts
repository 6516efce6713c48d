import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { authenticate, type HonoOptions, protect } from '../../../src/adapters/hono/hono.ts'
import type { Requirement } from '../../../src/core/requirement.ts'
import type { Who } from '../../../src/core/who.ts'
import type { AdapterSubject, ContractIo, ContractRoute, MountedRoutes } from '../../../src/testing/adapter-subject.ts'

/** `becauth/hono` behind Hono's own server for Node. */
export const honoSubject: AdapterSubject = {
  name: 'hono',
  keepsFieldLines: false,
  mount: (routes) => {
    const app = new Hono()
    app.onError((error, c) => c.text(`framework: ${error.message}`, 500))
    for (const route of routes) mount(app, route)
    return listen(app)
  },
}

function listen(app: Hono): Promise<MountedRoutes> {
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      }),
    )
  })
}

function mount(app: Hono, route: ContractRoute): void {
  const { method, path, scopes, presetHeader } = route
  const options = optionsOf(route)
  const innermost = scopes.at(-1)
  if (innermost === undefined) throw new Error('a route has at least one scope')
  if (presetHeader !== undefined) {
    const [name, value] = presetHeader
    app.use(path, async (c, next) => {
      c.header(name, value, { append: true })
      await next()
    })
  }
  if (route.style === 'protect') {
    app.on(
      method,
      path,
      protect(innermost, (c, who) => run(route, c, who, innermost), options),
    )
    return
  }
  const guards = scopes.map((scope, index) => authenticate(scope, `scope${index}`, options))
  for (const guard of guards) app.on(method, path, guard)
  app.on(method, path, (c) => {
    const who = guards.at(-1)?.of(c)
    if (who === undefined) throw new Error('a route has at least one scope')
    return run(route, c, who, innermost)
  })
}

function optionsOf({ onRefused, passErrors }: ContractRoute): HonoOptions {
  return {
    passErrors,
    onRefused:
      onRefused &&
      (async (refused) => {
        const answer = await onRefused(refused)
        return answer && new Response(answer.body, { status: answer.status ?? 200 })
      }),
  }
}

async function run(route: ContractRoute, c: Context, who: Who, scope: Requirement): Promise<Response> {
  if (route.probeUnmounted === true) return c.text(probe(scope, c))
  const io: ContractIo = {
    header: (name) => c.req.header(name),
    setHeader: (name, value) => c.header(name, value),
    readBody: () => c.req.text(),
  }
  const { status = 200, body } = await route.handler(who, io)
  // Hono types statuses one by one.
  c.status(status as ContentfulStatusCode)
  return c.body(body)
}

function probe(scope: Requirement, c: Context): string {
  try {
    authenticate(scope).of(c)
    return 'nothing'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
  }
}
