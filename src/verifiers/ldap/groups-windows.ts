import { escapeFilterValue } from '../../wire/ldap-filter.ts'
import type { DirectoryEntry } from './directory.ts'
import type { GroupSettings, GroupSource } from './groups.ts'
import { groupSearch, oneOf } from './groups-by-search.ts'
import { batches, FoundGroups, TooManyGroups } from './groups-found.ts'

/** LDAP_MATCHING_RULE_TRANSITIVE_EVAL of MS-ADTS, section 3.1.1.3.4.4.3. */
const IN_CHAIN = '1.2.840.113556.1.4.1941'
/** How many identifiers one filter has. */
const IDENTIFIERS = 50

/** The groups whose security identifiers Active Directory computes for the user. */
export function groupsByTokens({ base, maxGroups }: GroupSettings): GroupSource {
  return {
    attributes: [],
    binary: [],
    groups: async ({ dn }, directory, signal) => {
      // It is computed for a search of the entry itself and for no other (MS-ADTS, section 3.1.1.4.5.19).
      const search = { base: dn, scope: 'base', filter: '(objectClass=*)', attributes: ['tokenGroups'] } as const
      const [user] = await directory.search({ ...search, binary: ['tokenGroups'] }, signal)
      const identifiers = user?.octets('tokenGroups') ?? []
      if (identifiers.length > maxGroups) throw new TooManyGroups(`somebody is in more than ${maxGroups} groups`)
      const found = new FoundGroups(maxGroups)
      for (const batch of batches(identifiers, IDENTIFIERS)) {
        const filter = `(&(objectClass=group)${oneOf(batch.map(hasIdentifier))})`
        const groups = await directory.search(groupSearch(base, filter), signal)
        found.add(groups.map((group) => group.dn))
      }
      return found.all
    },
  }
}

/**
 * The groups in which Active Directory finds the user by its in-chain rule. The primary group, which no `member` names, is
 * found by its identifier, and then the groups that it is in.
 */
export function groupsByInChain({ base, maxGroups }: GroupSettings): GroupSource {
  return {
    attributes: ['primaryGroupID', 'objectSid'],
    binary: ['objectSid'],
    groups: async (entry, directory, signal) => {
      const found = new FoundGroups(maxGroups)
      const inChain = async (member: string) => {
        const value = escapeFilterValue(member)
        if (value === undefined) return
        const filter = `(&(objectClass=group)(member:${IN_CHAIN}:=${value}))`
        found.add((await directory.search(groupSearch(base, filter), signal)).map(({ dn }) => dn))
      }
      await inChain(entry.dn)
      const primary = primaryGroup(entry)
      if (primary === undefined) return found.all
      // Primary groups often stand outside the base: it is searched for from the top of the domain.
      const top = domainOf(entry.dn) ?? base
      const filter = `(&(objectClass=group)${hasIdentifier(primary)})`
      for (const { dn } of await directory.search(groupSearch(top, filter), signal)) {
        found.add([dn])
        await inChain(dn)
      }
      return found.all
    },
  }
}

/** The identifier of the primary group: the user's own one with another last number (MS-DTYP, section 2.4.2.2). */
function primaryGroup(entry: DirectoryEntry): Uint8Array | undefined {
  const [own] = entry.octets('objectSid')
  const [text = ''] = entry.text('primaryGroupID')
  const number = Number(text)
  if (own === undefined || own.length < 12 || !/^\d{1,10}$/.test(text) || number > 0xffff_ffff) return undefined
  const identifier = Uint8Array.from(own)
  new DataView(identifier.buffer).setUint32(identifier.length - 4, number, true)
  return identifier
}

function domainOf(dn: string): string | undefined {
  return /(?:^|,)(DC=[^,=]+(?:,DC=[^,=]+)*)$/i.exec(dn)?.[1]
}

function hasIdentifier(octets: Uint8Array): string {
  const pairs = Array.from(octets, (octet) => `\\${octet.toString(16).padStart(2, '0')}`)
  return `(objectSid=${pairs.join('')})`
}
