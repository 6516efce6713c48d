import type { Awaitable } from '../core/provider.ts'
import type { HeaderField } from '../core/request.ts'
import type { Requirement } from '../core/requirement.ts'
import type { Refused, Who } from '../core/who.ts'

/** What a contract route's handler may do, whatever the framework. */
export interface ContractIo {
  /** The request header field, joined. */
  header(name: string): string | undefined
  /** Sets a response header field before the answer, by the framework's own means. */
  setHeader(name: string, value: string): void
  /** The whole request body as text, read by the framework's own means (for Node: from the stream). */
  readBody(): Promise<string>
}

/** The answer of a contract route's handler. */
export interface ContractAnswer {
  readonly status?: number
  readonly body: string
}

/** One route that an adapter must mount. */
export interface ContractRoute {
  /** A `GET` route must answer HEAD as well. */
  readonly method: string
  /** Without the query, which routing must ignore. */
  readonly path: string
  /** Outermost first; the handler is inside the last. Two or more are stacked scopes, by the framework's own nesting. */
  readonly scopes: readonly Requirement[]
  /** Whether to mount by `authenticate()` and `.of()`, or by `protect()`; routes for `protect` have exactly one scope. */
  readonly style: 'authenticate' | 'protect'
  /** Is given the `who` of the innermost scope. */
  readonly handler: (who: Who, io: ContractIo) => Awaitable<ContractAnswer>
  /** Answers refusals by the adapter's own hook, where given; `undefined` leaves the refusal as it is. */
  readonly onRefused?: (refused: Refused) => Awaitable<ContractAnswer | undefined>
  /** Hands thrown errors to the framework's error handler, which must answer 500 with the body `framework: <message>`. */
  readonly passErrors?: boolean
  /** A header field that an outer middleware (CORS, say) sets before the scopes run. */
  readonly presetHeader?: HeaderField
  /**
   * The handler must call `.of()` of a middleware that was made but never mounted, and answer 200 with
   * `<name>: <message>` of what that threw, or with `nothing` when it threw nothing; `handler` is not called.
   */
  readonly probeUnmounted?: boolean
}

/** A running server with these routes. */
export interface MountedRoutes {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

/** An adapter as the contract suite sees it. */
export interface AdapterSubject {
  readonly name: string
  /** Whether several `WWW-Authenticate` lines arrive as several lines. */
  readonly keepsFieldLines: boolean
  mount(routes: readonly ContractRoute[]): Promise<MountedRoutes>
}
