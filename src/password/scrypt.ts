import { scrypt } from 'node:crypto'
import { type Algorithm, type Recipe, within } from './recipe.ts'

/** scrypt's cost. */
export interface ScryptParameters {
  /** N, a power of two. */
  readonly cost: number
  /** r. */
  readonly blockSize: number
  /** p. */
  readonly parallelism: number
}

/** One hash to compute. */
export interface ScryptJob extends ScryptParameters {
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly length: number
}

export type Scrypt = (job: ScryptJob) => Promise<Uint8Array>

const MAX_LOG_COST = 20
const MAX_BLOCK_SIZE = 32
const MAX_PARALLELISM = 16
const MAX_MEMORY_BYTES = 2 ** 30
/** Memory times parallelism, which is what time grows with. */
const MAX_WORK_BYTES = 2 ** 32

export const scryptLimits =
  '"cost" a power of two from 2 to 1,048,576 and below 2^(16 × blockSize), "blockSize" from 1 to 32, "parallelism" from 1 to 16, at most 1 GiB of memory (128 × cost × blockSize) and 4 GiB of memory times parallelism'

/** The recipe of scrypt, or `undefined` when a parameter is over its cap. */
export function scryptRecipe({ cost, blockSize, parallelism }: ScryptParameters, derive: Scrypt): Recipe | undefined {
  const log = Math.log2(cost)
  const memory = 128 * cost * blockSize
  if (!within([log, blockSize, parallelism], [MAX_LOG_COST, MAX_BLOCK_SIZE, MAX_PARALLELISM])) return undefined
  // RFC 7914, section 2: N must be less than 2^(128 × r / 8).
  if (log >= 16 * blockSize) return undefined
  if (memory > MAX_MEMORY_BYTES || memory * parallelism > MAX_WORK_BYTES) return undefined
  return {
    id: 'scrypt',
    version: undefined,
    parameters: [
      ['ln', log],
      ['r', blockSize],
      ['p', parallelism],
    ],
    derive: (password, salt, length) => derive({ cost, blockSize, parallelism, password, salt, length }),
  }
}

/** scrypt as PHC strings name it: `ln` is the binary logarithm of N. */
export function scryptAlgorithm(derive: Scrypt): Algorithm {
  return {
    parameters: ['ln', 'r', 'p'],
    recipe: ([log = 0, blockSize = 0, parallelism = 0], version) =>
      version === undefined ? scryptRecipe({ cost: 2 ** log, blockSize, parallelism }, derive) : undefined,
  }
}

/**
 * scrypt on the thread pool. Node's own memory limit of 32 MiB would refuse the cost that OWASP recommends.
 *
 * @see RFC 7914, section 6
 */
export function deriveScrypt(job: ScryptJob): Promise<Uint8Array> {
  const { cost, blockSize, parallelism, password, salt, length } = job
  const maxmem = 128 * blockSize * (cost + parallelism + 2) + 1024
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { cost, blockSize, parallelization: parallelism, maxmem }, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    )
  })
}
