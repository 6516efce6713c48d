import { once } from 'node:events'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { type AuthenticationListener, authentication, type BodyReading } from 'becauth'
import { dpop } from 'becauth/dpop'
import { type JwtClaims, jwt } from 'becauth/jwt'
import { discoveredKeys } from 'becauth/keys'
import { protect } from 'becauth/node'
import { protectedResource } from 'becauth/resource'
import { z } from 'zod'

const limitBytes = 100_000

/** A server of MCP that becauth guards. */
export interface GuardedServer {
  /** `http://127.0.0.1:<port>/mcp` */
  readonly url: string
  stop(): void
}

/** Starts a server with two tools: `whoami`, and `orders`, which takes a scope of its own. */
export async function startGuardedServer(
  issuer: string,
  withDpop: boolean,
  listener: AuthenticationListener,
): Promise<GuardedServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const resource = protectedResource({ resource: `${base}/mcp`, authorizationServers: [issuer], scopes: ['mcp'] })
  const proofs = withDpop ? [dpop()] : []
  const tokens = jwt<JwtClaims>({ issuer, keys: discoveredKeys(issuer), resource, proofs })
  const auth = authentication({ tokens }, { baseUrl: base, listeners: [listener] })
  const enough = auth.requireScopes('tokens', ['mcp'])
  const withOrders = auth.requireScopes('tokens', ['mcp', 'orders:read'])
  const chosen = auth.select(async (request) => (callsOrders(await request.body(limitBytes)) ? withOrders : enough))
  const guarded = protect(chosen, async (request, response, { principal }) => {
    const mcp = new McpServer({ name: 'guarded', version: '1.0.0' })
    mcp.registerTool('whoami', {}, () => ({ content: [{ type: 'text', text: principal.sub ?? '' }] }))
    mcp.registerTool('orders', {}, () => ({ content: [{ type: 'text', text: `orders of ${principal.sub}` }] }))
    const transport = new StreamableHTTPServerTransport()
    response.once('close', () => mcp.close())
    await mcp.connect(transport)
    // Reads the body itself, which the decision has left readable.
    await transport.handleRequest(request, response)
  })
  server.on('request', (request, response) => {
    if (request.url === resource.metadataPath) resource.handle(request, response)
    else if (request.url !== '/mcp') response.writeHead(404).end()
    else if (request.method !== 'POST') response.writeHead(405, { Allow: 'POST' }).end()
    else guarded(request, response)
  })
  return {
    url: `${base}/mcp`,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const call = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.literal('orders') }) })

/** A body that is no JSON at all is for the transport to refuse. */
function callsOrders(reading: BodyReading): boolean {
  if (reading.kind !== 'bytes') return false
  try {
    const body: unknown = JSON.parse(Buffer.from(reading.bytes).toString())
    return [body].flat().some((message) => call.safeParse(message).success)
  } catch {
    return false
  }
}
