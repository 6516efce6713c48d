import type { Deadlines } from './deadlines.ts'
import type { Announcer } from './events.ts'
import type { Surroundings } from './surroundings.ts'

/** The settings of one `authentication()`, read-only and shared by everything that decides. */
export interface Engine {
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSeconds: number
  readonly deadlines: Deadlines
  readonly exposeReason: boolean
  readonly allowedOrigins: ReadonlySet<string>
  readonly allowCrossSite: boolean
  readonly surroundings: Surroundings
  readonly announce: Announcer
}
