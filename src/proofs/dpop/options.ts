import type { OneTimeStore } from '../../core/ports.ts'
import { runtimeHas } from '../../keys/algorithms.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { encodeUtf8 } from '../../wire/text.ts'

/**
 * The signature algorithms of proofs: the asymmetric ones.
 *
 * @see RFC 9449, section 4.3, step 5
 */
export type DpopAlgorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'EdDSA'
  | 'Ed25519'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'

/** How nonces are made that clients must put into their proofs. */
export interface DpopNonceOptions {
  /**
   * Keys with which nonces are authenticated, the current one first, each 32 octets or characters at least. All processes
   * behind one address must have the same. To rotate: add the new one at the end everywhere, then put it first everywhere,
   * then take the old one out. Default: a random key of this process.
   */
  readonly keys?: readonly (Uint8Array | string)[] | undefined
  /** How long a nonce is good, in seconds, 10 to 3600; clients get the next one after half of it. Default: 300. */
  readonly lifetimeSeconds?: number | undefined
}

/** What `dpop()` may be told. */
export interface DpopOptions {
  /**
   * Where the ids of proofs are remembered until they are too old to be used again. Several processes behind one address
   * need a store that they share, such as `redisOneTimeStore()`. Default: `memoryOneTimeStore()`, this process's memory.
   */
  readonly store?: OneTimeStore | undefined
  /** The algorithms accepted, the preferred one first; challenges name them. Default: ES256, ES384, Ed25519, EdDSA, PS256, RS256. */
  readonly algorithms?: readonly DpopAlgorithm[] | undefined
  /** How long ago a proof may have been made, in seconds, 1 to 600. Default: 60. */
  readonly maxAgeSeconds?: number | undefined
  /** By how much clients' clocks may differ, in seconds, 0 to 600, both ways. Default: 30. */
  readonly clockToleranceSeconds?: number | undefined
  /**
   * Has clients put a nonce of this service into every proof, so that none can be made ahead of time; its age then counts
   * instead of the client's clock. Clients need one more round trip at first. Default: no nonce.
   *
   * @see RFC 9449, section 9
   */
  readonly nonce?: DpopNonceOptions | undefined
}

/** The options that a decision asks about, in place of what was left out. */
export interface DpopSettings {
  readonly store: OneTimeStore
  readonly algorithms: readonly string[]
  readonly maxAgeSeconds: number
  readonly clockToleranceSeconds: number
  readonly nonce: { readonly keys: readonly Uint8Array[]; readonly lifetimeSeconds: number } | undefined
}

const preferred: readonly DpopAlgorithm[] = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256']

const known: ReadonlySet<unknown> = new Set<DpopAlgorithm>([
  ...preferred,
  'ES512',
  'PS384',
  'PS512',
  'RS384',
  'RS512',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
])

const MINIMUM_KEY_BYTES = 32

/** @throws TypeError when an option cannot be used. */
export function settingsOf(options: DpopOptions): DpopSettings {
  if (typeof options !== 'object' || options === null) throw new TypeError('dpop(): wants an object of options')
  const { store = memoryOneTimeStore(), algorithms = preferred, nonce } = options
  if (typeof store?.consume !== 'function') throw new TypeError('dpop(): "store" must be a OneTimeStore')
  const isList = Array.isArray(algorithms) && algorithms.length > 0 && new Set(algorithms).size === algorithms.length
  if (!isList || !algorithms.every((alg) => known.has(alg) && runtimeHas(alg))) {
    throw new TypeError('dpop(): "algorithms" must be a list of different asymmetric algorithms that this runtime has')
  }
  return {
    store,
    algorithms: Object.freeze([...algorithms]),
    maxAgeSeconds: between(options.maxAgeSeconds ?? 60, 1, 600, 'maxAgeSeconds'),
    clockToleranceSeconds: between(options.clockToleranceSeconds ?? 30, 0, 600, 'clockToleranceSeconds'),
    nonce: nonce === undefined ? undefined : nonceSettingsOf(nonce),
  }
}

function nonceSettingsOf(nonce: DpopNonceOptions): NonNullable<DpopSettings['nonce']> {
  if (typeof nonce !== 'object' || nonce === null) throw new TypeError('dpop(): "nonce" must be an object of options')
  const { keys = [], lifetimeSeconds = 300 } = nonce
  const octets = Array.isArray(keys) && (nonce.keys === undefined || keys.length > 0) ? keys.map(octetsOf) : []
  const usable = octets.filter((key) => key !== undefined && key.length >= MINIMUM_KEY_BYTES)
  if (!Array.isArray(keys) || usable.length < keys.length || (nonce.keys !== undefined && keys.length === 0)) {
    throw new TypeError(`dpop(): "nonce.keys" must be a list of keys of at least ${MINIMUM_KEY_BYTES} octets`)
  }
  return {
    keys: usable.filter((key) => key !== undefined),
    lifetimeSeconds: between(lifetimeSeconds, 10, 3600, 'nonce.lifetimeSeconds'),
  }
}

function octetsOf(key: unknown): Uint8Array | undefined {
  if (typeof key === 'string') return encodeUtf8(key)
  return key instanceof Uint8Array ? Uint8Array.from(key) : undefined
}

function between(value: number, least: number, most: number, name: string): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new TypeError(`dpop(): "${name}" must be a number of seconds from ${least} to ${most}`)
}
