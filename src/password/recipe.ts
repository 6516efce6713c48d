/** A key derivation function with its parameters: all it takes to turn octets into a hash. */
export interface Recipe {
  /** Its name in PHC strings. */
  readonly id: string
  /** Its version in PHC strings, where it has one. */
  readonly version: number | undefined
  /** Its parameters in PHC order. More is stronger in each. */
  readonly parameters: readonly (readonly [name: string, value: number])[]
  /** Rejects with code `hash-unsupported` where this process cannot compute it. */
  readonly derive: (password: Uint8Array, salt: Uint8Array, length: number) => Promise<Uint8Array>
}

/** One algorithm as PHC strings name it. */
export interface Algorithm {
  /** The names of its parameters in PHC order; all are required. */
  readonly parameters: readonly string[]
  /** Makes the recipe, or `undefined` when the version is unknown or a value is over its cap. */
  readonly recipe: (values: readonly number[], version: number | undefined) => Recipe | undefined
}

/** Whether every value is a whole number from 1 to its cap. */
export function within(values: readonly number[], caps: readonly number[]): boolean {
  return (
    values.length === caps.length &&
    values.every((value, index) => Number.isSafeInteger(value) && value >= 1 && value <= (caps[index] ?? 0))
  )
}

/** Whether a recipe is weaker than another, or of another kind: another algorithm, version, or less of anything. */
export function isWeaker(stored: Recipe, wanted: Recipe): boolean {
  if (stored.id !== wanted.id || stored.version !== wanted.version) return true
  return wanted.parameters.some(([, value], index) => (stored.parameters[index]?.[1] ?? 0) < value)
}
