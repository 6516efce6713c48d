import type { AuthenticationContext, Awaitable, ChallengeFunction, Principal } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { TokenResource } from '../../core/token-resource.ts'
import type { TokenSourceOptions } from '../../core/token-source.ts'
import type { Validated } from '../../core/validate.ts'
import type { ClientAuthentication } from '../../keys/client-authentication.ts'
import type { IntrospectionClaims } from './claims.ts'

/**
 * The algorithms of signed answers. No secrets: with one, the service could have made the answer itself.
 *
 * @see RFC 9701, section 6
 */
export type AnswerAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

/** A token that its issuer calls active, for `validate` to decide whom it stands for. */
export interface IntrospectionCredential<C> {
  /** What the issuer says, or what the schema of `claims` made of it. Frozen, all the way down. */
  readonly claims: C
}

/** How answers are remembered. */
export interface IntrospectionCacheOptions {
  /** How many tokens are remembered that are active, and how many that are not. Default: 5,000 of each. */
  readonly maxEntries?: number | undefined
  /**
   * How long an active token is not asked about again, in seconds, 0 to 3600, and never beyond its `exp`: that much later
   * a revocation is noticed. Default: 30.
   */
  readonly activeSeconds?: number | undefined
  /** How long a token that is not active is not asked about again, in seconds, 0 to 3600. Default: 10. */
  readonly inactiveSeconds?: number | undefined
}

interface SharedOptions<C, P extends Principal> extends TokenSourceOptions {
  /** The issuer, exactly as its metadata and its answers have it in `issuer` and `iss`. Another is `wrong-issuer`. */
  readonly issuer: string
  /** Where tokens are asked about. Default: the `introspection_endpoint` of the issuer's metadata, read when needed. */
  readonly endpoint?: string | undefined
  /** The id under which the issuer knows this service. */
  readonly clientId: string
  readonly clientAuthentication: ClientAuthentication
  /**
   * Asks for signed answers, and takes no other: the algorithm that is registered for this client as
   * `introspection_signed_response_alg`. The signature is verified by the issuer's keys. Default: plain answers, protected
   * by TLS.
   *
   * @see RFC 9701
   */
  readonly signedAnswers?: AnswerAlgorithm | undefined
  /** Where the keys of signed answers are, when `endpoint` is given. Default: the `jwks_uri` of the issuer's metadata. */
  readonly jwksUri?: string | undefined
  /** Members that an answer must have, beside `active`. Default: none, but `aud` where it is judged. */
  readonly requiredClaims?: readonly string[] | undefined
  /**
   * A Standard Schema (Zod, Valibot, ArkType …) that the answer must fit; what it makes of it is what `validate` gets, or
   * the principal. It must be pure: while an answer is remembered, it is not asked again. An answer that does not fit is
   * `missing-claim`. Default: the answer as it is.
   */
  readonly claims?: StandardSchema<C> | undefined
  /**
   * Answers the principal for an active token, `null` for a plain no, or a cause. Asked for every request. Default: what
   * the issuer says is the principal.
   */
  readonly validate?: (
    credential: IntrospectionCredential<C>,
    context: AuthenticationContext,
  ) => Awaitable<Validated<P>>
  /** How answers are remembered; `false` asks for every request. Tokens are kept by a hash. Default: 30 seconds. */
  readonly cache?: false | IntrospectionCacheOptions | undefined
  /** Seconds that asking may take, with everything that belongs to it, 0.1 to 30. Default: 5. */
  readonly timeoutSeconds?: number | undefined
  /** By how much clocks may differ when `exp`, `nbf` and `iat` are judged, in seconds, 0 to 600. Default: 5. */
  readonly clockToleranceSeconds?: number | undefined
  /** Chooses another answer for a refusal. Default: the Bearer challenge. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
  /**
   * Allows `http:` to other hosts than this one.
   *
   * @deprecated Not for production: whoever is on the way sees every token, and can call any of them active.
   */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

/** `introspection()` for tokens that name this service in `aud`. */
export interface AudienceTokensOptions<C, P extends Principal> extends SharedOptions<C, P> {
  /** What `aud` calls this service; one of several is enough. A token for somebody else is `wrong-audience`. */
  readonly audience: string | readonly string[]
  readonly dangerouslyAcceptAnyAudience?: undefined
}

/** `introspection()` for tokens that are made for a `resource`: `aud` must have exactly its identifier. */
export interface ResourceTokensOptions<C, P extends Principal> extends SharedOptions<C, P> {
  readonly resource: TokenResource
  readonly audience?: undefined
  readonly dangerouslyAcceptAnyAudience?: undefined
}

/** `introspection()` for issuers whose answers have no `aud`. */
export interface AnyAudienceOptions<C, P extends Principal> extends SharedOptions<C, P> {
  /**
   * Takes every active token, whatever service it was made for.
   *
   * @deprecated Any other service that is sent a token can use it here, and with many issuers a refresh token is active
   *   as well. Have the issuer name the audience, or answer for each service by itself (RFC 7662, section 4).
   */
  readonly dangerouslyAcceptAnyAudience: true
  readonly audience?: undefined
}

/** What `introspection()` is told. */
export type IntrospectionOptions<C = IntrospectionClaims, P extends Principal = Principal> =
  | AudienceTokensOptions<C, P>
  | ResourceTokensOptions<C, P>
  | AnyAudienceOptions<C, P>
