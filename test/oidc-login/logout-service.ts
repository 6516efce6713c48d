import { z } from 'zod'
import { authenticate, fetchSource, protect } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import type { AuthenticationFailedCause } from '../../src/core/cause.ts'
import type { SessionStore } from '../../src/core/session-store.ts'
import { loginRoutes } from '../../src/providers/oauth2/login/routes.ts'
import type { StoredLogoutRoutesOptions } from '../../src/providers/oauth2/logout/logout-options.ts'
import { logoutRoutes } from '../../src/providers/oauth2/logout/logout-routes.ts'
import type { OAuth2Settings, SharedClientOptions } from '../../src/providers/oauth2/options.ts'
import { sessionTokens } from '../../src/providers/oauth2/session-tokens/session-tokens.ts'
import type { OidcCredential } from '../../src/providers/oauth2/tokens.ts'
import { oidc, oidcClient } from '../../src/providers/oidc/oidc.ts'
import { session, sessions } from '../../src/providers/session/session.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { failing } from '../sessions/kit.ts'
import { SECRET } from './identity-provider.ts'
import { keys } from './service.ts'

/** What a service of a test may be told. */
export interface LogoutServiceOptions {
  readonly settings?: Partial<OAuth2Settings>
  readonly client?: Partial<SharedClientOptions>
  readonly logout?: Partial<Omit<StoredLogoutRoutesOptions, 'client' | 'sessions'>>
  /** Whether the tokens of logins are kept in their sessions. Default: `false`. */
  readonly keepsTokens?: boolean
  /** Holds a login up that the issuer has completed, before its session starts. */
  readonly beforeSession?: () => Promise<void>
  /** Where the sessions are. Default: this process's memory. */
  readonly store?: SessionStore
}

/** Where a service of a test is, and whom it asks. */
export interface LogoutServicePlace {
  readonly issuer: string
  readonly origin: string
  readonly clientId: string
  readonly clock: () => number
  readonly fetch: typeof globalThis.fetch
}

/** A service with a login, every kind of logout and a page, as a `fetch` handler. */
export function logoutService(place: LogoutServicePlace, options: LogoutServiceOptions = {}) {
  const { issuer, origin, clientId, clock, fetch } = place
  const outage = { store: false }
  const stored = sessions({
    store: failing(options.store ?? memorySessionStore(), () => outage.store),
    schema: z.object({ name: z.string() }),
    clock,
  })
  const failures: [route: string, failure: AuthenticationFailedCause][] = []
  const client = oidcClient({
    settings: {
      issuer,
      clientId,
      clientAuthentication: { method: 'client_secret_basic', secret: SECRET },
      ...options.settings,
    },
    redirectUri: `${origin}/callback/office`,
    keys,
    clock,
    fetch,
    ...options.client,
  })
  const auth = authentication(
    { office: oidc({ client }), visitor: session({ sessions: stored, challenge: { redirect: '/login' } }) },
    { baseUrl: origin, clock, fetch },
  )
  const tokens = sessionTokens({ client, sessions: stored })
  const login = {
    sessions: stored,
    session: async ({ principal }: { readonly principal: OidcCredential }) => {
      await options.beforeSession?.()
      return { subject: principal.claims.sub, data: { name: principal.claims.sub } }
    },
  }
  const { keepsTokens = false } = options
  const routes = loginRoutes(auth.require('office'), keepsTokens ? { ...login, tokens } : login)
  const logout = logoutRoutes(auth.optional('visitor'), {
    client,
    sessions: stored,
    ...(keepsTokens ? { tokens } : {}),
    postLogoutRedirectUri: '/logged-out',
    onFailure: (failure, route) => void failures.push([route, failure]),
    ...options.logout,
  })
  const api = async (request: Request): Promise<Response> => {
    const token = await tokens.accessToken(fetchSource(request))
    return Response.json({ token: token?.accessToken ?? null })
  }
  const me = protect(auth.require('visitor'), (_request, who) => page(who.principal.name))
  const mounted = { '/login': routes.login, '/callback/office': routes.callback, '/logout': logout.logout }
  const by = Object.entries({
    ...mounted,
    '/logged-out': logout.afterLogout,
    '/back-channel': logout.backChannel,
    '/front-channel': logout.frontChannel,
  }).map(([path, requirement]) => [path, authenticate(requirement)] as const)
  const handle = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const route = by.find(([path]) => path === pathname)?.[1]
    if (pathname === '/api') return api(request)
    if (pathname === '/' || pathname === '/bye') return new Response('for everybody')
    if (route === undefined) return me(request)
    return (await route(request)) ?? new Response('passed', { status: 500 })
  }
  return { client, auth, stored, failures, outage, logout, handle }
}

function page(name: string): Response {
  const form = '<form method="post" action="/logout?returnTo=/bye"><button>Log out</button></form>'
  return new Response(`<!doctype html><p>${name}</p>${form}`, { headers: { 'content-type': 'text/html' } })
}
