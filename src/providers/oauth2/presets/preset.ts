import { type InvalidCredentials, invalidCredentials } from '../../../core/cause.ts'
import { trustedUrl } from '../../../keys/options.ts'
import type { JsonValue } from '../../../wire/json.ts'
import type { OAuth2ClientAuthentication, OAuth2Settings, TokenAnswer } from '../options.ts'
import type { OAuth2Credential, OidcCredential } from '../tokens.ts'
import type { Person } from './person.ts'

/** What every preset may be told beside how the service proves who it is. */
export interface PresetOptions {
  readonly clientId: string
  /** Scopes beside those that the preset asks for. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** More parameters of the authorization request, such as `prompt`. Default: none beside the preset's own. */
  readonly authorizationParameters?: OAuth2Settings['authorizationParameters']
  /** The tenant that the settings belong to, with `resolve`. Default: none. */
  readonly key?: string | undefined
}

/** Options of presets whose server knows clients by a secret. */
export interface SecretOptions extends PresetOptions {
  /** The client's secret, sent as the server documents it. */
  readonly secret: string
}

/** Options of presets whose server also knows other ways than a secret. */
export type ClientOptions =
  | (SecretOptions & { readonly clientAuthentication?: undefined })
  | (PresetOptions & {
      readonly secret?: undefined
      /** How the service proves who it is, where it is not by a secret. */
      readonly clientAuthentication: OAuth2ClientAuthentication
    })

/**
 * A server for `oidc()`: `oidc({ ...preset, redirectUri, keys })`. With `oauth2()` it does not compile, since `validate` reads
 * the verified id_token.
 */
export interface OidcPreset<P extends Person = Person> {
  readonly settings: OAuth2Settings
  /** Answers who logged in, or why nobody is known by it. */
  readonly validate: (credential: OidcCredential) => P | InvalidCredentials
}

/** What the `validate` of a preset for `oauth2()` reads: a login without an id_token. */
export type PlainCredential = OAuth2Credential & { readonly claims?: undefined }

/** A server for `oauth2()`: `oauth2({ ...preset, redirectUri, keys })`. With `oidc()` it does not compile. */
export interface OAuth2Preset<P extends Person = Person> {
  readonly settings: OAuth2Settings
  /** Answers who logged in, or why nobody is known by it. */
  readonly validate: (credential: PlainCredential) => P | InvalidCredentials
}

/** What is particular to a server: a row of the table that the presets are. */
export interface PresetRow
  extends Pick<
    OAuth2Settings,
    'issuer' | 'endpoints' | 'responseMode' | 'assumesS256' | 'userInfo' | 'normalize' | 'authorizationParameters'
  > {
  readonly scopes: readonly string[]
  /** How the server wants secrets. */
  readonly secret: 'client_secret_basic' | 'client_secret_post'
}

/** The settings of a client at the server of a row. */
export function settingsFrom(row: PresetRow, options: ClientOptions): OAuth2Settings {
  const { secret: method, ...facts } = row
  const { clientId, key, secret = '', clientAuthentication, scopes = [], authorizationParameters } = options
  return {
    ...facts,
    clientId,
    // What is no secret is refused by whoever gets the settings, in its own name.
    clientAuthentication: clientAuthentication ?? { method, secret },
    scopes: [...new Set([...row.scopes, ...scopes])],
    authorizationParameters: { ...row.authorizationParameters, ...authorizationParameters },
    ...(key === undefined ? {} : { key }),
  }
}

/** What a server says about a person, before anybody looked at it. */
export interface PersonFacts {
  readonly issuer: string
  readonly subject: JsonValue | undefined
  readonly email?: JsonValue | undefined
  readonly isEmailVerified?: boolean | undefined
  readonly name?: JsonValue | undefined
  readonly username?: JsonValue | undefined
  readonly picture?: JsonValue | undefined
}

const nobody = invalidCredentials('missing-claim', { detail: 'the server says nothing that identifies the person' })

/** The person of whom a server speaks; a cause when what identifies them is missing. */
export function personOf(facts: PersonFacts): Person | InvalidCredentials {
  const { issuer } = facts
  const subject = Number.isSafeInteger(facts.subject) ? String(facts.subject) : textOf(facts.subject)
  if (subject === undefined) return nobody
  const email = textOf(facts.email)
  return {
    issuer,
    subject,
    email,
    isEmailVerified: email !== undefined && facts.isEmailVerified === true,
    name: textOf(facts.name),
    username: textOf(facts.username),
    picture: textOf(facts.picture),
  }
}

/** The person of an id_token, and of UserInfo where it is fetched, by the names of OpenID Connect. */
export function standardPerson({ claims, userInfo }: OidcCredential): Person | InvalidCredentials {
  const said = { ...claims, ...userInfo }
  // An address and what is said of it come from one place.
  const { email, email_verified: verified } = userInfo?.email === undefined ? claims : userInfo
  return personOf({
    issuer: claims.iss,
    subject: claims.sub,
    email,
    isEmailVerified: verified === true,
    name: said.name,
    username: said.preferred_username,
    picture: said.picture,
  })
}

/** A text that says something. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The error that a token endpoint answered with, as RFC 6749 has it. */
export function withError(error: string, description?: JsonValue): TokenAnswer {
  return {
    status: 400,
    body: { error, ...(typeof description === 'string' ? { error_description: description } : {}) },
  }
}

/** @throws TypeError when a text is not the host of an https URL, with its port where it has one. */
export function hostOf(host: unknown, option: string, owner: string): string {
  const url = typeof host === 'string' ? trustedUrl(`https://${host}`, false) : ''
  if (typeof url !== 'string' && url.host === host) return url.host
  throw new TypeError(`${owner}: "${option}" must be a host, such as "id.example"`)
}

/** @throws TypeError when a text is not an https URL without a slash at its end. */
export function baseOf(base: unknown, option: string, owner: string): string {
  const url = trustedUrl(base, false)
  if (
    typeof base === 'string' &&
    typeof url !== 'string' &&
    url.href.replace(/\/$/, '') === base &&
    !/[?#]/.test(base)
  ) {
    return base
  }
  throw new TypeError(
    `${owner}: "${option}" must be an https URL without a slash at its end, such as "https://id.example"`,
  )
}

/** @throws TypeError when a text is no name that can stand in a path. */
export function segmentOf(segment: unknown, option: string, owner: string): string {
  if (typeof segment === 'string' && /^[\w .~-]{1,255}$/.test(segment) && segment !== '.' && segment !== '..') {
    return encodeURIComponent(segment)
  }
  throw new TypeError(`${owner}: "${option}" must be a name of letters, digits, spaces and ". ~ _ -"`)
}
