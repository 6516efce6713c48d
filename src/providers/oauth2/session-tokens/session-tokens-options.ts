import type { OneTimeStore } from '../../../core/ports.ts'
import type { SealingKey } from '../../../crypto/key-ring.ts'
import { OAuth2Client } from '../client.ts'
import type { TokenSessions } from './token-writer.ts'

/** What `sessionTokens()` is told. */
export interface SessionTokensOptions {
  /** Whose tokens they are. Made by `oauth2Client()` or `oidcClient()`, and given to the provider as `client` as well. */
  readonly client: OAuth2Client
  /** Stored sessions, made by `sessions()`: those that the login starts. */
  readonly sessions: TokenSessions
  /** By which the tokens are sealed. The first seals, all open. Default: the keys of the client. */
  readonly keys?: readonly SealingKey[] | undefined
  /**
   * Where it is noted who refreshes, so that of several processes one does. They need a store that they share, such as
   * `redisOneTimeStore()`. Default: the store of the client.
   */
  readonly store?: OneTimeStore | undefined
  /**
   * Tells apart the tokens of several clients whose logins start the same sessions: 1 to 64 letters, digits, `.`, `_` or `-`.
   * Default: `tokens`.
   */
  readonly name?: string | undefined
  /**
   * How many seconds before an access token is over it is refreshed, 0 to 3,600; half of its life where that is less.
   * Default: 60.
   */
  readonly refreshBeforeSeconds?: number | undefined
  /**
   * For how many seconds others wait for the one that refreshes before they do it themselves, up to 120; more than the client's
   * `timeoutSeconds`. Default: 15, or 10 more than those.
   */
  readonly leaseSeconds?: number | undefined
  /**
   * After how many seconds an access token is refreshed of which the server does not say how long it lives, 1 to 86,400. Until
   * it has another it is used however old it is. Default: 3,600.
   */
  readonly unknownLifeSeconds?: number | undefined
  /**
   * Receives what nobody waits for: tokens that do not open, that could not be written or not be revoked. Never has a token in
   * it. Default: a line on `console.error`.
   */
  readonly onFault?: ((fault: Error) => unknown) | undefined
}

/** The options, checked and with their defaults. */
interface SettledOptions extends Pick<SessionTokensOptions, 'client' | 'sessions'> {
  readonly keys: readonly SealingKey[]
  readonly store: OneTimeStore
  readonly name: string
  readonly refreshBeforeSeconds: number
  readonly leaseSeconds: number
  readonly unknownLifeSeconds: number
  readonly fault: (message: string, cause?: unknown) => void
}

/** @throws TypeError when an option cannot be used. */
export function settledOptions(options: SessionTokensOptions): SettledOptions {
  const wrong = (problem: string): TypeError => new TypeError(`sessionTokens(): ${problem}`)
  const { client, sessions, name = 'tokens', onFault = complain } = options ?? {}
  if (!(client instanceof OAuth2Client)) throw wrong('"client" must be made by oauth2Client() or oidcClient()')
  if (typeof sessions?.readKept !== 'function' || typeof sessions.list !== 'function') {
    throw wrong('"sessions" must be made by sessions()')
  }
  const { keys = client.options.keys, store = client.shared.store } = options
  if (typeof store?.consume !== 'function') throw wrong('"store" must be a OneTimeStore')
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
    throw wrong('"name" must be 1 to 64 letters, digits, ".", "_" or "-"')
  }
  if (typeof onFault !== 'function') throw wrong('"onFault" must be a function')
  const { timeoutSeconds } = client.shared
  const within = (option: string, value: number, least: number, most: number): number => {
    if (typeof value === 'number' && value >= least && value <= most) return value
    throw wrong(`"${option}" must be a number from ${least} to ${most}`)
  }
  const {
    refreshBeforeSeconds = 60,
    leaseSeconds = Math.max(15, timeoutSeconds + 10),
    unknownLifeSeconds = 3600,
  } = options
  within('leaseSeconds', leaseSeconds, 0.1, 120)
  if (leaseSeconds <= timeoutSeconds) throw wrong('"leaseSeconds" must be more than the "timeoutSeconds" of the client')
  return {
    client,
    sessions,
    name,
    keys,
    store,
    fault: (message: string, cause?: unknown) => {
      tell(onFault, new Error(message, cause === undefined ? {} : { cause }))
    },
    refreshBeforeSeconds: within('refreshBeforeSeconds', refreshBeforeSeconds, 0, 3600),
    leaseSeconds,
    unknownLifeSeconds: within('unknownLifeSeconds', unknownLifeSeconds, 1, 86_400),
  }
}

/** Never rejects: nobody waits for it. */
async function tell(onFault: NonNullable<SessionTokensOptions['onFault']>, fault: Error): Promise<void> {
  try {
    await onFault(fault)
  } catch {
    console.error('becauth: "onFault" of sessionTokens() threw')
  }
}

function complain({ message }: Error): void {
  console.error(`becauth: ${message}`)
}
