import type { AuthenticationContext, Awaitable } from '../core/provider.ts'
import type { RememberStore, SessionStore } from '../core/session-store.ts'
import type { StandardSchema } from '../core/standard-schema.ts'
import type { DataSettings } from './data.ts'
import type { RandomSource } from './key.ts'
import { cookieTransport, headerTransport, type SessionCookieOptions, type Transport } from './transport.ts'

/** How many sessions one person may have at a time. */
export interface MaxConcurrent {
  /** A whole number above 0. */
  readonly limit: number
  /** Whether a login beyond it is refused, or ends the oldest sessions. */
  readonly onExceed: 'refuse' | 'oldest'
}

/** How browsers are remembered beyond their sessions. */
export interface RememberOptions<D> {
  readonly store: RememberStore
  /**
   * Makes the data of a new session for somebody who is remembered, and `null` for somebody who may no longer come in,
   * whose browser is then forgotten. A throw is an `Error`, 503.
   */
  readonly restore: NoInfer<(subject: string, context: AuthenticationContext) => Awaitable<D | null>>
  /** For how long after its last use a browser is remembered. Default: 2,592,000, which is 30 days. */
  readonly ttlSeconds?: number | undefined
  /**
   * Called when a token came again that was used before: somebody has a copy of the cookie. The family of tokens and its
   * sessions have been ended by then. Tell the person. What it throws is a fault. Default: nothing.
   */
  readonly onTheft?: ((subject: string, context: AuthenticationContext) => unknown) | undefined
}

interface CommonOptions<D> {
  readonly store: SessionStore
  /** Raise it with every change of `schema` that old data does not fit. Default: 1. */
  readonly dataVersion?: number | undefined
  /** Makes data of an older `dataVersion` fit; a throw is an `Error`, 503. Default: sessions with older data are over. */
  readonly migrate?: NoInfer<(data: unknown, from: number) => Awaitable<D>> | undefined
  /** After how many seconds without a request a session is over. Default: 86,400, which is a day. */
  readonly idleSeconds?: number | undefined
  /** How many seconds after the login a session is over in any case. Default: 604,800, which is a week. */
  readonly absoluteSeconds?: number | undefined
  /** How often requests renew a session at most, in seconds; less than `idleSeconds`. Default: 300, or a quarter of `idleSeconds`. */
  readonly touchEverySeconds?: number | undefined
  /** Default: any number. */
  readonly maxConcurrent?: MaxConcurrent | undefined
  /** Default: no browser is remembered. */
  readonly remember?: RememberOptions<D> | undefined
  readonly cookie?: SessionCookieOptions | undefined
  /** A header field that carries the session instead of a cookie, for clients that are no browsers. Default: none. */
  readonly header?: string | undefined
  /** How long a call may take, in seconds, where no provider's time-out bounds it. Default: 10. */
  readonly timeoutSeconds?: number | undefined
  /** Seconds since 1970, for calls outside a decision. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
  /** Random octets, for calls outside a decision. Default: Web Crypto's. */
  readonly random?: RandomSource | undefined
}

interface PlainData<D> {
  /** What the data must be, as a Standard Schema (Zod, Valibot, ArkType …) that does not transform: it is kept as JSON. */
  readonly schema: StandardSchema<D, D>
  readonly encode?: undefined
  readonly decode?: undefined
}

interface EncodedData<D> {
  /** What the data must be, as a Standard Schema; it is given what `decode` answered. */
  readonly schema: StandardSchema<D>
  /** Turns the data into something that JSON can carry. */
  readonly encode: (data: D) => unknown
  /** Turns what JSON carried into what the schema takes. Default: it stays as it is. */
  readonly decode?: ((stored: unknown) => unknown) | undefined
}

/** What `sessions()` is told. */
export type SessionsOptions<D> = CommonOptions<D> & (PlainData<D> | EncodedData<D>)

/** The options of remembering, checked and filled up. */
export interface RememberSettings<D> {
  readonly store: RememberStore
  readonly restore: RememberOptions<D>['restore']
  readonly ttlSeconds: number
  readonly onTheft: RememberOptions<D>['onTheft']
  readonly transport: Transport
}

/** The options, checked and filled up. */
export interface Settings<D> extends DataSettings<D> {
  readonly store: SessionStore
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly touchEverySeconds: number
  readonly maxConcurrent: MaxConcurrent | undefined
  readonly remember: RememberSettings<D> | undefined
  readonly transport: Transport
  /** The cookie that says for what a browser was sent to log in once more; a header field has no such thing. */
  readonly errand: Transport | undefined
  /** The `Max-Age` of the session's cookie. */
  readonly maxAge: number | undefined
  /** Whether logging out may tell a browser to clear its cache: it listens on secure origins only. */
  readonly secure: boolean
  readonly timeoutSeconds: number
  readonly clock: () => number
  readonly random: RandomSource
}

/** @throws TypeError when an option cannot be used. */
export function settingsOf<D>(options: SessionsOptions<D>): Settings<D> {
  if (typeof options !== 'object' || options === null) throw new TypeError('sessions(): wants an object of options')
  const { store, schema, dataVersion = 1, migrate, encode, decode, cookie = {}, header, timeoutSeconds = 10 } = options
  const { clock = () => Date.now() / 1000, random = randomOctets, maxConcurrent } = options
  if (!isStore(store, 'rotate')) throw new TypeError('sessions(): "store" must be a SessionStore')
  for (const [name, callback] of Object.entries({ migrate, encode, decode, clock, random })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`sessions(): "${name}" must be a function`)
    }
  }
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new TypeError('sessions(): "schema" must be a Standard Schema')
  }
  mustBeWhole(dataVersion, 'dataVersion')
  if (!(timeoutSeconds > 0 && timeoutSeconds <= 3600)) {
    throw new TypeError('sessions(): "timeoutSeconds" must be more than 0 and at most 3600')
  }
  if (maxConcurrent !== undefined) {
    mustBeWhole(maxConcurrent.limit, 'maxConcurrent.limit')
    if (maxConcurrent.onExceed !== 'refuse' && maxConcurrent.onExceed !== 'oldest') {
      throw new TypeError('sessions(): "maxConcurrent.onExceed" must be "refuse" or "oldest"')
    }
  }
  const lifetimes = lifetimesOf(options)
  return {
    store,
    schema,
    dataVersion,
    migrate,
    encode,
    decode,
    ...lifetimes,
    maxConcurrent,
    remember: rememberOf(options),
    transport: header === undefined ? cookieTransport(cookie, '') : headerTransport(header),
    errand: header === undefined ? cookieTransport(cookie, '-errand') : undefined,
    maxAge: cookie.persistent === true ? lifetimes.absoluteSeconds : undefined,
    secure: header === undefined && cookie.dangerouslyAllowInsecureCookie !== true,
    timeoutSeconds,
    clock,
    random,
  }
}

type Lifetimes = Pick<Settings<unknown>, 'idleSeconds' | 'absoluteSeconds' | 'touchEverySeconds'>

function lifetimesOf<D>(options: SessionsOptions<D>): Lifetimes {
  const { idleSeconds = 86_400, absoluteSeconds = 604_800 } = options
  const { touchEverySeconds = Math.max(1, Math.min(300, Math.floor(idleSeconds / 4))) } = options
  mustBeWhole(idleSeconds, 'idleSeconds')
  mustBeWhole(absoluteSeconds, 'absoluteSeconds')
  mustBeWhole(touchEverySeconds, 'touchEverySeconds')
  if (touchEverySeconds >= idleSeconds && idleSeconds > 1) {
    throw new TypeError('sessions(): "touchEverySeconds" must be less than "idleSeconds"')
  }
  return { idleSeconds, absoluteSeconds, touchEverySeconds }
}

function rememberOf<D>({ remember, header, cookie = {} }: SessionsOptions<D>): RememberSettings<D> | undefined {
  if (remember === undefined) return undefined
  const { store, restore, ttlSeconds = 2_592_000, onTheft } = remember
  if (header !== undefined) throw new TypeError('sessions(): "remember" needs a cookie and does not go with "header"')
  if (!isStore(store, 'exchange')) throw new TypeError('sessions(): "remember.store" must be a RememberStore')
  if (typeof restore !== 'function') throw new TypeError('sessions(): "remember.restore" must be a function')
  if (onTheft !== undefined && typeof onTheft !== 'function') {
    throw new TypeError('sessions(): "remember.onTheft" must be a function')
  }
  mustBeWhole(ttlSeconds, 'remember.ttlSeconds')
  return { store, restore, ttlSeconds, onTheft, transport: cookieTransport(cookie, '-remember') }
}

function mustBeWhole(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new TypeError(`sessions(): "${name}" must be a whole number from 1`)
  }
}

function isStore(store: unknown, method: string): boolean {
  return typeof store === 'object' && store !== null && typeof Reflect.get(store, method) === 'function'
}

function randomOctets(bytes: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(bytes))
}
