import type { AuthenticationProvider, Principal } from '../../core/provider.ts'
import { provider } from '../../core/provider.ts'
import { absent, type PrincipalFrom } from '../../core/validate.ts'
import { SignatureCheck } from './signature-check.ts'
import type {
  Oauth1Consumer,
  Oauth1Principal,
  Oauth1SignatureOptions,
  Oauth1SignatureOptionsOf,
  Oauth1Token,
} from './signature-options.ts'

/**
 * Authenticates requests that are signed by OAuth 1.0a: the sender knows a consumer's secrets, and those of a token where one
 * is named, without sending them, for this very request and once.
 *
 * Use it for consumers that sign already: LTI 1.1, older APIs. Method, address, query and a form in the body are signed; any
 * other body is not. The address is the one that clients see: behind proxies, set `trustedProxies` or `baseUrl` of
 * `authentication()`. Each nonce is good once for its consumer, token and timestamp, and is spent only by a signature that
 * is right. What cannot be read is `malformed-request`, 400; an unknown consumer, an unknown token and a wrong signature are
 * all 401.
 *
 * @example
 * import { oauth1Signature } from 'becauth/oauth1'
 *
 * declare const secretOf: (consumerKey: string) => Promise<string | null>
 *
 * export const signed = oauth1Signature({
 *   consumers: async (consumerKey) => {
 *     const secret = await secretOf(consumerKey)
 *     return secret === null ? null : { secret, methods: ['HMAC-SHA256'] }
 *   },
 * })
 *
 * @throws TypeError when `consumers` is missing or another option cannot be used.
 * @see RFC 5849, section 3
 */
export function oauth1Signature<C extends Oauth1Consumer, T extends Oauth1Token = Oauth1Token>(
  options: Oauth1SignatureOptions<C, T>,
): AuthenticationProvider<Oauth1Principal>
/** The same with a principal of one's own, which `validate` answers. */
export function oauth1Signature<
  P extends Principal,
  C extends Oauth1Consumer = Oauth1Consumer,
  T extends Oauth1Token = Oauth1Token,
>(options: Oauth1SignatureOptionsOf<C, T, P>): AuthenticationProvider<PrincipalFrom<P>>
export function oauth1Signature(
  options:
    | Oauth1SignatureOptions<Oauth1Consumer, Oauth1Token>
    | Oauth1SignatureOptionsOf<Oauth1Consumer, Oauth1Token, Principal>,
): AuthenticationProvider<Oauth1Principal | PrincipalFrom<Principal>> {
  const check = new SignatureCheck(options)
  const { realm, challenge, description } = options
  return provider({
    challenge: { scheme: 'OAuth', parameters: realm === undefined ? [] : [['realm', realm]] },
    authenticate: (context) => (check.concerns(context.request) ? check.authenticate(context) : absent),
    override: challenge,
    description,
    malformedRequestStatus: 400,
  })
}
