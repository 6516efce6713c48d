import { type InvalidCredentials, isCause } from '../../../core/cause.ts'
import type { OidcCredential } from '../tokens.ts'
import type { Person } from './person.ts'
import { type ClientOptions, type OidcPreset, type PresetRow, settingsFrom, standardPerson, textOf } from './preset.ts'

/** Who logged in at Google. */
export interface GooglePerson extends Person {
  /** The domain of the organization that runs the account (`hd`); `undefined` for accounts of persons. */
  readonly organization: string | undefined
}

/** @see https://accounts.google.com/.well-known/openid-configuration */
const row = {
  issuer: 'https://accounts.google.com',
  scopes: ['openid', 'email', 'profile'],
  secret: 'client_secret_post',
} as const satisfies PresetRow

/**
 * Makes the preset of Google, for `oidc()`.
 *
 * Google is the authority for an address that ends in `@gmail.com`, and for those of an `organization`; others were verified
 * once and can have another owner by now.
 *
 * @example
 * import { oidc } from 'becauth/oidc'
 * import { google } from 'becauth/presets'
 *
 * declare const secret: string
 * declare const key: string
 *
 * export const provider = oidc({
 *   ...google({ clientId: '1234.apps.googleusercontent.com', secret }),
 *   redirectUri: 'https://shop.example/callback/google',
 *   keys: [{ id: '2026', key }],
 * })
 *
 * @see https://developers.google.com/identity/openid-connect/openid-connect
 */
export function google(options: ClientOptions): OidcPreset<GooglePerson> {
  return { settings: settingsFrom(row, options), validate }
}

function validate(credential: OidcCredential): GooglePerson | InvalidCredentials {
  const person = standardPerson(credential)
  return isCause(person) ? person : { ...person, organization: textOf(credential.claims.hd) }
}
