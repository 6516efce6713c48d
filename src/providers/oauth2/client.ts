import { BoundedMap } from '../../core/bounded-map.ts'
import { TransactionCookies } from '../../crypto/transaction-cookies.ts'
import { OAuth2ConfigurationError, OAuth2Unavailable } from './errors.ts'
import { Issuer } from './issuer.ts'
import type { CallScope } from './issuer-fetch.ts'
import type { OAuth2ClientOptions, TenantRequest } from './options.ts'
import { isTenant, type Settings, type Shared, settingsOf, sharedOf } from './settings.ts'

/** One tenant's client at its authorization server. */
export interface Connection {
  readonly settings: Settings
  readonly issuer: Issuer
}

/**
 * A client at one authorization server, or at one for each tenant. Made by `oauth2Client()` and `oidcClient()`, for a provider
 * and for what uses its tokens later.
 */
export class OAuth2Client {
  // Behind getters, so that who prints a client prints no secret.
  readonly #options: OAuth2ClientOptions
  readonly #shared: Shared
  readonly #cookies: TransactionCookies
  readonly #only: Settings | undefined
  readonly #issuers: BoundedMap<Issuer>

  /** @throws TypeError, in the name of `owner`, when an option cannot be used. */
  constructor(options: OAuth2ClientOptions, openid: boolean, owner: string) {
    this.#shared = sharedOf(options, openid, owner)
    this.#options = options
    const insecure = options.dangerouslyAllowInsecureCookie === true
    const [prefix, kind] = ['becauth-tx-', 'oauth-tx']
    this.#cookies = new TransactionCookies({ keys: options.keys, insecure, prefix, kind, owner })
    this.#only = options.settings === undefined ? undefined : settingsOf(options.settings, this.shared)
    if (insecure && this.#only !== undefined && isPosted(this.#only)) {
      throw new TypeError(`${owner}: "responseMode" with form_post needs a cookie that is Secure`)
    }
    this.#issuers = new BoundedMap(this.shared.maxIssuers)
  }

  /** @internal */
  get options(): OAuth2ClientOptions {
    return this.#options
  }

  /** @internal */
  get shared(): Shared {
    return this.#shared
  }

  /** @internal */
  get cookies(): TransactionCookies {
    return this.#cookies
  }

  /**
   * Answers the client of a request's tenant, or of the tenant that is known already.
   *
   * @internal
   * @throws OAuth2ConfigurationError (rejects) when there is no such tenant, and whatever `resolve` throws.
   */
  async connection(request: TenantRequest, tenant: string | undefined, scope: CallScope): Promise<Connection> {
    const settings = this.#only ?? (await this.#resolved(request, tenant))
    const { issuerName, endpoints } = settings
    const key = JSON.stringify([issuerName, endpoints ?? null])
    const known = this.#issuers.get(key)
    if (known !== undefined) return { settings, issuer: known }
    const issuer = new Issuer(settings, this.shared, scope)
    this.#issuers.set(key, issuer)
    return { settings, issuer }
  }

  /**
   * How servers are asked outside of a decision: by the options `fetch` and `clock`.
   *
   * @internal
   */
  scope(signal: AbortSignal): CallScope {
    const { fetch = (...request) => globalThis.fetch(...request), clock = () => Date.now() / 1000 } = this.options
    return { fetch, signal, now: clock }
  }

  /**
   * Runs what asks a server, within the time that is allowed.
   *
   * @internal
   * @throws OAuth2Unavailable (rejects) when it takes longer, and whatever it throws.
   */
  async inTime<T>(scope: CallScope, run: (scope: CallScope) => Promise<T>): Promise<T> {
    const { timeoutSeconds } = this.shared
    const controller = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new OAuth2Unavailable('timeout', `no answer within ${timeoutSeconds} seconds`)
        controller.abort(error)
        reject(error)
      }, timeoutSeconds * 1000)
    })
    const signal = AbortSignal.any([scope.signal, controller.signal])
    try {
      // A `fetch` of somebody's own may not heed the signal.
      return await Promise.race([run({ fetch: scope.fetch, now: () => scope.now(), signal }), late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Where the browser is sent back to. */
  redirectUri(origin: string, tenant: string | undefined): string {
    const { redirect } = this.shared
    return (redirect.origin ?? origin) + redirect.before + (redirect.after === undefined ? '' : tenant + redirect.after)
  }

  /** Whether a path is that of a callback, and of which tenant. */
  callbackAt(path: string): { readonly tenant: string | undefined } | undefined {
    const { before, after } = this.shared.redirect
    if (after === undefined) return path === before ? { tenant: undefined } : undefined
    if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length)
      return undefined
    const tenant = path.slice(before.length, path.length - after.length)
    return isTenant(tenant) ? { tenant } : undefined
  }

  /** Whether callbacks of several servers come to one path, so that each must say who it is (RFC 9207). */
  get isPathShared(): boolean {
    return this.#only === undefined && this.shared.redirect.after === undefined
  }

  async #resolved(request: TenantRequest, tenant: string | undefined): Promise<Settings> {
    const { resolve } = this.options
    const given = (await resolve?.(request, tenant)) ?? null
    if (given === null) throw new OAuth2ConfigurationError('unknown-tenant', '"resolve" knows no such tenant')
    const settings = settingsOf(given, this.shared)
    if (settings.key === undefined || (tenant !== undefined && settings.key !== tenant)) {
      throw new OAuth2ConfigurationError('wrong-tenant', '"resolve" answered settings without the "key" of the tenant')
    }
    return settings
  }
}

/** Whether answers to logins are posted by the server's page, from another site. */
export function isPosted({ responseMode }: Settings): boolean {
  return responseMode === 'form_post' || responseMode === 'form_post.jwt'
}
