import { dnKey, parseDn } from '../../wire/ldap-names.ts'
import type { Directory, DirectoryEntry } from './directory.ts'
import { groupsByMember, groupsByMemberUid } from './groups-by-search.ts'
import { groupsByMemberOf } from './groups-member-of.ts'
import { groupsByInChain, groupsByTokens } from './groups-windows.ts'

/** A group that somebody is in. */
export interface DirectoryGroup {
  /** The group's distinguished name, as the server writes it. */
  readonly dn: string
  /** Its `cn`: the value of the first step of its name. */
  readonly name: string
}

/** The role or roles that a group gives; nothing for a group that gives none. */
export type GroupRoles = string | readonly string[] | null | undefined

/** Where the directory writes down who is in which group, and what roles that gives. */
export interface GroupOptions {
  /**
   * - `memberOf`: an attribute of the user names the groups (Active Directory, the overlay `memberof` of OpenLDAP, 389).
   * - `groupOfNames`: groups name the user (`member`, `uniqueMember`).
   * - `posixGroup`: groups have the user's `uid` as `memberUid`, or the user has the group's `gidNumber`. Never nested.
   * - `tokenGroups`: Active Directory computes the security groups, nested ones and the primary one included. Best there.
   * - `inChain`: Active Directory searches groups with its in-chain rule, nested ones, mail groups and the primary one
   *   included. Slow in large forests.
   */
  readonly by: 'memberOf' | 'groupOfNames' | 'posixGroup' | 'tokenGroups' | 'inChain'
  /**
   * The distinguished name below which groups stand that give roles. Others are walked through, where they are nested, and
   * give none.
   */
  readonly base: string
  /** Whether groups in groups count, for `memberOf` and `groupOfNames`; up to 16 deep, and circles do no harm. Default:
   * `false`. */
  readonly nested?: boolean | undefined
  /** The attribute that `memberOf` reads, of directories that have another name for it: `isMemberOf`. Default: `memberOf`. */
  readonly attribute?: string | undefined
  /**
   * The roles by the distinguished name of the group, or a function. Default: the group's name, so that whoever may add a
   * group below `base` may add a role.
   */
  readonly roles?: Readonly<Record<string, GroupRoles>> | ((group: DirectoryGroup) => GroupRoles) | undefined
  /** In how many groups one person may be, 1 to 100,000; more are an `Error`. Default: 1000. */
  readonly maxGroups?: number | undefined
}

/** Finds the roles of somebody. */
export interface GroupLookup {
  /** What must be read of the entry. */
  readonly attributes: readonly string[]
  /** Those among `attributes` whose octets are needed unchanged. */
  readonly binary: readonly string[]
  /**
   * The roles of an entry, each once, in the order of the groups.
   *
   * @throws AuthenticationError, as a rejection, when the directory cannot be asked, or somebody is in too many groups.
   */
  roles(entry: DirectoryEntry, directory: Directory, signal: AbortSignal): Promise<readonly string[]>
}

/** One way to find the groups of an entry. */
export interface GroupSource {
  readonly attributes: readonly string[]
  readonly binary: readonly string[]
  /** The distinguished names of the groups, with doubles and with some outside the base. */
  groups(entry: DirectoryEntry, directory: Directory, signal: AbortSignal): Promise<readonly string[]>
}

/** What the sources of groups need of the options. */
export interface GroupSettings {
  readonly base: string
  readonly nested: boolean
  readonly attribute: string
  readonly maxGroups: number
}

const sources: Readonly<Record<GroupOptions['by'], (settings: GroupSettings) => GroupSource>> = {
  memberOf: groupsByMemberOf,
  groupOfNames: groupsByMember,
  posixGroup: groupsByMemberUid,
  tokenGroups: groupsByTokens,
  inChain: groupsByInChain,
}

const ATTRIBUTE = /^[A-Za-z][A-Za-z0-9-]{0,99}$/

/**
 * Makes the search for roles.
 *
 * @throws TypeError when an option is missing or cannot be used.
 */
export function groupLookup(options: GroupOptions): GroupLookup {
  const { by, base, nested = false, attribute = 'memberOf', maxGroups = 1000 } = options ?? {}
  if (!Object.hasOwn(sources, by)) {
    throw new TypeError(`ldap(): "groups.by" must be one of ${Object.keys(sources).join(', ')}`)
  }
  if (typeof base !== 'string' || !parseDn(base)?.length) {
    throw new TypeError('ldap(): "groups.base" must be a distinguished name')
  }
  if (typeof nested !== 'boolean') throw new TypeError('ldap(): "groups.nested" must be a boolean')
  if (options.nested !== undefined && by !== 'memberOf' && by !== 'groupOfNames') {
    throw new TypeError('ldap(): "groups.nested" is for "memberOf" and "groupOfNames"')
  }
  if (options.attribute !== undefined && by !== 'memberOf') {
    throw new TypeError('ldap(): "groups.attribute" is for "memberOf"')
  }
  if (!ATTRIBUTE.test(attribute)) throw new TypeError('ldap(): "groups.attribute" must be the name of an attribute')
  if (!Number.isInteger(maxGroups) || maxGroups < 1 || maxGroups > 100_000) {
    throw new TypeError('ldap(): "groups.maxGroups" must be a whole number from 1 to 100000')
  }
  const source = sources[by]({ base, nested, attribute, maxGroups })
  const rolesOf = roleMap(options.roles)
  const within = `,${dnKey(base)}`
  return {
    attributes: source.attributes,
    binary: source.binary,
    roles: async (entry, directory, signal) => {
      const roles = new Set<string>()
      const groups = await source.groups(entry, directory, signal)
      for (const group of groups.filter((dn) => `,${dnKey(dn)}`.endsWith(within))) {
        for (const role of rolesOf(group)) roles.add(role)
      }
      return [...roles]
    },
  }
}

function roleMap(roles: GroupOptions['roles']): (dn: string) => readonly string[] {
  if (roles === undefined) return (dn) => [nameOf(dn)]
  if (typeof roles === 'function') return (dn) => listOf(roles({ dn, name: nameOf(dn) }))
  if (typeof roles !== 'object' || roles === null) {
    throw new TypeError('ldap(): "groups.roles" must be a function, or roles by the distinguished name of the group')
  }
  const byKey = new Map<string, readonly string[]>()
  for (const [dn, given] of Object.entries(roles)) {
    if (!parseDn(dn)?.length) {
      throw new TypeError(`ldap(): "groups.roles" has the key ${JSON.stringify(dn)}, which is no distinguished name`)
    }
    byKey.set(dnKey(dn), listOf(given))
  }
  return (dn) => byKey.get(dnKey(dn)) ?? []
}

function listOf(roles: GroupRoles): readonly string[] {
  if (roles === undefined || roles === null) return []
  return typeof roles === 'string' ? [roles] : roles
}

/** The value of the first step; all of a name that cannot be read. */
function nameOf(dn: string): string {
  const value = parseDn(dn)?.[0]?.[0]?.value
  return typeof value === 'string' ? value : dn
}
