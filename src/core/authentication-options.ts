import type { AuthenticationListener } from './events.ts'
import type { SurroundingsOptions } from './surroundings.ts'

/** What `authentication()` is told beside its providers. */
export interface AuthenticationOptions extends SurroundingsOptions {
  /** How long one call of a provider or callback may take, in seconds. Default: 10. Then it is an `Error`: 503. */
  readonly timeoutSeconds?: number | undefined
  /** Origins, beside the service's own, whose pages may send cookies and Basic credentials. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Puts the reason of a refusal into its body. Default: `false`, since it helps whoever is guessing. */
  readonly exposeReason?: boolean | undefined
  /** Watch decisions; they cannot change them. */
  readonly listeners?: readonly AuthenticationListener[] | undefined
  /** Receives what a listener threw. Default: the class name on `console.error`. */
  readonly onListenerError?: ((error: unknown) => unknown) | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
  /** Random bytes. Default: Web Crypto's. */
  readonly random?: ((bytes: number) => Uint8Array) | undefined
  /** Used by providers that call other services. Default: the runtime's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Accepts credentials that a browser attached by itself from any site.
   *
   * @deprecated Not for production: any page on the web can then act as its visitors.
   */
  readonly dangerouslyAllowCrossSite?: boolean | undefined
}
