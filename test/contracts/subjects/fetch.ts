import { authenticate, protect } from '../../../src/adapters/fetch/fetch.ts'
import type { FetchOptions } from '../../../src/adapters/fetch/options.ts'
import type { Requirement } from '../../../src/core/requirement.ts'
import type { Who } from '../../../src/core/who.ts'
import type { AdapterSubject, ContractIo, ContractRoute } from '../../../src/testing/adapter-subject.ts'
import { serveFetch } from '../fetch-server.ts'

type Handle = (request: Request) => Promise<Response>

/** `becauth/fetch` behind a server of our own. */
export const fetchSubject: AdapterSubject = {
  name: 'fetch',
  keepsFieldLines: false,
  mount: (routes) => {
    const table = routes.map((route) => ({ route, handle: mount(route) }))
    return serveFetch(async (request) => {
      const { pathname } = new URL(request.url)
      const method = request.method === 'HEAD' ? 'GET' : request.method
      const found = table.find(({ route }) => route.path === pathname && route.method === method)
      if (found === undefined) return new Response('no such route', { status: 404 })
      try {
        return preset(await found.handle(request), found.route)
      } catch (thrown) {
        return new Response(`framework: ${thrown instanceof Error ? thrown.message : 'not an error'}`, { status: 500 })
      }
    })
  },
}

function mount(route: ContractRoute): Handle {
  const options = optionsOf(route)
  const innermost = route.scopes.at(-1)
  if (innermost === undefined) throw new Error('a route has at least one scope')
  if (route.style === 'protect') {
    const handler = protect(innermost, (request, who) => run(route, request, who, innermost), options)
    return async (request) => handler(request)
  }
  return (
    route.scopes.reduceRight<Handle | undefined>((inner, scope) => {
      const guard = authenticate(scope, options)
      return async (request) => {
        const refusal = await guard(request)
        if (refusal !== undefined) return refusal
        const response =
          inner === undefined ? await run(route, request, guard.of(request), scope) : await inner(request)
        return guard.finish(request, response)
      }
    }, undefined) ?? notFound
  )
}

async function notFound(): Promise<Response> {
  return new Response('no scope', { status: 404 })
}

function optionsOf({ onRefused, passErrors }: ContractRoute): FetchOptions<[]> {
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

async function run(route: ContractRoute, request: Request, who: Who, scope: Requirement): Promise<Response> {
  if (route.probeUnmounted === true) return new Response(probe(scope, request))
  const headers = new Headers({ 'content-type': 'text/plain' })
  const io: ContractIo = {
    header: (name) => request.headers.get(name) ?? undefined,
    setHeader: (name, value) => headers.set(name, value),
    readBody: () => request.text(),
  }
  const { status = 200, body } = await route.handler(who, io)
  return new Response(body, { status, headers })
}

function probe(scope: Requirement, request: Request): string {
  try {
    authenticate(scope).of(request)
    return 'nothing'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
  }
}

/** What CORS does where middleware wraps handlers: it adds to the response on its way out. */
function preset(response: Response, { presetHeader }: ContractRoute): Response {
  if (presetHeader === undefined) return response
  const copy = new Response(response.body, response)
  copy.headers.append(...presetHeader)
  return copy
}
