import type { IncomingMessage, ServerResponse } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { User } from './users.ts'

/** Answers one request by a server that knows who asks, and keeps nothing. */
export async function answerMcp(req: IncomingMessage, res: ServerResponse, body: unknown, user: User): Promise<void> {
  const server = new McpServer({ name: 'becauth-showcase', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Says who you are.' }, () => textOf(user))
  server.registerTool('orders', { description: 'Lists your orders.' }, () => textOf({ of: user.name, orders: [] }))
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  res.once('close', () => server.close())
  await server.connect(transport)
  await transport.handleRequest(req, res, body)
}

function textOf(value: object): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] }
}
