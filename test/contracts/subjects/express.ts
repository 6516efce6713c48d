import { createServer } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { authenticate, type ExpressOptions, protect } from '../../../src/adapters/express/express.ts'
import type { Requirement } from '../../../src/core/requirement.ts'
import type { Who } from '../../../src/core/who.ts'
import type { AdapterSubject, ContractIo, ContractRoute } from '../../../src/testing/adapter-subject.ts'
import { listen, probe, requestIo } from './listen.ts'

/** `becauth/express` on Express 5. */
export const expressSubject: AdapterSubject = subjectFor('express', express)

/** `becauth/express` on any Express. */
export function subjectFor(name: string, make: typeof express): AdapterSubject {
  return {
    name,
    keepsFieldLines: true,
    mount: (routes) => {
      const app = make()
      for (const route of routes) mount(app, make, route)
      app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
        response.status(500).end(`framework: ${error instanceof Error ? error.message : 'not an error'}`)
      })
      return listen(createServer(app))
    },
  }
}

/** Every scope is a router of its own inside the one before. */
function mount(app: Express, make: typeof express, route: ContractRoute): void {
  const { method, path, presetHeader } = route
  const options = optionsOf(route)
  const innermost = route.scopes.at(-1)
  if (innermost === undefined) throw new Error('a route has at least one scope')
  const only = (request: Request, _response: Response, next: NextFunction) => {
    const asked = request.method === 'HEAD' ? 'GET' : request.method
    next(asked === method && request.path === path ? undefined : 'router')
  }
  let router = make.Router()
  app.use(router)
  router.use(only)
  if (presetHeader !== undefined) {
    router.use((_request, response, next) => {
      response.append(...presetHeader)
      next()
    })
  }
  if (route.style === 'protect') {
    router.all(
      path,
      protect(innermost, (request, response, who) => run(route, request, response, who, innermost), options),
    )
    return
  }
  const guards = route.scopes.map((scope) => authenticate(scope, options))
  for (const guard of guards) {
    router.use(guard)
    const inner = make.Router()
    router.use(inner)
    router = inner
  }
  router.all(path, (request, response, next) => {
    const who = guards.at(-1)?.of(request)
    if (who === undefined) throw new Error('a route has at least one scope')
    run(route, request, response, who, innermost).catch(next)
  })
}

function optionsOf({ onRefused, passErrors }: ContractRoute): ExpressOptions {
  return {
    passErrors,
    onRefused:
      onRefused &&
      (async (refused, _request, response) => {
        const own = await onRefused(refused)
        if (own !== undefined) response.status(own.status ?? 200).send(own.body)
      }),
  }
}

async function run(
  route: ContractRoute,
  request: Request,
  response: Response,
  who: Who,
  scope: Requirement,
): Promise<void> {
  if (route.probeUnmounted === true) {
    response.end(probe(() => authenticate(scope).of(request)))
    return
  }
  const io: ContractIo = { ...requestIo(request), setHeader: (name, value) => response.set(name, value) }
  const { status = 200, body } = await route.handler(who, io)
  response.status(status).send(body)
}
