import { sendJson, sendPrepared } from './answers.ts'
import * as attempts from './attempts.ts'
import type { Auth } from './auth.ts'
import { proofAlgorithms } from './client-proof.ts'
import type { Live } from './live.ts'
import { principalOf, type Route, route } from './routes.ts'
import * as tries from './token-attempts.ts'
import { revocationEndpoint, tokenEndpoint } from './token-endpoint.ts'
import type { Tokens } from './tokens.ts'

/** Tokens of the showcase's own: where one gets them, and what they open. */
export function createTokenRoutes(auth: Auth, tokens: Tokens, live: Live): readonly Route[] {
  const { base, issuer } = tokens
  const bearing = `-H "Authorization: Bearer ${tries.tokenOf(base)}"`
  return [
    {
      method: 'POST',
      path: '/token',
      about:
        'Name and password for an access token and a refresh token; a form with grant_type=refresh_token renews them. /revoke ends them.',
      requires: 'password',
      curl: tries.loginArguments,
      attempts: tries.token,
      handle: tokenEndpoint(auth, tokens, live),
    },
    route({
      path: '/jwt',
      about: 'A signed token that was issued for this service, ten minutes ago at most.',
      requirement: auth.require('jwt'),
      answer: principalOf,
      curl: bearing,
      attempts: tries.jwt,
    }),
    route({
      path: '/orders',
      about: 'The same, with the scope orders:read: 403 insufficient_scope for those whose token lacks it.',
      requirement: auth.requireScopes('jwt', ['orders:read']),
      answer: principalOf,
      curl: bearing,
      attempts: tries.orders,
    }),
    route({
      method: 'POST',
      path: '/transfer',
      about: 'The same, and the login five minutes ago at most. A token that was renewed says when the login was.',
      requirement: auth.requireAuthentication('jwt', { maxAgeSeconds: 300 }),
      answer: principalOf,
      curl: `${bearing} -X POST`,
      attempts: tries.transfer,
    }),
    route({
      path: '/dpop',
      about: 'A token that is bound to a key, and with each request a proof that the client has the key.',
      requirement: auth.require('dpop'),
      answer: principalOf,
      curl: `-H "Authorization: DPoP ${tries.tokenOf(base)}"`,
      attempts: tries.dpop,
    }),
    {
      ...unlisted,
      method: 'POST',
      path: '/revoke',
      handle: revocationEndpoint(tokens, live),
    },
    {
      ...unlisted,
      method: 'GET',
      path: '/.well-known/jwks.json',
      handle: (_req, res) => sendPrepared(res, issuer.jwks().response),
    },
    {
      ...unlisted,
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      handle: (_req, res) => sendJson(res, metadataOf(base)),
    },
  ]
}

const unlisted = { listed: false, about: '', requires: '', curl: '', attempts: attempts.none } as const

/** What this issuer says of itself (RFC 8414). Nobody is sent to a page of its: it has no authorization endpoint. */
function metadataOf(base: string): object {
  return {
    issuer: base,
    token_endpoint: `${base}/token`,
    revocation_endpoint: `${base}/revoke`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: ['refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    dpop_signing_alg_values_supported: proofAlgorithms,
  }
}
