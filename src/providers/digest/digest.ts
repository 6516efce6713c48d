import type { AuthenticationProvider, Principal } from '../../core/provider.ts'
import { provider } from '../../core/provider.ts'
import type { PrincipalFrom } from '../../core/validate.ts'
import { challengeWriter } from './challenge.ts'
import { type DigestPrincipal, Guard } from './guard.ts'
import { Nonces } from './nonce.ts'
import { countUseBy } from './nonce-count.ts'
import { type DigestOptions, type DigestOptionsOf, settingsOf } from './options.ts'
import { Source } from './source.ts'

export type { DigestAlgorithm } from './algorithms.ts'
export { type DigestCredential, type DigestQop, digestCredentials } from './credential.ts'
export type { DigestPrincipal } from './guard.ts'
export type { DigestOptions, DigestOptionsOf } from './options.ts'
export type { DigestSource, Ha1Request } from './source.ts'

/**
 * Authenticates requests by the HTTP Digest scheme: the client proves that it knows a password, for this very request and
 * once, without sending it.
 *
 * Use it for devices and tools that know nothing better, behind TLS like everything else. The service must keep the
 * password, or a hash that is as good as it, so no password hasher fits; whoever reads the store is everybody. Requests
 * cannot be replayed, sent to another target, or, with `auth-int`, changed. A header of another scheme counts as no
 * credentials; whatever cannot be read under the Digest scheme is `malformed-request`, 400, as RFC 7616 wants.
 *
 * What clients make of two challenges on one 401, in this order of `algorithms`:
 *
 * | order | curl 7.88 | requests 2.28 | HTTPie 3.2 | httpx 0.23 |
 * |---|---|---|---|---|
 * | SHA-256, SHA-512-256 | 200 | crashes (last wins) | 200 | 200 |
 * | SHA-512-256, SHA-256 | 401 (first wins, computes SHA-256) | 200 | crashes | exception |
 * | SHA-256, MD5 | 200 | 200, but answers MD5 | 200 | 200 |
 *
 * wget 1.21 answers every challenge by MD5, so it is let in only where MD5 is offered. Chromium answers `auth-int` only in
 * the form of RFC 2069, which is refused.
 *
 * @example
 * import { digest } from 'becauth/digest'
 *
 * declare const devices: { hashOf(name: string, algorithm: string): Promise<string | null> }
 *
 * export const device = digest({
 *   realm: 'devices',
 *   ha1: ({ username, algorithm }) => devices.hashOf(username, algorithm),
 * })
 *
 * @throws TypeError when an option is not what it must be, or this runtime cannot compute an algorithm: Web Crypto has only
 * SHA-256.
 * @see RFC 7616
 */
export function digest(options: DigestOptions): AuthenticationProvider<DigestPrincipal>
/** The same with a principal of one's own, which `validate` answers. */
export function digest<P extends Principal>(options: DigestOptionsOf<P>): AuthenticationProvider<PrincipalFrom<P>>
export function digest(
  options: DigestOptions | DigestOptionsOf<Principal>,
): AuthenticationProvider<DigestPrincipal | PrincipalFrom<Principal>> {
  const settings = settingsOf(options)
  const { realm } = settings
  const write = challengeWriter(settings)
  // Only where there is no verdict to bring a better one. Who answers it gets a true one, as for any nonce that is not ours.
  const [fallback = { scheme: 'Digest' }] = write('none', false)
  const guard = new Guard({
    settings,
    validate: options.validate,
    write,
    source: new Source(options, realm),
    nonces: new Nonces({
      keys: settings.nonceKeys,
      realm,
      lifetimeSeconds: settings.nonceLifetimeSeconds,
      perAddress: options.nonceForAddress === true,
    }),
    countUse: countUseBy(options.nonceStore, options.strictNonceCount === true ? 'strict' : 'window'),
    throttle: options.throttle,
    allowRfc2069: options.dangerouslyAllowRfc2069 === true,
    proxy: options.proxy === true,
  })
  return provider({
    challenge: fallback,
    authenticate: (context) => guard.authenticate(context),
    override: options.challenge,
    description: options.description,
    malformedRequestStatus: 400,
    proxy: options.proxy === true,
  })
}
