import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { timingSafeEqual } from '#crypto'
import type { PasswordOctets } from './format.ts'

const derive = promisify(pbkdf2)

export interface Pbkdf2Hash {
  readonly hash: 'sha1' | 'sha256' | 'sha512'
  readonly iterations: number
  readonly salt: Uint8Array
  readonly expected: Uint8Array
}

/**
 * Whether a password belongs to a PBKDF2 hash. It runs to its end whatever happens, so that a slot of the queue is free
 * only when the processor is.
 *
 * @see RFC 8018, section 5.2
 */
export async function pbkdf2Matches(
  { hash, iterations, salt, expected }: Pbkdf2Hash,
  { received, normalised }: PasswordOctets,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (timingSafeEqual(await derive(received, salt, iterations, expected.length, hash), expected)) return true
  if (normalised === undefined || signal?.aborted === true) return false
  return timingSafeEqual(await derive(normalised, salt, iterations, expected.length, hash), expected)
}
