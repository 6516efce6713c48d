import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

export const SECRET = 'a secret of a test, long enough for anybody'

/** An identity provider on this machine, with pages on which anybody logs in by name. */
export interface IdentityProvider {
  readonly issuer: string
  readonly port: number
  stop(): Promise<void>
}

export interface IdentityProviderOptions {
  readonly port?: number
  readonly redirectUris: readonly string[]
}

/** Starts oidc-provider: PAR, JARM, `acr_values`, form_post, and clients with every way to authenticate. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server has no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const signing = { ...(await exportJWK(privateKey)), kid: 'es', alg: 'ES256', use: 'sig' }
  const provider = new Provider(issuer, {
    jwks: { keys: [signing] },
    clients: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none'].map((method) => ({
      client_id: method,
      ...(method === 'none' ? {} : { client_secret: SECRET }),
      token_endpoint_auth_method: method,
      redirect_uris: options.redirectUris,
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_signed_response_alg: 'ES256',
      authorization_signed_response_alg: 'ES256',
    })),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none'],
    cookies: { keys: ['a key for the cookies of a test'] },
    claims: { openid: ['sub', 'auth_time', 'acr'], profile: ['name'], email: ['email', 'email_verified'] },
    acrValues: ['gold', 'silver'],
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
      devInteractions: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      jwtResponseModes: { enabled: true },
      userinfo: { enabled: true },
      revocation: { enabled: true },
    },
  })
  server.on('request', provider.callback())
  return {
    issuer,
    port: address.port,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
