import { createHash } from 'node:crypto'
import type { DigestHash } from './htdigest.ts'
import { fieldsOf, significantLines } from './lines.ts'

/** What the file has for one user in one realm, in lower-case hexadecimal digits. */
export interface StoredHashes {
  readonly md5?: string | undefined
  readonly sha256?: string | undefined
}

const MD5_DIGITS = 32
const SHA256_DIGITS = 64

/** The lines of a file of `htdigest`. */
export class HtdigestTable {
  /** By `name:realm`: neither has a colon, or the file could not tell them apart. */
  readonly #hashes: ReadonlyMap<string, StoredHashes>
  readonly #usernames = new Map<string, ReadonlyMap<string, string>>()

  constructor(hashes: ReadonlyMap<string, StoredHashes>) {
    this.#hashes = hashes
  }

  /** Anybody's, to know which hash is usual here. */
  get decoy(): StoredHashes | undefined {
    return this.#hashes.values().next().value
  }

  hashes(username: string, realm: string): StoredHashes | undefined {
    return username.includes(':') ? undefined : this.#hashes.get(`${username}:${realm}`)
  }

  ha1(username: string, realm: string, algorithm: DigestHash): string | undefined {
    const found = this.hashes(username, realm)
    return algorithm === 'MD5' ? found?.md5 : algorithm === 'SHA-256' ? found?.sha256 : undefined
  }

  /** Hashes all names of a realm when first asked, then looks up. */
  usernameOf(userhash: string, realm: string, algorithm: DigestHash): string | undefined {
    if (algorithm === 'SHA-512-256') return undefined
    const key = `${algorithm} ${realm}`
    let index = this.#usernames.get(key)
    if (index === undefined) {
      index = this.#index(realm, algorithm)
      // A realm without users is not kept: whoever asks could name any number of them.
      if (index.size > 0) this.#usernames.set(key, index)
    }
    return index.get(userhash)
  }

  #index(realm: string, algorithm: 'MD5' | 'SHA-256'): ReadonlyMap<string, string> {
    const hash = algorithm === 'MD5' ? 'md5' : 'sha256'
    const index = new Map<string, string>()
    for (const [key, stored] of this.#hashes) {
      const colon = key.indexOf(':')
      if (key.slice(colon + 1) !== realm || stored[hash] === undefined) continue
      index.set(createHash(hash).update(key).digest('hex'), key.slice(0, colon))
    }
    return index
  }
}

/** Reads the file, or answers the number of the first line that is wrong. The first hash of its kind counts. */
export function parseHtdigest(text: string): HtdigestTable | number {
  const hashes = new Map<string, StoredHashes>()
  for (const line of significantLines(text)) {
    const [name, realm, written] = fieldsOf(line, 3) ?? []
    if (name === undefined || realm === undefined || written === undefined) return line.number
    if (!/^[0-9a-f]+$/i.test(written)) return line.number
    const key = `${name}:${realm}`
    const hash = written.toLowerCase()
    const earlier = hashes.get(key)
    if (hash.length === MD5_DIGITS) hashes.set(key, { md5: hash, ...earlier })
    else if (hash.length === SHA256_DIGITS) hashes.set(key, { sha256: hash, ...earlier })
    else return line.number
  }
  return new HtdigestTable(hashes)
}
