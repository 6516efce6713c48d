import { type InvalidCredentials, isCause } from '../../../core/cause.ts'
import type { OidcCredential } from '../tokens.ts'
import type { Person } from './person.ts'
import { baseOf, type ClientOptions, type OidcPreset, segmentOf, settingsFrom, standardPerson } from './preset.ts'

/** What `authentik()` is told. */
export type AuthentikOptions = ClientOptions & {
  /** Where authentik is, such as `https://id.example`. */
  readonly url: string
  /** The slug of the application. */
  readonly application: string
}

/**
 * Makes the preset of an application of authentik, for `oidc()`. Its provider must have a subject mode that makes no subject of
 * an address or a name: the default, "Based on the User's hashed ID", or the UUID; and the issuer mode "Each provider has a
 * different issuer".
 *
 * An address is never taken for verified: authentik does not verify any, and said of all that it did before 2025.10.
 *
 * @throws TypeError when `url` is not an https URL without a slash at its end, or `application` no slug.
 * @see https://docs.goauthentik.io/add-secure-apps/providers/oauth2/
 * @see https://docs.goauthentik.io/add-secure-apps/providers/oauth2/verify-email-address/
 */
export function authentik(options: AuthentikOptions): OidcPreset {
  const { url, application } = options
  const row = {
    // With the slash: it is part of the name.
    issuer: `${baseOf(url, 'url', 'authentik()')}/application/o/${segmentOf(application, 'application', 'authentik()')}/`,
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_basic',
  } as const
  return { settings: settingsFrom(row, options), validate }
}

function validate(credential: OidcCredential): Person | InvalidCredentials {
  const person = standardPerson(credential)
  return isCause(person) ? person : { ...person, isEmailVerified: false }
}
