import type { AuthenticationOptions } from './authentication-options.ts'
import { Deadlines } from './deadlines.ts'
import { Announcer } from './events.ts'
import { Surroundings } from './surroundings.ts'

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

/** @throws TypeError when an option cannot be used. */
export function engineOf(options: AuthenticationOptions): Engine {
  const { timeoutSeconds = 10, listeners = [] } = options
  const clock = options.clock ?? (() => Date.now() / 1000)
  if (!(timeoutSeconds > 0 && timeoutSeconds <= 3600)) {
    throw new TypeError('authentication(): "timeoutSeconds" must be more than 0 and at most 3600')
  }
  for (const [name, value] of Object.entries({ clock, random: options.random, fetch: options.fetch })) {
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`authentication(): "${name}" must be a function`)
    }
  }
  return Object.freeze({
    clock,
    random: options.random ?? ((bytes: number) => globalThis.crypto.getRandomValues(new Uint8Array(bytes))),
    fetch: options.fetch ?? ((...request: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...request)),
    timeoutSeconds,
    deadlines: new Deadlines(timeoutSeconds * 1000),
    exposeReason: options.exposeReason === true,
    allowedOrigins: new Set((options.allowedOrigins ?? []).map(originOf)),
    allowCrossSite: options.dangerouslyAllowCrossSite === true,
    surroundings: new Surroundings(options),
    announce: new Announcer(listeners, options.onListenerError, clock),
  })
}

function originOf(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text
  throw new TypeError('authentication(): "allowedOrigins" must be a list of origins such as "https://app.example"')
}
