import { encodeBase64Url } from '../../../wire/base64.ts'
import { OAuth2Client } from '../client.ts'
import type { OneIssuerOptions, ResolvingOptions } from '../options.ts'

/** What only a login in a browser needs. */
type BrowserOption =
  | 'redirectUri'
  | 'keys'
  | 'store'
  | 'onAuthorizationRequest'
  | 'onStateCreated'
  | 'dangerouslyAllowInsecureCookie'

/** What a client is told with which nobody logs in by a browser. */
export type ServiceClientOptions = Omit<OneIssuerOptions, BrowserOption> | Omit<ResolvingOptions, BrowserOption>

/** A client that is there already, made by `oauth2Client()` or `oidcClient()`. */
export interface GivenClient {
  readonly client: OAuth2Client
}

/** @throws TypeError, in the name of `owner`, when there is no client and none can be made. */
export function serviceClientOf(
  options: ServiceClientOptions | GivenClient,
  openid: boolean,
  owner: string,
): OAuth2Client {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${owner}: wants an object of options`)
  if ('client' in options) {
    if (options.client instanceof OAuth2Client) return options.client
    throw new TypeError(`${owner}: "client" must be made by oauth2Client() or oidcClient()`)
  }
  const { timeoutSeconds, clockToleranceSeconds, maxIssuers, dpop, onTokenRequest, fetch, clock } = options
  const shared = {
    ...{ timeoutSeconds, clockToleranceSeconds, maxIssuers, dpop, onTokenRequest, fetch, clock },
    dangerouslyAllowHttp: options.dangerouslyAllowHttp,
    // Nobody is sent here, and no cookie is sealed.
    redirectUri: '/',
    keys: [{ id: 'none', key: encodeBase64Url(crypto.getRandomValues(new Uint8Array(32))) }],
  }
  const { settings, resolve } = options
  if (resolve !== undefined) return new OAuth2Client({ ...shared, resolve }, openid, owner)
  return new OAuth2Client({ ...shared, settings }, openid, owner)
}
