import { createHmac } from 'node:crypto'
import { claimsOf, guardedBy, makeIssuer, secret, tokenOf } from './tokens.mjs'

/** One issuer for each server of the bench, and its tokens for whoever asks. */
export const rs256 = makeIssuer('RS256', 'key-1')
export const jwks = { keys: [rs256.jwk] }
export const requirements = guardedBy(rs256)

export const tokens = {
  HS256: tokenOf({ alg: 'HS256' }, claimsOf(), (signed) => createHmac('sha256', secret).update(signed).digest()),
  RS256: rs256.token(claimsOf()),
}
