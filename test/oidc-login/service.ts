import { z } from 'zod'
import { authenticate, fetchSource, protect } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import { loginRoutes } from '../../src/providers/oauth2/login/routes.ts'
import type { OAuth2ClientOptions, OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import type { OidcCredential } from '../../src/providers/oauth2/tokens.ts'
import { oidc } from '../../src/providers/oidc/oidc.ts'
import { session, sessions } from '../../src/providers/session/session.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { SECRET } from './identity-provider.ts'

export const keys = [{ id: 'a', key: 'a key of a test with more than 32 octets' }]

/** What a service of a test is told. */
export interface ServiceOptions {
  readonly issuer: string
  readonly origin: string
  readonly settings?: Partial<OAuth2Settings>
  readonly client?: Partial<OAuth2ClientOptions>
  readonly clock?: () => number
  readonly fetch?: typeof globalThis.fetch
}

/** A service with a login, a page and a page for which one must have logged in lately, as a `fetch` handler. */
export function loginService({ issuer, origin, settings, client, clock, fetch }: ServiceOptions) {
  const stored = sessions({
    store: memorySessionStore(),
    schema: z.object({ name: z.string() }),
    ...(clock === undefined ? {} : { clock }),
  })
  const failures: unknown[] = []
  const logins: OidcCredential[] = []
  const auth = authentication(
    {
      office: oidc({
        settings: {
          issuer,
          clientId: 'client_secret_basic',
          clientAuthentication: { method: 'client_secret_basic', secret: SECRET },
          ...settings,
        },
        redirectUri: `${origin}/callback/office`,
        keys,
        onFailure: (failure) => {
          failures.push(failure)
          return { page: '<h1>No login</h1>' }
        },
        ...pick(client),
      }),
      visitor: session({ sessions: stored, challenge: { redirect: '/login' } }),
    },
    { baseUrl: origin, ...(clock === undefined ? {} : { clock }), ...(fetch === undefined ? {} : { fetch }) },
  )
  const routes = loginRoutes(auth.require('office'), {
    sessions: stored,
    session: ({ principal }) => {
      logins.push(principal)
      return { subject: principal.claims.sub, data: { name: principal.claims.sub } }
    },
    signedIn: auth.require('visitor'),
  })
  const login = authenticate(routes.login)
  const callback = authenticate(routes.callback)
  const home = protect(auth.optional('visitor'), (_request, who) =>
    Response.json({ home: who.principal?.name ?? null }),
  )
  const me = protect(auth.require('visitor'), (_request, who) => Response.json({ me: who.principal.name }))
  const direct = protect(auth.require('office'), (_request, who) => Response.json({ direct: who.principal.claims.sub }))
  const gold = protect(auth.requireAuthentication('visitor', { acrValues: ['gold'] }), () =>
    Response.json({ gold: true }),
  )
  const handle = async (request: Request): Promise<Response> => {
    switch (new URL(request.url).pathname) {
      case '/':
        return home(request)
      case '/login':
        return (await login(request)) ?? new Response('passed', { status: 500 })
      case '/callback/office':
        return (await callback(request)) ?? new Response('passed', { status: 500 })
      case '/me':
        return me(request)
      case '/direct':
        return direct(request)
      case '/gold':
        return gold(request)
      default:
        return new Response('not found', { status: 404 })
    }
  }
  return {
    auth,
    stored,
    routes,
    handle,
    failures,
    logins,
    decide: (request: Request) => auth.decide(fetchSource(request), 'office'),
  }
}

/** Options that do not change of what kind the client is. */
function pick(client: Partial<OAuth2ClientOptions> = {}) {
  const { store, timeoutSeconds, dpop, onAuthorizationRequest, onTokenRequest, onStateCreated } = client
  return { store, timeoutSeconds, dpop, onAuthorizationRequest, onTokenRequest, onStateCreated }
}

/** A `fetch` under which a handler stands for an origin, and everything else is the network. */
export function withService(origin: string, handle: (request: Request) => Promise<Response>): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    return new URL(request.url).origin === origin ? handle(request) : globalThis.fetch(input, init)
  }
}
