import { fetchSource } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import type { AuthenticationOptions } from '../../src/core/authentication-options.ts'
import { basic } from '../../src/providers/basic/basic.ts'
import { oauth2, oauth2Client, passwordGrant } from '../../src/providers/oauth2/oauth2.ts'
import type { OAuth2ClientOptions, OAuth2ResponseMode } from '../../src/providers/oauth2/options.ts'

const keys = [{ id: 'a', key: 'a key of a test with more than 32 octets' }]

/** What a case wants otherwise than the others. */
export interface Oauth2Setup {
  readonly responseMode?: OAuth2ResponseMode
  readonly authorizationParameters?: Readonly<Record<string, string | readonly string[]>>
  readonly hooks?: Pick<OAuth2ClientOptions, 'onAuthorizationRequest' | 'onStateCreated'>
  readonly lookup?: boolean
  readonly optional?: boolean
  readonly fallback?: string | undefined
  readonly token?: (form: URLSearchParams) => Response
}

/** A request of a case. */
export interface Oauth2Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

const right = (): Response => Response.json({ access_token: 'at', token_type: 'Bearer' })

/** The token server of Ktor's tests. */
function tokenServer(form: URLSearchParams): Response {
  if (form.get('grant_type') === 'password') {
    return form.get('username') === 'user1' && form.get('password') === 'password1'
      ? right()
      : refusing('invalid_grant')
  }
  return form.get('code') === 'code2' ? refusing('invalid_grant') : right()
}

export function refusing(error: string): Response {
  return Response.json({ error }, { status: 400 })
}

/** The service of Ktor's tests, and what its token server was asked. */
export function ktorService(setup: Oauth2Setup) {
  const tokenRequests: { readonly url: URL; readonly form: URLSearchParams; readonly headers: Headers }[] = []
  const settingsFor = (name: string, server: string, client: string) => ({
    key: name,
    endpoints: { authorization: `https://${server}/authorize`, token: `https://${server}/oauth/access_token` },
    clientId: client,
    clientAuthentication: { method: 'client_secret_post', secret: 'clientSecret1' } as const,
    responseMode: setup.responseMode ?? 'query',
    authorizationParameters: setup.authorizationParameters ?? {},
  })
  const { key: _, ...only } = settingsFor('', 'login-server-com', 'clientId1')
  const shared = { keys, ...setup.hooks }
  const options: OAuth2ClientOptions =
    setup.lookup === true
      ? {
          ...shared,
          redirectUri: 'http://localhost/login/{tenant}',
          resolve: async (request, tenant) => {
            const name = tenant ?? request.url?.pathname.split('/')[2] ?? ''
            return settingsFor(name, `${name}-com`, `${name}-id`)
          },
        }
      : { ...shared, settings: only, redirectUri: 'http://localhost/login' }
  const engine: AuthenticationOptions = {
    baseUrl: 'http://localhost',
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const form = new URLSearchParams(await request.text())
      tokenRequests.push({ url: new URL(request.url), form, headers: request.headers })
      return (setup.token ?? tokenServer)(form)
    },
  }
  const auth = authentication(
    {
      login: oauth2({
        ...options,
        challenge: 'always',
        onFailure: () => (setup.fallback === undefined ? null : { redirect: setup.fallback, always: true }),
      }),
      resource: basic({
        realm: 'oauth2',
        validate: passwordGrant(oauth2Client({ ...shared, settings: only, redirectUri: '/x' })),
      }),
    },
    engine,
  )
  const jar = new Map<string, string>()

  const send = async ({ method, path, headers, body }: Oauth2Request, optional = setup.optional === true) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
      body,
    })
    const name = path.startsWith('/resource') ? 'resource' : 'login'
    const requirement = optional ? auth.optional(name) : auth.require(name)
    const outcome = await auth.decide(fetchSource(request), requirement)
    const fields = 'response' in outcome ? outcome.response.headers : []
    for (const [field, value] of fields) {
      const [pair = ''] = field === 'Set-Cookie' ? value.split(';') : []
      const at = pair.indexOf('=')
      if (at > 0) jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const cause = outcome.failures[0]?.cause
    const field = (wanted: string) => fields.find(([one]) => one === wanted)?.[1]
    return {
      status: 'response' in outcome ? outcome.response.status : 200,
      kind: outcome.kind,
      cause: cause?.kind,
      said: cause?.kind === 'Error' ? cause.code : cause?.kind === 'InvalidCredentials' ? cause.reason : undefined,
      failures: outcome.failures.length,
      location: field('Location'),
      challenge: field('WWW-Authenticate'),
      body: await request.text(),
    }
  }

  /** Begins a login as a browser does, and puts its state into the request of a case. */
  const bound = async (request: Oauth2Request): Promise<Oauth2Request> => {
    const [path = ''] = request.path.split('?')
    const begun = await send({ method: 'GET', path, headers: {}, body: null }, false)
    const state = new URL(begun.location ?? '').searchParams.get('state') ?? ''
    return {
      ...request,
      path: request.path.includes('?') ? `${request.path.replace(/&state=[^&]*/, '')}&state=${state}` : request.path,
      body: request.body?.replace(/state=[^&]*/, `state=${state}`) ?? null,
    }
  }
  return { send, bound, tokenRequests }
}
