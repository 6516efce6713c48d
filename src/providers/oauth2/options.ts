import type { OneTimeStore } from '../../core/ports.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { SealingKey } from '../../crypto/key-ring.ts'
import type { ClientAuthentication } from '../../keys/client-authentication.ts'
import type { KeySource } from '../../keys/key-source.ts'
import type { JsonObject } from '../../wire/json.ts'
import type { OAuth2Decryption } from './decryption.ts'
import type { OAuth2DPoP } from './dpop.ts'

/**
 * How the service proves to the authorization server who it is. `none` is for clients that have no secret. `custom` is for
 * servers with a way of their own: it changes the form or the header before it is sent.
 */
export type OAuth2ClientAuthentication =
  | ClientAuthentication
  | { readonly method: 'none' }
  | {
      readonly method: 'custom'
      readonly apply: (request: { readonly body: URLSearchParams; readonly headers: Headers }) => Awaitable<void>
    }

/**
 * Where the endpoints of an authorization server are that publishes no metadata.
 *
 * @see RFC 8414, section 2
 */
export interface OAuth2Endpoints {
  /** Where people are sent to log in. Needed for `oauth2()` and `oidc()`. */
  readonly authorization?: string | undefined
  readonly token: string
  readonly userInfo?: string | undefined
  readonly revocation?: string | undefined
  readonly endSession?: string | undefined
  readonly deviceAuthorization?: string | undefined
  readonly pushedAuthorizationRequest?: string | undefined
  /** Where the keys are by which the server signs. */
  readonly jwks?: string | undefined
}

/** How the answer to a login comes back. The modes with `jwt` are signed (JARM). */
export type OAuth2ResponseMode = 'query' | 'form_post' | 'query.jwt' | 'form_post.jwt'

/** An answer of the token endpoint, as `normalize` sees it. */
export interface TokenAnswer {
  readonly status: number
  readonly body: JsonObject
}

/** One client at one authorization server. */
export interface OAuth2Settings {
  /** The tenant that they belong to, with `resolve`: 1 to 64 letters, digits, `.`, `_` or `-`. It stands in the callback's path. */
  readonly key?: string | undefined
  /**
   * The issuer, exactly as its metadata has it. Its metadata are read when they are needed, unless there are `endpoints`.
   * Needed for `oidc()`; without it `oauth2()` needs `endpoints`.
   */
  readonly issuer?: string | undefined
  /** The endpoints of a server that publishes no metadata. Default: by the metadata of `issuer`. */
  readonly endpoints?: OAuth2Endpoints | undefined
  readonly clientId: string
  readonly clientAuthentication: OAuth2ClientAuthentication
  /** What is asked for. Default: nothing for `oauth2()`, `['openid']` for `oidc()`. */
  readonly scopes?: readonly string[] | undefined
  /** More parameters of the authorization request, such as `prompt`; a list for one that comes several times. Default: none. */
  readonly authorizationParameters?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** More parameters of the token request. Default: none. */
  readonly tokenParameters?: Readonly<Record<string, string | readonly string[]>> | undefined
  /** The resources that the access token is for (RFC 8707). Default: none. */
  readonly resources?: readonly string[] | undefined
  /** Default: `query`, which every server knows. */
  readonly responseMode?: OAuth2ResponseMode | undefined
  /** Whether the authorization request is pushed to the server first (RFC 9126). Default: when its metadata demand it. */
  readonly pushedAuthorizationRequests?: boolean | undefined
  /**
   * Whether the server knows PKCE with S256 although its metadata do not say so. Default: `false`: such metadata are an
   * error, since PKCE is what makes a stolen code useless.
   */
  readonly assumesS256?: boolean | undefined
  /** Whether UserInfo is fetched at each login. Default: `false`. */
  readonly userInfo?: boolean | undefined
  /** The algorithm by which UserInfo is signed, as registered for the client. Default: it is not. */
  readonly signedUserInfo?: string | undefined
  /** The algorithm by which id_tokens are signed, as registered for the client. Default: one that the metadata name. */
  readonly idTokenAlgorithm?: string | undefined
  /**
   * Opens what the server encrypts for the client. id_tokens must then be encrypted, and UserInfo may be. Default: what is
   * encrypted is refused.
   */
  readonly decryption?: OAuth2Decryption | undefined
  /** Puts right what a server does otherwise than RFC 6749 says, in an answer of its token endpoint. Default: nothing. */
  readonly normalize?: ((answer: TokenAnswer) => TokenAnswer) | undefined
  /** Where the issuer's keys come from. Default: from where its metadata say. */
  readonly keys?: KeySource | undefined
}

/** What `resolve` gets to know of a request. */
export interface TenantRequest {
  /** The runtime's or framework's own request object. */
  readonly native: object
  /** The URL as the client sees it; `undefined` where only a session is known. */
  readonly url?: URL | undefined
  /** All field lines of a name, as in `RequestView`. */
  header(name: string): string | undefined
}

/** A token request about to be sent. Both can be changed. */
export interface TokenRequest {
  readonly url: string
  readonly headers: Headers
  readonly body: URLSearchParams
}

/** What clients are told beside their settings. */
export interface SharedClientOptions {
  /**
   * Where the server sends the browser back to: an absolute URL, or a path of this service. A path of its own for each
   * provider, and with `resolve` for each tenant, by `{tenant}` in it: that is what keeps one server's answer from being
   * taken for another's (RFC 9700, section 4.4.2). With `resolve` and without `{tenant}`, every server must say `iss` in its
   * answers (RFC 9207).
   */
  readonly redirectUri: string
  /** By which the cookie of a login under way is sealed. The first seals, all open. */
  readonly keys: readonly SealingKey[]
  /**
   * Remembers which logins came back, so that each does once. Several processes that serve one service need a store that
   * they share, such as `redisOneTimeStore()`. Default: `memoryOneTimeStore()`, this process's memory.
   */
  readonly store?: OneTimeStore | undefined
  /**
   * Binds the tokens to a key of the service (RFC 9449). A server that gives tokens which are not bound is then refused. Default:
   * whoever has a token can use it.
   */
  readonly dpop?: OAuth2DPoP | undefined
  /** Seconds that everything that is asked of a server for one request may take, 0.1 to 60. Default: 5. */
  readonly timeoutSeconds?: number | undefined
  /** By how much clocks may differ, in seconds, 0 to 600. Default: 5. */
  readonly clockToleranceSeconds?: number | undefined
  /** How many issuers are remembered with their metadata and keys. Default: 1,000. */
  readonly maxIssuers?: number | undefined
  /** Changes the parameters of an authorization request before it is sent. Not what keeps the login safe. Default: nothing. */
  readonly onAuthorizationRequest?:
    | ((parameters: URLSearchParams, request: TenantRequest) => Awaitable<void>)
    | undefined
  /** Changes a token request before it is sent. Default: nothing. */
  readonly onTokenRequest?: ((request: TokenRequest) => Awaitable<void>) | undefined
  /** Hears of each login that begins, by its state. Default: nobody. */
  readonly onStateCreated?: ((state: string, request: TenantRequest) => Awaitable<void>) | undefined
  /** Fetches, for calls outside of a decision. Default: the runtime's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Seconds since 1970, for calls outside of a decision. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
  /**
   * Sets the cookie of a login for connections that are not encrypted. Not needed for `localhost`.
   *
   * @deprecated Whoever is on the network can take the login over.
   */
  readonly dangerouslyAllowInsecureCookie?: boolean | undefined
  /**
   * Allows `http:` to other hosts than this one.
   *
   * @deprecated Not for production: whoever is on the way can log in as anybody.
   */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

/** What a client is told that has one authorization server. */
export interface OneIssuerOptions extends SharedClientOptions {
  readonly settings: OAuth2Settings
  readonly resolve?: undefined
}

/** What a client is told that has an authorization server for each tenant. */
export interface ResolvingOptions extends SharedClientOptions {
  /**
   * Answers the settings of a request's tenant; `null` when there is none. `tenant` is its key where that is known already:
   * when a login comes back or tokens are refreshed. The answer must then have that `key`. Called for each login: look
   * tenants up in a cache of your own; metadata and keys are remembered here.
   */
  readonly resolve: (request: TenantRequest, tenant: string | undefined) => Awaitable<OAuth2Settings | null>
  readonly settings?: undefined
}

/** What `oauth2Client()` and `oidcClient()` are told. */
export type OAuth2ClientOptions = OneIssuerOptions | ResolvingOptions
