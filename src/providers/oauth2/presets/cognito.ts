import type { InvalidCredentials } from '../../../core/cause.ts'
import type { OidcCredential } from '../tokens.ts'
import type { Person } from './person.ts'
import { type ClientOptions, type OidcPreset, personOf, settingsFrom } from './preset.ts'

/** What `cognito()` is told. */
export type CognitoOptions = ClientOptions & {
  /** The id of the user pool, which has its region in it, such as `eu-central-1_a1B2c3D4e`. */
  readonly userPoolId: string
}

/**
 * Makes the preset of a user pool of Amazon Cognito, for `oidc()`. Its metadata do not say so, but it knows PKCE with S256, and
 * no other way.
 *
 * @throws TypeError when `userPoolId` is none.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
 */
export function cognito(options: CognitoOptions): OidcPreset {
  const { userPoolId } = options
  const region = /^([a-z]{2,4}(?:-[a-z]+)+-\d)_[0-9A-Za-z]+$/.exec(userPoolId)?.[1]
  if (region === undefined) {
    throw new TypeError('cognito(): "userPoolId" must be the id of a user pool, such as "eu-central-1_a1B2c3D4e"')
  }
  const row = {
    issuer: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    scopes: ['openid', 'email', 'profile'],
    secret: 'client_secret_basic',
    assumesS256: true,
  } as const
  return { settings: settingsFrom(row, options), validate }
}

function validate({ claims }: OidcCredential): Person | InvalidCredentials {
  return personOf({
    issuer: claims.iss,
    subject: claims.sub,
    email: claims.email,
    isEmailVerified: claims.email_verified === true,
    name: claims.name,
    username: claims['cognito:username'],
    picture: claims.picture,
  })
}
