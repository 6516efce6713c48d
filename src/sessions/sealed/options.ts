import type { Awaitable } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { SealingKey } from '../../crypto/key-ring.ts'
import { createSealer, type Sealer } from '../../crypto/seal.ts'
import { cookieTransport, type SessionCookieOptions, type Transport } from '../transport.ts'

/** What `sealedSessions()` is told. */
export interface SealedSessionsOptions<D> {
  /**
   * The key ring: the first seals, all open, and what an older one sealed is sealed again when it is read. Put a new key
   * first on every process, and take the old one out `absoluteSeconds` later; taken out at once it logs everybody out.
   */
  readonly keys: readonly SealingKey[]
  /**
   * For how many seconds after the login a session lives. At most 12 hours, since nothing can end a sealed session
   * before, unless `notBefore` is there.
   */
  readonly absoluteSeconds: number
  /**
   * After how many seconds without a request it ends. The cookie is written again when a tenth of them has passed, so it
   * may end a tenth early. Default: never before `absoluteSeconds`.
   */
  readonly idleSeconds?: number | undefined
  /** What the data must be, as a Standard Schema (Zod, Valibot, ArkType …) that does not transform: it is kept as JSON. */
  readonly schema: StandardSchema<D, D>
  /** Raise it with every change of `schema` that old data does not fit. Default: 1. */
  readonly dataVersion?: number | undefined
  /**
   * Makes data of an older `dataVersion` fit; a throw is an `Error`, 503. Default: sessions with older data are over.
   */
  readonly migrate?: ((data: unknown, from: number) => Awaitable<D>) | undefined
  /**
   * Looks up since when a subject's sessions count, in seconds since 1970: what was logged in before is revoked.
   * `undefined`: all count. Asked at every request; a throw is an `Error`, 503. Default: all count.
   */
  readonly notBefore?: ((subject: string, signal: AbortSignal) => Awaitable<number | undefined>) | undefined
  /** A session opens only under the cookie name for which it was sealed. */
  readonly cookie?: SessionCookieOptions | undefined
  /** Over how many cookies of 3,900 bytes a session may be spread. Default: 1. */
  readonly chunks?: 1 | 2 | undefined
  /** Seconds since 1970, for `login` and `replace`. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** The options, checked and filled up. */
export interface Settings<D> {
  readonly sealer: Sealer
  readonly absoluteSeconds: number
  readonly idleSeconds: number | undefined
  readonly schema: StandardSchema<D, D>
  readonly dataVersion: number
  readonly migrate: SealedSessionsOptions<D>['migrate']
  readonly notBefore: SealedSessionsOptions<D>['notBefore']
  /** The cookie, and the one for what does not fit into it, where there may be one. */
  readonly transports: readonly [Transport, Transport?]
  /** The cookie that says for what a browser was sent to log in once more. */
  readonly errand: Transport
  /** Whether the cookie outlives the browser's window. */
  readonly persistent: boolean
  /** Whether logging out may tell a browser to clear its cache: it listens on secure origins only. */
  readonly secure: boolean
  readonly clock: () => number
}

const LONGEST = 12 * 3600
const OWNER = 'sealedSessions()'

/** @throws TypeError when an option cannot be used. */
export function settingsOf<D>(options: SealedSessionsOptions<D>): Settings<D> {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${OWNER}: wants an object of options`)
  const { schema, dataVersion = 1, migrate, notBefore, chunks = 1, cookie = {} } = options
  const { clock = () => Date.now() / 1000 } = options
  const first = cookieTransport(cookie, '', OWNER)
  for (const [name, callback] of Object.entries({ migrate, notBefore, clock })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`${OWNER}: "${name}" must be a function`)
    }
  }
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new TypeError(`${OWNER}: "schema" must be a Standard Schema`)
  }
  if (!Number.isSafeInteger(dataVersion) || dataVersion < 1) {
    throw new TypeError(`${OWNER}: "dataVersion" must be a whole number from 1`)
  }
  if (chunks !== 1 && chunks !== 2) throw new TypeError(`${OWNER}: "chunks" must be 1 or 2`)
  return {
    sealer: createSealer(options.keys, { owner: OWNER }),
    ...lifetimesOf(options),
    schema,
    dataVersion,
    migrate,
    notBefore,
    transports: chunks === 1 ? [first] : [first, cookieTransport(cookie, '-2', OWNER)],
    errand: cookieTransport(cookie, '-errand', OWNER),
    persistent: cookie.persistent === true,
    secure: cookie.dangerouslyAllowInsecureCookie !== true,
    clock,
  }
}

function lifetimesOf<D>({
  absoluteSeconds,
  idleSeconds,
  notBefore,
}: SealedSessionsOptions<D>): Pick<Settings<D>, 'absoluteSeconds' | 'idleSeconds'> {
  if (!Number.isSafeInteger(absoluteSeconds) || absoluteSeconds < 1) {
    throw new TypeError(`${OWNER}: "absoluteSeconds" must be a whole number from 1`)
  }
  if (notBefore === undefined && absoluteSeconds > LONGEST) {
    throw new TypeError(
      `${OWNER}: "absoluteSeconds" must be at most ${LONGEST}, since only "notBefore" could end a session earlier`,
    )
  }
  if (
    idleSeconds !== undefined &&
    !(Number.isSafeInteger(idleSeconds) && idleSeconds >= 1 && idleSeconds <= absoluteSeconds)
  ) {
    throw new TypeError(`${OWNER}: "idleSeconds" must be a whole number from 1 to "absoluteSeconds"`)
  }
  return { absoluteSeconds, idleSeconds }
}
