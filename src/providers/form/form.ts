import { isCause } from '../../core/cause.ts'
import type { UserPasswordCredential } from '../../core/credential.ts'
import { type LoginChallenge, loginOverride } from '../../core/login-challenge.ts'
import type { DeviceCookie, Throttle } from '../../core/ports.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type FailureVerdict,
  type Grant,
  type Principal,
  provider,
  type Verdict,
} from '../../core/provider.ts'
import type { RequestView } from '../../core/request.ts'
import { checkThrottle, throttled } from '../../core/throttled.ts'
import { absent, type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import { cookieValues } from '../../wire/cookies.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import { type Fields, findCredential, malformed, type Syntax, syntaxOf } from './credential.ts'

export type { UserPasswordCredential } from '../../core/credential.ts'
export type { LoginChallenge as FormChallenge, LoginPage, LoginRedirect } from '../../core/login-challenge.ts'
export { type HasUrl, type ReturnToOptions, returnTo } from './return-to.ts'

/** What `form()` is told. */
export interface FormOptions<P extends Principal> {
  /** Names the area in the challenge: printable US-ASCII, not empty. Default: the name under which it is registered. */
  readonly realm?: string | undefined
  /** The field that holds the username. Default: `'user'`. */
  readonly userField?: string | undefined
  /** The field that holds the password. Default: `'password'`. */
  readonly passwordField?: string | undefined
  /**
   * The largest body that is read, in bytes; a larger one is `too-large`: 413. Where a framework's own parser has read
   * the body before, the limit of that parser counts. Default: 16,384.
   */
  readonly limitBytes?: number | undefined
  /** Answers the principal for a credential, `null` for a plain no, or a cause. Empty names and passwords arrive here too. */
  readonly validate: (credential: UserPasswordCredential, context: AuthenticationContext) => Awaitable<Validated<P>>
  /**
   * Slows down guessing: `throttle()` from `becauth/throttle`. An attempt is reserved before `validate` sees the password
   * and given back when it was right; over the budget it is `throttled`, 429. A right one sets the throttle's device
   * cookie, by which strangers who guess cannot keep this browser out. Default: none.
   */
  readonly throttle?: Throttle | undefined
  /** What a refused browser gets: a redirect to the login page, the page itself, or what a function answers. Default: 401. */
  readonly challenge?: LoginChallenge | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

interface Settings<P extends Principal> extends Fields {
  readonly limitBytes: number
  readonly throttle: Throttle | undefined
  readonly validate: FormOptions<P>['validate']
}

const grant: Grant = Object.freeze({ ambient: 'browser-or-tool' })
const unreadable: FailureVerdict = Object.freeze({ cause: malformed })

/**
 * Authenticates the request that posts a username and a password from a login form, or as a JSON object.
 *
 * Use it on the route that a login form posts to, and start a session there. It reads POST, PUT and PATCH with
 * `application/x-www-form-urlencoded` or `application/json`; anything else, and a body without both fields, counts as no
 * credentials. A body that cannot be read, or names a field twice, is `malformed-request`. The body stays readable for
 * the handler. Posts that another site caused are refused, since they could sign a visitor in as somebody else.
 *
 * @example
 * import { form } from 'becauth/form'
 *
 * declare const accounts: { check(name: string, password: string): Promise<{ id: number } | null> }
 *
 * export const login = form({
 *   validate: ({ username, password }) => accounts.check(username, password),
 *   challenge: { redirect: '/login' },
 * })
 *
 * @throws TypeError when `validate` is missing or another option cannot be used.
 */
export function form<P extends Principal>(options: FormOptions<P>): AuthenticationProvider<PrincipalFrom<P>> {
  const settings = settingsOf(options)
  const { realm, challenge, description } = options
  return provider({
    challenge: { scheme: 'Form', parameters: realm === undefined ? [] : [['realm', realm]] },
    authenticate: (context) => {
      const syntax = syntaxOf(context.request)
      if (syntax === undefined) return absent
      if (typeof syntax !== 'string') return unreadable
      return read(settings, syntax, context)
    },
    readsHeaders: settings.throttle?.deviceCookie === undefined ? undefined : ['cookie'],
    override: challenge === undefined ? undefined : loginOverride(challenge, 'form()'),
    description,
  })
}

async function read<P extends Principal>(
  settings: Settings<P>,
  syntax: Syntax,
  context: AuthenticationContext,
): Promise<Verdict<PrincipalFrom<P>>> {
  const found = findCredential(await context.request.body(settings.limitBytes), syntax, settings)
  if (found === undefined) return absent
  if (isCause(found)) return { cause: found }
  const { throttle } = settings
  const verify = () => verdictOf<P>(settings.validate(found, context), 'form()', grant)
  if (throttle === undefined) return verify()
  const { deviceCookie } = throttle
  const { username } = found
  const device = deviceOf(deviceCookie, context.request)
  const attempt = { account: username, address: context.request.peer.address, device }
  const verdict = await throttled(throttle, attempt, context, verify)
  if (verdict.cause !== undefined || deviceCookie === undefined) return verdict
  return { ...verdict, onAccept: [await deviceCookie.issue(username, context)] }
}

/** A cookie that comes twice is none: somebody may have planted the other. */
function deviceOf(cookie: DeviceCookie | undefined, request: RequestView): string | undefined {
  if (cookie === undefined) return undefined
  const values = cookieValues(request.header('cookie'), cookie.name)
  return values.length === 1 ? values[0] : undefined
}

function settingsOf<P extends Principal>(options: FormOptions<P>): Settings<P> {
  if (typeof options !== 'object' || options === null) throw new TypeError('form(): wants an object of options')
  const { realm, userField = 'user', passwordField = 'password', limitBytes = 16_384, throttle, validate } = options
  if (realm !== undefined && (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm))) {
    throw new TypeError('form(): "realm" must be a non-empty string of printable US-ASCII')
  }
  if (typeof userField !== 'string' || userField === '') {
    throw new TypeError('form(): "userField" must be a non-empty string')
  }
  if (typeof passwordField !== 'string' || passwordField === '' || passwordField === userField) {
    throw new TypeError('form(): "passwordField" must be a non-empty string other than "userField"')
  }
  if (!Number.isSafeInteger(limitBytes) || limitBytes < 1) {
    throw new TypeError('form(): "limitBytes" must be a positive whole number')
  }
  if (typeof validate !== 'function') throw new TypeError('form(): "validate" must be a function')
  checkThrottle('form()', throttle)
  return { user: userField, password: passwordField, limitBytes, throttle, validate }
}
