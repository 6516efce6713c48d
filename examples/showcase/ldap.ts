import { type AuthenticationListener, authentication } from 'becauth'
import { basic } from 'becauth/basic'
import { type LdapVerifier, ldap } from 'becauth/ldap'
import * as attempts from './attempts.ts'
import { principalOf, type Route, route } from './routes.ts'
import type { User } from './users.ts'

/** What is there when there is a directory. */
export interface Directory {
  readonly routes: readonly Route[]
  close(): void
}

const edsger = attempts.withPassword('edsger, locked', 'edsger:dijkstra')
const margaret = attempts.withPassword('margaret, must change', 'margaret:hamilton')
const barbara = attempts.withPassword('barbara, expired', 'barbara:liskov')
const trick = attempts.withPassword('a filter as a name', '*)(uid=ada:lovelace')
const empty = attempts.withPassword('empty password', 'ada:')

/**
 * Makes the route that asks the directory `BECAUTH_LDAP_URL`, if it is set. With `BECAUTH_LDAP_SERVICE` and
 * `BECAUTH_LDAP_PASSWORD`, the name and password of an account that may search, groups become roles.
 *
 * @throws TypeError when one of them cannot be used.
 */
export function createDirectory(env: NodeJS.ProcessEnv, listener: AuthenticationListener): Directory | undefined {
  if (!env.BECAUTH_LDAP_URL) return undefined
  const validate = verifierOf(env.BECAUTH_LDAP_URL, env)
  const auth = authentication({ ldap: basic({ realm: 'showcase, directory', validate }) }, { listeners: [listener] })
  const one = route({
    path: '/ldap',
    about:
      'Name and password against a directory, which also says why the right one is not enough. Stop it, and see 503.',
    requirement: auth.require('ldap'),
    answer: principalOf,
    curl: '-u ada:lovelace',
    attempts: [
      ...[attempts.ada, attempts.alan, attempts.utf8Grace, attempts.wrongPassword],
      ...[edsger, margaret, barbara, trick, empty, attempts.nothing],
    ],
  })
  return { routes: [one], close: () => validate.close() }
}

function verifierOf(url: string, env: NodeJS.ProcessEnv): LdapVerifier<User> {
  const { BECAUTH_LDAP_SERVICE: dn, BECAUTH_LDAP_PASSWORD: password } = env
  const suffix = env.BECAUTH_LDAP_BASE || 'dc=example,dc=com'
  const people = `ou=people,${suffix}`
  if (!dn || !password) {
    return ldap({ url, bind: { dn: `uid={username},${people}` }, principal: ({ name }) => ({ name, roles: [] }) })
  }
  return ldap({
    url,
    service: { dn, password },
    search: { base: people, filter: '(&(objectClass=person)(uid={username}))' },
    attributes: ['uid'],
    groups: { by: 'groupOfNames', base: `ou=groups,${suffix}`, nested: true },
    // As the directory writes the name, which is one for all that it takes for the same.
    principal: ({ attributes, roles }) => ({ name: attributes.uid[0] ?? '', roles }),
  })
}
