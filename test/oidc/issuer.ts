import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

export const OPAQUE = 'https://orders.example/opaque'
export const JWT = 'https://orders.example/jwt'
export const SECRET = 'a secret of a test, long enough for anybody'

/** A real issuer on this machine. */
export interface RunningIssuer {
  readonly issuer: string
  stop(): void
}

/** Starts oidc-provider: opaque tokens and JWTs by resource, introspection plain and signed, revocation, DPoP. */
export async function startIssuer(): Promise<RunningIssuer> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server has no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const signing = { ...(await exportJWK(privateKey)), kid: 'es', alg: 'ES256', use: 'sig' }
  const client = (id: string): object => ({
    client_id: id,
    client_secret: SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
    // The default is one that has no key here; only who asks for signed answers gets them.
    introspection_signed_response_alg: 'ES256',
  })
  const provider = new Provider(issuer, {
    jwks: { keys: [signing] },
    clients: [client('shop'), client('plain'), client('signed')],
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      introspectionSigningAlgValues: ['ES256'],
      dPoPSigningAlgValues: ['ES256'],
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'orders:read',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: resource === JWT ? 'jwt' : 'opaque',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
  server.on('request', provider.callback())
  return {
    issuer,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
