import type { BodyReading } from 'becauth'
import { protect } from 'becauth/node'
import { sendProblem } from './answers.ts'
import * as attempts from './attempts.ts'
import type { Auth } from './auth.ts'
import { parseJson, readBytes } from './body.ts'
import type { Route } from './routes.ts'
import * as tries from './token-attempts.ts'
import type { Tokens } from './tokens.ts'

const limitBytes = 16_384

/** A tiny MCP server, and the metadata by which clients find out where its tokens come from. */
export function createMcpRoutes(auth: Auth, { base, mcp }: Tokens): readonly Route[] {
  const enough = auth.requireScopes('mcp', ['mcp'])
  const withOrders = auth.requireScopes('mcp', ['mcp', 'orders:read'])
  const requirement = auth.select(async (request) =>
    callsOrders(await request.body(limitBytes)) ? withOrders : enough,
  )
  const handle = protect(requirement, async (req, res, { principal }) => {
    const body = parseJson((await readBytes(req))?.toString() ?? '')
    if (body === undefined) return sendProblem(res, 400)
    // The SDK takes a while to load, so not before somebody asks.
    const { answerMcp } = await import('./mcp-server.ts')
    await answerMcp(req, res, body, principal)
  })
  const metadata = { ...unlisted, path: mcp.metadataPath, handle: mcp.handle }
  return [
    {
      method: 'POST',
      path: '/mcp',
      about:
        'An MCP server with two tools. whoami wants a token for this resource, orders the scope orders:read as well. A 401 says where its metadata is.',
      requires: `scope mcp, and for the tool orders orders:read`,
      curl: `-H "Authorization: Bearer ${tries.tokenOf(base, mcp.resource)}" ${tries.callArguments('whoami')}`,
      attempts: tries.mcp(mcp.resource),
      handle,
    },
    { ...metadata, method: 'GET' },
    { ...metadata, method: 'OPTIONS' },
  ]
}

const unlisted = { listed: false, about: '', requires: '', curl: '', attempts: attempts.none } as const

/** Whether one of the messages calls the tool that takes more. What nobody can read is refused by the handler. */
function callsOrders(reading: BodyReading): boolean {
  const body = reading.kind === 'bytes' ? parseJson(Buffer.from(reading.bytes).toString()) : undefined
  return [body].flat().some((message) => toolOf(message) === 'orders')
}

function toolOf(message: unknown): unknown {
  const { method, params } = members(message)
  return method === 'tools/call' ? members(params).name : undefined
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
