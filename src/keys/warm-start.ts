import type { LoadedKeys } from './attempt.ts'
import { ownMember } from './jwk.ts'
import { publicJwks, readKeySet } from './key-set.ts'

/** Keys from an earlier run of the service. */
export interface WarmKeys extends LoadedKeys {
  /** When they were fetched, in seconds since 1970. */
  readonly fetchedAt: number
}

const FORMAT = 1

/** Writes keys for the next start of the service. */
export function formatWarmStart(origin: string, loaded: LoadedKeys, fetchedAt: number): string {
  const { keys, maxAgeSeconds = null } = loaded
  return JSON.stringify({ format: FORMAT, origin, fetchedAt, maxAgeSeconds, keys: publicJwks(keys) })
}

/**
 * Reads what `formatWarmStart` wrote.
 *
 * @throws TypeError when it is anything else, or of another origin: keys of one issuer must never serve another.
 */
export function readWarmStart(factory: string, origin: string, text: string | undefined): WarmKeys | undefined {
  if (text === undefined) return undefined
  const warm = typeof text === 'string' ? parse(text) : undefined
  if (warm === undefined) throw new TypeError(`${factory}: "warmStart" must be what "export()" wrote`)
  if (warm.origin !== origin) throw new TypeError(`${factory}: "warmStart" has the keys of somebody else`)
  return warm
}

function parse(text: string): (WarmKeys & { readonly origin: unknown }) | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || ownMember(value, 'format') !== FORMAT) return undefined
    const fetchedAt = ownMember(value, 'fetchedAt')
    const maxAgeSeconds = ownMember(value, 'maxAgeSeconds')
    if (typeof fetchedAt !== 'number' || (maxAgeSeconds !== null && typeof maxAgeSeconds !== 'number')) return undefined
    const read = readKeySet(text, [])
    return { ...read, fetchedAt, maxAgeSeconds: maxAgeSeconds ?? undefined, origin: ownMember(value, 'origin') }
  } catch {
    return undefined
  }
}
