import { AuthenticationError } from '../../core/cause.ts'
import { dnKey } from '../../wire/ldap-names.ts'

/** The cause of somebody who is in more groups than are read. Not retryable: it will be so again. */
export class TooManyGroups extends AuthenticationError {
  constructor(message: string) {
    super(`ldap(): ${message}`, { code: 'too-many-groups', retryable: false })
  }
}

const MAX_DEPTH = 16

/** The groups found so far, each once, however it is written. */
export class FoundGroups {
  readonly #max: number
  readonly #found = new Map<string, string>()

  constructor(max: number) {
    this.#max = max
  }

  get all(): readonly string[] {
    return [...this.#found.values()]
  }

  /**
   * Adds groups and answers those that are new.
   *
   * @throws AuthenticationError when there are too many.
   */
  add(groups: readonly string[]): readonly string[] {
    const before = this.#found.size
    for (const dn of groups) {
      const key = dnKey(dn)
      if (!this.#found.has(key)) this.#found.set(key, dn)
      if (this.#found.size > this.#max) throw new TooManyGroups(`somebody is in more than ${this.#max} groups`)
    }
    return [...this.#found.values()].slice(before)
  }
}

/**
 * Walks from group to group. Nobody is asked about twice, so a circle ends as everything else does.
 *
 * @throws AuthenticationError, as a rejection, when there are too many, or they are nested too deep.
 */
export async function walk(
  first: readonly string[],
  found: FoundGroups,
  above: (groups: readonly string[]) => Promise<readonly string[]>,
): Promise<void> {
  let level = found.add(first)
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new TooManyGroups(`groups are nested more than ${MAX_DEPTH} deep`)
    level = found.add(await above(level))
  }
}

/** Splits a list into lists of a bounded length, for filters of a bounded length. */
export function batches<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
