import type { Awaitable, Principal } from './provider.ts'
import type { RequestSource } from './request.ts'
import type { PrincipalFrom } from './validate.ts'
import type { Anonymous, AnyAuthenticated, Authenticated, Outcome, PrincipalMap, Skipped, Who } from './who.ts'

/** What adapters take: something that decides a request. It carries its engine. */
export interface Requirement<out W extends Who = Who> {
  /**
   * Decides one request. Answers at once when every provider does, otherwise a promise; it never throws or rejects.
   */
  readonly decide: (source: RequestSource) => Awaitable<Outcome<W>>
  /** How the requirement was written, for people: `anyOf(staff, api)`. */
  readonly description: string
  /** Tells listeners, as a `fault`, that an adapter's own hook threw while it answered this request. */
  readonly report: (native: object, thrown: unknown) => void
  /**
   * Tells listeners, as a `fault`, that a route of becauth's own threw while it answered a request.
   *
   * @internal
   */
  readonly reportRoute?: ((source: RequestSource, thrown: unknown) => void) | undefined
}

/** The `authentication()` that a requirement belongs to, as far as types can tell: by its names. */
export interface Owner<in out N extends string> {
  readonly names: readonly N[]
  readonly has: (name: N) => boolean
}

/** What combinators take: a requirement tied to the names of the `authentication()` that made it. */
export interface BoundRequirement<in out N extends string, out W extends Who = Who> extends Requirement<W> {
  readonly madeBy: Owner<N>
}

/** The type a handler receives for a requirement, to name it in a signature. */
export type WhoFrom<R extends Requirement> = R extends Requirement<infer W> ? W : never

export type NameOf<M> = Extract<keyof M, string>

/** A provider's name, or a requirement made by the same `authentication()`. */
export type Child<N extends string> = N | BoundRequirement<N>

type PresentKeys<S> = { [K in keyof S]-?: S[K] extends undefined ? never : K }[keyof S]
type Merge<A, B> = [PresentKeys<A>] extends [infer K]
  ? { [P in (K & PropertyKey) | PresentKeys<B>]: P extends K & keyof A ? A[P] : P extends keyof B ? B[P] : never }
  : never

type AndOne<A, B> = A extends Skipped
  ? B
  : B extends Skipped
    ? A
    : A extends Authenticated<infer N, infer S>
      ? B extends Authenticated<infer _, infer T>
        ? Merge<S, T> extends infer R extends PrincipalMap<N>
          ? Authenticated<N, R>
          : never
        : A
      : B extends AnyAuthenticated
        ? B
        : A
type And<A, B> = A extends unknown ? (B extends unknown ? AndOne<A, B> : never) : never

type AllKeys<W> = W extends Authenticated<infer _, infer S> ? keyof S : never
type Fill<S, K extends PropertyKey> = [Exclude<K, keyof S>] extends [never]
  ? S
  : { [P in keyof S]: S[P] } & { [P in Exclude<K, keyof S>]?: undefined } extends infer O
    ? { [P in keyof O]: O[P] }
    : never

/** Makes each member of a union say which names it does not have, so that `who.principals.x` can be asked. */
export type Exclusive<W, K extends PropertyKey = AllKeys<W>> =
  W extends Authenticated<infer N, infer S>
    ? Fill<S, K> extends infer R extends PrincipalMap<N>
      ? Authenticated<N, R>
      : never
    : W

/** An `any` that `validate` returned stops here: the handler gets an opaque object, not a hole in the types. */
type NoAny<P> = 0 extends 1 & P ? Principal : P

export type WhoOf<M extends PrincipalMap, C> =
  C extends NameOf<M> ? Authenticated<C, { [K in C]: NoAny<M[K]> }> : C extends Requirement<infer W> ? W : never

type Each<M extends PrincipalMap, C extends readonly unknown[]> = { [I in keyof C]: WhoOf<M, C[I]> }
/** `never` when every member of the tuple may be skipped. */
type Solid<T extends readonly unknown[]> = {
  [I in keyof T]: [Extract<T[I], Skipped>] extends [never] ? true : never
}[number]
type AnyOfWho<T extends readonly unknown[]> = Exclusive<
  [Solid<T>] extends [never] ? T[number] : Exclude<T[number], Skipped>
>
type AllOfWho<T extends readonly unknown[], W = Skipped> = T extends readonly [infer H, ...infer R]
  ? AllOfWho<R, And<W, H>>
  : W
type AsWho<W> = W extends Who ? W : never

export type AnyOf<M extends PrincipalMap, C extends readonly unknown[]> = AsWho<AnyOfWho<Each<M, C>>>
export type AllOf<M extends PrincipalMap, C extends readonly unknown[]> = AsWho<Exclusive<AllOfWho<Each<M, C>>>>

type MappedWho<W, Q extends Principal> =
  W extends Authenticated<infer N, infer S>
    ? { [K in keyof S]: K extends N ? NoAny<PrincipalFrom<Q>> : S[K] } extends infer R extends PrincipalMap<N>
      ? Authenticated<N, R>
      : never
    : W
export type Mapped<W, Q extends Principal> = AsWho<MappedWho<W, Q>>
type AuthenticatedOf<W> = Extract<W, AnyAuthenticated>
type PrincipalOf<W> = W extends AnyAuthenticated ? W['principal'] : never

/** Refuses a callback, with a sentence, when the requirement beside it may go on without a principal. */
type Yielding<W> = [Extract<W, Anonymous>] extends [never]
  ? unknown
  : 'not here: the requirement may be anonymous. Write optional(allow(…)) instead of allow(optional(…))'

/** Refuses what is required of a principal, with a sentence, when the requirement beside it may go on without one. */
export type Known<W> = [Extract<W, Anonymous>] extends [never]
  ? unknown
  : 'not here: the requirement may be anonymous. Put optional(…) around the whole'

/** The callback of `map` and `allow`, for the principal of a requirement that always yields one. */
export type ForPrincipal<W, Answer> = ((principal: PrincipalOf<W>, who: AuthenticatedOf<W>) => Awaitable<Answer>) &
  Yielding<W>
