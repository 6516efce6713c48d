import type { Entry } from './entry.ts'
import type { Awaitable, Principal } from './provider.ts'
import type { RequestView } from './request.ts'
import type { Denied, Granted } from './result.ts'
import type { RequestState } from './state.ts'
import type { AnyAuthenticated } from './who.ts'

/** A requirement as the engine walks it. */
export type Node =
  | { readonly type: 'require'; readonly entry: Entry }
  | { readonly type: 'anyOf' | 'allOf'; readonly children: readonly Node[] }
  | { readonly type: 'optional' | 'attempt'; readonly child: Node }
  | { readonly type: 'skipWhen'; readonly child: Node; readonly predicate: (request: RequestView) => unknown }
  | { readonly type: 'select'; readonly choose: (request: RequestView) => Awaitable<Node | undefined> }
  | {
      readonly type: 'map'
      readonly child: Node
      readonly enrich: (principal: Principal, who: AnyAuthenticated) => unknown
    }
  | { readonly type: 'check'; readonly child: Node; readonly check: Check }

/** A yes-or-no question about somebody who is authenticated. */
export interface Check {
  /** What denials and events call it. */
  readonly name: string
  /** `null` allows. Anything else denies. */
  readonly ask: (
    principal: Principal,
    who: AnyAuthenticated,
    state: RequestState,
    grants: readonly Granted[],
  ) => Awaitable<Denied | null>
}

/** How a requirement is written. */
export function describe(node: Node): string {
  switch (node.type) {
    case 'require':
      return node.entry.name
    case 'anyOf':
    case 'allOf':
      return `${node.type}(${node.children.map(describe).join(', ')})`
    case 'select':
      return 'select()'
    case 'check':
      return `${node.check.name}(${describe(node.child)})`
    default:
      return `${node.type}(${describe(node.child)})`
  }
}

/** The registered providers that a requirement names. What a `select` will choose is not known. */
export function entriesOf(node: Node): ReadonlySet<Entry> {
  switch (node.type) {
    case 'require':
      return new Set([node.entry])
    case 'anyOf':
    case 'allOf':
      return new Set(node.children.flatMap((child) => [...entriesOf(child)]))
    case 'select':
      return new Set()
    default:
      return entriesOf(node.child)
  }
}

/** Whether a requirement may turn out to be skipped as a whole. */
function maySkip(node: Node): boolean {
  switch (node.type) {
    case 'require':
    case 'select':
      return false
    case 'skipWhen':
      return true
    case 'anyOf':
    case 'allOf':
      return node.children.every(maySkip)
    default:
      return maySkip(node.child)
  }
}

/** Whether a requirement may let a request pass without a principal. What a `select` will choose is not known. */
export function mayBeAnonymous(node: Node): boolean {
  return maySkip(node) || mayPassBare(node)
}

/** The same, being skipped left aside. */
function mayPassBare(node: Node): boolean {
  switch (node.type) {
    case 'optional':
    case 'attempt':
      return true
    case 'skipWhen':
      return mayPassBare(node.child)
    case 'anyOf':
      return node.children.some(mayPassBare)
    case 'allOf':
      return node.children.some(mayPassBare) && node.children.every(mayBeAnonymous)
    default:
      return false
  }
}
