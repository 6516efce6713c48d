import * as crypto from 'node:crypto'

// Bun and Deno run this file too, and not every version of theirs has the one-call function.
const oneCall: typeof crypto.hash | undefined = 'hash' in crypto ? crypto.hash : undefined

/** Hashes octets at once. */
export function digest(algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512', data: Uint8Array): Uint8Array {
  if (oneCall === undefined) return crypto.createHash(algorithm).update(data).digest()
  return oneCall(algorithm, data, 'buffer')
}
