import { AuthenticationFailedCause } from '../../core/cause.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type ChallengeFunction,
  type FailureVerdict,
  type Grant,
  type Principal,
  provider,
  type Verdict,
} from '../../core/provider.ts'
import type { RequestView } from '../../core/request.ts'
import { absent, isThenable, type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import type { Challenge } from '../../wire/challenges.ts'
import { checkBearer, headerNames, readersOf } from './options.ts'
import { type Reading, repeated, unreadable } from './token.ts'

/** A token as a client sent it, unproved: a `b64token`, never empty. */
export interface BearerTokenCredential {
  readonly token: string
}

/** Places of a token other than the `Authorization` scheme. Where both are given, both are read. */
export type TokenPlaces =
  | {
      /**
       * The name of a cookie. Browsers attach it by themselves, so requests that another site may have caused are denied
       * (403) unless they only read. A cookie that comes twice is `malformed-credential`.
       */
      readonly cookie: string
      /** The name of a header field as well. Default: none. */
      readonly header?: string | undefined
    }
  | {
      /** The name of a header field that is the token as a whole. `Authorization` is read by its scheme, as ever. */
      readonly header: string
      /** The name of a cookie as well. Default: none. */
      readonly cookie?: string | undefined
    }

/** What `bearer()` is told. */
export interface BearerOptions<P extends Principal> {
  /** Answers the principal for a token, `null` for a plain no, or a cause. */
  readonly validate: (credential: BearerTokenCredential, context: AuthenticationContext) => Awaitable<Validated<P>>
  /** Names the protected area: printable US-ASCII, not empty. Default: the provider's name. */
  readonly realm?: string | undefined
  /** The auth-scheme in challenges and in `Authorization`. Default: `'Bearer'`. */
  readonly scheme?: string | undefined
  /** Further auth-schemes that are accepted, and not advertised. Default: none. */
  readonly additionalSchemes?: readonly string[] | undefined
  /**
   * Where the token is: in a cookie, in a header field of its own, or wherever a function finds it. A function's throw is
   * an `Error`; a token that it takes out of a cookie has no protection against other sites, so name the cookie instead,
   * and of header fields that it reads caches are not told. Default: `Authorization`.
   */
  readonly tokenFrom?: TokenPlaces | ((request: RequestView) => string | undefined) | undefined
  /**
   * Accepts the token in the URL as well: `true` for the parameter `access_token`, or a parameter's name.
   *
   * @deprecated URLs end up in logs, histories and `Referer` fields, and with them every token.
   * @see RFC 6750, sections 2.3 and 5.3; RFC 9700, section 4.3.2
   */
  readonly dangerouslyAcceptQueryToken?: true | string | undefined
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
  checkBearer(options)
  const { validate, realm, scheme = 'Bearer' } = options
  const readers = readersOf(options, scheme)
  const refusals = refusalsOf(scheme, realm)
  const explain = (verdict: Verdict<PrincipalFrom<P>>): Verdict<PrincipalFrom<P>> => explained(verdict, refusals)
  return provider({
    challenge: challengeOf(scheme, realm),
    authenticate: (context) => {
      let found: Reading
      let grant: Grant | undefined
      for (const reader of readers) {
        const reading = reader.read(context.request)
        if (reading === undefined) continue
        if (found !== undefined) return refusals.repeated
        found = reading
        grant = reader.grant
      }
      if (found === undefined) return absent
      if (typeof found !== 'string') return found === repeated ? refusals.repeated : refusals.unreadable
      const verdict = verdictOf<P>(validate({ token: found }, context), 'bearer()', grant)
      return isThenable(verdict) ? verdict.then(explain) : explain(verdict)
    },
    override: options.challenge,
    description: options.description,
    readsHeaders: headerNames(options),
    malformedRequestStatus: 400,
  })
}

/** The refusals of one provider, made once. */
interface Refusals {
  readonly repeated: FailureVerdict
  readonly unreadable: FailureVerdict
  readonly plain: FailureVerdict
  readonly invalidToken: readonly Challenge[]
  readonly invalidRequest: readonly Challenge[]
}

function refusalsOf(scheme: string, realm: string | undefined): Refusals {
  const invalidToken = Object.freeze([challengeOf(scheme, realm, 'invalid_token')])
  const invalidRequest = Object.freeze([challengeOf(scheme, realm, 'invalid_request')])
  return {
    repeated: Object.freeze({ cause: repeated, challenges: invalidRequest }),
    unreadable: Object.freeze({ cause: unreadable, challenges: invalidToken }),
    plain: Object.freeze({ cause: AuthenticationFailedCause.InvalidCredentials, challenges: invalidToken }),
    invalidToken,
    invalidRequest,
  }
}

function challengeOf(scheme: string, realm: string | undefined, error?: string): Challenge {
  const parameters: (readonly [string, string])[] = []
  if (realm !== undefined) parameters.push(['realm', realm])
  if (error !== undefined) parameters.push(['error', error])
  return { scheme, parameters }
}

/** RFC 6750, section 3.1: no error code without a token, one with a token that was refused. */
function explained<P extends Principal>(verdict: Verdict<P>, refusals: Refusals): Verdict<P> {
  const { cause } = verdict
  if (cause?.kind !== 'InvalidCredentials') return verdict
  if (cause === AuthenticationFailedCause.InvalidCredentials) return refusals.plain
  const challenges = cause.reason === 'malformed-request' ? refusals.invalidRequest : refusals.invalidToken
  return { cause, challenges }
}
