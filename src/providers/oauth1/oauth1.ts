import type { AuthenticationProvider, Principal } from '../../core/provider.ts'
import { provider } from '../../core/provider.ts'
import { absent, type PrincipalFrom } from '../../core/validate.ts'
import { Oauth1Client } from './client.ts'
import type { Oauth1Login, Oauth1Options, Oauth1OptionsOf } from './client-options.ts'

export type { SealingKey } from '../../crypto/key-ring.ts'
export type { Oauth1Pair } from '../../wire/oauth1.ts'
export type { Oauth1Login, Oauth1Options, Oauth1OptionsOf, Oauth1Server } from './client-options.ts'
export { Oauth1AnswerError, Oauth1DeniedError, Oauth1RefusedError, Oauth1UnavailableError } from './errors.ts'
export type { Oauth1SignatureMethod } from './methods.ts'
export { oauth1Signature } from './oauth1-signature.ts'
export {
  type Oauth1ConsumerKey,
  type Oauth1PrivateKey,
  type Oauth1Request,
  type Oauth1SecretKey,
  type Oauth1SigningOptions,
  oauth1Authorization,
} from './sign.ts'
export type {
  Oauth1Consumer,
  Oauth1Credential,
  Oauth1Principal,
  Oauth1SignatureOptions,
  Oauth1SignatureOptionsOf,
  Oauth1Token,
} from './signature-options.ts'
export type { Oauth1Place } from './signed-request.ts'

/**
 * Signs people in with a server of OAuth 1.0a: a browser without credentials is sent there, and the request with which it comes
 * back is authenticated, once, in the browser that began.
 *
 * Use it for servers that have nothing newer. The principal is there for the callback alone: log in to a session there and
 * answer 303 to `returnTo`. The request token's secret travels in a sealed cookie, never seen by the browser; a callback whose
 * token this browser did not begin with is refused before anything else is read, and so is a server that does not confirm
 * the callback. A login that failed is never sent round again. The server being down is 503 for logins alone.
 *
 * @example
 * import { oauth1 } from 'becauth/oauth1'
 *
 * declare const consumerSecret: string
 * declare const cookieKey: string // 32 random bytes or more
 *
 * export const photos = oauth1({
 *   server: {
 *     requestTokenUrl: 'https://photos.example/oauth/request_token',
 *     authorizeUrl: 'https://photos.example/oauth/authorize',
 *     accessTokenUrl: 'https://photos.example/oauth/access_token',
 *     consumer: { consumerKey: 'printer', consumerSecret },
 *   },
 *   callbackUrl: 'https://printer.example/callback/photos',
 *   loginPath: '/login/photos',
 *   keys: [{ id: '2026-11', key: cookieKey }],
 * })
 *
 * @throws TypeError when an option is missing or cannot be used.
 * @see RFC 5849, section 2
 */
export function oauth1(options: Oauth1Options): AuthenticationProvider<Oauth1Login>
/** The same with a principal of one's own, which `validate` answers. */
export function oauth1<P extends Principal>(options: Oauth1OptionsOf<P>): AuthenticationProvider<PrincipalFrom<P>>
export function oauth1(
  options: Oauth1Options | Oauth1OptionsOf<Principal>,
): AuthenticationProvider<Oauth1Login | PrincipalFrom<Principal>> {
  const client = new Oauth1Client(options)
  const { realm, description } = options
  return provider({
    challenge: { scheme: 'OAuth', parameters: realm === undefined ? [] : [['realm', realm]] },
    authenticate: (context) => (client.concerns(context.request) ? client.authenticate(context) : absent),
    override: (cause, context) => client.challenge(cause, context),
    description,
    readsHeaders: ['cookie'],
  })
}
