import { escapeFilterValue } from '../../wire/ldap-filter.ts'
import type { DirectorySearch } from './directory.ts'
import type { GroupSettings, GroupSource } from './groups.ts'
import { batches, FoundGroups, walk } from './groups-found.ts'

const NAMED = ['groupOfNames', 'groupOfUniqueNames', 'groupOfEntries', 'group']
/** How many names one filter has. */
const NAMES = 50

/** The groups that name the user, and the groups that name these if they are nested. */
export function groupsByMember({ base, nested, maxGroups }: GroupSettings): GroupSource {
  return {
    attributes: [],
    binary: [],
    groups: async ({ dn }, directory, signal) => {
      const above = async (members: readonly string[]) => {
        const groups: string[] = []
        for (const batch of batches(members, NAMES)) {
          const found = await directory.search(groupSearch(base, memberFilter(batch)), signal)
          groups.push(...found.map((group) => group.dn))
        }
        return groups
      }
      const found = new FoundGroups(maxGroups)
      const first = await above([dn])
      if (!nested) return found.add(first)
      await walk(first, found, above)
      return found.all
    },
  }
}

/** The groups that have the user's `uid` or primary group number. */
export function groupsByMemberUid({ base, maxGroups }: GroupSettings): GroupSource {
  return {
    attributes: ['uid', 'gidNumber'],
    binary: [],
    groups: async (entry, directory, signal) => {
      const terms = [...assertions('memberUid', entry.text('uid')), ...assertions('gidNumber', entry.text('gidNumber'))]
      if (terms.length === 0) return []
      const filter = `(&(objectClass=posixGroup)${oneOf(terms)})`
      const groups = await directory.search(groupSearch(base, filter), signal)
      return new FoundGroups(maxGroups).add(groups.map(({ dn }) => dn))
    },
  }
}

/** A search for groups of which only the names are wanted. */
export function groupSearch(base: string, filter: string): DirectorySearch {
  return { base, scope: 'sub', filter, attributes: [] }
}

/** A filter that matches when one of these does. */
export function oneOf(filters: readonly string[]): string {
  return `(|${filters.join('')})`
}

function memberFilter(members: readonly string[]): string {
  const classes = oneOf(assertions('objectClass', NAMED))
  return `(&${classes}${oneOf([...assertions('member', members), ...assertions('uniqueMember', members)])})`
}

/** Values that cannot be sent are left out: nothing has them. */
function assertions(attribute: string, values: readonly string[]): readonly string[] {
  return values
    .map(escapeFilterValue)
    .filter((value) => value !== undefined)
    .map((value) => `(${attribute}=${value})`)
}
