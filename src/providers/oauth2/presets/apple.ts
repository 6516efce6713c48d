import { type InvalidCredentials, isCause } from '../../../core/cause.ts'
import { isJsonObject, type JsonValue, parseJsonObject } from '../../../wire/json.ts'
import type { OidcCredential } from '../tokens.ts'
import { type AppleSecretOptions, appleClientSecret } from './apple-client-secret.ts'
import type { Person } from './person.ts'
import { type OidcPreset, type PresetOptions, type PresetRow, personOf, settingsFrom, textOf } from './preset.ts'

/** Who logged in with Apple. */
export interface ApplePerson extends Person {
  /** Whether `email` is one that Apple made up for this team, and forwards to the person. */
  readonly isPrivateEmail: boolean
}

/** What `apple()` is told. */
export type AppleOptions = PresetOptions & AppleSecretOptions

/**
 * Where everything is does not come from the metadata: for a day in 2025 they named an issuer that no token came from.
 *
 * @see https://github.com/supabase/auth/issues/2051
 */
const row = {
  issuer: 'https://appleid.apple.com',
  endpoints: {
    authorization: 'https://appleid.apple.com/auth/authorize',
    token: 'https://appleid.apple.com/auth/token',
    revocation: 'https://appleid.apple.com/auth/revoke',
    jwks: 'https://appleid.apple.com/auth/keys',
  },
  scopes: ['openid', 'name', 'email'],
  secret: 'client_secret_post',
  // Apple demands it of whoever asks for a name or an address.
  responseMode: 'form_post',
} as const satisfies PresetRow

/**
 * Makes the preset of "Sign in with Apple", for `oidc()`. The client secret is made by itself of the team's key, and renewed
 * before its end.
 *
 * The name comes with the first login only, in a form that the browser brings: keep it then, and believe it no more than what
 * somebody types in. The answer is posted by Apple's page, so that the cookie of the login is `SameSite=None`, and the service
 * needs https.
 *
 * @example
 * import { oidc } from 'becauth/oidc'
 * import { apple } from 'becauth/presets'
 *
 * declare const privateKey: string // the text of AuthKey_ABC123DEFG.p8
 * declare const key: string
 *
 * export const provider = oidc({
 *   ...apple({ clientId: 'example.shop.web', teamId: 'DEF123GHIJ', keyId: 'ABC123DEFG', privateKey }),
 *   redirectUri: 'https://shop.example/callback/apple',
 *   keys: [{ id: '2026', key }],
 * })
 *
 * @throws TypeError when an option cannot be used.
 * @see https://developer.apple.com/documentation/signinwithapplerestapi
 */
export function apple(options: AppleOptions): OidcPreset<ApplePerson> {
  const { clientId } = options
  const secret = appleClientSecret(options)
  const clientAuthentication = {
    method: 'custom',
    apply: async ({ body }: { readonly body: URLSearchParams }): Promise<void> => {
      body.set('client_id', clientId)
      body.set('client_secret', await secret())
    },
  } as const
  const { key, scopes, authorizationParameters } = options
  return {
    settings: settingsFrom(row, { clientId, key, scopes, authorizationParameters, clientAuthentication }),
    validate,
  }
}

function validate({ claims, parameters }: OidcCredential): ApplePerson | InvalidCredentials {
  const person = personOf({
    issuer: claims.iss,
    subject: claims.sub,
    email: claims.email,
    isEmailVerified: isTrue(claims.email_verified),
    name: nameIn(parameters.user),
  })
  return isCause(person) ? person : { ...person, isPrivateEmail: isTrue(claims.is_private_email) }
}

/** Apple documents "a string or Boolean value". */
function isTrue(value: JsonValue | undefined): boolean {
  return value === true || value === 'true'
}

/** What the first form says, such as `{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"ada@example.com"}`. */
function nameIn(user: string | undefined): string | undefined {
  const name = user === undefined ? undefined : parseJsonObject(user)?.name
  if (!isJsonObject(name)) return undefined
  const parts = [textOf(name.firstName), textOf(name.lastName)].filter((part) => part !== undefined)
  return textOf(parts.join(' ').slice(0, 256))
}
