import type { JsonObject, JsonValue } from '../../wire/json.ts'

/** What a token endpoint gave. Plain data. */
export interface OAuth2Tokens {
  readonly accessToken: string
  /** In lower case: `bearer` or `dpop`. */
  readonly tokenType: string
  /** When the access token is over, in seconds since 1970; `undefined` when the server does not say. */
  readonly expiresAt?: number | undefined
  readonly refreshToken?: string | undefined
  readonly idToken?: string | undefined
  /** What the access token is good for, where the server says it; else it is what was asked for. */
  readonly scopes?: readonly string[] | undefined
  /** The other members of the answer. */
  readonly extra: JsonObject
}

/** What the id_token says, verified. */
export interface IdTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly azp?: string
  readonly sid?: string
  readonly nonce?: string
  readonly [claim: string]: JsonValue | undefined
}

/** A login that an authorization server completed: what `validate` gets. */
export interface OAuth2Credential {
  /** The server, by its `issuer`, or where it has none by its authorization endpoint. */
  readonly issuer: string
  /** The tenant's key, with `resolve`. */
  readonly tenant: string | undefined
  readonly tokens: OAuth2Tokens
  /** What UserInfo says, with `userInfo: true`. */
  readonly userInfo: JsonObject | undefined
  /** Where the person wanted to go: a path of this service. */
  readonly returnTo: string
  /** What else came back with the browser, unproved: at its first login, Apple says the person's name here. */
  readonly parameters: Readonly<Record<string, string>>
}

/** A login with an id_token: what the `validate` of `oidc()` gets. */
export interface OidcCredential extends OAuth2Credential {
  readonly claims: IdTokenClaims
}
