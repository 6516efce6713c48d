import { chain } from '../../core/awaitable.ts'
import { isCause } from '../../core/cause.ts'
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
import { confirmationOf, type IntrospectionClaims } from './claims.ts'
import type { IntrospectionCredential, IntrospectionOptions } from './options.ts'
import { tokenCheckOf } from './settings.ts'
import type { Active } from './token-check.ts'

export type { StandardSchema } from '../../core/standard-schema.ts'
export type { TokenPlaces } from '../../core/token-source.ts'
export type { ClientAuthentication } from '../../keys/client-authentication.ts'
export type { IntrospectionClaims } from './claims.ts'
export type {
  AnswerAlgorithm,
  AnyAudienceOptions,
  AudienceTokensOptions,
  IntrospectionCacheOptions,
  IntrospectionCredential,
  IntrospectionOptions,
  ResourceTokensOptions,
} from './options.ts'

/**
 * Authenticates requests that carry a token of which only its issuer knows what it means, by asking the issuer.
 *
 * Use it for opaque tokens, and for JWTs that must be refused soon after they were revoked. What the issuer said is
 * remembered for `cache.activeSeconds`, never beyond `exp`; requests that come meanwhile with the same token wait for one
 * answer. Refused tokens are answered as `bearer()` answers them; the cause says `revoked` of a token that this process saw
 * active before, `unknown` of another that is not active. An issuer that cannot be reached, refuses to answer or answers
 * nonsense is an `Error`, so 503 and no refusal. A token that is bound to a key (`cnf`) must be proved by one of `proofs`,
 * each time.
 *
 * @example
 * import { introspection } from 'becauth/introspection'
 *
 * declare const secret: string
 *
 * export const api = introspection({
 *   issuer: 'https://id.example',
 *   audience: 'https://orders.example',
 *   clientId: 'orders',
 *   clientAuthentication: { method: 'client_secret_basic', secret },
 * })
 *
 * @throws TypeError when an option is missing or cannot be used.
 * @see RFC 7662; RFC 9701; RFC 6750
 */
export function introspection<C extends Principal = IntrospectionClaims, P extends Principal = C>(
  options: IntrospectionOptions<C, P>,
): AuthenticationProvider<PrincipalFrom<P>> {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('introspection(): wants an object of options')
  const source = tokenSource(options, 'introspection()')
  const tokens = tokenCheckOf(options)
  const { refusals } = source
  const { validate = asPrincipal<C, P> } = options

  const conclude = (
    { credential, claims }: Active<C>,
    proved: Proved,
    grant: Grant,
    context: AuthenticationContext,
  ): Awaitable<Verdict<PrincipalFrom<P>>> => {
    if (proved.cause !== undefined) return proved
    const verdict = verdictOf<P>(validate(credential, context), 'introspection()', {
      expiresAt: tokens.endOf(claims),
      ambient: grant.ambient,
      claims,
      onAccept: grant.onAccept,
      always: proved.always,
    })
    return chain(verdict, (settled) =>
      settled.cause === undefined ? settled : explained(settled, source.refusalsOf(context.request)),
    )
  }

  return provider({
    challenge: refusals.challenge,
    authenticate: (context) => {
      const found = source.find(context.request)
      if (found.cause !== undefined) return found
      return chain(tokens.check(found.token, context), (answer) => {
        if (isCause(answer)) return explained({ cause: answer }, source.refusalsOf(context.request))
        const proved = source.proofs.prove(found.token, confirmationOf(answer.claims), context)
        return chain(proved, (settled) => conclude(answer, settled, found.grant, context))
      })
    },
    override: options.challenge,
    description: options.description,
    denialChallenges: refusals.challenges,
    readsHeaders: source.readsHeaders,
    malformedRequestStatus: 400,
  })
}

/** The principal of whoever gives no `validate`. */
function asPrincipal<C, P extends Principal>({ claims }: IntrospectionCredential<C>): Validated<P> {
  return isPrincipal<P>(claims) ? claims : notAnAnswer('introspection()', 'claims')
}
