import { decodeUtf8, encodeUtf8 } from '../wire/text.ts'
import { decodeB64, encodeB64, formatPhc, type PhcHash, parseDecimal, parsePhc } from './phc.ts'
import type { Algorithm, Recipe } from './recipe.ts'

/** A hash of becauth's own making, or one that could be. */
export interface StoredHash {
  readonly recipe: Recipe
  /** Which pepper went in; `undefined` for none. */
  readonly keyId: string | undefined
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** Algorithms by their name in PHC strings. */
export type Algorithms = ReadonlyMap<string, Algorithm>

const SALT_BYTES = { least: 8, most: 64 } as const
const HASH_BYTES = { least: 16, most: 64 } as const
const MAX_KEY_ID_BYTES = 8

/**
 * Reads `$id[$v=…]$parameters[,keyid=…]$salt$hash`. Answers `undefined` for another algorithm, an unknown, missing or
 * misplaced parameter, and anything over its cap: nothing that it answers costs more than a few seconds to compute.
 */
export function parseStored(text: string, algorithms: Algorithms): StoredHash | undefined {
  const phc = parsePhc(text)
  const algorithm = phc === undefined ? undefined : algorithms.get(phc.id)
  if (phc === undefined || algorithm === undefined) return undefined
  const { salt, hash } = phc
  if (!isBetween(salt.length, SALT_BYTES) || !isBetween(hash.length, HASH_BYTES)) return undefined
  const keyId = keyIdOf(phc)
  if (keyId === null) return undefined
  const own = keyId === undefined ? phc.parameters : phc.parameters.slice(0, -1)
  const values = valuesOf(own, algorithm.parameters)
  const recipe = values === undefined ? undefined : algorithm.recipe(values, phc.version)
  return recipe === undefined ? undefined : { recipe, keyId, salt, hash }
}

/** Writes what `parseStored` reads. */
export function formatStored({ recipe, keyId, salt, hash }: StoredHash): string {
  const { id, version } = recipe
  const parameters = recipe.parameters.map(([name, value]) => [name, String(value)] as const)
  const all = keyId === undefined ? parameters : [...parameters, ['keyid', encodeB64(encodeUtf8(keyId))] as const]
  return formatPhc({ id, version, parameters: all, salt, hash })
}

/** The key id as the Argon2 specification has it: last, base64 of at most 8 bytes. `null` when it cannot be read. */
function keyIdOf({ parameters }: PhcHash): string | undefined | null {
  const [name, value = ''] = parameters.at(-1) ?? []
  if (name !== 'keyid') return undefined
  const bytes = decodeB64(value)
  if (bytes === undefined || bytes.length > MAX_KEY_ID_BYTES) return null
  return decodeUtf8(bytes) ?? null
}

function valuesOf(parameters: PhcHash['parameters'], names: readonly string[]): readonly number[] | undefined {
  const values = parameters.map(([name, value], index) => (name === names[index] ? parseDecimal(value) : undefined))
  const numbers = values.filter((value) => value !== undefined)
  return numbers.length === names.length && values.length === names.length ? numbers : undefined
}

function isBetween(length: number, { least, most }: { readonly least: number; readonly most: number }): boolean {
  return length >= least && length <= most
}
