import type { AuthenticationOptions } from './authentication-options.ts'
import type { RequiredAuthentication, RequiredClaims, RolesOptions } from './checks.ts'
import type { AuthenticationProvider, Awaitable, Principal } from './provider.ts'
import { Registry } from './registry.ts'
import type { RequestSource, RequestView } from './request.ts'
import type {
  AllOf,
  AnyOf,
  BoundRequirement,
  Child,
  Exclusive,
  ForPrincipal,
  Known,
  Mapped,
  NameOf,
  WhoOf,
} from './requirement.ts'
import type { Validated } from './validate.ts'
import type { Anonymous, Attempted, Outcome, PrincipalMap, Skipped } from './who.ts'

/** A provider for each name. */
export type Providers<M extends PrincipalMap> = { readonly [K in keyof M]: AuthenticationProvider<M[K]> }

/**
 * Named providers, and the requirements that can be made of them. `M` says whom each name yields.
 *
 * A name stands for the requirement of that one provider wherever a requirement is wanted.
 */
export interface Authentication<M extends PrincipalMap> {
  readonly names: readonly NameOf<M>[]
  /** Requires one provider. */
  require<N extends NameOf<M>>(name: N): BoundRequirement<NameOf<M>, WhoOf<M, N>>
  /** Requires one of several; they are tried in order and the first success wins. */
  anyOf<C extends readonly [Child<NameOf<M>>, ...Child<NameOf<M>>[]]>(
    ...children: C
  ): BoundRequirement<NameOf<M>, AnyOf<M, C>>
  /** Requires all of several; the first failure ends it. `principal` is the first child's that yielded one. */
  allOf<C extends readonly [Child<NameOf<M>>, ...Child<NameOf<M>>[]]>(
    ...children: C
  ): BoundRequirement<NameOf<M>, AllOf<M, C>>
  /** Lets a request without credentials pass as anonymous. Wrong ones and outages are refused as ever. */
  optional<C extends Child<NameOf<M>>>(child: C): BoundRequirement<NameOf<M>, WhoOf<M, C> | Anonymous>
  /** Removes the requirement when the predicate answers `true`; any other answer keeps it. */
  skipWhen<C extends Child<NameOf<M>>>(
    predicate: (request: RequestView) => boolean,
    child: C,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C> | Skipped>
  /** Goes on whatever happened. When it failed, the handler sees the refusal in `who.refused`. */
  attempt<C extends Child<NameOf<M>>>(child: C): BoundRequirement<NameOf<M>, WhoOf<M, C> | Attempted>
  /** Chooses the requirement by request: by tenant, by path. Choosing nothing is an `Error`. */
  select<C extends Child<NameOf<M>>>(
    choose: (request: RequestView) => Awaitable<C | null | undefined>,
  ): BoundRequirement<NameOf<M>, Exclusive<WhoOf<M, C>>>
  /** Replaces the principal by a richer one; `null` is `InvalidCredentials`. */
  map<C extends Child<NameOf<M>>, Q extends Principal>(
    child: C,
    enrich: ForPrincipal<WhoOf<M, C>, Validated<Q>>,
  ): BoundRequirement<NameOf<M>, Mapped<WhoOf<M, C>, Q>>
  /** Denies with 403 unless the check answers `true`. */
  allow<C extends Child<NameOf<M>>>(
    child: C,
    check: ForPrincipal<WhoOf<M, C>, boolean>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  /**
   * Denies with 403 and `insufficient_scope` unless the token of one principal has all these scopes, by its `scope` (or
   * `scp`).
   */
  requireScopes<C extends Child<NameOf<M>>>(
    child: C,
    scopes: readonly string[] & Known<WhoOf<M, C>>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  /** Denies with 403 unless one principal has all these roles. For one of several: `anyOf` of as many `requireRoles`. */
  requireRoles<C extends Child<NameOf<M>>>(
    child: C,
    roles: readonly string[] & Known<WhoOf<M, C>>,
    options?: RolesOptions,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  /** Denies with 403 unless one principal has all these claims. */
  requireClaims<C extends Child<NameOf<M>>>(
    child: C,
    claims: RequiredClaims & Known<WhoOf<M, C>>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  /**
   * Denies with 401 and `insufficient_user_authentication` unless one principal logged in this way and this lately (step-up,
   * RFC 9470). Without `acr`, `auth_time` or `amr` nobody did.
   */
  requireAuthentication<C extends Child<NameOf<M>>>(
    child: C,
    required: RequiredAuthentication & Known<WhoOf<M, C>>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  /** Decides one request; for WebSocket upgrades and frameworks without an adapter. Never throws, never rejects. */
  decide<C extends Child<NameOf<M>>>(source: RequestSource, child: C): Awaitable<Outcome<WhoOf<M, C>>>
}

/**
 * Registers providers under names and gives the requirements that protect routes.
 *
 * @example
 * import { authentication } from 'becauth'
 * import { basic } from 'becauth/basic'
 *
 * declare const directory: { find(name: string, password: string): Promise<{ id: number } | null> }
 *
 * export const auth = authentication({
 *   staff: basic({ realm: 'staff', validate: ({ username, password }) => directory.find(username, password) }),
 * })
 * export const everybody = auth.optional('staff')
 *
 * @throws TypeError when there is no provider, one is registered twice, or an option cannot be used.
 */
export function authentication<M extends PrincipalMap>(
  providers: Providers<M>,
  options: AuthenticationOptions = {},
): Authentication<M> {
  return new Registry<M>(providers, options)
}
