import type { HeaderField } from '../core/request.ts'
import type { TokenResource } from '../core/token-resource.ts'
import type { Refusal } from '../core/who.ts'
import { metadataOf, type ProtectedResourceOptions, type ResourceMetadata, resourceUrlOf } from './options.ts'

export type { ProtectedResourceOptions, ResourceMetadata } from './options.ts'

/** What a handler of Node, Express or Connect has to answer with. */
export interface NodeAnswer {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body?: string): unknown
}

/** A protected resource: what its providers are told, and what clients find out about it. */
export interface ProtectedResource extends TokenResource {
  readonly metadata: ResourceMetadata
  /** The path of the metadata, where one of the handlers is mounted: `/.well-known/oauth-protected-resource/mcp`. */
  readonly metadataPath: string
  /**
   * The answer to a request for the metadata, by its method, as plain data, for whatever framework there is. To GET the
   * document, to OPTIONS what browsers ask first, to others 405.
   */
  answer(method: string): Refusal
  /** Answers a request for the metadata on `fetch`-like runtimes: Hono, Deno, Bun, Workers. */
  respond(request: { readonly method: string }): Response
  /** Answers a request for the metadata on Node, Express and Connect. */
  handle(request: { readonly method?: string | undefined }, response: NodeAnswer): void
}

/**
 * Describes a protected resource, so that clients such as those of MCP find out from a 401 alone where to get a token.
 *
 * Give it to providers as `resource`: their challenges then carry `resource_metadata` and `scope`, and `jwt()` accepts only
 * tokens whose `aud` is exactly the resource. Serve the metadata at `metadataPath`. Pages of any origin may read it.
 *
 * @example
 * import { jwt } from 'becauth/jwt'
 * import { jwks } from 'becauth/keys'
 * import { protectedResource } from 'becauth/resource'
 *
 * export const mcp = protectedResource({
 *   resource: 'https://service.example/mcp',
 *   authorizationServers: ['https://id.example'],
 *   scopes: ['tools:read'],
 * })
 * export const api = jwt({ issuer: 'https://id.example', keys: jwks('https://id.example/jwks.json'), resource: mcp })
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 9728
 */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('protectedResource(): wants an object of options')
  }
  const url = resourceUrlOf(options)
  const metadata = metadataOf(options)
  const metadataPath = pathOf(url)
  const body = JSON.stringify(metadata)
  const answer = (method: string): Refusal => answerTo(method, body)
  return Object.freeze({
    resource: options.resource,
    metadata,
    metadataPath,
    metadataUrl: url.origin + metadataPath + url.search,
    scopes: Object.freeze([...(options.scopes ?? [])]),
    answer,
    respond: ({ method }: { readonly method: string }): Response => {
      const { status, headers, body } = answer(method)
      return new Response(body, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) })
    },
    handle: ({ method = 'GET' }: { readonly method?: string | undefined }, response: NodeAnswer): void => {
      const { status, headers, body } = answer(method)
      response.statusCode = status
      for (const [name, value] of headers) response.setHeader(name, value)
      if (body === null) response.end()
      else response.end(body)
    },
  })
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

const forEverybody: HeaderField = Object.freeze(['Access-Control-Allow-Origin', '*'] as const)
const methods = 'GET, HEAD, OPTIONS'

/** RFC 9728, section 3.1: between host and path; a slash that is all of the path does not count. */
function pathOf({ pathname }: URL): string {
  return pathname === '/' ? WELL_KNOWN : WELL_KNOWN + pathname
}

function answerTo(method: string, document: string): Refusal {
  switch (method) {
    case 'GET':
    case 'HEAD': {
      const headers: HeaderField[] = [
        ['Content-Type', 'application/json'],
        ['Cache-Control', 'public, max-age=300'],
        ['X-Content-Type-Options', 'nosniff'],
        forEverybody,
      ]
      return { status: 200, headers, body: method === 'HEAD' ? null : document }
    }
    case 'OPTIONS': {
      const headers: HeaderField[] = [
        forEverybody,
        ['Access-Control-Allow-Methods', methods],
        // Clients of MCP send a field of their own.
        ['Access-Control-Allow-Headers', '*'],
        ['Access-Control-Max-Age', '7200'],
      ]
      return { status: 204, headers, body: null }
    }
    default:
      return { status: 405, headers: [['Allow', methods], forEverybody], body: null }
  }
}
