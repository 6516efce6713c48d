import type { IdTokenClaims, OAuth2Credential } from '../tokens.ts'

/** The tag of the sessions that belong to one session at an issuer. */
export function sidTag(issuer: string, sid: string): string {
  return `becauth:sid:${JSON.stringify([issuer, sid])}`
}

/** The tag of the sessions that belong to one person at an issuer. */
export function subTag(issuer: string, sub: string): string {
  return `becauth:sub:${JSON.stringify([issuer, sub])}`
}

/**
 * The tags by which an issuer's logouts find the sessions of a login. None without an id_token, since nothing else says
 * verifiably whose login it is.
 *
 * @see OpenID Connect Back-Channel Logout 1.0, section 2.4
 */
export function logoutTags(login: OAuth2Credential): readonly string[] {
  const claims = claimsIn(login)
  if (claims === undefined) return []
  const { iss, sub, sid } = claims
  const bySubject = subTag(iss, sub)
  return typeof sid === 'string' && sid !== '' ? [sidTag(iss, sid), bySubject] : [bySubject]
}

/** What the id_token of a login says, where there is one. */
export function claimsIn(login: OAuth2Credential): IdTokenClaims | undefined {
  return hasClaims(login) ? login.claims : undefined
}

function hasClaims(login: OAuth2Credential): login is OAuth2Credential & { readonly claims: IdTokenClaims } {
  return 'claims' in login && login.claims !== undefined
}
