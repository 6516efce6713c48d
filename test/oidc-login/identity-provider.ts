import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { interactionPolicy, Provider } from 'oidc-provider'

export const SECRET = 'a secret of a test, long enough for anybody'
/** A service whose access tokens are JWTs. */
export const ORDERS = 'https://api.orders.example/'

/** An identity provider on this machine, with pages on which anybody logs in by name. */
export interface IdentityProvider {
  readonly issuer: string
  readonly port: number
  /** The private keys of the clients `private_key_jwt`, `RSA-OAEP-256` and `ECDH-ES`, by their names. */
  readonly clientKeys: Readonly<Record<string, JWK>>
  stop(): Promise<void>
}

export interface IdentityProviderOptions {
  readonly port?: number
  readonly redirectUris: readonly string[]
  /** The `acr` values that a login reaches when they are asked for. Default: none. */
  readonly reaches?: readonly string[]
  /** Whether proofs must have a nonce. Default: they need none. */
  readonly wantsNonces?: boolean
  /** More clients, by what is registered of each beside how it authenticates. Default: none. */
  readonly services?: readonly ({ readonly client_id: string } & object)[]
}

/**
 * Starts oidc-provider: PAR, JARM, `acr_values`, form_post, DPoP, device logins, resource indicators, encryption, and clients
 * with every way to authenticate, named like it. `machine` asks for tokens in its own name, `tv` by device logins.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server has no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const clientKeys = {
    private_key_jwt: await privateJwk('ES256', 'client-key'),
    'RSA-OAEP-256': await privateJwk('RSA-OAEP-256', 'rsa'),
    'ECDH-ES': await privateJwk('ECDH-ES', 'ec'),
  }
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await privateJwk('ES256', 'es')), use: 'sig' }] },
    clients: clientsOf(options, clientKeys),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub', 'auth_time', 'acr'], profile: ['name'], email: ['email', 'email_verified'] },
    acrValues: ['gold', 'silver'],
    interactions: { policy: policyOf(options) },
    // Its own dispatcher asks nobody on this machine.
    fetch: (url: string, { dispatcher, ...init }: RequestInit & { readonly dispatcher?: unknown }) => fetch(url, init),
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id.toUpperCase(), email: `${id}@people.example`, email_verified: false }),
    }),
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      authorizationSigningAlgValues: ['ES256'],
      userinfoSigningAlgValues: ['ES256'],
    },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: Buffer.alloc(32, 7),
        requireNonce: () => options.wantsNonces === true,
      },
      encryption: { enabled: true },
      jwtResponseModes: { enabled: true },
      jwtUserinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'orders:read',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
      revocation: { enabled: true },
      userinfo: { enabled: true },
    },
  })
  const pages = provider.callback()
  server.on('request', (request, response) => {
    raised(provider, request, response, options)
      .then((isDone) => isDone || pages(request, response))
      .catch(() => response.destroy())
  })
  return {
    issuer,
    port: address.port,
    clientKeys,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function privateJwk(alg: string, kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg }
}

function publicJwk({ kty, crv, x, y, n, e, kid, alg }: JWK, use: 'sig' | 'enc'): object {
  return { kty, crv, x, y, n, e, kid, alg, use }
}

function clientsOf(
  { redirectUris, services = [] }: IdentityProviderOptions,
  keys: Readonly<Record<'private_key_jwt' | 'RSA-OAEP-256' | 'ECDH-ES', JWK>>,
): readonly object[] {
  const client = (id: string, method: string, more: object = {}): object => ({
    client_id: id,
    ...(method === 'none' || method === 'private_key_jwt' ? {} : { client_secret: SECRET }),
    token_endpoint_auth_method: method,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256',
    authorization_signed_response_alg: 'ES256',
    ...more,
  })
  const withoutBrowser = { redirect_uris: [], response_types: [] }
  return [
    ...['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none'].map((one) => client(one, one)),
    client('private_key_jwt', 'private_key_jwt', { jwks: { keys: [publicJwk(keys.private_key_jwt, 'sig')] } }),
    ...(['RSA-OAEP-256', 'ECDH-ES'] as const).map((alg) =>
      client(alg, 'client_secret_basic', {
        jwks: { keys: [publicJwk(keys[alg], 'enc')] },
        id_token_encrypted_response_alg: alg,
        id_token_encrypted_response_enc: 'A256GCM',
        userinfo_signed_response_alg: 'ES256',
        userinfo_encrypted_response_alg: alg,
        userinfo_encrypted_response_enc: 'A128CBC-HS256',
      }),
    ),
    ...services.map(({ client_id: id, ...more }) => client(id, 'client_secret_basic', more)),
    client('machine', 'client_secret_basic', { ...withoutBrowser, grant_types: ['client_credentials'] }),
    client('tv', 'none', {
      ...withoutBrowser,
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    }),
  ]
}

/** A session that has not reached what is asked for has to log in again, where a login would reach it. */
function policyOf({ reaches = [] }: IdentityProviderOptions): object {
  const policy = interactionPolicy.base()
  const raise = new interactionPolicy.Check('acr', 'a stronger login is asked for', ({ oidc }) => {
    const wanted = valuesIn(oidc.params.acr_values)
    return wanted.some((one) => reaches.includes(one)) && !wanted.includes(oidc.acr ?? '')
  })
  policy.get('login').checks.add(raise)
  return policy
}

/** Finishes a login by what it reaches, in the place of oidc-provider's own page, which reaches nothing. */
async function raised(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  { reaches = [] }: IdentityProviderOptions,
): Promise<boolean> {
  if (reaches.length === 0 || request.method !== 'POST' || !/^\/interaction\/[\w-]+$/.test(request.url ?? ''))
    return false
  const { params } = await provider.interactionDetails(request, response)
  const acr = valuesIn(params.acr_values).find((one) => reaches.includes(one))
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const form = new URLSearchParams(text)
  if (form.get('prompt') !== 'login' || acr === undefined) {
    // Where oidc-provider finds what others read before it.
    Reflect.set(request, 'body', text)
    return false
  }
  await provider.interactionFinished(request, response, { login: { accountId: form.get('login'), acr } })
  return true
}

function valuesIn(parameter: unknown): readonly string[] {
  return typeof parameter === 'string' ? parameter.split(' ') : []
}
