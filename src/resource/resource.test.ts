import { describe, expect, it } from 'vitest'
import { authentication } from '../core/authentication.ts'
import type { HeaderField } from '../core/request.ts'
import { dpop } from '../proofs/dpop/dpop.ts'
import { bearer } from '../providers/bearer/bearer.ts'
import { testRequest } from '../testing/request.ts'
import { protectedResource } from './resource.ts'

const mcp = protectedResource({
  resource: 'https://service.example/mcp',
  authorizationServers: ['https://id.example'],
  scopes: ['tools:read'],
  scopesSupported: ['tools:read', 'tools:write'],
  resourceName: 'Tools',
  dpopSigningAlgValuesSupported: ['ES256'],
  dpopBoundAccessTokensRequired: false,
})

describe('protectedResource()', () => {
  it('describes the resource in the words of RFC 9728, section 2', () => {
    expect(mcp.metadata).toEqual({
      resource: 'https://service.example/mcp',
      authorization_servers: ['https://id.example'],
      scopes_supported: ['tools:read', 'tools:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Tools',
      dpop_signing_alg_values_supported: ['ES256'],
      dpop_bound_access_tokens_required: false,
    })
    expect(protectedResource({ resource: 'https://a.example', scopesSupported: [] }).metadata).toEqual({
      resource: 'https://a.example',
      bearer_methods_supported: ['header'],
    })
  })

  it.each([
    ['https://a.example', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/resource1', 'https://a.example/.well-known/oauth-protected-resource/resource1'],
    ['https://a.example/r/', 'https://a.example/.well-known/oauth-protected-resource/r/'],
    ['https://a.example:8443/r?k=v', 'https://a.example:8443/.well-known/oauth-protected-resource/r?k=v'],
    ['http://localhost:3000/mcp', 'http://localhost:3000/.well-known/oauth-protected-resource/mcp'],
    ['http://127.0.0.1/mcp', 'http://127.0.0.1/.well-known/oauth-protected-resource/mcp'],
    ['http://[::1]/mcp', 'http://[::1]/.well-known/oauth-protected-resource/mcp'],
  ])('has the metadata of %s at %s (RFC 9728, section 3.1)', (resource, expected) => {
    const { metadataUrl, metadataPath } = protectedResource({ resource })
    expect(metadataUrl).toBe(expected)
    expect(new URL(metadataUrl).pathname).toBe(metadataPath)
  })

  it('answers everybody, from any origin', async () => {
    const response = mcp.respond(new Request(mcp.metadataUrl))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual(mcp.metadata)
    const head = mcp.respond(new Request(mcp.metadataUrl, { method: 'HEAD' }))
    expect([head.status, await head.text()]).toEqual([200, ''])
    const preflight = mcp.respond(new Request(mcp.metadataUrl, { method: 'OPTIONS' }))
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('*')
    const post = mcp.respond(new Request(mcp.metadataUrl, { method: 'POST' }))
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  it('answers on Node as it does elsewhere', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE']) {
      const fields: HeaderField[] = []
      let sent: string | undefined | null = null
      const response = {
        statusCode: 0,
        setHeader: (name: string, value: string) => fields.push([name, value]),
        end: (body?: string) => {
          sent = body
        },
      }
      mcp.handle({ method }, response)
      const { status, headers, body } = mcp.answer(method)
      expect([response.statusCode, fields, sent ?? null]).toEqual([status, headers, body])
    }
  })

  it('puts its address and scopes into every challenge, Bearer before DPoP', async () => {
    const validate = ({ token }: { token: string }) => (token === 'right' ? { scope: 'tools:read' } : null)
    const proofs = [dpop({ algorithms: ['ES256'] })]
    const auth = authentication({ mcp: bearer({ validate, proofs, resource: mcp }) })
    const challenges = async (headers: Record<string, string>) => {
      const outcome = await auth.decide(testRequest({ headers }), auth.requireScopes('mcp', ['tools:write']))
      if (!('response' in outcome)) return outcome.kind
      const fields = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate')
      return [outcome.response.status, ...fields.map(([, value]) => value)]
    }
    const at = 'resource_metadata="https://service.example/.well-known/oauth-protected-resource/mcp"'
    expect(await challenges({})).toEqual([
      401,
      `Bearer realm="mcp", scope="tools:read", ${at}`,
      `DPoP realm="mcp", algs="ES256", scope="tools:read", ${at}`,
    ])
    expect(await challenges({ Authorization: 'Bearer wrong' })).toEqual([
      401,
      `Bearer realm="mcp", error="invalid_token", scope="tools:read", ${at}`,
      `DPoP realm="mcp", algs="ES256", scope="tools:read", ${at}`,
    ])
    expect(await challenges({ Authorization: 'Bearer right' })).toEqual([
      403,
      `Bearer realm="mcp", error="insufficient_scope", scope="tools:write", ${at}`,
      `DPoP realm="mcp", error="insufficient_scope", scope="tools:write", algs="ES256", ${at}`,
    ])
  })

  it.each([
    [undefined, 'wants an object'],
    [{}, '"resource"'],
    [{ resource: '/mcp' }, '"resource"'],
    [{ resource: 'http://service.example/mcp' }, '"resource"'],
    [{ resource: 'https://service.example/mcp#a' }, '"resource"'],
    [{ resource: 'https://service.example/mcp#' }, '"resource"'],
    [{ resource: 'https://me@service.example/mcp' }, '"resource"'],
    [{ resource: 'https://Service.example/mcp' }, '"resource"'],
    [{ resource: 'https://service.example:443/mcp' }, '"resource"'],
    [{ resource: 'https://service.example/a/../mcp' }, '"resource"'],
    [{ resource: 'https://service.example/mcp', scopes: ['a b'] }, '"scopes"'],
    [{ resource: 'https://service.example/mcp', scopesSupported: 'a' }, '"scopesSupported"'],
    [{ resource: 'https://service.example/mcp', authorizationServers: ['id.example'] }, '"authorizationServers"'],
    [{ resource: 'https://service.example/mcp', jwksUri: 'http://service.example/jwks' }, '"jwksUri"'],
    [{ resource: 'https://service.example/mcp', bearerMethodsSupported: [''] }, '"bearerMethodsSupported"'],
  ])('refuses %j', (options, message) => {
    expect(() => Reflect.apply(protectedResource, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(protectedResource, undefined, [options])).toThrow(message)
  })

  it('is all that "resource" of a provider takes', () => {
    const validate = () => ({})
    expect(() => Reflect.apply(bearer, undefined, [{ validate, resource: 'https://service.example' }])).toThrow(
      'bearer(): "resource" must be a resource made by protectedResource()',
    )
  })
})
