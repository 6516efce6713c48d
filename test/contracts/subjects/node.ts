import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { authenticate, type NodeOptions, type NodeResponse, protect } from '../../../src/adapters/node/node.ts'
import type { Requirement } from '../../../src/core/requirement.ts'
import type { Who } from '../../../src/core/who.ts'
import type { AdapterSubject, ContractIo, ContractRoute } from '../../../src/testing/adapter-subject.ts'
import { listen, probe, requestIo, thrownMessage } from './listen.ts'

/** `becauth/node` on node:http alone; the error handler of its "framework" is a few lines here. */
export const nodeSubject: AdapterSubject = {
  name: 'node',
  keepsFieldLines: true,
  mount: (routes) => {
    const table = routes.map((route) => ({ route, handle: mount(route) }))
    return listen(
      createServer((request, response) => {
        const path = request.url?.split('?')[0]
        const method = request.method === 'HEAD' ? 'GET' : request.method
        const found = table.find(({ route }) => route.path === path && route.method === method)
        if (found === undefined) answer(response, 404, 'no such route')
        else {
          if (found.route.presetHeader !== undefined) response.appendHeader(...found.route.presetHeader)
          found.handle(request, response)
        }
      }),
    )
  },
}

function mount(route: ContractRoute): RequestListener {
  const options = optionsOf(route)
  const innermost = route.scopes.at(-1)
  if (innermost === undefined) throw new Error('a route has at least one scope')
  if (route.style === 'protect') {
    const listener = protect(
      innermost,
      (request, response: ServerResponse, who) => run(route, request, response, who, innermost),
      options,
    )
    return (request, response) => {
      Promise.resolve()
        .then(() => listener(request, response))
        .catch((error: unknown) => fail(response, error))
    }
  }
  return route.scopes.reduceRight<RequestListener>(
    (inner, scope) => {
      const guard = authenticate(scope, options)
      return (request, response) => {
        guard(request, response, () => {
          if (scope !== innermost) inner(request, response)
          else run(route, request, response, guard.of(request), scope).catch((error: unknown) => fail(response, error))
        })
      }
    },
    (_request, response) => answer(response, 404, 'no scope'),
  )
}

function optionsOf({ onRefused, passErrors }: ContractRoute): NodeOptions {
  if (onRefused === undefined && passErrors !== true) return {}
  return {
    onRefused: async (refused, _request, response) => {
      const thrown = passErrors === true ? thrownMessage(refused) : undefined
      if (thrown !== undefined) return answer(response, 500, `framework: ${thrown}`)
      const own = await onRefused?.(refused)
      if (own !== undefined) answer(response, own.status ?? 200, own.body)
    },
  }
}

async function run(
  route: ContractRoute,
  request: IncomingMessage,
  response: ServerResponse,
  who: Who,
  scope: Requirement,
): Promise<void> {
  if (route.probeUnmounted === true)
    return answer(
      response,
      200,
      probe(() => authenticate(scope).of(request)),
    )
  const io: ContractIo = { ...requestIo(request), setHeader: (name, value) => response.setHeader(name, value) }
  const { status = 200, body } = await route.handler(who, io)
  answer(response, status, body)
}

function answer(response: NodeResponse, status: number, body: string): void {
  response.statusCode = status
  response.end(body)
}

function fail(response: ServerResponse, error: unknown): void {
  answer(response, 500, `framework: ${error instanceof Error ? error.message : 'not an error'}`)
}
