import { invalidCredentials } from '../../core/cause.ts'
import type { UserPasswordCredential } from '../../core/credential.ts'
import type { Throttle } from '../../core/ports.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type ChallengeFunction,
  type FailureVerdict,
  type Grant,
  type Principal,
  provider,
} from '../../core/provider.ts'
import { checkThrottle, throttled } from '../../core/throttled.ts'
import { absent, type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import { hasScheme, isAmongSeveral } from '../../wire/authorization.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import { type BasicCharset, readBasic } from './credential.ts'

export type { UserPasswordCredential } from '../../core/credential.ts'
export { type BasicCharset, basicCredentials } from './credential.ts'

/** What `basic()` is told. */
export interface BasicOptions<P extends Principal> {
  /** Names the area to the person at the prompt: printable US-ASCII, not empty. */
  readonly realm: string
  /**
   * How clients turn username and password into octets. `'UTF-8'` is advertised and decoded strictly: octets that are
   * not UTF-8 are `malformed-credential`. `'ISO-8859-1'` is for old clients; RFC 7617 lets nothing but UTF-8 be
   * advertised. Default: `'UTF-8'`.
   */
  readonly charset?: BasicCharset | undefined
  /**
   * Challenges with the scheme `xBasic`, so that browsers show no prompt of their own (a page that logs in by script).
   * Credentials still come as `Authorization: Basic`. Default: `false`.
   */
  readonly quiet?: boolean | undefined
  /** Answers the principal for a credential, `null` for a plain no, or a cause. Empty names and passwords arrive here too. */
  readonly validate: (credential: UserPasswordCredential, context: AuthenticationContext) => Awaitable<Validated<P>>
  /**
   * Slows down guessing: `throttle()` from `becauth/throttle`. Every request reserves an attempt before `validate` sees
   * the password and gets it back when it was right; over the budget it is `throttled`, 429. Default: none.
   */
  readonly throttle?: Throttle | undefined
  /** Chooses another answer for a refusal. Default: the Basic challenge. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

const grant: Grant = Object.freeze({ ambient: 'browser-or-tool' })

/**
 * Authenticates requests that carry a username and password in the HTTP Basic scheme.
 *
 * Use it behind TLS, for tools and internal pages. The password reaches `validate` on every request, so pair it with a
 * password hasher and a throttle. A header of another scheme counts as no credentials; whatever cannot be read under
 * the Basic scheme is `malformed-credential`, so that `optional` never takes it for an anonymous visitor.
 *
 * @example
 * import { basic } from 'becauth/basic'
 *
 * declare const directory: { find(name: string, password: string): Promise<{ id: number } | null> }
 *
 * export const staff = basic({
 *   realm: 'staff',
 *   validate: ({ username, password }) => directory.find(username, password),
 * })
 *
 * @throws TypeError when `realm` is empty or not printable US-ASCII, `charset` is unknown, `throttle` is no throttle, or
 *   `validate` is missing.
 * @see RFC 7617, section 2
 */
export function basic<P extends Principal>(options: BasicOptions<P>): AuthenticationProvider<PrincipalFrom<P>> {
  check(options)
  const { realm, charset = 'UTF-8', quiet, throttle, validate } = options
  const unreadable: FailureVerdict = Object.freeze({ cause: invalidCredentials('malformed-credential') })
  const judged = (credential: UserPasswordCredential, context: AuthenticationContext) =>
    verdictOf<P>(validate(credential, context), 'basic()', grant)
  const judgedSlowly = (credential: UserPasswordCredential, context: AuthenticationContext, by: Throttle) => {
    const attempt = { account: credential.username, address: context.request.peer.address }
    return throttled(by, attempt, context, () => judged(credential, context))
  }
  return provider({
    challenge: {
      scheme: quiet === true ? 'xBasic' : 'Basic',
      parameters:
        charset === 'UTF-8'
          ? [
              ['realm', realm],
              ['charset', 'UTF-8'],
            ]
          : [['realm', realm]],
    },
    authenticate: (context) => {
      const value = context.request.header('authorization')
      if (value === undefined) return absent
      if (!hasScheme(value, 'basic')) return isAmongSeveral(value, 'basic') ? unreadable : absent
      const credential = readBasic(value, charset)
      if (credential === undefined) return unreadable
      if (throttle === undefined) return judged(credential, context)
      return judgedSlowly(credential, context, throttle)
    },
    override: options.challenge,
    description: options.description,
  })
}

function check(options: BasicOptions<Principal>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('basic(): wants an object of options')
  const { realm, charset, throttle, validate, challenge } = options
  if (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm)) {
    throw new TypeError('basic(): "realm" must be a non-empty string of printable US-ASCII')
  }
  if (charset !== undefined && charset !== 'UTF-8' && charset !== 'ISO-8859-1') {
    throw new TypeError('basic(): "charset" must be "UTF-8" or "ISO-8859-1"')
  }
  if (typeof validate !== 'function') throw new TypeError('basic(): "validate" must be a function')
  checkThrottle('basic()', throttle)
  if (challenge !== undefined && typeof challenge !== 'function') {
    throw new TypeError('basic(): "challenge" must be a function')
  }
}
