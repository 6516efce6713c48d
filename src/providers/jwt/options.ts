import type { AuthenticationContext, Awaitable, ChallengeFunction, Principal } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { TokenResource } from '../../core/token-resource.ts'
import type { TokenSourceOptions } from '../../core/token-source.ts'
import type { Validated } from '../../core/validate.ts'
import type { KeySource } from '../../keys/key-source.ts'
import type { JwsHeader } from '../../wire/jws.ts'

/**
 * The signature algorithms.
 *
 * @see RFC 7518, section 3.1; RFC 8037, section 3.1; RFC 9864
 */
export type JwsAlgorithm =
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
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'
  | 'HS256'
  | 'HS384'
  | 'HS512'

/** What is asked of the tokens of one issuer. */
export interface IssuerRules {
  /** Where the issuer's keys come from: `staticKeys()`, `jwks()`, `discoveredKeys()` or one's own. */
  readonly keys: KeySource
  /**
   * What `aud` calls this service; one of several is enough. A token for somebody else is `wrong-audience`. With a
   * `resource` it can only be the resource.
   */
  readonly audience: string | readonly string[]
  /**
   * The only algorithms that are accepted. A secret's must be named: `['HS256']`. Default: all asymmetric ones, that is
   * `RS`, `PS` and `ES` with 256, 384 and 512, `EdDSA`, `Ed25519`, and `ML-DSA` where the runtime has it.
   */
  readonly algorithms?: readonly JwsAlgorithm[] | undefined
  /**
   * `'rfc9068'` takes only access tokens: `typ` is `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti`
   * are there. `'any'` is for issuers that do not know RFC 9068: it takes tokens whose `typ` is missing or `JWT`, and
   * refuses those with `at_hash`, `c_hash`, `s_hash`, `events` or `nonce`, which are ID tokens, logout tokens and other
   * things that are not for APIs. Default: `'rfc9068'`.
   */
  readonly profile?: 'rfc9068' | 'any' | undefined
  /** Takes a `nonce` with `profile: 'any'`, for issuers that put one into access tokens. Default: `false`. */
  readonly allowNonce?: boolean | undefined
  /** Claims that must be there, beside `iss`, `aud`, `exp` and those of the profile. Default: none. */
  readonly requiredClaims?: readonly string[] | undefined
  /** By how much clocks may differ when `exp`, `nbf`, `iat` and the age are judged: 0 to 600 seconds. Default: 5. */
  readonly clockToleranceSeconds?: number | undefined
  /** How long ago `iat` may be, in seconds, whatever `exp` says. Default: only `exp` counts. */
  readonly maxAgeSeconds?: number | undefined
  /**
   * Takes tokens without `exp`. Default: `false`.
   *
   * @deprecated Nothing ends such a token but its key; give it "maxAgeSeconds" at least.
   */
  readonly dangerouslyAcceptUnexpiring?: boolean | undefined
}

/** How the key of an encrypted token is protected. RSA1_5 and passwords (PBES2) are not among them. */
export type JweKeyManagement =
  | 'RSA-OAEP'
  | 'RSA-OAEP-256'
  | 'RSA-OAEP-384'
  | 'RSA-OAEP-512'
  | 'ECDH-ES'
  | 'ECDH-ES+A128KW'
  | 'ECDH-ES+A192KW'
  | 'ECDH-ES+A256KW'
  | 'A128KW'
  | 'A192KW'
  | 'A256KW'
  | 'A128GCMKW'
  | 'A192GCMKW'
  | 'A256GCMKW'
  | 'dir'

/** How the text of an encrypted token is protected. */
export type JweContentEncryption =
  | 'A128GCM'
  | 'A192GCM'
  | 'A256GCM'
  | 'A128CBC-HS256'
  | 'A192CBC-HS384'
  | 'A256CBC-HS512'

/** How encrypted tokens are opened. */
export interface DecryptOptions {
  /** The service's own keys: private ones, or secrets, imported with `use: 'enc'`. */
  readonly keys: KeySource
  /** The only ways in which a key may be protected. Name what the issuer uses, and no more. */
  readonly keyManagement: readonly JweKeyManagement[]
  /** The only ways in which the text may be protected. */
  readonly contentEncryption: readonly JweContentEncryption[]
  /**
   * Takes encrypted claims that nobody signed. Only with `keyManagement` by a secret, which proves who encrypted as long as
   * nobody else has it; with a public key anybody could have. Default: `false`.
   *
   * @deprecated Whoever can read such tokens can make them. Have the issuer sign first.
   */
  readonly dangerouslyAcceptUnsigned?: boolean | undefined
}

/** A token whose signature and rules are right, for `validate` to decide whom it stands for. */
export interface JwtCredential<C> {
  /** The claims, or what the schema of `claims` made of them. Frozen, all the way down. */
  readonly claims: C
  /** The header of the token. Frozen. */
  readonly header: JwsHeader
}

/** What all issuers of one provider share. */
interface SharedOptions<C, P extends Principal> extends TokenSourceOptions {
  /**
   * A Standard Schema (Zod, Valibot, ArkType …) that the claims must fit; what it makes of them is what `validate` gets,
   * or the principal. It must be pure: while a token is remembered, it is not asked again. A token that does not fit is
   * `missing-claim`. Default: the claims as they are.
   */
  readonly claims?: StandardSchema<C> | undefined
  /**
   * Answers the principal for a token, `null` for a plain no, or a cause. Asked for every request: look up revocations
   * here. Default: the claims are the principal.
   */
  readonly validate?: (credential: JwtCredential<C>, context: AuthenticationContext) => Awaitable<Validated<P>>
  /**
   * Opens encrypted tokens too. What is inside must be a signed JWT that passes every rule, since encryption under a public
   * key proves nothing about who encrypted. Such tokens are never remembered. Default: they are refused.
   */
  readonly decrypt?: DecryptOptions | undefined
  /** How many characters a token may have, up to 16,384. Default: 16,384. */
  readonly maxTokenLength?: number | undefined
  /**
   * How many verified tokens are remembered, so that their signature is not computed again; `false` for none. They are
   * kept by a hash, and forgotten when they expire or their key is withdrawn. Default: 5,000.
   */
  readonly cache?: false | { readonly maxEntries: number } | undefined
  /** Chooses another answer for a refusal. Default: the Bearer challenge. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

/** `jwt()` for the tokens of one issuer. */
export interface SingleIssuerOptions<C, P extends Principal> extends SharedOptions<C, P>, IssuerRules {
  /** The issuer: exactly what `iss` must be. */
  readonly issuer: string
  readonly issuers?: undefined
}

/** `jwt()` for the tokens of one issuer that are made for a `resource`: `aud` must have exactly its identifier. */
export interface ResourceTokensOptions<C, P extends Principal>
  extends SharedOptions<C, P>,
    Omit<IssuerRules, 'audience'> {
  readonly resource: TokenResource
  readonly audience?: undefined
  /** The issuer: exactly what `iss` must be. */
  readonly issuer: string
  readonly issuers?: undefined
}

/** `jwt()` for the tokens of several issuers. */
export interface SeveralIssuersOptions<C, P extends Principal> extends SharedOptions<C, P> {
  /**
   * The rules by issuer, or a function that looks them up, `null` for one that is not trusted. The `iss` of a token is not
   * proved when it is asked, so let it only choose, by exact match, among issuers that are registered; never make a URL of
   * it. Answers are remembered for `issuersTtlSeconds`, and asked for once for all who wait; `signal` aborts after ten
   * seconds. Answer the same `keys` each time, or they are fetched anew. Anything but rules or `null` is an `Error`.
   */
  readonly issuers:
    | Readonly<Record<string, IssuerRules>>
    | ((issuer: string, signal: AbortSignal) => Awaitable<IssuerRules | null>)
  /** How long an answer of the function `issuers` is remembered, in seconds; a `null` for a tenth. Default: 300. */
  readonly issuersTtlSeconds?: number | undefined
  readonly issuer?: undefined
}

/** What `jwt()` is told. */
export type JwtOptions<C, P extends Principal> =
  | SingleIssuerOptions<C, P>
  | ResourceTokensOptions<C, P>
  | SeveralIssuersOptions<C, P>
