import {
  allowInsecureRequests,
  type ClientMetadata,
  Configuration,
  clockSkew,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ServerMetadata,
  useJwtResponseMode,
} from 'openid-client'
import { AuthenticationError } from '../../core/cause.ts'
import { jwks } from '../../keys/jwks.ts'
import type { KeySource, KeyWant } from '../../keys/key-source.ts'
import { isLoopback } from '../../keys/options.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../../wire/json.ts'
import { OAuth2ConfigurationError, OAuth2Unavailable } from './errors.ts'
import { type CallScope, type FetchGuards, guardedText, issuerFetch, issuerUrl } from './issuer-fetch.ts'
import type { OAuth2ClientOptions, OAuth2Endpoints } from './options.ts'
import type { Settings, Shared } from './settings.ts'

/** What a server says of itself, as it is kept. */
interface IssuerMetadata {
  readonly text: string
  readonly value: JsonObject
  readonly readAt: number
}

const METADATA_SECONDS = 3600
/** Stands for the keys that were given where no place of the server's is known. Nobody fetches it. */
const OWN_KEYS = 'https://keys.invalid/'
const ENTRA = 'https://login.microsoftonline.com'

/** How a `Configuration` is wanted for one call. */
interface ConfigurationWish {
  readonly settings: Settings
  readonly scope: CallScope
  readonly onTokenRequest?: OAuth2ClientOptions['onTokenRequest']
  /** The signed answer of an authorization request, where there is one. */
  readonly signedAnswer?: KeyWant | undefined
}

/** One authorization server: its metadata and its keys, kept. Knows of no client. */
export class Issuer {
  readonly #name: string
  readonly #endpoints: OAuth2Endpoints | undefined
  readonly #shared: Shared
  readonly #allowHttp: FetchGuards['allowHttp']
  #metadata: IssuerMetadata | undefined
  #reading: Promise<IssuerMetadata> | undefined
  #keys: { readonly href: string; readonly source: KeySource } | undefined
  #scope: Pick<CallScope, 'fetch' | 'now'>

  constructor({ issuerName, endpoints }: Settings, shared: Shared, scope: CallScope) {
    this.#name = issuerName
    this.#endpoints = endpoints
    this.#shared = shared
    this.#scope = scope
    const url = new URL(endpoints?.token ?? issuerName)
    this.#allowHttp = shared.anywhere ? 'anywhere' : url.protocol === 'http:' && isLoopback(url) ? 'loopback' : 'never'
  }

  /**
   * Answers the metadata, an hour old at most unless the server is down.
   *
   * @throws AuthenticationError (rejects) when there are none and none can be had.
   */
  async metadata(scope: CallScope): Promise<JsonObject> {
    return (await this.#known(scope)).value
  }

  /**
   * Makes openid-client's view of the server for one call: with this call's `fetch`, clock and time limit, and with every
   * signature verified.
   *
   * @throws AuthenticationError (rejects) as `metadata` does.
   */
  async configuration(wish: ConfigurationWish): Promise<Configuration> {
    const { settings, scope, signedAnswer } = wish
    const { text, value } = await this.#known(scope)
    const fetch = issuerFetch({
      scope,
      allowHttp: this.#allowHttp,
      metadata: text,
      openid: this.#shared.openid,
      keys: settings.keys ?? this.#keysAt(value.jwks_uri, scope),
      jwksUri: textOf(value.jwks_uri) ?? OWN_KEYS,
      tokenEndpoints: tokenEndpointsIn(value),
      wanted: signedAnswer,
      normalize: settings.normalize,
      decryption: settings.decryption,
      onTokenRequest: wish.onTokenRequest,
    })
    const configuration = await this.#configured(settings, scope, value, fetch)
    if (this.#allowHttp !== 'never') allowInsecureRequests(configuration)
    // Without it openid-client leaves signatures unread that came over TLS.
    enableNonRepudiationChecks(configuration)
    if (signedAnswer !== undefined) useJwtResponseMode(configuration)
    configuration[customFetch] = fetch
    configuration.timeout = Math.ceil(this.#shared.timeoutSeconds)
    return configuration
  }

  /** Where the server's keys come from; `undefined` when it has none. */
  async keys(scope: CallScope): Promise<KeySource | undefined> {
    const { value } = await this.#known(scope)
    return this.#keysAt(value.jwks_uri, scope)
  }

  /** Sends a request with the same care as openid-client's. */
  fetch(href: string, headers: Headers, scope: CallScope): ReturnType<typeof guardedText> {
    return guardedText(href, { method: 'GET', headers }, { scope, allowHttp: this.#allowHttp }, scope.signal)
  }

  async #configured(
    settings: Settings,
    scope: CallScope,
    metadata: JsonObject,
    fetch: ReturnType<typeof issuerFetch>,
  ): Promise<Configuration> {
    const { clientId, clientAuth } = settings
    const client = this.#clientMetadata(settings, scope)
    if (this.#endpoints !== undefined) {
      return new Configuration(serverMetadata(metadata, this.#name), clientId, client, clientAuth)
    }
    return discovery(new URL(this.#name), clientId, client, clientAuth, {
      algorithm: this.#shared.openid ? 'oidc' : 'oauth2',
      execute: this.#allowHttp === 'never' ? [] : [allowInsecureRequests],
      [customFetch]: fetch,
    })
  }

  /** What openid-client knows as the time is the system's clock; the difference makes it the engine's. */
  #clientMetadata(
    { signedUserInfo, idTokenAlgorithm, clientAuthentication }: Settings,
    scope: CallScope,
  ): Partial<ClientMetadata> {
    const { method } = clientAuthentication
    return {
      [clockSkew]: Math.round(scope.now() - Date.now() / 1000),
      [clockTolerance]: this.#shared.toleranceSeconds,
      ...(signedUserInfo === undefined ? {} : { userinfo_signed_response_alg: signedUserInfo }),
      ...(idTokenAlgorithm === undefined ? {} : { id_token_signed_response_alg: idTokenAlgorithm }),
      ...(method === 'tls_client_auth' || method === 'self_signed_tls_client_auth'
        ? { use_mtls_endpoint_aliases: true }
        : {}),
    }
  }

  #keysAt(uri: JsonValue | undefined, scope: CallScope): KeySource | undefined {
    const href = textOf(uri)
    if (href === undefined) return undefined
    this.#scope = scope
    if (this.#keys?.href === href) return this.#keys.source
    const source = jwks(href, {
      fetch: (...request) => this.#scope.fetch(...request),
      clock: () => this.#scope.now(),
      timeoutSeconds: this.#shared.timeoutSeconds,
      dangerouslyAllowHttp: this.#shared.anywhere,
    })
    this.#keys = { href, source }
    return source
  }

  async #known(scope: CallScope): Promise<IssuerMetadata> {
    const known = this.#metadata
    const age = scope.now() - (known?.readAt ?? Number.NEGATIVE_INFINITY)
    if (known !== undefined && (this.#endpoints !== undefined || (age >= 0 && age < METADATA_SECONDS))) return known
    this.#reading ??= this.#read(scope)
    try {
      this.#metadata = await this.#reading
      return this.#metadata
    } catch (error) {
      // Metadata seldom changes, so that what was read before is still the best that is known.
      if (known !== undefined && isOutage(error)) return known
      throw error
    } finally {
      this.#reading = undefined
    }
  }

  async #read(scope: CallScope): Promise<IssuerMetadata> {
    if (this.#endpoints !== undefined) {
      const value = fromEndpoints(this.#name, this.#endpoints)
      return { text: JSON.stringify(value), value, readAt: scope.now() }
    }
    // Others may be waiting for it, so that it does not end with the request that began it.
    const signal = AbortSignal.timeout(this.#shared.timeoutSeconds * 1000)
    const { text, value } = await this.#discover({ ...pick(scope), signal })
    if (value.issuer !== this.#name && !this.#isEntra(value.issuer)) {
      throw new OAuth2ConfigurationError('wrong-issuer', 'the metadata is that of another issuer')
    }
    for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
      // Whoever needs it asks for it: there are servers that nobody logs in at.
      const isNeeded = name === 'token_endpoint' || (name === 'jwks_uri' && this.#shared.openid)
      if (!isNeeded && value[name] === undefined) continue
      const url = issuerUrl(value[name], this.#allowHttp)
      if (typeof url === 'string') throw new OAuth2Unavailable('malformed', `in the metadata "${name}" ${url}`)
    }
    return { text, value, readAt: scope.now() }
  }

  async #discover(scope: CallScope): Promise<{ readonly text: string; readonly value: JsonObject }> {
    const { origin, pathname } = new URL(this.#name)
    const path = pathname.replace(/\/$/, '')
    const first = await this.#document(`${origin}${path}/.well-known/openid-configuration`, scope)
    if (typeof first !== 'string') return first
    if (this.#shared.openid) throw new OAuth2Unavailable('no-metadata', first)
    const second = await this.#document(`${origin}/.well-known/oauth-authorization-server${path}`, scope)
    if (typeof second !== 'string') return second
    throw new OAuth2Unavailable('no-metadata', second)
  }

  async #document(
    href: string,
    scope: CallScope,
  ): Promise<{ readonly text: string; readonly value: JsonObject } | string> {
    const { status, text } = await this.fetch(href, new Headers({ accept: 'application/json' }), scope)
    if (status !== 200) return `the issuer answers the question for its metadata with status ${status}`
    const value = parseJsonObject(text)
    return value === undefined
      ? 'the issuer answers the question for its metadata with no JSON object'
      : { text, value }
  }

  /** Of its issuers for several tenants, Entra ID says what they have in common. */
  #isEntra(issuer: JsonValue | undefined): boolean {
    return (
      new URL(this.#name).origin === ENTRA &&
      typeof issuer === 'string' &&
      /^https:\/\/login\.microsoftonline\.com\/\{tenantid\}\/v2\.0$/.test(issuer)
    )
  }
}

function pick({ fetch, now }: CallScope): Pick<CallScope, 'fetch' | 'now'> {
  return { fetch, now: () => now() }
}

function isOutage(error: unknown): boolean {
  return error instanceof AuthenticationError && error.retryable
}

function fromEndpoints(issuer: string, endpoints: OAuth2Endpoints): JsonObject {
  const named: Readonly<Record<string, string | undefined>> = {
    authorization_endpoint: endpoints.authorization,
    token_endpoint: endpoints.token,
    userinfo_endpoint: endpoints.userInfo,
    revocation_endpoint: endpoints.revocation,
    end_session_endpoint: endpoints.endSession,
    device_authorization_endpoint: endpoints.deviceAuthorization,
    pushed_authorization_request_endpoint: endpoints.pushedAuthorizationRequest,
    jwks_uri: endpoints.jwks,
  }
  const given = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return { issuer, ...Object.fromEntries(given) }
}

function serverMetadata(metadata: JsonObject, issuer: string): ServerMetadata {
  return { jwks_uri: OWN_KEYS, ...metadata, issuer }
}

/** RFC 8705, section 5: clients that show a certificate may have another. */
function tokenEndpointsIn({ token_endpoint: endpoint, mtls_endpoint_aliases: aliases }: JsonObject): readonly string[] {
  const alias = isJsonObject(aliases) ? aliases.token_endpoint : undefined
  return [endpoint, alias].filter((one) => typeof one === 'string' && URL.canParse(one)).map(String)
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
