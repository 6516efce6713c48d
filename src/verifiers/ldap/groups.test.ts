import { describe, expect, it } from 'vitest'
import { encodeFilter } from '../../wire/ldap-filter.ts'
import type { Directory, DirectoryEntry, DirectorySearch } from './directory.ts'
import { type GroupOptions, groupLookup } from './groups.ts'

const signal = new AbortController().signal
const base = 'OU=Groups,DC=corp,DC=example'
const user = 'CN=Ada,OU=People,DC=corp,DC=example'

type Attributes = Readonly<Record<string, readonly (string | Uint8Array)[]>>

/** An entry as a directory would hand it out. */
function entry(dn: string, attributes: Attributes = {}): DirectoryEntry {
  const values = (name: string) =>
    Object.entries(attributes).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
  return {
    dn,
    names: Object.keys(attributes),
    text: (name) => (values(name) ?? []).filter((value) => typeof value === 'string'),
    octets: (name) => (values(name) ?? []).map((value) => (typeof value === 'string' ? Buffer.from(value) : value)),
  }
}

/** A directory of which each search is answered by a function, and written down. */
function directory(answer: (search: DirectorySearch) => readonly DirectoryEntry[]) {
  const searches: DirectorySearch[] = []
  const asked: Directory = {
    search: async (search) => {
      expect(encodeFilter(search.filter)).toBeDefined()
      searches.push(search)
      return answer(search)
    },
  }
  return { asked, searches }
}

const nothing: Directory = { search: async () => [] }
const group = (name: string) => `CN=${name},${base}`

describe('groupLookup() by memberOf', () => {
  it('reads what the entry says, with the names of the groups as roles', async () => {
    const lookup = groupLookup({ by: 'memberOf', base })
    expect(lookup.attributes).toEqual(['memberOf'])
    const one = entry(user, {
      memberOf: [group('Staff'), 'cn=staff,ou=GROUPS,dc=corp,dc=example', 'CN=Staff,OU=Chess,DC=corp,DC=example'],
    })
    expect(await lookup.roles(one, nothing, signal)).toEqual(['Staff'])
  })

  it('reads an attribute of another name', async () => {
    const lookup = groupLookup({ by: 'memberOf', base, attribute: 'isMemberOf' })
    expect(lookup.attributes).toEqual(['isMemberOf'])
    expect(await lookup.roles(entry(user, { ismemberof: [group('Staff')] }), nothing, signal)).toEqual(['Staff'])
  })

  it('fetches the rest of an attribute that comes in ranges', async () => {
    const { asked, searches } = directory(({ attributes }) => {
      const [, start] = /^memberOf;range=(\d+)-\*$/.exec(attributes[0] ?? '') ?? []
      if (start === '2') return [entry(user, { 'memberOf;range=2-3': [group('C'), group('D')] })]
      if (start === '4') return [entry(user, { 'MEMBEROF;Range=4-*': [group('E')] })]
      return []
    })
    const first = entry(user, { memberOf: [], 'memberOf;range=0-1': [group('A'), group('B')] })
    expect(await groupLookup({ by: 'memberOf', base }).roles(first, asked, signal)).toEqual(['A', 'B', 'C', 'D', 'E'])
    expect(searches.map(({ base: at, scope }) => [at, scope])).toEqual([
      [user, 'base'],
      [user, 'base'],
    ])
  })

  it('ends when a server goes on sending the same range', async () => {
    const { asked, searches } = directory(() => [entry(user, { 'memberOf;range=0-1': [group('A'), group('B')] })])
    const first = entry(user, { 'memberOf;range=0-1': [group('A'), group('B')] })
    expect(await groupLookup({ by: 'memberOf', base }).roles(first, asked, signal)).toEqual(['A', 'B'])
    expect(searches).toHaveLength(1)
  })

  it('refuses more values than it may read before it has asked for all of them', async () => {
    const { asked, searches } = directory(({ attributes }) => {
      const start = Number(/=(\d+)-/.exec(attributes[0] ?? '')?.[1])
      return [entry(user, { [`memberOf;range=${start}-${start}`]: [group(`G${start}`)] })]
    })
    const first = entry(user, { 'memberOf;range=0-0': [group('G0')] })
    await expect(groupLookup({ by: 'memberOf', base, maxGroups: 5 }).roles(first, asked, signal)).rejects.toMatchObject(
      {
        code: 'too-many-groups',
        retryable: false,
      },
    )
    expect(searches.length).toBeLessThan(7)
  })

  it('walks nested groups through circles, and through groups that give no role themselves', async () => {
    const outside = 'CN=Outside,DC=corp,DC=example'
    const above = new Map([
      [group('A'), [group('B'), outside]],
      [group('B'), [group('A').toLowerCase()]],
      [outside, [group('C')]],
    ])
    const { asked, searches } = directory(({ base: at }) => [entry(at, { memberOf: above.get(at) ?? [] })])
    const roles = groupLookup({ by: 'memberOf', base, nested: true }).roles(
      entry(user, { memberOf: [group('A')] }),
      asked,
      signal,
    )
    expect(await roles).toEqual(['A', 'B', 'C'])
    expect(searches).toHaveLength(4)
  })

  it('refuses groups that are nested without an end', async () => {
    const { asked } = directory(({ base: at }) => [entry(at, { memberOf: [`CN=In,${at}`] })])
    const roles = groupLookup({ by: 'memberOf', base, nested: true }).roles(
      entry(user, { memberOf: [group('A')] }),
      asked,
      signal,
    )
    await expect(roles).rejects.toMatchObject({ code: 'too-many-groups', retryable: false })
  })
})

describe('groupLookup() by what Active Directory computes', () => {
  const sid = (last: number) =>
    Uint8Array.of(1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 9, 8, 7, 6, last & 0xff, last >> 8, 0, 0)
  const escaped = (octets: Uint8Array) => Buffer.from(octets).toString('hex').replace(/../g, '\\$&')

  it('asks for tokenGroups of the entry alone, and looks the identifiers up by their octets', async () => {
    const { asked, searches } = directory(({ scope }) =>
      scope === 'base'
        ? [entry(user, { tokenGroups: [sid(513), sid(1105)] })]
        : [entry(group('Staff')), entry(group('All'))],
    )
    expect(await groupLookup({ by: 'tokenGroups', base }).roles(entry(user), asked, signal)).toEqual(['Staff', 'All'])
    expect(searches).toEqual([
      { base: user, scope: 'base', filter: '(objectClass=*)', attributes: ['tokenGroups'], binary: ['tokenGroups'] },
      {
        base,
        scope: 'sub',
        filter: `(&(objectClass=group)(|(objectSid=${escaped(sid(513))})(objectSid=${escaped(sid(1105))})))`,
        attributes: [],
      },
    ])
  })

  it('asks by its in-chain rule, and for the groups of the primary group', async () => {
    const primary = 'CN=Domain Users,CN=Users,DC=corp,DC=example'
    const { asked, searches } = directory(({ filter }) => {
      if (filter.includes('objectSid')) return [entry(primary)]
      return filter.includes('Domain Users') ? [entry(group('Everyone'))] : [entry(group('Staff'))]
    })
    const lookup = groupLookup({ by: 'inChain', base })
    expect(lookup.attributes).toEqual(['primaryGroupID', 'objectSid'])
    expect(lookup.binary).toEqual(['objectSid'])
    const one = entry(user, { primaryGroupID: ['513'], objectSid: [sid(1105)] })
    expect(await lookup.roles(one, asked, signal)).toEqual(['Staff', 'Everyone'])
    expect(searches.map(({ base: at, filter }) => [at, filter])).toEqual([
      [base, `(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=${user}))`],
      ['DC=corp,DC=example', `(&(objectClass=group)(objectSid=${escaped(sid(513))}))`],
      [base, `(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=${primary}))`],
    ])
  })

  it('escapes names for the filter that they stand in', async () => {
    const odd = 'CN=Ada \\28x\\29*,DC=corp,DC=example'
    const { asked, searches } = directory(() => [])
    await groupLookup({ by: 'inChain', base }).roles(entry(odd), asked, signal)
    expect(searches[0]?.filter).toContain('CN=Ada \\5c28x\\5c29\\2a,DC=corp')
  })
})

describe('groupLookup() with a table or a function', () => {
  const staff = entry(user, { memberOf: [group('Staff'), group('Admins')] })
  const rolesOf = (roles: GroupOptions['roles']) =>
    groupLookup({ by: 'memberOf', base, roles }).roles(staff, nothing, signal)

  it('gives the roles of a table, whatever the case of its names, each once', async () => {
    expect(await rolesOf({ [group('STAFF').toLowerCase()]: ['user'], [group('Admins')]: ['user', 'root'] })).toEqual([
      'user',
      'root',
    ])
  })

  it('gives the roles of a function, which sees the name and the distinguished name', async () => {
    expect(await rolesOf(({ name, dn }) => (name === 'Staff' ? [dn] : undefined))).toEqual([group('Staff')])
  })
})

describe('groupLookup() with options that cannot be used', () => {
  it.each<[string, object]>([
    ['"groups.by" must be one of memberOf, groupOfNames, posixGroup, tokenGroups, inChain', { by: 'toString', base }],
    ['"groups.base" must be a distinguished name', { by: 'memberOf', base: '' }],
    ['"groups.base" must be a distinguished name', { by: 'memberOf', base: 'groups' }],
    ['"groups.nested" is for "memberOf" and "groupOfNames"', { by: 'posixGroup', base, nested: true }],
    ['"groups.nested" must be a boolean', { by: 'memberOf', base, nested: 'yes' }],
    ['"groups.attribute" is for "memberOf"', { by: 'inChain', base, attribute: 'x' }],
    ['"groups.attribute" must be the name of an attribute', { by: 'memberOf', base, attribute: 'a b' }],
    ['"groups.maxGroups" must be a whole number from 1 to 100000', { by: 'memberOf', base, maxGroups: 0 }],
    [
      '"groups.roles" must be a function, or roles by the distinguished name of the group',
      { by: 'memberOf', base, roles: 'x' },
    ],
    [
      '"groups.roles" has the key "staff", which is no distinguished name',
      { by: 'memberOf', base, roles: { staff: 'x' } },
    ],
  ])('says %s', (message, options) => {
    expect(() => Reflect.apply(groupLookup, undefined, [options])).toThrow(new TypeError(`ldap(): ${message}`))
  })
})
