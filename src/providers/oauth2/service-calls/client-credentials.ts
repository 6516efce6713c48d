import { clientCredentialsGrant } from 'openid-client'
import { BoundedMap } from '../../../core/bounded-map.ts'
import type { OAuth2Client } from '../client.ts'
import { dpopOptions } from '../dpop.ts'
import { asked, tokensOf } from '../grants.ts'
import { checkWish, searchParams, seconds, type TokenWish } from '../settings.ts'
import { type KeepingRules, KeptToken } from './kept-token.ts'
import { type AccessToken, fetchWithToken, noRequest, type ServiceCall } from './service-call.ts'
import { type GivenClient, type ServiceClientOptions, serviceClientOf } from './service-client.ts'

/** What `clientCredentials()` is told: a client, or what makes one, and what is asked for. */
export type ClientCredentialsOptions = ClientCredentialsWish & (ServiceClientOptions | GivenClient)

/** What is asked for in the name of the service. */
export interface ClientCredentialsWish {
  /** What is asked for. Default: what the server grants by itself. */
  readonly scopes?: readonly string[] | undefined
  /** The resources that the token is for (RFC 8707). Default: those of the settings. */
  readonly resources?: readonly string[] | undefined
  /** More parameters of the token request, such as `audience`. Default: those of `tokenParameters` in the settings. */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>> | undefined
  /**
   * How many seconds before a token is over it is replaced, 0 to 3,600; half of its life where that is less. Default: 30.
   */
  readonly renewBeforeSeconds?: number | undefined
  /** Seconds for which a token is used of which the server does not say how long it lives, 1 to 86,400. Default: 60. */
  readonly unknownLifeSeconds?: number | undefined
  /** For how many tenants a token is kept, from 2. Default: 1,000. */
  readonly maxTenants?: number | undefined
}

/** For whom a token is wanted. */
export interface TokenCall {
  /** The tenant's key, for a client with `resolve`. Default: none. */
  readonly tenant?: string | undefined
  /** Ends the waiting of this caller. Default: nothing does. */
  readonly signal?: AbortSignal | undefined
}

/** Access tokens for calls of other services, made by `clientCredentials()`. */
export interface TokenSource {
  /**
   * Answers a token: the one that is kept, or a new one shortly before that is over. Callers at the same time wait for the same
   * answer. While the server is down, the kept one is good until it is over.
   *
   * @throws AuthenticationFailedCause (rejects) when there is none: `OAuth2Unavailable`, which is retryable,
   *   `OAuth2TokenError` or `OAuth2ConfigurationError`; and what `resolve` throws, or the reason of `signal`.
   */
  token(call?: TokenCall): Promise<AccessToken>
  /**
   * Calls a service with a token, as `fetchWithToken()` does. A service that answers 401 to a token of ten seconds or more is
   * asked once again with a new one.
   *
   * @throws (rejects) as `token()` and `fetchWithToken()` do.
   */
  fetch(url: string | URL, call?: ServiceCall & TokenCall): Promise<Response>
}

/** A token that is refused younger than this would be refused again. */
const YOUNG_SECONDS = 10

/**
 * Makes a source of access tokens for calls of this service to others, in its own name.
 *
 * @example
 * import { clientCredentials } from 'becauth/oauth2'
 *
 * declare const secret: string
 *
 * const billing = clientCredentials({
 *   settings: {
 *     issuer: 'https://id.example',
 *     clientId: 'orders',
 *     clientAuthentication: { method: 'client_secret_basic', secret },
 *   },
 *   scopes: ['invoices:read'],
 * })
 * export const response = await billing.fetch('https://billing.example/invoices')
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 6749, section 4.4; RFC 8707; RFC 9449
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  return new ClientCredentials(options)
}

class ClientCredentials implements TokenSource {
  readonly #client: OAuth2Client
  readonly #wish: TokenWish
  readonly #rules: KeepingRules
  readonly #kept: BoundedMap<KeptToken>

  constructor(options: ClientCredentialsOptions) {
    const owner = 'clientCredentials()'
    const client = serviceClientOf(options, false, owner)
    if (client.options.settings?.clientAuthentication.method === 'none') {
      throw new TypeError(`${owner}: "clientAuthentication" must not be "none", since the service asks in its own name`)
    }
    const { scopes, resources, parameters, maxTenants = 1000 } = options
    checkWish({ scopes, resources, parameters }, '', owner)
    if (!Number.isSafeInteger(maxTenants) || maxTenants < 2) {
      throw new TypeError(`${owner}: "maxTenants" must be a whole number from 2`)
    }
    this.#client = client
    this.#wish = { scopes, resources, parameters }
    this.#rules = {
      renewBeforeSeconds: seconds(options.renewBeforeSeconds ?? 30, 0, 3600, 'renewBeforeSeconds', owner),
      unknownLifeSeconds: seconds(options.unknownLifeSeconds ?? 60, 1, 86_400, 'unknownLifeSeconds', owner),
      now: client.scope(new AbortController().signal).now,
    }
    this.#kept = new BoundedMap(maxTenants)
  }

  async token({ tenant, signal }: TokenCall = {}): Promise<AccessToken> {
    return this.#keptFor(tenant).token(signal)
  }

  async fetch(url: string | URL, call: ServiceCall & TokenCall = {}): Promise<Response> {
    const kept = this.#keptFor(call.tenant)
    const token = await kept.token(call.signal)
    const response = await fetchWithToken(this.#client, token, url, call)
    if (response.status !== 401 || !kept.refused(token, YOUNG_SECONDS)) return response
    // Another token may be good where this one was withdrawn; without another, the first answer stands.
    const other = await kept.token(call.signal).catch(() => token)
    if (other === token) return response
    response.body?.cancel().catch(() => {})
    return fetchWithToken(this.#client, other, url, call)
  }

  #keptFor(tenant: string | undefined): KeptToken {
    const name = tenant ?? ''
    const known = this.#kept.get(name)
    if (known !== undefined) return known
    const kept = new KeptToken(() => this.#asked(tenant), this.#rules)
    this.#kept.set(name, kept)
    return kept
  }

  /** Others may wait for it, so that no caller's signal ends it. */
  async #asked(tenant: string | undefined): Promise<AccessToken> {
    const client = this.#client
    const outer = client.scope(new AbortController().signal)
    const { settings, issuer } = await client.inTime(outer, (scope) => client.connection(noRequest, tenant, scope))
    return asked(client, outer, async (scope) => {
      const configuration = await issuer.configuration({
        settings,
        scope,
        onTokenRequest: client.options.onTokenRequest,
      })
      const { scopes = [], resources = settings.resources, parameters } = this.#wish
      const form = searchParams({ ...settings.tokenParameters, ...parameters }, resources)
      if (scopes.length > 0) form.set('scope', scopes.join(' '))
      const proofs = await dpopOptions(client, configuration, scope)
      const response = await clientCredentialsGrant(configuration, form, proofs)
      const { accessToken, tokenType, expiresAt } = tokensOf(response, scope)
      return Object.freeze({ accessToken, tokenType, expiresAt })
    })
  }
}
