import { type SigningKey, type TokenIssuer, tokenIssuer } from 'becauth/issuer'
import { type ProtectedResource, protectedResource } from 'becauth/resource'
import type { Stores } from './stores.ts'
import { type User, userNamed } from './users.ts'

/** Everything about the showcase's own tokens. */
export interface Tokens {
  /** `http://127.0.0.1:<port>`: the issuer, and the audience of all routes but `/mcp`. */
  readonly base: string
  readonly issuer: TokenIssuer
  /** What clients of `/mcp` find out about it. Its tokens are good for nothing else. */
  readonly mcp: ProtectedResource
}

/** Access tokens are good for ten minutes; the families of refresh tokens live where the sessions do. */
export function createTokens(base: string, key: SigningKey, { sessions: store }: Stores): Tokens {
  return {
    base,
    issuer: tokenIssuer({
      issuer: base,
      keys: [key],
      refreshTokens: { store, stillGranted: ({ subject }) => userNamed(subject) !== null },
    }),
    mcp: protectedResource({
      resource: `${base}/mcp`,
      resourceName: 'becauth showcase',
      authorizationServers: [base],
      scopes: ['mcp'],
      scopesSupported: ['mcp', 'orders:read'],
    }),
  }
}

/** Who may read orders. What the others get is a token without that scope. */
const readers: ReadonlySet<string> = new Set(['ada'])

/** The scopes of somebody's token for one audience; `undefined` when there is no such audience. */
export function scopesFor({ name }: User, audience: string, { base, mcp }: Tokens): readonly string[] | undefined {
  const orders = readers.has(name) ? ['orders:read'] : []
  if (audience === base) return orders
  return audience === mcp.resource ? ['mcp', ...orders] : undefined
}
