import type { Directory, DirectoryEntry } from './directory.ts'
import type { GroupSettings, GroupSource } from './groups.ts'
import { batches, FoundGroups, TooManyGroups, walk } from './groups-found.ts'

const ANY = '(objectClass=*)'
/** How many groups are asked about at the same time. */
const AT_ONCE = 8

/** The groups that an attribute of the user names, and of these groups if they are nested. */
export function groupsByMemberOf({ attribute, nested, maxGroups }: GroupSettings): GroupSource {
  return {
    attributes: [attribute],
    binary: [],
    groups: async (entry, directory, signal) => {
      const read = (one: DirectoryEntry) => allValues(one, attribute, maxGroups, directory, signal)
      const found = new FoundGroups(maxGroups)
      const first = await read(entry)
      if (!nested) return found.add(first)
      await walk(first, found, async (groups) => {
        const above: string[] = []
        for (const batch of batches(groups, AT_ONCE)) {
          const lists = await Promise.all(
            batch.map(async (base) => {
              const search = { base, scope: 'base', filter: ANY, attributes: [attribute] } as const
              const [group] = await directory.search(search, signal)
              return group === undefined ? [] : read(group)
            }),
          )
          above.push(...lists.flat())
        }
        return above
      })
      return found.all
    },
  }
}

/** All values of an attribute, of which Active Directory hands out about 1500 at a time (MS-ADTS, section 3.1.1.3.1.3.3). */
async function allValues(
  entry: DirectoryEntry,
  attribute: string,
  max: number,
  directory: Directory,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const values = [...entry.text(attribute)]
  let range = rangeOf(entry, attribute)
  while (range !== undefined) {
    const more = entryText(range)
    values.push(...more)
    if (range.end === undefined) return values
    if (values.length > max) throw new TooManyGroups(`somebody is in more than ${max} groups`)
    const search = {
      base: entry.dn,
      scope: 'base',
      filter: ANY,
      attributes: [`${attribute};range=${range.end + 1}-*`],
    } as const
    const [next] = await directory.search(search, signal)
    const start = range.end + 1
    range = next && rangeOf(next, attribute)
    // A server that begins anywhere else would be asked without an end.
    if (range?.start !== start) return values
  }
  return values
}

interface Range {
  readonly entry: DirectoryEntry
  readonly name: string
  readonly start: number
  /** The index of the last value that is here; `undefined` when it is the last of all. */
  readonly end: number | undefined
}

function rangeOf(entry: DirectoryEntry, attribute: string): Range | undefined {
  for (const name of entry.names) {
    const [, base, start, end] = /^([^;]+);range=(\d{1,9})-(\d{1,9}|\*)$/i.exec(name) ?? []
    if (base?.toLowerCase() !== attribute.toLowerCase()) continue
    return { entry, name, start: Number(start), end: end === '*' ? undefined : Number(end) }
  }
  return undefined
}

function entryText({ entry, name }: Range): readonly string[] {
  return entry.text(name)
}
