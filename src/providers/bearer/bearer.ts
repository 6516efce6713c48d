import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type ChallengeFunction,
  type Principal,
  provider,
  type Verdict,
} from '../../core/provider.ts'
import { proved } from '../../core/token-proofs.ts'
import { explained } from '../../core/token-refusals.ts'
import { type TokenSourceOptions, tokenSource } from '../../core/token-source.ts'
import { isThenable, type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'

export type { TokenPlaces } from '../../core/token-source.ts'

/** A token as a client sent it, unproved: a `b64token`, never empty. */
export interface BearerTokenCredential {
  readonly token: string
}

/** What `bearer()` is told. */
export interface BearerOptions<P extends Principal> extends TokenSourceOptions {
  /** Answers the principal for a token, `null` for a plain no, or a cause. */
  readonly validate: (credential: BearerTokenCredential, context: AuthenticationContext) => Awaitable<Validated<P>>
  /** Chooses another answer for a refusal. Default: the Bearer challenge. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

/**
 * Authenticates requests that carry a bearer token: whoever has the token is let in, so use it behind TLS.
 *
 * `validate` decides what a token means. Compare tokens that the service holds itself with `constantTimeEqual`, and look
 * stored ones up by their hash. A header of another scheme counts as no credentials. A refused token is answered with
 * `error="invalid_token"`; a repeated token, or one sent by two methods at once, with 400 and `error="invalid_request"`.
 * A principal that has a `cnf` is bound to a key, and one of `proofs` must confirm it.
 * Tokens in a form body (section 2.2 of the RFC) are deliberately not read: no client needs it, and it would have every
 * form read before anyone is known.
 *
 * @example
 * import { bearer } from 'becauth/bearer'
 *
 * declare const tokens: { find(token: string): Promise<{ user: number } | null> }
 *
 * export const api = bearer({ validate: ({ token }) => tokens.find(token) })
 *
 * @throws TypeError when `validate` is missing, or another option cannot be used.
 * @see RFC 6750, sections 2 and 3
 */
export function bearer<P extends Principal>(options: BearerOptions<P>): AuthenticationProvider<PrincipalFrom<P>> {
  if (typeof options !== 'object' || options === null) throw new TypeError('bearer(): wants an object of options')
  const { validate, challenge } = options
  if (typeof validate !== 'function') throw new TypeError('bearer(): "validate" must be a function')
  if (challenge !== undefined && typeof challenge !== 'function') {
    throw new TypeError('bearer(): "challenge" must be a function')
  }
  const source = tokenSource(options, 'bearer()')
  const { refusals } = source
  type Own = Verdict<PrincipalFrom<P>>
  const conclude = (verdict: Own, token: string, context: AuthenticationContext): Awaitable<Own> => {
    if (verdict.cause !== undefined) return explained<PrincipalFrom<P>>(verdict, source.refusalsOf(context.request))
    return proved(verdict, source.proofs.prove(token, confirmationOf(verdict.principal), context))
  }
  const concludeLater = (verdict: Promise<Own>, token: string, context: AuthenticationContext): Promise<Own> =>
    verdict.then((settled) => conclude(settled, token, context))
  return provider({
    challenge: refusals.challenge,
    authenticate: (context) => {
      const found = source.find(context.request)
      if (found.cause !== undefined) return found
      const verdict = verdictOf<P>(validate({ token: found.token }, context), 'bearer()', found.grant)
      return isThenable(verdict)
        ? concludeLater(verdict, found.token, context)
        : conclude(verdict, found.token, context)
    },
    override: challenge,
    description: options.description,
    denialChallenges: refusals.challenges,
    readsHeaders: source.readsHeaders,
    malformedRequestStatus: 400,
  })
}

/** What a principal is bound to: its `cnf`, as it is in a JWT and in the answer of an introspection. */
function confirmationOf({ cnf }: Principal & { readonly cnf?: unknown }): unknown {
  return cnf
}
