/** How keys are fetched, kept and given up. */
export interface FetchedKeysOptions {
  /**
   * Seconds between two fetches that succeed, at least: so often can tokens that name keys of their own make the service
   * fetch. A key that the issuer adds is known that much later at most. After a failure the next try waits 1 s, 2 s, 4 s
   * and so on, up to this. From 1 to 3,600. Default: 30.
   */
  readonly cooldownSeconds?: number | undefined
  /** Seconds that a fetch may take, with everything that belongs to it. From 0.1 to 60. Default: 5. */
  readonly timeoutSeconds?: number | undefined
  /**
   * Seconds for which keys are still good while fetches fail, counted from the last one that succeeded: how long an outage
   * of the issuer goes unnoticed, and how long a withdrawn key can live for somebody who blocks the fetches. Keys are good
   * as long as they are fresh in any case. Default: 86,400, a day.
   */
  readonly staleIfErrorSeconds?: number | undefined
  /**
   * What `export()` wrote, from a place that only the service writes to: keys to begin with, as old as they are. Default:
   * nothing, so that the first request waits for a fetch.
   */
  readonly warmStart?: string | undefined
  /** Fetches. Adds header fields where the issuer wants some. Default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
  /**
   * Allows `http:` to other hosts than this one.
   *
   * @deprecated Not for production: whoever is on the way can hand in keys of their own, and so make any token.
   */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

/** The options with their defaults. */
export interface FetchedKeysSettings {
  readonly cooldownSeconds: number
  readonly timeoutSeconds: number
  readonly staleIfErrorSeconds: number
  readonly fetch: typeof globalThis.fetch
  readonly clock: () => number
  readonly allowHttp: boolean
}

const LONGEST = 10 * 365 * 86_400

/** @throws TypeError when an option is not what it must be. */
export function settingsOf(factory: string, options: FetchedKeysOptions): FetchedKeysSettings {
  const { fetch = (...request) => globalThis.fetch(...request), clock = () => Date.now() / 1000 } = options
  if (typeof fetch !== 'function') throw new TypeError(`${factory}: "fetch" must be a function`)
  if (typeof clock !== 'function') throw new TypeError(`${factory}: "clock" must be a function`)
  const seconds = (name: 'cooldownSeconds' | 'timeoutSeconds' | 'staleIfErrorSeconds', ...range: Range): number => {
    const [minimum, maximum, standard] = range
    const value = options[name] ?? standard
    if (typeof value === 'number' && value >= minimum && value <= maximum) return value
    throw new TypeError(`${factory}: "${name}" must be a number from ${minimum} to ${maximum}`)
  }
  return {
    cooldownSeconds: seconds('cooldownSeconds', 1, 3600, 30),
    timeoutSeconds: seconds('timeoutSeconds', 0.1, 60, 5),
    staleIfErrorSeconds: seconds('staleIfErrorSeconds', 0, LONGEST, 86_400),
    fetch,
    clock,
    allowHttp: options.dangerouslyAllowHttp === true,
  }
}

type Range = readonly [minimum: number, maximum: number, standard: number]

/**
 * Takes a URL from which keys may come: `https:`, or `http:` to this very machine.
 *
 * @returns the problem, said of the URL, or the URL.
 */
export function trustedUrl(value: unknown, allowHttp: boolean): URL | string {
  const isText = typeof value === 'string' || value instanceof URL
  // What `new URL` would silently take away or turn round is no part of a URL.
  if (!isText || !URL.canParse(value) || /[^!-~]|\\/.test(String(value))) return 'must be an absolute URL'
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return 'must have no user and no password in it'
  if (url.protocol === 'https:') return url
  if (url.protocol === 'http:' && (allowHttp || isLoopback(url))) return url
  return 'must be an "https:" URL; "http:" goes to this machine only'
}

/** Whether a URL leads to this very machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}
