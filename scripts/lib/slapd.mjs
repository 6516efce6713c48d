// A directory of one's own: OpenLDAP's slapd with a few people in it, on the loopback interface, in a folder that may go.
// For the tests, the bench and `npm run showcase:ldap`.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** The top of the directory. */
export const suffix = 'dc=example,dc=com'
/** Below it stand people, groups, and the accounts of services. */
export const people = `ou=people,${suffix}`
export const groups = `ou=groups,${suffix}`
/** The account of the service that searches, and an account that nobody uses. */
export const service = { dn: `cn=web,ou=services,${suffix}`, password: 'web service' }
export const decoyDn = `cn=decoy,ou=services,${suffix}`

const schemaFolders = ['/etc/ldap/schema', '/etc/openldap/schema', '/usr/local/etc/openldap/schema']
const moduleFolders = ['/usr/lib/ldap', '/usr/lib/openldap', '/usr/lib64/openldap', '/usr/local/libexec/openldap']

/** Everybody: those who may log in, and those who may not although the password is right. */
const persons = [
  { uid: 'ada', password: 'lovelace', name: 'Ada Lovelace', in: ['admins', 'users'] },
  { uid: 'alan', password: 'enigma', name: 'Alan Turing', in: ['users'] },
  { uid: 'grace', password: 'hopper£ü', name: 'Grace Hopper', in: ['users'] },
  { uid: 'edsger', password: 'dijkstra', name: 'Edsger Dijkstra', more: ['pwdAccountLockedTime: 000001010000Z'] },
  { uid: 'margaret', password: 'hamilton', name: 'Margaret Hamilton', more: ['pwdReset: TRUE'] },
  { uid: 'barbara', password: 'liskov', name: 'Barbara Liskov', more: aged('short') },
  { uid: 'donald', password: 'knuth', name: 'Donald Knuth', more: aged('graceful') },
]

/** Each group with the groups that are its members. Engineers and everyone are in a circle. */
const nesting = { admins: [], users: [], engineers: ['admins', 'everyone'], everyone: ['engineers', 'users'] }

/** Where programs of the system are that are not on the path of everybody. */
export function slapdProgram(name = 'slapd') {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/local/sbin',
    '/usr/libexec',
    '/usr/local/libexec',
  ]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/**
 * Writes a directory into a folder and answers how it is started. When it says `slapd starting`, `listening` waits the rest.
 *
 * @param options `folder`: an empty one. `port`: of `ldap://127.0.0.1`. `failures`: wrong passwords before an account is
 * locked for a minute; 0 locks none. `secure`: `{ port, ca, cert, key }`, paths of files. `entries`: more LDIF.
 */
export function prepareDirectory({ folder, port, failures = 5, secure, entries = '' }) {
  const schemas = folderWith(schemaFolders, 'core.schema')
  const data = join(folder, 'data')
  const configuration = join(folder, 'slapd.conf')
  mkdirSync(data)
  writeFileSync(configuration, configurationOf({ folder, data, schemas, secure }))
  const ldif = join(folder, 'entries.ldif')
  writeFileSync(ldif, `${ldifOf(failures)}\n${entries}`)
  execFileSync(program('slapadd'), ['-q', '-f', configuration, '-l', ldif], { stdio: ['ignore', 'ignore', 'pipe'] })
  const url = `ldap://127.0.0.1:${port}`
  const secureUrl = secure && `ldaps://127.0.0.1:${secure.port}`
  const urls = secureUrl === undefined ? url : `${url} ${secureUrl}`
  // Level 32768 is what is said at any level.
  return { command: program('slapd'), args: ['-f', configuration, '-h', urls, '-d', '32768'], url, secureUrl }
}

/** Waits until a slapd that has said that it starts takes connections, a moment later. */
export async function listening(url) {
  const { hostname: host, port } = new URL(url)
  for (let left = 500; ; left--) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect({ host, port: Number(port) })
      socket.once('error', () => resolve(false))
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
    })
    if (isOpen) return
    if (left === 0) throw new Error('slapd takes no connections')
    await pause(10)
  }
}

function configurationOf({ folder, data, schemas, secure }) {
  const modules = moduleFolders.find((path) => existsSync(join(path, 'ppolicy.so')))
  const load = ['back_mdb', 'ppolicy', 'memberof', 'argon2'].map((name) => `moduleload ${name}`)
  return [
    ...['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include ${join(schemas, `${name}.schema`)}`),
    ...(modules === undefined ? [] : [`modulepath ${modules}`, ...load]),
    `pidfile ${join(folder, 'slapd.pid')}`,
    // What RFC 4513 advises against: an empty password is a yes, so that one sees who sends one.
    'allow bind_anon_cred bind_anon_dn',
    ...(secure === undefined
      ? []
      : [
          `TLSCACertificateFile ${secure.ca}`,
          `TLSCertificateFile ${secure.cert}`,
          `TLSCertificateKeyFile ${secure.key}`,
          'TLSVerifyClient allow',
        ]),
    'database mdb',
    `suffix "${suffix}"`,
    // Nobody can log in as it: it has no password. What the overlays write, they write as it.
    `rootdn "cn=manager,${suffix}"`,
    `directory ${data}`,
    'maxsize 67108864',
    'dbnosync',
    'index objectClass,uid,member eq',
    'overlay ppolicy',
    `ppolicy_default "cn=default,ou=policies,${suffix}"`,
    'ppolicy_use_lockout',
    'overlay memberof',
    'access to attrs=userPassword by anonymous auth by * none',
    `access to * by dn.exact="${service.dn}" read by anonymous auth by * none`,
    '',
  ].join('\n')
}

function ldifOf(failures) {
  const ou = (name) => entry(`ou=${name},${suffix}`, ['objectClass: organizationalUnit'])
  const lockout = ['pwdLockout: TRUE', `pwdMaxFailure: ${failures}`, 'pwdLockoutDuration: 60']
  return [
    entry(suffix, ['objectClass: organization', 'objectClass: dcObject', 'o: Example']),
    ...['people', 'groups', 'posix', 'services', 'policies'].map(ou),
    policy('default', ['pwdMustChange: TRUE', ...lockout]),
    policy('never', ['pwdLockout: FALSE']),
    policy('short', ['pwdMaxAge: 60']),
    policy('graceful', ['pwdMaxAge: 60', 'pwdGraceAuthnLimit: 1000']),
    account(service.dn, service.password),
    account(decoyDn, 'nobody knows this'),
    ...persons.map(person),
    ...Object.keys(nesting).map(group),
    posixGroup('staff', 500, ['ada', 'alan']),
    posixGroup('guests', 600, []),
  ].join('\n')
}

function person({ uid, password, name, in: memberships = [], more = [] }) {
  const [given, family] = name.split(' ')
  return entry(`uid=${uid},${people}`, [
    'objectClass: inetOrgPerson',
    'objectClass: posixAccount',
    `cn: ${name}`,
    `givenName: ${given}`,
    `sn: ${family}`,
    `mail: ${uid}@example.com`,
    `mail: ${given.toLowerCase()}.${family.toLowerCase()}@example.com`,
    `uidNumber: ${1000 + persons.findIndex((one) => one.uid === uid)}`,
    `gidNumber: ${uid === 'grace' ? 600 : 500}`,
    `homeDirectory: /home/${uid}`,
    // Octets that are no text.
    `jpegPhoto:: ${Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00]).toString('base64')}`,
    `userPassword: ${hashOf(password)}`,
    ...memberships.map((name) => `memberOf: cn=${name},${groups}`),
    ...more,
  ])
}

function group(name) {
  const members = [
    ...persons
      .filter(({ in: memberships = [] }) => memberships.includes(name))
      .map(({ uid }) => `uid=${uid},${people}`),
    ...nesting[name].map((inner) => `cn=${inner},${groups}`),
  ]
  const above = Object.keys(nesting).filter((outer) => nesting[outer].includes(name))
  return entry(`cn=${name},${groups}`, [
    'objectClass: groupOfNames',
    ...members.map((dn) => `member: ${dn}`),
    ...above.map((outer) => `memberOf: cn=${outer},${groups}`),
  ])
}

function posixGroup(name, number, members) {
  const memberUids = members.map((uid) => `memberUid: ${uid}`)
  return entry(`cn=${name},ou=posix,${suffix}`, ['objectClass: posixGroup', `gidNumber: ${number}`, ...memberUids])
}

function account(dn, password) {
  const classes = ['objectClass: organizationalRole', 'objectClass: simpleSecurityObject']
  const noLockout = `pwdPolicySubentry: cn=never,ou=policies,${suffix}`
  return entry(dn, [...classes, `userPassword: ${hashOf(password)}`, noLockout])
}

function policy(name, settings) {
  const dn = `cn=${name},ou=policies,${suffix}`
  return entry(dn, ['objectClass: device', 'objectClass: pwdPolicy', 'pwdAttribute: userPassword', ...settings])
}

/** A password of long ago, under a policy that wants a new one each minute. */
function aged(name) {
  return [`pwdPolicySubentry: cn=${name},ou=policies,${suffix}`, 'pwdChangedTime: 20200101000000Z']
}

function entry(dn, lines) {
  return `dn: ${dn}\n${lines.join('\n')}\n`
}

/** As slow as a real one, or time would tell nothing. */
function hashOf(password) {
  const modules = moduleFolders.find((path) => existsSync(join(path, 'argon2.so')))
  const load = modules === undefined ? [] : ['-o', `module-path=${modules}`, '-o', 'module-load=argon2']
  return execFileSync(program('slappasswd'), [...load, '-h', '{ARGON2}', '-s', password], { encoding: 'utf8' }).trim()
}

function program(name) {
  const path = slapdProgram(name)
  if (path === undefined) throw new Error(`${name} is not on this machine: apt-get install slapd`)
  return path
}

function folderWith(folders, file) {
  const found = folders.find((folder) => existsSync(join(folder, file)))
  if (found === undefined) throw new Error(`no folder of OpenLDAP has ${file}`)
  return found
}
