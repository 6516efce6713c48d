import { pbkdf2 } from 'node:crypto'
import { type Algorithm, type Recipe, within } from './recipe.ts'

/** One hash to compute, with HMAC-SHA-256. */
export interface Pbkdf2Job {
  readonly iterations: number
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly length: number
}

export type Pbkdf2 = (job: Pbkdf2Job) => Promise<Uint8Array>

const MAX_ITERATIONS = 10_000_000

export const pbkdf2Limits = '"iterations" from 1 to 10,000,000'

/** The recipe of PBKDF2 with HMAC-SHA-256, or `undefined` when the iterations are over their cap. */
export function pbkdf2Recipe(iterations: number, derive: Pbkdf2): Recipe | undefined {
  if (!within([iterations], [MAX_ITERATIONS])) return undefined
  return {
    id: 'pbkdf2-sha256',
    version: undefined,
    parameters: [['i', iterations]],
    derive: (password, salt, length) => derive({ iterations, password, salt, length }),
  }
}

/** PBKDF2 as PHC strings name it. */
export function pbkdf2Algorithm(derive: Pbkdf2): Algorithm {
  return {
    parameters: ['i'],
    recipe: ([iterations = 0], version) => (version === undefined ? pbkdf2Recipe(iterations, derive) : undefined),
  }
}

/**
 * PBKDF2 with HMAC-SHA-256 on the thread pool.
 *
 * @see RFC 8018, section 5.2
 */
export function derivePbkdf2({ iterations, password, salt, length }: Pbkdf2Job): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, 'sha256', (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    )
  })
}
