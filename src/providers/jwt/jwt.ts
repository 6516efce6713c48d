import { type AuthenticationFailedCause, isCause } from '../../core/cause.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type Grant,
  type Principal,
  provider,
  type Verdict,
} from '../../core/provider.ts'
import type { Proved } from '../../core/token-proofs.ts'
import { explained } from '../../core/token-refusals.ts'
import { tokenSource } from '../../core/token-source.ts'
import { isPrincipal, notAnAnswer, type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import { isToken68 } from '../../wire/tokens.ts'
import type { JwtClaims } from './claims.ts'
import type { JwtCredential, JwtOptions } from './options.ts'
import type { Accepted } from './remembered.ts'
import { tokenCheckOf } from './settings.ts'

export type { StandardSchema } from '../../core/standard-schema.ts'
export type { TokenPlaces } from '../../core/token-source.ts'
export type { JwsHeader } from '../../wire/jws.ts'
export type { JwtClaims } from './claims.ts'
export type {
  DecryptOptions,
  IssuerRules,
  JweContentEncryption,
  JweKeyManagement,
  JwsAlgorithm,
  JwtCredential,
  JwtOptions,
  ResourceTokensOptions,
  SeveralIssuersOptions,
  SingleIssuerOptions,
} from './options.ts'

/**
 * Authenticates requests that carry a signed JSON Web Token made by an issuer that is trusted, for this service.
 *
 * The signature is checked before anything that the token claims is believed; issuer and audience are mandatory; keys come
 * from `keys` alone and never from the token. Refused tokens are answered as `bearer()` answers them: 401 and
 * `error="invalid_token"`, or 400 and `error="invalid_request"` for a repeated token; the reason and a sentence for the
 * developer are in the cause. Keys that cannot be reached are an `Error`, so 503 and no refusal. A token that is bound to
 * a key (`cnf`) must be proved by one of `proofs`, each time.
 *
 * Verified tokens are remembered, so that a second request with the same token costs a hash; time and keys are judged and
 * `validate` is asked each time all the same.
 *
 * @example
 * import { jwt } from 'becauth/jwt'
 * import { jwks } from 'becauth/keys'
 *
 * export const api = jwt({
 *   issuer: 'https://id.example',
 *   audience: 'https://orders.example',
 *   keys: jwks('https://id.example/jwks.json'),
 * })
 *
 * @throws TypeError when an option is missing or cannot be used.
 * @see RFC 7519; RFC 8725; RFC 9068; RFC 6750
 */
export function jwt<C extends Principal = JwtClaims, P extends Principal = C>(
  options: JwtOptions<C, P>,
): AuthenticationProvider<PrincipalFrom<P>> {
  if (typeof options !== 'object' || options === null) throw new TypeError('jwt(): wants an object of options')
  const source = tokenSource(options, 'jwt()')
  const tokens = tokenCheckOf(options)
  const { refusals } = source
  const { validate = asPrincipal<C, P> } = options

  const decide = (
    accepted: Accepted<C> | AuthenticationFailedCause,
    token: string,
    grant: Grant | undefined,
    context: AuthenticationContext,
  ): Awaitable<Verdict<PrincipalFrom<P>>> => {
    if (isCause(accepted)) return explained({ cause: accepted }, source.refusalsOf(context.request))
    const proved = source.proofs.prove(token, accepted.verified.claims.cnf, context)
    return proved instanceof Promise
      ? proved.then((settled) => conclude(accepted, settled, grant, context))
      : conclude(accepted, proved, grant, context)
  }

  const explain = (
    verdict: Verdict<PrincipalFrom<P>>,
    { request }: AuthenticationContext,
  ): Verdict<PrincipalFrom<P>> =>
    verdict.cause === undefined ? verdict : explained(verdict, source.refusalsOf(request))

  const conclude = (
    { verified, credential }: Accepted<C>,
    proved: Proved,
    grant: Grant | undefined,
    context: AuthenticationContext,
  ): Awaitable<Verdict<PrincipalFrom<P>>> => {
    if (proved.cause !== undefined) return proved
    const { until } = verified.validity
    const verdict = verdictOf<P>(validate(credential, context), 'jwt()', {
      expiresAt: until === Number.POSITIVE_INFINITY ? undefined : until,
      ambient: grant?.ambient,
      claims: verified.claims,
      onAccept: grant?.onAccept,
      always: proved.always,
    })
    return verdict instanceof Promise ? verdict.then((settled) => explain(settled, context)) : explain(verdict, context)
  }

  const read = (context: AuthenticationContext): Awaitable<Verdict<PrincipalFrom<P>>> => {
    const found = source.find(context.request)
    if (found.cause !== undefined) return found
    const { token, grant } = found
    const accepted = tokens.check(token, context)
    return accepted instanceof Promise
      ? accepted.then((settled) => decide(settled, token, grant, context))
      : decide(accepted, token, grant, context)
  }

  // Most tokens are known, or become known: their grammar is that of a JWT. Why one is refused, the grammar may tell.
  const readUnless = (
    accepted: Accepted<C> | AuthenticationFailedCause,
    glanced: string,
    context: AuthenticationContext,
  ): Awaitable<Verdict<PrincipalFrom<P>>> =>
    isCause(accepted) && glanced.length <= tokens.maxLength && !isToken68(glanced)
      ? read(context)
      : decide(accepted, glanced, source.grant, context)

  return provider({
    challenge: refusals.challenge,
    authenticate: (context) => {
      const glanced = source.glance?.(context.request)
      if (glanced === undefined) return read(context)
      const accepted = tokens.check(glanced, context)
      return accepted instanceof Promise
        ? accepted.then((settled) => readUnless(settled, glanced, context))
        : readUnless(accepted, glanced, context)
    },
    override: options.challenge,
    description: options.description,
    denialChallenges: refusals.challenges,
    readsHeaders: source.readsHeaders,
    malformedRequestStatus: 400,
  })
}

/** The principal of whoever gives no `validate`. */
function asPrincipal<C, P extends Principal>({ claims }: JwtCredential<C>): Validated<P> {
  return isPrincipal<P>(claims) ? claims : notAnAnswer('jwt()', 'claims')
}
