import { AuthenticationError } from '../../core/cause.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import { formatOauth1Credentials, type Oauth1Pair, signatureBaseString } from '../../wire/oauth1.ts'
import { kindOf, type Oauth1SignatureMethod, signByKey, signBySecrets } from './methods.ts'

/** A consumer that signs by a secret. */
export interface Oauth1SecretKey {
  readonly consumerKey: string
  readonly consumerSecret: string
  /** Default: `'HMAC-SHA1'`, which every server knows. `'PLAINTEXT'` goes to `https:` only. */
  readonly method?: 'HMAC-SHA256' | 'HMAC-SHA1' | 'PLAINTEXT' | undefined
  readonly privateKey?: undefined
}

/** A consumer that signs by a private key. */
export interface Oauth1PrivateKey {
  readonly consumerKey: string
  /** PEM with the label `PRIVATE KEY`, RSA with 2048 bits or more. */
  readonly privateKey: string
  readonly method: 'RSA-SHA256' | 'RSA-SHA1'
  readonly consumerSecret?: undefined
}

/** Who signs requests, and how. */
export type Oauth1ConsumerKey = Oauth1SecretKey | Oauth1PrivateKey

/** A request to be signed. */
export interface Oauth1Request {
  /** Default: `'GET'`. */
  readonly method?: string | undefined
  /** An absolute http or https URL, with its query. */
  readonly url: string
  /** The names and values of a form in the body; another body is not signed. Default: none. */
  readonly form?: Iterable<Oauth1Pair> | undefined
}

/** What a request is signed with beside the consumer's key. */
export interface Oauth1SigningOptions {
  /** The token, where the request is made for somebody. Default: the consumer speaks for itself. */
  readonly token?: { readonly token: string; readonly tokenSecret: string } | undefined
  /** Further protocol parameters, such as `oauth_verifier`. Default: none. */
  readonly parameters?: readonly Oauth1Pair[] | undefined
  /** Names the protected area, where the server wants it. Default: none. */
  readonly realm?: string | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly now?: (() => number) | undefined
  /** Random bytes. Default: the system's source. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined
}

const NONCE_BYTES = 16

/**
 * Signs a request by OAuth 1.0a and answers the value of its `Authorization` field, good for this request and once.
 *
 * Use it to call APIs with the token that `oauth1()` answered.
 *
 * @example
 * import { oauth1Authorization } from 'becauth/oauth1'
 *
 * declare const consumerSecret: string
 * declare const token: { token: string; tokenSecret: string }
 *
 * const url = 'https://api.photos.example/albums?size=original'
 * const authorization = await oauth1Authorization({ url }, { consumerKey: 'printer', consumerSecret }, { token })
 * export const albums = await fetch(url, { headers: { authorization } })
 *
 * @throws TypeError, as a rejection, when the URL or a parameter cannot be signed, or `PLAINTEXT` would go unencrypted.
 * @throws AuthenticationError, as a rejection, when the key cannot be used.
 * @see RFC 5849, section 3
 */
export async function oauth1Authorization(
  request: Oauth1Request,
  consumer: Oauth1ConsumerKey,
  options: Oauth1SigningOptions = {},
): Promise<string> {
  const { method: httpMethod = 'GET', url, form = [] } = request
  const { token, parameters = [], realm, now = systemNow, random = systemRandom } = options
  const method: Oauth1SignatureMethod = consumer.method ?? 'HMAC-SHA1'
  if (kindOf(method) === 'plaintext' && !url.toLowerCase().startsWith('https:')) {
    throw new TypeError('oauth1Authorization(): PLAINTEXT goes to "https:" only')
  }
  const protocol: Oauth1Pair[] = [
    ['oauth_consumer_key', consumer.consumerKey],
    ...(token === undefined ? [] : [['oauth_token', token.token] as const]),
    ['oauth_signature_method', method],
    ['oauth_timestamp', String(Math.floor(now()))],
    ['oauth_nonce', encodeBase64Url(random(NONCE_BYTES))],
    ['oauth_version', '1.0'],
    ...parameters,
  ]
  const baseString = signatureBaseString({ method: httpMethod, url, parameters: [...protocol, ...form] })
  if (baseString === undefined) throw unsignable()
  const signature = await signed(method, baseString, consumer, token?.tokenSecret ?? '')
  const field = formatOauth1Credentials([...protocol, ['oauth_signature', signature]], realm)
  if (field === undefined) throw unsignable()
  return field
}

function signed(
  method: Oauth1SignatureMethod,
  baseString: string,
  { consumerSecret, privateKey }: Oauth1ConsumerKey,
  tokenSecret: string,
): Promise<string> {
  if (kindOf(method) === 'rsa') {
    if (privateKey === undefined) {
      throw new AuthenticationError('an RSA method needs a private key', { code: 'oauth1-key', retryable: false })
    }
    return signByKey(method, baseString, privateKey)
  }
  return signBySecrets(method, baseString, { consumerSecret: consumerSecret ?? '', tokenSecret })
}

function unsignable(): TypeError {
  return new TypeError('oauth1Authorization(): the URL, the realm or a parameter cannot be signed')
}

function systemNow(): number {
  return Date.now() / 1000
}

function systemRandom(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes))
}
