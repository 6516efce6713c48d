import { createServer, type RequestListener } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import { SECRET } from './identity-provider.ts'

/** An identity provider that takes each refresh token once, counts, and fails as a test wants it. */
export interface RefreshProvider {
  readonly issuer: string
  /** How many requests came to the token endpoint, and how many refresh tokens it took. */
  readonly counts: { asked: number; rotated: number }
  /** `down` breaks every connection to the token endpoint; `hanging` takes requests and never answers them. */
  mode: 'up' | 'down' | 'hanging'
  /** Waits until a request hangs. */
  hangs(): Promise<void>
  /** What UserInfo says to an access token: 200 for a good one. */
  judge(accessToken: string): Promise<number>
  stop(): Promise<void>
}

export interface RefreshProviderOptions {
  readonly redirectUri: string
  readonly accessTokenSeconds: number
  /** Whether tokens may be bound; then proofs must have a nonce. Default: they may not. */
  readonly knowsDPoP?: boolean
}

/** Starts oidc-provider. A refresh token that comes twice ends the whole login there. */
export async function startRefreshProvider(options: RefreshProviderOptions): Promise<RefreshProvider> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new TypeError('the server has no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const counts = { asked: 0, rotated: 0 }
  const hanging: (() => void)[] = []
  let heldBack = 0
  const pages = await pagesOf(issuer, options, counts)
  server.on('request', (request, response) => {
    if (request.method !== 'POST' || request.url !== '/token') return pages(request, response)
    counts.asked += 1
    if (self.mode === 'up') return pages(request, response)
    if (self.mode === 'down') return request.socket.destroy()
    heldBack += 1
    for (const wake of hanging.splice(0)) wake()
  })
  const self: RefreshProvider = {
    issuer,
    counts,
    mode: 'up',
    hangs: async () => {
      if (heldBack === 0) await new Promise<void>((resolve) => hanging.push(resolve))
    },
    judge: async (token) => (await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } })).status,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return self
}

async function pagesOf(
  issuer: string,
  { redirectUri, accessTokenSeconds, knowsDPoP = false }: RefreshProviderOptions,
  counts: { rotated: number },
): Promise<RequestListener> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'es', alg: 'ES256', use: 'sig' }] },
    clients: [
      {
        client_id: 'orders',
        client_secret: SECRET,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    cookies: { keys: ['a key for the cookies of a test'] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: true },
      dPoP: knowsDPoP ? { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true } : {},
      revocation: { enabled: true },
      userinfo: { enabled: true },
    },
    issueRefreshToken: () => true,
    // Called for each refresh token that it takes.
    rotateRefreshToken: () => {
      counts.rotated += 1
      return true
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
  })
  return provider.callback()
}
