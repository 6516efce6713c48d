import type { OneTimeStore } from '../../core/ports.ts'
import type { AuthenticationContext, Awaitable, ChallengeFunction, Principal } from '../../core/provider.ts'
import type { RequestView } from '../../core/request.ts'
import type { Validated } from '../../core/validate.ts'
import type { SealingKey } from '../../crypto/key-ring.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import type { Oauth1Pair } from '../../wire/oauth1.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import { isMethod, kindOf } from './methods.ts'
import { readPem } from './pem.ts'
import type { Oauth1ConsumerKey } from './sign.ts'

/** A server of OAuth 1.0a and what it knows this service by. */
export interface Oauth1Server {
  /** Where temporary credentials are asked for (Ktor: `requestTokenUrl`). */
  readonly requestTokenUrl: string
  /** Where the browser is sent. A query of its own is kept. */
  readonly authorizeUrl: string
  /** Where they are exchanged for the token. */
  readonly accessTokenUrl: string
  /** Who this service is, and how it signs. */
  readonly consumer: Oauth1ConsumerKey
  /** Further parameters of the request for temporary credentials, in its `Authorization` field. Default: none. */
  readonly requestTokenParameters?: Readonly<Record<string, string>> | undefined
  /** Further parameters of the address that the browser is sent to. Default: none. */
  readonly authorizeParameters?: Readonly<Record<string, string>> | undefined
  /** The realm in signed requests. Default: none. */
  readonly realm?: string | undefined
}

/** A login that came back right. */
export interface Oauth1Login {
  readonly token: string
  readonly tokenSecret: string
  /** Whatever else the server said with the token, such as `user_id`. */
  readonly parameters: Readonly<Record<string, string>>
  /** Where the person wanted to go: a path with its query on this origin. Answer with 303 to it. */
  readonly returnTo: string
}

/** What `oauth1()` is told. */
export interface Oauth1Options {
  /** The server, or a function that chooses it by the request: it must choose the same on the way back. */
  readonly server: Oauth1Server | ((request: RequestView) => Awaitable<Oauth1Server>)
  /**
   * The absolute address that the server sends browsers back to, exactly as it is registered there. Only requests to its path
   * are looked at. Give each server a path of its own.
   */
  readonly callbackUrl: string
  /** Seals the cookie that binds a login to its browser: the first key seals, all of them open. The same in all processes. */
  readonly keys: readonly SealingKey[]
  /**
   * The path of a page that does nothing but send people to log in: who comes there goes on to the `returnTo` of its query, or
   * to `/`. Everybody else goes back to where they were. Default: none.
   */
  readonly loginPath?: string | undefined
  /** Sends every request without credentials to the server, not just navigations, as Ktor does. Default: `false`. */
  readonly always?: boolean | undefined
  /**
   * Where spent request tokens are remembered. Several processes need one that they share. Default:
   * `memoryOneTimeStore()`, this process's memory.
   */
  readonly transactionStore?: OneTimeStore | undefined
  /**
   * What a browser gets when a login failed: an `Oauth1DeniedError`, `Oauth1RefusedError`, `Oauth1AnswerError` or wrong
   * credentials. Never sent to the server again by itself, since that would go round for ever. Default: a plain 401.
   */
  readonly onFailure?: ChallengeFunction | undefined
  /** Asks the server: for a client certificate, a proxy, further header fields. Default: that of `authentication()`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Seconds that the server may take for an answer, 0.1 to 30. Default: 5. */
  readonly timeoutSeconds?: number | undefined
  /** Names the area in the challenge: printable US-ASCII, not empty. Default: the provider's name. */
  readonly realm?: string | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
  /**
   * Allows `http:` to other hosts than this one.
   *
   * @deprecated Not for production: whoever is on the way can be everybody.
   */
  readonly dangerouslyAllowHttp?: boolean | undefined
  /**
   * Whether the cookie goes over connections that are not encrypted. Not needed for `localhost`.
   *
   * @deprecated Whoever is on the network can take the login.
   */
  readonly dangerouslyAllowInsecureCookie?: boolean | undefined
  /** Left out, the principal is the login. */
  readonly validate?: undefined
}

/** `Oauth1Options` with a principal of one's own. */
export interface Oauth1OptionsOf<P extends Principal> extends Omit<Oauth1Options, 'validate'> {
  /** Answers the principal for a login that came back right, `null` for a plain no, or a cause. */
  readonly validate: (login: Oauth1Login, context: AuthenticationContext) => Awaitable<Validated<P>>
}

/** A server, checked, and how to ask it. */
export interface ClientSettings {
  /** Tells servers apart. */
  readonly id: string
  readonly requestTokenUrl: string
  readonly authorizeUrl: string
  readonly accessTokenUrl: string
  readonly consumer: Oauth1ConsumerKey
  readonly requestTokenParameters: readonly Oauth1Pair[]
  readonly realm: string | undefined
  readonly fetch: typeof globalThis.fetch | undefined
  readonly timeoutSeconds: number
}

/** The options in place of what was left out. */
export interface CheckedOptions {
  readonly callbackUrl: string
  readonly callbackPath: string
  readonly loginPath: string | undefined
  readonly always: boolean
  readonly transactionStore: OneTimeStore
  readonly settings: (request: RequestView) => Awaitable<ClientSettings>
}

/** @throws TypeError when an option is not what it must be, in a sentence that names it. */
export function checkedOptions(options: Oauth1Options | Oauth1OptionsOf<Principal>): CheckedOptions {
  must(typeof options === 'object' && options !== null, 'wants an object of options')
  const { server, callbackUrl, loginPath, transactionStore = memoryOneTimeStore(), timeoutSeconds = 5 } = options
  const { validate, onFailure, realm, fetch, dangerouslyAllowHttp } = options
  const callback = typeof callbackUrl === 'string' && URL.canParse(callbackUrl) ? new URL(callbackUrl) : undefined
  must(
    callback !== undefined && /^https?:$/.test(callback.protocol) && callback.hash === '',
    '"callbackUrl" must be an absolute http or https URL without a fragment',
  )
  must(
    loginPath === undefined || (typeof loginPath === 'string' && /^\/(?![/\\])[!-~]*$/.test(loginPath)),
    '"loginPath" must be an absolute path in ASCII',
  )
  must(loginPath !== callback?.pathname, '"loginPath" must not be the path of "callbackUrl"')
  must(typeof transactionStore?.consume === 'function', '"transactionStore" must be a OneTimeStore')
  must(timeoutSeconds >= 0.1 && timeoutSeconds <= 30, '"timeoutSeconds" must be a number from 0.1 to 30')
  must(validate === undefined || typeof validate === 'function', '"validate" must be a function')
  must(onFailure === undefined || typeof onFailure === 'function', '"onFailure" must be a function')
  must(fetch === undefined || typeof fetch === 'function', '"fetch" must be a function')
  must(realm === undefined || isText(realm), '"realm" must be a non-empty string of printable US-ASCII')
  const toSettings = (one: Oauth1Server) => settingsOf(one, { fetch, timeoutSeconds }, dangerouslyAllowHttp === true)
  const fixed = typeof server === 'function' ? undefined : toSettings(server)
  return {
    callbackUrl,
    callbackPath: callback?.pathname ?? '',
    loginPath,
    always: options.always === true,
    transactionStore,
    settings: async (request) => fixed ?? toSettings(typeof server === 'function' ? await server(request) : server),
  }
}

function settingsOf(
  server: Oauth1Server,
  asking: Pick<ClientSettings, 'fetch' | 'timeoutSeconds'>,
  allowHttp: boolean,
): ClientSettings {
  must(typeof server === 'object' && server !== null, '"server" must be an object or a function that answers one')
  const { requestTokenUrl, authorizeUrl, accessTokenUrl, consumer, realm } = server
  const { requestTokenParameters = {}, authorizeParameters = {} } = server
  checkConsumer(consumer)
  const isPlaintext = consumer.method === 'PLAINTEXT'
  for (const [name, url] of Object.entries({ requestTokenUrl, accessTokenUrl })) {
    must(
      isTrusted(url, allowHttp) && !(isPlaintext && !url.startsWith('https:')),
      `"server.${name}" must be an "https:" URL${isPlaintext ? ', with PLAINTEXT also on this machine' : ''}`,
    )
  }
  must(isTrusted(authorizeUrl, allowHttp), '"server.authorizeUrl" must be an "https:" URL')
  must(realm === undefined || isText(realm), '"server.realm" must be a non-empty string of printable US-ASCII')
  const authorize = new URL(authorizeUrl)
  for (const [name, value] of Object.entries(authorizeParameters)) authorize.searchParams.set(name, value)
  return {
    id: `${accessTokenUrl} ${consumer.consumerKey}`,
    requestTokenUrl,
    authorizeUrl: authorize.href,
    accessTokenUrl,
    consumer,
    requestTokenParameters: Object.entries(requestTokenParameters),
    realm,
    ...asking,
  }
}

function checkConsumer(consumer: Oauth1ConsumerKey): void {
  must(typeof consumer === 'object' && consumer !== null, '"server.consumer" must be an object')
  const { consumerKey, consumerSecret, privateKey, method } = consumer
  must(
    typeof consumerKey === 'string' && consumerKey !== '',
    '"server.consumer.consumerKey" must be a non-empty string',
  )
  must(method === undefined || isMethod(method), '"server.consumer.method" must be a name such as "HMAC-SHA1"')
  if (method !== undefined && kindOf(method) === 'rsa') {
    must(
      typeof privateKey === 'string' && readPem(privateKey, 'PRIVATE KEY') !== undefined,
      '"server.consumer.privateKey" must be PEM with the label "PRIVATE KEY"',
    )
  } else {
    must(
      typeof consumerSecret === 'string' && consumerSecret !== '',
      '"server.consumer.consumerSecret" must be a non-empty string',
    )
  }
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function isTrusted(text: string, allowHttp: boolean): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, hostname, hash, username, password } = new URL(text)
  if (hash !== '' || username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && (allowHttp || loopback.has(hostname)))
}

function isText(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && isPrintableAscii(text)
}

function must(holds: boolean, sentence: string): void {
  if (!holds) throw new TypeError(`oauth1(): ${sentence}`)
}
