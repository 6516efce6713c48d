import { type ClientAuth, ClientSecretJwt, ClientSecretPost, PrivateKeyJwt, TlsClientAuth } from 'openid-client'
import { encodeBase64 } from '../wire/base64.ts'
import { encodeUtf8 } from '../wire/text.ts'

/**
 * How the service proves to an issuer who it is, named as in the registration of clients.
 *
 * @see RFC 7662, section 2.1; RFC 7591, section 2; OpenID Connect Core 1.0, section 9; RFC 8705, section 2
 */
export type ClientAuthentication =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt'
      readonly secret: string
    }
  | {
      readonly method: 'private_key_jwt'
      /** A private key of Web Crypto that may sign. Its algorithm is the one that is signed with. */
      readonly key: CryptoKey
      /** The id under which the issuer knows the key. Default: none. */
      readonly kid?: string | undefined
    }
  | {
      /** By the certificate of the connection, which the `fetch` of `authentication()` has to present. */
      readonly method: 'tls_client_auth' | 'self_signed_tls_client_auth'
    }

/** @throws TypeError, in the name of `owner`, when it is no method that is known, or what the method needs is not there. */
export function clientAuthOf(given: ClientAuthentication, owner: string): ClientAuth {
  switch (given?.method) {
    case 'client_secret_basic':
      return basicAuth(secretOf(given.secret, owner))
    case 'client_secret_post':
      return ClientSecretPost(secretOf(given.secret, owner))
    case 'client_secret_jwt':
      return ClientSecretJwt(secretOf(given.secret, owner))
    case 'private_key_jwt':
      return PrivateKeyJwt(privateKeyOf(given, owner))
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return TlsClientAuth()
    default:
      throw new TypeError(
        `${owner}: "clientAuthentication.method" must be client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth or self_signed_tls_client_auth`,
      )
  }
}

/**
 * Encodes no more than has to be. openid-client encodes every `-` and `_`, as RFC 6749 allows, and GitLab, X and others decode
 * nothing, so that their own secrets would be wrong.
 *
 * @see RFC 6749, section 2.3.1
 */
function basicAuth(secret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    const pair = [id, secret].map((part) => encodeURIComponent(part).replaceAll('%20', '+')).join(':')
    headers.set('authorization', `Basic ${encodeBase64(encodeUtf8(pair))}`)
  }
}

function secretOf(secret: unknown, owner: string): string {
  if (typeof secret === 'string' && secret !== '') return secret
  throw new TypeError(`${owner}: "clientAuthentication.secret" must be a non-empty string`)
}

function privateKeyOf({ key, kid }: { readonly key: CryptoKey; readonly kid?: string | undefined }, owner: string) {
  if (typeof key !== 'object' || key === null || key.type !== 'private' || !key.usages.includes('sign')) {
    throw new TypeError(`${owner}: "clientAuthentication.key" must be a private CryptoKey that may sign`)
  }
  if (kid === undefined) return key
  if (typeof kid === 'string' && kid !== '') return { key, kid }
  throw new TypeError(`${owner}: "clientAuthentication.kid" must be a non-empty string`)
}
