import {
  allowInsecureRequests,
  Configuration,
  customFetch,
  fetchProtectedResource,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { trustedUrl } from '../../../keys/options.ts'
import type { OAuth2Client } from '../client.ts'
import { dpopOptions } from '../dpop.ts'
import { OAuth2ConfigurationError } from '../errors.ts'
import type { TenantRequest } from '../options.ts'

/** A token for calls of other services. `OAuth2Tokens` is one too. */
export interface AccessToken {
  readonly accessToken: string
  /** In lower case: `bearer`, or `dpop` for one that is bound to the key of `dpop`. */
  readonly tokenType: string
  /** When it is over, in seconds since 1970; `undefined` when the server does not say. */
  readonly expiresAt?: number | undefined
}

/** A request of another service, as `fetch` takes it. A stream is no body: the request may have to be sent again. */
export interface ServiceCall {
  /** Default: `GET`. */
  readonly method?: string | undefined
  /** Default: none. `Authorization` and `DPoP` are set for each request. */
  readonly headers?: RequestInit['headers']
  /** Default: none. */
  readonly body?: Exclude<RequestInit['body'], ReadableStream>
  /** Ends the waiting. Default: nothing does. */
  readonly signal?: AbortSignal | undefined
}

/** What stands for a request where nobody sent one. */
export const noRequest: TenantRequest = Object.freeze({
  native: Object.freeze({}),
  url: undefined,
  header: () => undefined,
})

/**
 * Calls another service with an access token, and with a proof where the token is bound (RFC 9449); a nonce that the service
 * wants in the proof is given to it in a second request. Whatever the service answers is answered: redirects are not followed,
 * since the token is not for wherever they lead.
 *
 * Sends tokens by `https:` only, and by `http:` to this machine.
 *
 * @throws TypeError (rejects) when the URL cannot be trusted, and what `fetch` throws when the service cannot be reached.
 * @throws OAuth2ConfigurationError (rejects) when the token is bound to a key that the client does not have.
 */
export async function fetchWithToken(
  client: OAuth2Client,
  token: AccessToken,
  url: string | URL,
  call: ServiceCall = {},
): Promise<Response> {
  const { method = 'GET', body = null, signal = new AbortController().signal } = call
  const target = trustedUrl(url, client.shared.anywhere)
  if (typeof target === 'string') throw new TypeError(`fetchWithToken(): the URL ${target}`)
  signal.throwIfAborted()
  const isBound = token.tokenType === 'dpop'
  if (isBound && client.shared.prover === undefined) {
    throw new OAuth2ConfigurationError('no-key', 'the token is bound to a key, and the client has no "dpop"')
  }
  const scope = client.scope(signal)
  const configuration = new Configuration({ issuer: target.origin }, 'service')
  // What may be asked without encryption was judged above.
  allowInsecureRequests(configuration)
  configuration.timeout = undefined
  configuration[customFetch] = (href, { headers }) =>
    scope.fetch(href, { method, headers, body, signal, redirect: 'manual' })
  const proofs = isBound ? await dpopOptions(client, configuration, scope) : undefined
  const headers = new Headers(call.headers)
  for (const name of ['authorization', 'dpop']) headers.delete(name)
  try {
    return await fetchProtectedResource(configuration, token.accessToken, target, method, undefined, headers, proofs)
  } catch (error) {
    if (error instanceof WWWAuthenticateChallengeError) return error.response
    signal.throwIfAborted()
    throw error instanceof Error && error.cause instanceof DOMException ? error.cause : error
  }
}
