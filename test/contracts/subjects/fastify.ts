import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify'
import { authenticate, type FastifyHook, type FastifyOptions, protect } from '../../../src/adapters/fastify/fastify.ts'
import type { Requirement } from '../../../src/core/requirement.ts'
import type { Who } from '../../../src/core/who.ts'
import type { AdapterSubject, ContractIo, ContractRoute } from '../../../src/testing/adapter-subject.ts'
import { probe, requestIo } from './listen.ts'

/** `becauth/fastify` on Fastify 5. */
export const fastifySubject: AdapterSubject = {
  name: 'fastify',
  keepsFieldLines: true,
  mount: async (routes) => {
    const app = fastify({ forceCloseConnections: true })
    app.setErrorHandler((error, _request, reply) => {
      return reply.code(500).send(`framework: ${error instanceof Error ? error.message : 'not an error'}`)
    })
    // The contract's handlers read the raw stream, so that Fastify's own parsers must leave it alone.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const route of routes) mount(app, route)
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, close: () => app.close() }
  },
}

/** Every scope is a plugin of its own inside the one before. */
function mount(app: FastifyInstance, route: ContractRoute): void {
  const options = optionsOf(route)
  const innermost = route.scopes.at(-1)
  if (innermost === undefined) throw new Error('a route has at least one scope')
  app.register(async (scope) => {
    const { presetHeader } = route
    if (presetHeader !== undefined) {
      scope.addHook('onRequest', async (_request, reply) => {
        reply.header(...presetHeader)
      })
    }
    if (route.style === 'protect') {
      scope.route({
        method: methodOf(route),
        url: route.path,
        handler: protect(innermost, (request, reply, who) => run(route, request, reply, who, innermost), options),
      })
      return
    }
    const guards = route.scopes.map((requirement) => authenticate(requirement, options))
    nest(scope, guards, route, innermost)
  })
}

function nest(
  scope: FastifyInstance,
  guards: readonly FastifyHook<Who>[],
  route: ContractRoute,
  by: Requirement,
): void {
  const [guard, ...rest] = guards
  if (guard === undefined) throw new Error('a route has at least one scope')
  scope.addHook('onRequest', guard)
  if (rest.length > 0) scope.register(async (inner) => nest(inner, rest, route, by))
  else {
    scope.route({
      method: methodOf(route),
      url: route.path,
      handler: (request, reply) => run(route, request, reply, guard.of(request), by),
    })
  }
}

function methodOf({ method }: ContractRoute): HTTPMethods {
  return method as HTTPMethods
}

function optionsOf({ onRefused, passErrors }: ContractRoute): FastifyOptions {
  return {
    passErrors,
    onRefused:
      onRefused &&
      (async (refused, _request, reply) => {
        const own = await onRefused(refused)
        if (own !== undefined) await reply.code(own.status ?? 200).send(own.body)
      }),
  }
}

async function run(
  route: ContractRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  who: Who,
  scope: Requirement,
): Promise<string> {
  if (route.probeUnmounted === true) return probe(() => authenticate(scope).of(request))
  const io: ContractIo = { ...requestIo(request.raw), setHeader: (name, value) => reply.header(name, value) }
  const { status = 200, body } = await route.handler(who, io)
  reply.code(status)
  return body
}
