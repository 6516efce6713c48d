import { z } from 'zod'
import { authenticate, fetchSource, protect } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import { loginRoutes } from '../../src/providers/oauth2/login/routes.ts'
import type { SharedClientOptions } from '../../src/providers/oauth2/options.ts'
import { oidc, oidcClient, sessionTokens } from '../../src/providers/oidc/oidc.ts'
import { session, sessions } from '../../src/providers/session/session.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { SECRET } from './identity-provider.ts'
import { keys } from './service.ts'

/** What a service of a test is told. */
export interface TokensServiceOptions extends Pick<SharedClientOptions, 'dpop' | 'fetch'> {
  readonly issuer: string
  readonly origin: string
  readonly clock: () => number
  /** Names by which the application finds its sessions. */
  readonly tags?: readonly string[] | undefined
  readonly scopes?: readonly string[]
  readonly authorizationParameters?: Readonly<Record<string, string>>
}

/** A service whose logins leave their tokens in the session, as a `fetch` handler. */
export function tokensService(options: TokensServiceOptions) {
  const { issuer, origin, clock, tags, scopes, authorizationParameters, ...others } = options
  const stored = sessions({ store: memorySessionStore(), schema: z.object({ name: z.string() }), clock })
  const client = oidcClient({
    settings: {
      issuer,
      clientId: 'orders',
      clientAuthentication: { method: 'client_secret_basic', secret: SECRET },
      scopes,
      authorizationParameters,
    },
    redirectUri: `${origin}/callback/office`,
    keys,
    clock,
    ...others,
  })
  const tokens = sessionTokens({ client, sessions: stored })
  const faults: unknown[] = []
  const refused: unknown[] = []
  const auth = authentication(
    { office: oidc({ client }), visitor: session({ sessions: stored, challenge: { redirect: '/login' } }) },
    {
      baseUrl: origin,
      clock,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
      listeners: [{ fault: ({ errorName }) => faults.push(errorName) }],
    },
  )
  const routes = loginRoutes(auth.require('office'), {
    sessions: stored,
    session: ({ principal: { claims } }) => ({ subject: claims.sub, data: { name: claims.sub }, tags }),
    tokens,
    home: '/home',
    onRefused: (reason, { issuer: at }) => refused.push([reason, at]),
  })
  const me = protect(auth.require('visitor'), async (request) => {
    const token = await tokens.accessToken(fetchSource(request))
    return Response.json({ token: token?.accessToken ?? null, idToken: await tokens.idToken(fetchSource(request)) })
  })
  const gold = protect(auth.requireAuthentication('visitor', { acrValues: ['gold'] }), (request) => me(request))
  const about = protect(auth.require('visitor'), async (request) => {
    const answer = await tokens.fetch(fetchSource(request), `${issuer}/me`)
    return answer ?? new Response(null, { status: 401 })
  })
  const [login, callback] = [authenticate(routes.login), authenticate(routes.callback)]
  const handle = async (request: Request): Promise<Response> => {
    switch (new URL(request.url).pathname) {
      case '/login':
        return (await login(request)) ?? new Response('passed', { status: 500 })
      case '/callback/office':
        return (await callback(request)) ?? new Response('passed', { status: 500 })
      case '/home':
        return new Response('home')
      case '/gold':
        return gold(request)
      case '/about':
        return about(request)
      default:
        return me(request)
    }
  }
  return { stored, tokens, handle, faults, refused }
}
