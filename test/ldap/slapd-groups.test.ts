import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { groups, people, service, suffix } from '../../scripts/lib/slapd.mjs'
import type { GroupOptions } from '../../src/verifiers/ldap/groups.ts'
import { ldap } from '../../src/verifiers/ldap/ldap.ts'
import { type Slapd, slapd, startSlapd } from './slapd.ts'

const signal = new AbortController().signal

describe.skipIf(!slapd)('groups of slapd', () => {
  let server: Slapd
  beforeAll(async () => {
    server = await startSlapd()
  })
  afterAll(() => server?.stop())

  const rolesOf = async (username: string, password: string, options: GroupOptions) => {
    const validate = ldap({
      url: server.url,
      bind: { dn: `uid={username},${people}` },
      service,
      groups: options,
      principal: ({ roles }) => ({ roles }),
    })
    try {
      const answer = await validate({ username, password }, { signal })
      return answer && 'roles' in answer ? [...answer.roles].sort() : answer
    } finally {
      validate.close()
    }
  }

  it.each(['memberOf', 'groupOfNames'] as const)('become roles by %s, those that name the user', async (by) => {
    expect(await rolesOf('ada', 'lovelace', { by, base: groups })).toEqual(['admins', 'users'])
    expect(await rolesOf('alan', 'enigma', { by, base: groups })).toEqual(['users'])
  })

  it.each(['memberOf', 'groupOfNames'] as const)('become roles by %s, nested and in a circle', async (by) => {
    const nested = { by, base: groups, nested: true }
    expect(await rolesOf('ada', 'lovelace', nested)).toEqual(['admins', 'engineers', 'everyone', 'users'])
    expect(await rolesOf('alan', 'enigma', nested)).toEqual(['engineers', 'everyone', 'users'])
  })

  it('become roles by posixGroup, of names and of primary groups', async () => {
    const options = { by: 'posixGroup', base: `ou=posix,${suffix}` } as const
    expect(await rolesOf('ada', 'lovelace', options)).toEqual(['staff'])
    expect(await rolesOf('grace', 'hopper£ü', options)).toEqual(['guests'])
  })

  it('give roles by a table and by a function, and none where they stand outside the base', async () => {
    const table = { [`CN=Admins, ${groups}`.replace(', ', ',')]: ['root', 'audit'], [`cn=none,${groups}`]: 'never' }
    expect(await rolesOf('ada', 'lovelace', { by: 'memberOf', base: groups, roles: table })).toEqual(['audit', 'root'])
    const roles = ({ name }: { readonly name: string }) => (name === 'users' ? 'user' : null)
    expect(await rolesOf('ada', 'lovelace', { by: 'memberOf', base: groups, roles })).toEqual(['user'])
    expect(await rolesOf('ada', 'lovelace', { by: 'memberOf', base: `ou=posix,${suffix}` })).toEqual([])
    expect(await rolesOf('ada', 'lovelace', { by: 'memberOf', base: `cn=admins,${groups}` })).toEqual(['admins'])
  })

  it('are an Error that is not retryable when there are too many', async () => {
    for (const by of ['memberOf', 'groupOfNames'] as const) {
      await expect(rolesOf('ada', 'lovelace', { by, base: groups, maxGroups: 1 })).rejects.toMatchObject({
        code: 'too-many-groups',
        retryable: false,
      })
    }
  })
})
