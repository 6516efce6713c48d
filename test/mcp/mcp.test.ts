import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Keeper } from './client.ts'
import { type RegisteringIssuer, startRegisteringIssuer } from './issuer.ts'
import { Person } from './person.ts'
import { type GuardedServer, startGuardedServer } from './server.ts'

let registering: RegisteringIssuer

beforeAll(async () => {
  registering = await startRegisteringIssuer()
})
afterAll(() => registering.stop())

const variants = [
  ['Bearer alone', false],
  ['Bearer and DPoP', true],
] as const

describe.each(variants)('the client of the MCP SDK, challenged with %s', (_what, withDpop) => {
  let server: GuardedServer
  const reasons: string[] = []

  beforeAll(async () => {
    server = await startGuardedServer(registering.issuer, withDpop, {
      decision: ({ failures }) => {
        reasons.push(...failures.map(({ kind, reason }) => reason ?? kind))
      },
    })
  })
  afterAll(() => server.stop())

  it('finds its way from a bare 401 to a tool, and from a 403 to the other', async () => {
    const keeper = new Keeper()
    const ada = new Person('ada')
    const seen: string[] = []
    const challenges: (string | null)[] = []
    const watching: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init)
      const { href } = new URL(String(input instanceof Request ? input.url : input))
      seen.push(`${init?.method ?? 'GET'} ${nameOf(href)} ${answer.status}`)
      // Its GET, for a stream of messages, is 405 here.
      if (href === server.url && !answer.ok && answer.status !== 405)
        challenges.push(answer.headers.get('WWW-Authenticate'))
      return answer
    }
    const connecting = () =>
      new StreamableHTTPClientTransport(new URL(server.url), { authProvider: keeper, fetch: watching })
    const authorize = async (transport: StreamableHTTPClientTransport) => {
      const back = await ada.visit(keeper.sentTo.at(-1) ?? new URL(''), keeper.redirectUrl)
      await transport.finishAuth(back.searchParams.get('code') ?? '')
    }
    const nameOf = (href: string) =>
      href.replace(server.url, 'mcp').replace(registering.issuer, 'issuer').replace(new URL(server.url).origin, '')

    const first = connecting()
    const stranger = new Client({ name: 'test', version: '1.0.0' })
    await expect(stranger.connect(first)).rejects.toThrow(UnauthorizedError)
    expect(seen).toEqual([
      'POST mcp 401',
      'GET /.well-known/oauth-protected-resource/mcp 200',
      'GET issuer/.well-known/oauth-authorization-server 200',
      'POST issuer/reg 201',
    ])
    expect(keeper.sentTo[0]?.searchParams.get('resource')).toBe(server.url)
    expect(keeper.sentTo[0]?.searchParams.get('scope')).toBe('mcp')
    await authorize(first)
    expect(keeper.tokens()).toMatchObject({ token_type: 'Bearer', scope: 'mcp' })

    const client = new Client({ name: 'test', version: '1.0.0' })
    const transport = connecting()
    await client.connect(transport)
    expect(await client.callTool({ name: 'whoami' })).toMatchObject({ content: [{ text: 'ada' }] })

    await expect(client.callTool({ name: 'orders' })).rejects.toThrow(UnauthorizedError)
    expect(keeper.sentTo[1]?.searchParams.get('scope')).toBe('mcp orders:read')
    await authorize(transport)
    expect(keeper.tokens()).toMatchObject({ scope: 'mcp orders:read' })
    expect(await client.callTool({ name: 'orders' })).toMatchObject({ content: [{ text: 'orders of ada' }] })
    await client.close()
    expect(keeper.registered).toHaveLength(1)
    expect(ada.asked).toEqual(['login', 'consent', 'consent'])
    expect(reasons).toEqual(['NoCredentials'])

    const at = `resource_metadata="${new URL(server.url).origin}/.well-known/oauth-protected-resource/mcp"`
    const also = (text: string) => (withDpop ? `, DPoP realm="tokens", ${text}, ${at}` : '')
    const algs = 'algs="ES256 ES384 Ed25519 EdDSA PS256 RS256"'
    const lacking = 'error="insufficient_scope", scope="mcp orders:read"'
    expect(challenges).toEqual([
      `Bearer realm="tokens", scope="mcp", ${at}${also(`${algs}, scope="mcp"`)}`,
      `Bearer realm="tokens", ${lacking}, ${at}${also(`${lacking}, ${algs}`)}`,
    ])
  })
})
