import type { Authentication, Providers } from './authentication.ts'
import type { AuthenticationOptions } from './authentication-options.ts'
import {
  allowing,
  authenticationCheck,
  claimsCheck,
  type RequiredAuthentication,
  type RequiredClaims,
  type RolesOptions,
  rolesCheck,
  scopesCheck,
} from './checks.ts'
import { Decider } from './decider.ts'
import { engineOf } from './engine.ts'
import type { Entry } from './entry.ts'
import { type Check, mayBeAnonymous, type Node } from './node.ts'
import { AuthenticationProvider, type Awaitable, type Principal } from './provider.ts'
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
  Owner,
  WhoOf,
} from './requirement.ts'
import { isThenable, type Validated } from './validate.ts'
import type { Anonymous, Attempted, Outcome, PrincipalMap, Skipped } from './who.ts'

/** The providers of one `authentication()`, and the requirements made of them. */
export class Registry<M extends PrincipalMap> implements Authentication<M> {
  readonly names: readonly NameOf<M>[]
  readonly #owner: Owner<NameOf<M>>
  readonly #entries = new Map<string, Entry>()
  readonly #nodes = new WeakMap<object, Node>()
  readonly #decider: Decider

  constructor(providers: Providers<M>, options: AuthenticationOptions) {
    this.#decider = new Decider(engineOf(options))
    if (typeof providers !== 'object' || providers === null) {
      throw new TypeError('authentication(): wants an object with a provider for each name')
    }
    this.names = Object.freeze(Object.keys(providers).filter((name) => this.#register(name, providers)))
    if (this.names.length === 0) throw new TypeError('authentication(): there must be at least one provider')
    this.#owner = Object.freeze({ names: this.names, has: (name: NameOf<M>) => this.#entries.has(name) })
    Object.freeze(this)
  }

  require<N extends NameOf<M>>(name: N): BoundRequirement<NameOf<M>, WhoOf<M, N>>
  require(name: NameOf<M>): BoundRequirement<NameOf<M>> {
    return this.#bind(this.#node(name, 'require'))
  }

  anyOf<C extends readonly [Child<NameOf<M>>, ...Child<NameOf<M>>[]]>(
    ...children: C
  ): BoundRequirement<NameOf<M>, AnyOf<M, C>>
  anyOf(...children: readonly Child<NameOf<M>>[]): BoundRequirement<NameOf<M>> {
    return this.#bind({ type: 'anyOf', children: this.#all(children, 'anyOf') })
  }

  allOf<C extends readonly [Child<NameOf<M>>, ...Child<NameOf<M>>[]]>(
    ...children: C
  ): BoundRequirement<NameOf<M>, AllOf<M, C>>
  allOf(...children: readonly Child<NameOf<M>>[]): BoundRequirement<NameOf<M>> {
    return this.#bind({ type: 'allOf', children: this.#all(children, 'allOf') })
  }

  optional<C extends Child<NameOf<M>>>(child: C): BoundRequirement<NameOf<M>, WhoOf<M, C> | Anonymous>
  optional(child: Child<NameOf<M>>): BoundRequirement<NameOf<M>> {
    return this.#bind({ type: 'optional', child: this.#node(child, 'optional') })
  }

  attempt<C extends Child<NameOf<M>>>(child: C): BoundRequirement<NameOf<M>, WhoOf<M, C> | Attempted>
  attempt(child: Child<NameOf<M>>): BoundRequirement<NameOf<M>> {
    return this.#bind({ type: 'attempt', child: this.#node(child, 'attempt') })
  }

  skipWhen<C extends Child<NameOf<M>>>(
    predicate: (request: RequestView) => boolean,
    child: C,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C> | Skipped>
  skipWhen(predicate: (request: RequestView) => boolean, child: Child<NameOf<M>>): BoundRequirement<NameOf<M>> {
    mustBeFunction(predicate, 'skipWhen', 'predicate')
    return this.#bind({ type: 'skipWhen', child: this.#node(child, 'skipWhen'), predicate })
  }

  select<C extends Child<NameOf<M>>>(
    choose: (request: RequestView) => Awaitable<C | null | undefined>,
  ): BoundRequirement<NameOf<M>, Exclusive<WhoOf<M, C>>>
  select(
    choose: (request: RequestView) => Awaitable<Child<NameOf<M>> | null | undefined>,
  ): BoundRequirement<NameOf<M>> {
    mustBeFunction(choose, 'select', 'choose')
    return this.#bind({
      type: 'select',
      choose: (request) => {
        const chosen = choose(request)
        return isThenable(chosen) ? Promise.resolve(chosen).then((child) => this.#find(child)) : this.#find(chosen)
      },
    })
  }

  map<C extends Child<NameOf<M>>, Q extends Principal>(
    child: C,
    enrich: ForPrincipal<WhoOf<M, C>, Validated<Q>>,
  ): BoundRequirement<NameOf<M>, Mapped<WhoOf<M, C>, Q>>
  map(child: unknown, enrich: unknown): BoundRequirement<NameOf<M>> {
    mustBeFunction(enrich, 'map', 'enrich')
    return this.#bind({ type: 'map', child: this.#yielding(child, 'map'), enrich })
  }

  allow<C extends Child<NameOf<M>>>(
    child: C,
    check: ForPrincipal<WhoOf<M, C>, boolean>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  allow(child: unknown, check: unknown): BoundRequirement<NameOf<M>> {
    mustBeFunction(check, 'allow', 'check')
    return this.#checked(child, allowing(check))
  }

  requireScopes<C extends Child<NameOf<M>>>(
    child: C,
    scopes: readonly string[] & Known<WhoOf<M, C>>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  requireScopes(child: unknown, scopes: unknown): BoundRequirement<NameOf<M>> {
    return this.#checked(child, scopesCheck(scopes))
  }

  requireRoles<C extends Child<NameOf<M>>>(
    child: C,
    roles: readonly string[] & Known<WhoOf<M, C>>,
    options?: RolesOptions,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  requireRoles(child: unknown, roles: unknown, options?: RolesOptions): BoundRequirement<NameOf<M>> {
    return this.#checked(child, rolesCheck(roles, options))
  }

  requireClaims<C extends Child<NameOf<M>>>(
    child: C,
    claims: RequiredClaims & Known<WhoOf<M, C>>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  requireClaims(child: unknown, claims: unknown): BoundRequirement<NameOf<M>> {
    return this.#checked(child, claimsCheck(claims))
  }

  requireAuthentication<C extends Child<NameOf<M>>>(
    child: C,
    required: RequiredAuthentication & Known<WhoOf<M, C>>,
  ): BoundRequirement<NameOf<M>, WhoOf<M, C>>
  requireAuthentication(child: unknown, required: RequiredAuthentication): BoundRequirement<NameOf<M>> {
    return this.#checked(child, authenticationCheck(required))
  }

  decide<C extends Child<NameOf<M>>>(source: RequestSource, child: C): Awaitable<Outcome<WhoOf<M, C>>>
  decide(source: RequestSource, child: Child<NameOf<M>>): Awaitable<Outcome> {
    return this.#bind(this.#node(child, 'decide')).decide(source)
  }

  #register(name: string, providers: Providers<M>): name is NameOf<M> {
    const provider: unknown = Reflect.get(providers, name)
    if (!(provider instanceof AuthenticationProvider)) {
      throw new TypeError(`authentication(): "${name}" must be a provider, made by provider() or a factory`)
    }
    const entry = this.#decider.enrol(name, provider)
    if (!AuthenticationProvider.register(provider, (native) => this.#decider.forget(native, entry))) {
      throw new TypeError(`authentication(): the provider of "${name}" is registered under a name already`)
    }
    this.#entries.set(name, entry)
    return true
  }

  #bind(node: Node): BoundRequirement<NameOf<M>> {
    const requirement = Object.freeze({ ...this.#decider.for(node), madeBy: this.#owner })
    this.#nodes.set(requirement, node)
    return requirement
  }

  #checked(child: unknown, check: Check): BoundRequirement<NameOf<M>> {
    return this.#bind({ type: 'check', child: this.#yielding(child, check.name), check })
  }

  #find(child: unknown): Node | undefined {
    if (typeof child === 'object' && child !== null) return this.#nodes.get(child)
    const entry = typeof child === 'string' ? this.#entries.get(child) : undefined
    return entry === undefined ? undefined : { type: 'require', entry }
  }

  #node(child: unknown, combinator: string): Node {
    const node = this.#find(child)
    if (node !== undefined) return node
    if (typeof child === 'string') {
      throw new TypeError(`${combinator}(): there is no provider named "${child}"; there are ${this.names.join(', ')}`)
    }
    throw new TypeError(`${combinator}(): wants a provider's name or a requirement made by this authentication()`)
  }

  #all(children: readonly unknown[], combinator: string): readonly Node[] {
    if (children.length === 0) throw new TypeError(`${combinator}(): wants at least one requirement`)
    return children.map((child) => this.#node(child, combinator))
  }

  #yielding(child: unknown, combinator: string): Node {
    const node = this.#node(child, combinator)
    if (!mayBeAnonymous(node)) return node
    throw new TypeError(
      `${combinator}(): wants a requirement that always yields a principal; put optional(), attempt() and skipWhen() outside`,
    )
  }
}

type Callback = (...given: readonly unknown[]) => unknown

function mustBeFunction(value: unknown, combinator: string, argument: string): asserts value is Callback {
  if (typeof value !== 'function') throw new TypeError(`${combinator}(): "${argument}" must be a function`)
}
