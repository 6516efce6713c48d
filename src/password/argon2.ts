import { hashUnsupported } from './errors.ts'
import { type Algorithm, type Recipe, within } from './recipe.ts'

export type Argon2Type = 'argon2d' | 'argon2i' | 'argon2id'

/** The versions of Argon2 as PHC strings number them: 1.0 is 16, 1.3 is 19. */
export type Argon2Version = 16 | 19

/** One hash to compute. */
export interface Argon2Job {
  readonly type: Argon2Type
  readonly version: Argon2Version
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly length: number
}

/** Something that computes Argon2 off the main thread. */
export interface Argon2Backend {
  readonly versions: readonly Argon2Version[]
  readonly derive: (job: Argon2Job) => Promise<Uint8Array>
}

/** Argon2's cost. */
export interface Argon2Parameters {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

const MAX_MEMORY_KIB = 2 ** 21
const MAX_PASSES = 1024
const MAX_PARALLELISM = 16
/** Memory times passes, which is what time grows with: 4 GiB written once, some four seconds. */
const MAX_WORK_KIB = 2 ** 22

export const argon2Limits =
  '"memoryKib" from 8 per lane to 2,097,152, "passes" from 1 to 1,024, "parallelism" from 1 to 16, and memory times passes at most 4,194,304'

/** The recipe of Argon2, or `undefined` when a parameter is over its cap. `backend` is asked when a hash is computed. */
export function argon2Recipe(
  type: Argon2Type,
  version: Argon2Version,
  { memoryKib, passes, parallelism }: Argon2Parameters,
  backends: () => readonly Argon2Backend[],
): Recipe | undefined {
  if (!within([memoryKib, passes, parallelism], [MAX_MEMORY_KIB, MAX_PASSES, MAX_PARALLELISM])) return undefined
  if (memoryKib < 8 * parallelism || memoryKib * passes > MAX_WORK_KIB) return undefined
  return {
    id: type,
    version,
    parameters: [
      ['m', memoryKib],
      ['t', passes],
      ['p', parallelism],
    ],
    derive: async (password, salt, length) => {
      const backend = backends().find(({ versions }) => versions.includes(version))
      if (backend === undefined) throw hashUnsupported(missing(version))
      return await backend.derive({ type, version, memoryKib, passes, parallelism, password, salt, length })
    },
  }
}

/** Argon2 of one type, as PHC strings name it. A string without version is of version 1.0. */
export function argon2Algorithm(type: Argon2Type, backends: () => readonly Argon2Backend[]): Algorithm {
  return {
    parameters: ['m', 't', 'p'],
    recipe: ([memoryKib = 0, passes = 0, parallelism = 0], version = 16) =>
      version === 16 || version === 19
        ? argon2Recipe(type, version, { memoryKib, passes, parallelism }, backends)
        : undefined,
  }
}

function missing(version: Argon2Version): string {
  return version === 16
    ? 'Argon2 of version 1.0 needs the package "@node-rs/argon2"'
    : 'Argon2 needs Node 24.7 or the package "@node-rs/argon2"'
}
