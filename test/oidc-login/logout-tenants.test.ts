import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { authenticate } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import { isCause } from '../../src/core/cause.ts'
import type { IssuerLogout } from '../../src/providers/oauth2/logout/logout-options.ts'
import { logoutRoutes } from '../../src/providers/oauth2/logout/logout-routes.ts'
import { oidcClient } from '../../src/providers/oidc/oidc.ts'
import { session, sessions } from '../../src/providers/session/session.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { origin } from './kit.ts'
import { EVENT, issuerKey } from './logout-kit.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { keys } from './service.ts'

const now = 1_800_000_000

/** Two tenants, `a` and `b`, each with an issuer of its own that signs by the same key. */
async function tenants() {
  const clock = () => now
  const key = await issuerKey('k')
  const issuers = new Map<string, ScriptedIssuer>()
  for (const name of ['a', 'b']) issuers.set(name, await ScriptedIssuer.start(`https://${name}.id.example`, clock))
  const asked: (string | undefined)[] = []
  const client = oidcClient({
    resolve: (request, tenant) => {
      asked.push(tenant)
      const name = tenant ?? request.url?.hostname.split('.')[0] ?? ''
      const issuer = issuers.get(name)?.issuer
      if (issuer === undefined) return null
      return { key: name, issuer, clientId: 'orders', clientAuthentication: { method: 'none' } }
    },
    redirectUri: `${origin}/callback/{tenant}`,
    keys,
    clock,
    fetch: async (input, init) => {
      const { hostname, pathname } = new URL(new Request(input).url)
      if (pathname === '/jwks') return Response.json({ keys: [key.jwk] })
      return issuers.get(hostname.split('.')[0] ?? '')?.fetch(input, init) ?? new Response(null, { status: 404 })
    },
  })
  for (const issuer of issuers.values()) issuer.metadata = { end_session_endpoint: `${issuer.issuer}/logout` }
  const stored = sessions({ store: memorySessionStore(), schema: z.object({ name: z.string() }), clock })
  const auth = authentication({ visitor: session({ sessions: stored }) }, { clock })
  const [failures, logouts]: [unknown[], IssuerLogout[]] = [[], []]
  const routes = logoutRoutes(auth.optional('visitor'), {
    client,
    sessions: stored,
    onFailure: (failure) => void failures.push(isCause(failure) && failure.kind === 'Error' ? failure.code : failure),
    onLogout: (logout) => void logouts.push(logout),
  })
  const token = (tenant: string) =>
    new SignJWT({ events: { [EVENT]: {} }, sid: 's1', jti: tenant })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'logout+jwt' })
      .setIssuer(`https://${tenant}.id.example`)
      .setAudience('orders')
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .sign(key.key)
  const [back, front, logout] = [routes.backChannel, routes.frontChannel, routes.logout].map((one) => authenticate(one))
  const ask = async (route: typeof back, path: string, init?: RequestInit): Promise<Response> =>
    (await route?.(new Request(path.startsWith('/') ? origin + path : path, init))) ?? new Response('passed')
  return {
    ...{ failures, logouts, token, asked },
    back: async (path: string, logoutToken: string) =>
      ask(back, path, { method: 'POST', body: new URLSearchParams({ logout_token: logoutToken }) }),
    front: (path: string) => ask(front, path),
    logout: (url: string) => ask(logout, url, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }),
  }
}

describe('logouts by the issuers of tenants', () => {
  it('come to a path that ends in the key of the tenant', async () => {
    const { back, front, token, logouts, failures } = await tenants()
    expect((await back('/back-channel/a', await token('a'))).status).toBe(200)
    expect((await front('/front-channel/b?iss=https://b.id.example&sid=s2')).status).toBe(200)
    expect(logouts.map(({ tenant, issuer, sid }) => [tenant, issuer, sid])).toEqual([
      ['a', 'https://a.id.example', 's1'],
      ['b', 'https://b.id.example', 's2'],
    ])
    expect(failures).toEqual([])
  })

  it('are refused at the path of another tenant, although the key of the signature is the same', async () => {
    const { back, front, token, logouts } = await tenants()
    expect((await back('/back-channel/b', await token('a'))).status).toBe(400)
    expect((await front('/front-channel/b?iss=https://a.id.example&sid=s1')).status).toBe(400)
    expect(logouts).toEqual([])
  })

  it('are refused at a path without a tenant, or of one that nobody knows', async () => {
    const { back, front, token, failures, asked } = await tenants()
    for (const path of ['/back-channel/', '/back-channel/c', '/back-channel/%61', '/back-channel/..%2Fa']) {
      expect((await back(path, await token('a'))).status).toBe(400)
    }
    expect((await front('/front-channel/?iss=https://a.id.example&sid=s1')).status).toBe(400)
    expect(asked).toEqual(['c'])
    expect(failures).toEqual(Array.from({ length: 5 }, () => 'oauth2-unknown-tenant'))
  })
})

describe('a logout by a person of a tenant', () => {
  it('leads to the server that "resolve" finds by the request', async () => {
    const { logout, failures } = await tenants()
    const response = await logout('https://a.orders.example/logout')
    expect(response.headers.get('location')).toBe('https://a.id.example/logout?client_id=orders')
    expect((await logout('https://c.orders.example/logout')).headers.get('location')).toBe('/')
    expect(failures).toEqual(['oauth2-unknown-tenant'])
  })
})
