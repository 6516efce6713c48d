import type { Awaitable } from '../../core/provider.ts'
import type { Peer } from '../../core/request.ts'
import type { Refused } from '../../core/who.ts'

/** What can be said about an adapter for WHATWG requests. `Rest` is what the runtime gives beside the request. */
export interface FetchOptions<Rest extends readonly unknown[] = readonly unknown[]> {
  /**
   * Answers refused requests in the application's own way. It cannot let anybody through: answering nothing or throwing
   * sends the refusal as it is. Status and header fields of the refusal are in `refused.response`; a 401 should keep
   * the challenges. Default: the refusal as it is.
   */
  readonly onRefused?:
    | ((refused: Refused, request: Request, ...rest: Rest) => Awaitable<Response | undefined>)
    | undefined
  /**
   * Rejects with what a provider threw, for the runtime's own error handling, instead of answering 503. It comes before
   * `onRefused`. Default: `false`.
   */
  readonly passErrors?: boolean | undefined
  /** Tells who is at the other end of the connection, where the runtime knows. Default: the address is unknown. */
  readonly peer?: ((request: Request, ...rest: Rest) => Peer) | undefined
}
