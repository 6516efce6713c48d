import { genericGrantRequest } from 'openid-client'
import { invalidCredentials } from '../../core/cause.ts'
import type { UserPasswordCredential } from '../../core/credential.ts'
import type { AuthenticationContext } from '../../core/provider.ts'
import type { Validated } from '../../core/validate.ts'
import type { OAuth2Client } from './client.ts'
import { dpopOptions } from './dpop.ts'
import { OAuth2InvalidGrantError } from './errors.ts'
import { failureOf } from './failures.ts'
import { tokensOf } from './grants.ts'
import { searchParams } from './settings.ts'
import type { OAuth2Tokens } from './tokens.ts'

/** Whom the server knows by a name and a password. */
export interface PasswordGranted {
  readonly username: string
  readonly tokens: OAuth2Tokens
}

const refused = invalidCredentials('wrong-secret', { detail: 'the authorization server refused name and password' })

/**
 * Makes a `validate` for `basic()` and `form()` that lets an authorization server judge names and passwords, as Ktor's
 * `verifyWithOAuth2` does.
 *
 * @deprecated The service sees the passwords of another, and no second factor can be asked for: RFC 9700 forbids the grant.
 *   Only for servers that offer nothing else.
 * @throws TypeError when the client was not made by `oauth2Client()`.
 * @see RFC 6749, section 4.3; RFC 9700, section 2.4
 */
export function passwordGrant(
  client: OAuth2Client,
): (credential: UserPasswordCredential, context: AuthenticationContext) => Promise<Validated<PasswordGranted>> {
  if (client?.shared?.openid !== false) throw new TypeError('passwordGrant(): "client" must be made by oauth2Client()')
  return async ({ username, password }, context) => {
    try {
      return await client.inTime(context, async (scope) => {
        const { settings, issuer } = await client.connection(context.request, undefined, scope)
        const { onTokenRequest } = client.options
        const configuration = await issuer.configuration({ settings, scope, onTokenRequest })
        const parameters = searchParams(settings.tokenParameters, settings.resources)
        parameters.set('username', username)
        parameters.set('password', password)
        if (settings.scopes.length > 0) parameters.set('scope', settings.scopes.join(' '))
        const proofs = await dpopOptions(client, configuration, scope)
        const response = await genericGrantRequest(configuration, 'password', parameters, proofs)
        return { username, tokens: tokensOf(response, scope) }
      })
    } catch (thrown) {
      const failure = failureOf(thrown)
      return failure instanceof OAuth2InvalidGrantError ? refused : failure
    }
  }
}
