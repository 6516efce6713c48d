import { argon2Algorithm, argon2Limits, argon2Recipe } from './argon2.ts'
import type { Machine } from './machine.ts'
import type { PasswordsOptions } from './passwords.ts'
import { pbkdf2Algorithm, pbkdf2Limits, pbkdf2Recipe } from './pbkdf2.ts'
import type { Recipe } from './recipe.ts'
import { scryptAlgorithm, scryptLimits, scryptRecipe } from './scrypt.ts'
import type { Algorithms } from './stored.ts'

/** Every algorithm whose hashes are verified, whichever is configured. */
export function algorithmsOf({ argon2, scrypt, pbkdf2 }: Machine): Algorithms {
  return new Map([
    ['argon2id', argon2Algorithm('argon2id', argon2)],
    ['argon2i', argon2Algorithm('argon2i', argon2)],
    ['argon2d', argon2Algorithm('argon2d', argon2)],
    ['scrypt', scryptAlgorithm(scrypt)],
    ['pbkdf2-sha256', pbkdf2Algorithm(pbkdf2)],
  ])
}

/**
 * The recipe for new hashes.
 *
 * @throws TypeError when the algorithm is unknown or not to be had, or a parameter is out of bounds.
 */
export function recipeOf(options: PasswordsOptions, machine: Machine): Recipe {
  switch (options.algorithm) {
    case 'argon2id': {
      const { memoryKib = 19_456, passes = 2, parallelism = 1 } = options
      const recipe = argon2Recipe('argon2id', 19, { memoryKib, passes, parallelism }, machine.argon2)
      if (!machine.argon2().some(({ versions }) => versions.includes(19))) {
        throw new TypeError('passwords(): "argon2id" needs Node 24.7 or the package "@node-rs/argon2"')
      }
      return bounded(recipe, argon2Limits)
    }
    case 'scrypt': {
      const { cost = 2 ** 17, blockSize = 8, parallelism = 1 } = options
      return bounded(scryptRecipe({ cost, blockSize, parallelism }, machine.scrypt), scryptLimits)
    }
    case 'pbkdf2-sha256':
      return bounded(pbkdf2Recipe(options.iterations ?? 600_000, machine.pbkdf2), pbkdf2Limits)
    default:
      throw new TypeError('passwords(): "algorithm" must be "argon2id", "scrypt" or "pbkdf2-sha256"')
  }
}

function bounded(recipe: Recipe | undefined, limits: string): Recipe {
  if (recipe === undefined) throw new TypeError(`passwords(): parameters must be whole numbers: ${limits}`)
  return recipe
}
