import { genericGrantRequest } from 'openid-client'
import { invalidCredentials } from '../../../core/cause.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { dpopOptions } from '../dpop.ts'
import { OAuth2TokenError, OAuth2Unavailable } from '../errors.ts'
import { asked, type Granted, grantedBy, userInfoOf } from '../grants.ts'
import type { CallScope } from '../issuer-fetch.ts'
import { checkWish, searchParams, type TokenWish } from '../settings.ts'
import type { OAuth2Credential, OidcCredential } from '../tokens.ts'
import { codeFor, type DeviceCode } from './device-code.ts'
import { noRequest } from './service-call.ts'
import { type GivenClient, type ServiceClientOptions, serviceClientOf } from './service-client.ts'

/** What `deviceLogin()` is told: a client, or what makes one, and what is asked for. */
export type DeviceLoginOptions = DeviceLoginWish & (ServiceClientOptions | GivenClient)

/** What is asked for at a device login, and how the answer is waited for. */
export interface DeviceLoginWish {
  /**
   * What is asked for. With `openid` among them the person is known by the id_token; with `resolve` it must be among these.
   * Default: the scopes of the settings.
   */
  readonly scopes?: readonly string[] | undefined
  /** The resources that the access token is for (RFC 8707). Default: those of the settings. */
  readonly resources?: readonly string[] | undefined
  /** More parameters of the request that begins the login. Default: none. */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** Waits, and rejects when the signal aborts. Default: by the runtime's timers. */
  readonly wait?: ((seconds: number, signal: AbortSignal) => Promise<void>) | undefined
}

/** For whom a login is begun. */
export interface DeviceLoginCall {
  /** The tenant's key, for a client with `resolve`. Default: none. */
  readonly tenant?: string | undefined
  /** Ends the waiting. Default: nothing does. */
  readonly signal?: AbortSignal | undefined
}

/** A login under way on another device: what is shown to the person, and how it ends. */
export interface BegunDeviceLogin {
  /** What the person types in at `verificationUri`. Comes from outside: never send it to a page unescaped. */
  readonly userCode: string
  readonly verificationUri: string
  /** `verificationUri` with the code in it, for a QR code or a link. */
  readonly verificationUriComplete?: string | undefined
  /** When the login is over that nobody completed, in seconds since 1970. */
  readonly expiresAt: number
  /** How many seconds are between two questions whether the person is done. */
  readonly intervalSeconds: number
  /**
   * Waits until the person is done, and answers who it is: of a client of OpenID Connect with the verified `claims`. While the
   * server does not answer it is asked again, less and less often.
   *
   * @throws OAuth2TokenError (rejects) with the `error` `access_denied` when the person said no, and `expired_token` when the
   *   time is over; AuthenticationFailedCause for an answer that proves wrong; and the reason of `signal`.
   */
  complete(signal?: AbortSignal): Promise<OAuth2Credential | OidcCredential>
}

/** Logs people in on devices that have no browser, or no keyboard. Made by `deviceLogin()`. */
export interface DeviceLogin {
  /**
   * Begins a login.
   *
   * @throws AuthenticationFailedCause (rejects) when the server cannot be reached, refuses, or has no such login; and what
   *   `resolve` throws, or the reason of `signal`.
   */
  begin(call?: DeviceLoginCall): Promise<BegunDeviceLogin>
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** RFC 8628, section 3.5. */
const SLOWER_SECONDS = 5
const LONGEST_BACKOFF = 60

const noIdToken = invalidCredentials('missing-claim', { detail: 'the issuer gives no id_token' })

/**
 * Makes what logs people in on a device without a browser: they complete the login on their phone, where they type in a code.
 *
 * @example
 * import { deviceLogin } from 'becauth/oauth2'
 *
 * const television = deviceLogin({
 *   settings: { issuer: 'https://id.example', clientId: 'tv', clientAuthentication: { method: 'none' } },
 *   scopes: ['openid', 'profile'],
 * })
 * const login = await television.begin()
 * console.log(`Open ${login.verificationUri} and enter ${login.userCode}`)
 * export const { tokens } = await login.complete()
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 8628
 */
export function deviceLogin(options: DeviceLoginOptions): DeviceLogin {
  const owner = 'deviceLogin()'
  const client = serviceClientOf(options, asksForIdToken(options), owner)
  const { scopes, resources, parameters, wait = pause } = options
  if (typeof wait !== 'function') throw new TypeError(`${owner}: "wait" must be a function`)
  checkWish({ scopes, resources, parameters }, '', owner)
  if (client.shared.openid && scopes !== undefined && !scopes.includes('openid')) {
    throw new TypeError(`${owner}: "scopes" must have "openid"`)
  }
  const wish: TokenWish = { scopes, resources, parameters }
  return {
    begin: async ({ tenant, signal = new AbortController().signal } = {}) => {
      signal.throwIfAborted()
      const scope = client.scope(signal)
      try {
        const connection = await client.inTime(scope, (inner) => client.connection(noRequest, tenant, inner))
        const code = await codeFor(client, connection, wish, scope)
        return new Begun(client, connection, code, wait)
      } catch (error) {
        signal.throwIfAborted()
        throw error
      }
    },
  }
}

/** A client that is made here is one of OpenID Connect where that is what is asked for. */
function asksForIdToken(options: DeviceLoginOptions): boolean {
  const { settings } = 'client' in options ? { settings: undefined } : options
  return [options.scopes, settings?.scopes].some((scopes) => Array.isArray(scopes) && scopes.includes('openid'))
}

class Begun implements BegunDeviceLogin {
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string | undefined
  readonly expiresAt: number
  readonly intervalSeconds: number
  readonly #client: OAuth2Client
  readonly #connection: Connection
  readonly #code: DeviceCode
  readonly #wait: NonNullable<DeviceLoginWish['wait']>

  constructor(
    client: OAuth2Client,
    connection: Connection,
    code: DeviceCode,
    wait: NonNullable<DeviceLoginWish['wait']>,
  ) {
    this.userCode = code.userCode
    this.verificationUri = code.verificationUri
    this.verificationUriComplete = code.verificationUriComplete
    this.expiresAt = code.expiresAt
    this.intervalSeconds = code.intervalSeconds
    this.#client = client
    this.#connection = connection
    this.#code = code
    this.#wait = wait
  }

  async complete(signal: AbortSignal = new AbortController().signal): Promise<OAuth2Credential | OidcCredential> {
    const scope = this.#client.scope(signal)
    const granted = await this.#granted(scope)
    const { settings } = this.#connection
    const userInfo =
      settings.userInfo === true ? await userInfoOf(this.#client, this.#connection, granted, scope) : undefined
    const { tokens, claims } = granted
    const common = {
      issuer: settings.issuerName,
      tenant: settings.key,
      tokens,
      userInfo,
      returnTo: '/',
      parameters: {},
    }
    return Object.freeze(claims === undefined ? common : { ...common, claims })
  }

  async #granted(scope: CallScope): Promise<Granted> {
    const { lifeSeconds, expiresAt } = this.#code
    let { intervalSeconds } = this.#code
    let [waited, faults] = [0, 0]
    for (;;) {
      const pauseSeconds = Math.max(intervalSeconds, Math.min(intervalSeconds * 2 ** faults, LONGEST_BACKOFF))
      waited += pauseSeconds
      // The clock alone would keep it alive for as long as somebody puts it back.
      if (waited >= lifeSeconds || scope.now() + pauseSeconds >= expiresAt) throw expired()
      scope.signal.throwIfAborted()
      await this.#wait(pauseSeconds, scope.signal)
      const answer = await this.#asked(scope)
      if (answer === 'slow_down') intervalSeconds += SLOWER_SECONDS
      else if (typeof answer !== 'string') return answer
      // RFC 8628, section 3.5: less and less often, as long as nobody answers.
      faults = answer === 'nobody' ? faults + 1 : 0
    }
  }

  async #asked(scope: CallScope): Promise<Granted | 'authorization_pending' | 'slow_down' | 'nobody'> {
    try {
      return await asked(this.#client, scope, (inner) =>
        grantFor(this.#client, this.#connection, this.#code.code, inner),
      )
    } catch (error) {
      scope.signal.throwIfAborted()
      if (error instanceof OAuth2Unavailable) return 'nobody'
      const isEarly = error instanceof OAuth2TokenError
      if (isEarly && (error.error === 'authorization_pending' || error.error === 'slow_down')) return error.error
      throw error
    }
  }
}

async function grantFor(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  code: string,
  scope: CallScope,
): Promise<Granted> {
  const configuration = await issuer.configuration({ settings, scope, onTokenRequest: client.options.onTokenRequest })
  const form = searchParams(settings.tokenParameters)
  form.set('device_code', code)
  const response = await genericGrantRequest(
    configuration,
    GRANT,
    form,
    await dpopOptions(client, configuration, scope),
  )
  const granted = await grantedBy(response, settings, scope)
  if (client.shared.openid && granted.claims === undefined) throw noIdToken
  return granted
}

function expired(): OAuth2TokenError {
  return new OAuth2TokenError('expired_token', undefined)
}

/** Waits by the runtime's timers. */
async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave)
      resolve()
    }, seconds * 1000)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
