import type { Entry } from 'ldapts'
import { decodeUtf8, encodeUtf8 } from '../../wire/text.ts'
import type { DirectoryEntry } from './directory.ts'

/** Values as ldapts gives them: text where all octets of all values are UTF-8, else octets. */
type Values = Entry[string]

/** An entry as ldapts read it. */
export class ReadEntry implements DirectoryEntry {
  readonly dn: string
  readonly names: readonly string[]
  readonly #values: ReadonlyMap<string, readonly (string | Uint8Array)[]>

  constructor(entry: Entry) {
    const { dn, ...attributes } = entry
    const present = Object.entries(attributes)
      .map(([name, values]) => [name, listOf(values)] as const)
      // What was asked for and is not there is an empty list.
      .filter(([, values]) => values.length > 0)
    this.dn = dn
    this.names = present.map(([name]) => name)
    this.#values = new Map(present.map(([name, values]) => [name.toLowerCase(), values]))
  }

  /** Values that are not UTF-8 are left out. */
  text(name: string): readonly string[] {
    const values = this.#values.get(name.toLowerCase()) ?? []
    return values
      .map((value) => (typeof value === 'string' ? value : decodeUtf8(value)))
      .filter((text) => text !== undefined)
  }

  octets(name: string): readonly Uint8Array[] {
    const values = this.#values.get(name.toLowerCase()) ?? []
    return values.map((value) => (typeof value === 'string' ? encodeUtf8(value) : Uint8Array.from(value)))
  }
}

function listOf(values: Values): readonly (string | Uint8Array)[] {
  return Array.isArray(values) ? values : [values]
}
