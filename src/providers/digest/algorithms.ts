import type { DigestHash } from '../../crypto/digest-hash.ts'

/**
 * An algorithm as challenges and credentials name it. With `-sess` the hash of the password is hashed once more, with the
 * nonce and the client's nonce.
 *
 * @see RFC 7616, section 3.4.2
 */
export type DigestAlgorithm = DigestHash | `${DigestHash}-sess`

/** What there is to know about an algorithm. */
export interface AlgorithmRow {
  readonly name: DigestAlgorithm
  readonly hash: DigestHash
  readonly session: boolean
  /** How many hexadecimal digits a hash has. */
  readonly digits: 32 | 64
}

const rows: ReadonlyMap<string, AlgorithmRow> = new Map(
  [row('MD5', 32), row('SHA-256', 64), row('SHA-512-256', 64)].flat().map((one) => [one.name.toLowerCase(), one]),
)

function row(hash: DigestHash, digits: 32 | 64): readonly AlgorithmRow[] {
  return [
    { name: hash, hash, session: false, digits },
    { name: `${hash}-sess`, hash, session: true, digits },
  ]
}

/** Finds an algorithm by its name, in whatever case. */
export function algorithmNamed(name: string): AlgorithmRow | undefined {
  return rows.get(name.toLowerCase())
}
