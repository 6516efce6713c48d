import { refreshTokenGrant, tokenRevocation } from 'openid-client'
import type { Connection, OAuth2Client } from '../client.ts'
import { dpopOptions } from '../dpop.ts'
import { OAuth2TokenError, OAuth2Unavailable } from '../errors.ts'
import { asked, type Granted, grantedBy } from '../grants.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { searchParams } from '../settings.ts'
import type { IdTokenClaims, OAuth2Tokens } from '../tokens.ts'

/** What is known of the person from the id_token of the login. */
export type KnownClaims = Pick<IdTokenClaims, 'iss' | 'sub' | 'aud' | 'azp' | 'nonce'>

/**
 * Exchanges a refresh token for new tokens. A new id_token must be about the person of the login.
 *
 * @throws AuthenticationFailedCause (rejects) whatever goes wrong.
 * @see RFC 6749, section 6; OpenID Connect Core 1.0, section 12
 */
export async function refreshTokens(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  refreshToken: string,
  known: KnownClaims | undefined,
  outer: CallScope,
): Promise<Granted> {
  return asked(client, outer, async (scope) => {
    const { onTokenRequest } = client.options
    const configuration = await issuer.configuration({ settings, scope, onTokenRequest })
    const parameters = searchParams(settings.tokenParameters, settings.resources)
    const proofs = await dpopOptions(client, configuration, scope)
    // First, since the refresh token may be good only once: an answer that cannot be verified would log the person out.
    if (known !== undefined) await (settings.keys ?? (await issuer.keys(scope)))?.export()
    const response = await refreshTokenGrant(configuration, refreshToken, parameters, proofs)
    const granted = await grantedBy(response, settings, scope)
    mustContinue(known, granted.claims)
    return granted
  })
}

/**
 * Revokes tokens at the server: the refresh token, which takes others with it, then the access token. `false`: the server has
 * no way to.
 *
 * @throws AuthenticationFailedCause (rejects) when one of them was not revoked; both were tried.
 * @see RFC 7009
 */
export async function revokeTokens(
  client: OAuth2Client,
  connection: Connection,
  { refreshToken, accessToken }: OAuth2Tokens,
  scope: CallScope,
): Promise<boolean> {
  const kinds = [
    ['refresh_token', refreshToken],
    ['access_token', accessToken],
  ] as const
  const failures: unknown[] = []
  let isRevoked = false
  for (const [kind, token] of kinds) {
    try {
      if (token !== undefined && (await revoked(client, connection, token, kind, scope))) isRevoked = true
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return isRevoked
}

async function revoked(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  token: string,
  kind: 'refresh_token' | 'access_token',
  outer: CallScope,
): Promise<boolean> {
  try {
    return await asked(client, outer, async (scope) => {
      const { revocation_endpoint: endpoint } = await issuer.metadata(scope)
      if (typeof endpoint !== 'string') return false
      const configuration = await issuer.configuration({ settings, scope })
      await tokenRevocation(configuration, token, { token_type_hint: kind })
      return true
    })
  } catch (error) {
    // Tokens that nobody asks the server about cannot be revoked.
    if (error instanceof OAuth2TokenError && error.error === 'unsupported_token_type') return false
    throw error
  }
}

/** What nobody can trust may be right another time, so that nobody is logged out for it. */
function mustContinue(known: KnownClaims | undefined, claims: IdTokenClaims | undefined): void {
  if (known === undefined || claims === undefined) return
  const audience = [claims.aud].flat()
  const isSame =
    claims.iss === known.iss &&
    claims.sub === known.sub &&
    [known.aud].flat().every((one) => audience.includes(one)) &&
    (claims.azp === undefined || known.azp === undefined || claims.azp === known.azp) &&
    (claims.nonce === undefined || claims.nonce === known.nonce)
  if (!isSame) throw new OAuth2Unavailable('other-person', 'the issuer answers with an id_token of another login')
}
