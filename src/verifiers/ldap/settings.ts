import { parseFilterTemplate } from '../../wire/ldap-filter.ts'
import { parseDn, parseDnTemplate } from '../../wire/ldap-names.ts'
import type { LdapTemplate, TemplateFault } from '../../wire/ldap-template.ts'
import { type GroupLookup, groupLookup } from './groups.ts'
import { isAccountName, isBindName, isFullAccountName } from './names.ts'
import type { Opening } from './open.ts'
import type { BindName, LdapOptions, LdapTls, ServiceAccount, UserSearch } from './options.ts'
import { isLoopback, parseServer, type Server } from './server.ts'

/** The options, checked and filled up. */
export interface LdapSettings extends Opening {
  readonly servers: readonly Server[]
  /** Makes the name of the bind, or `undefined` for a username that nobody has. Left out: it is the name of the entry found. */
  readonly bindName: ((username: string) => string | undefined) | undefined
  /** Whether the name of the bind is that of the entry. */
  readonly isEntryName: boolean
  readonly search: SearchSettings | undefined
  readonly service: ServiceAccount | 'anonymous' | undefined
  readonly attributes: readonly string[]
  readonly binaryAttributes: readonly string[]
  readonly groups: GroupLookup | undefined
  readonly decoyDn: string | undefined
  readonly remember: { readonly seconds: number; readonly entries: number } | undefined
  readonly services: number
  readonly binds: number
  readonly idleSeconds: number
  readonly timeoutSeconds: number
  readonly deadSeconds: number
  readonly clock: () => number
}

export interface SearchSettings {
  readonly base: string
  readonly scope: 'one' | 'sub'
  readonly filter: LdapTemplate
}

const DESCRIPTION = /^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/
const NAME_TEMPLATE = /^(?:\{username\}@[^{}@\\]+|[^{}@\\]+\\\{username\}|\{username\})$/

/** @throws TypeError when an option cannot be used. */
export function settingsOf(options: LdapOptions<string, string>): LdapSettings {
  if (typeof options !== 'object' || options === null) throw misuse('wants an object of options')
  const { bind, service, attributes = [], binaryAttributes = [], groups, decoyDn, remember, pool = {} } = options
  const { startTls = false, clock = () => performance.now() / 1000 } = options
  mustBeFlag('startTls', startTls)
  mustBeFlag('dangerouslyAllowPlaintext', options.dangerouslyAllowPlaintext ?? false)
  if (typeof clock !== 'function') throw misuse('"clock" must be a function')
  mustBeAttributes(attributes, binaryAttributes)
  mustBeService(service)
  const search = searchOf(options.search)
  mustFit(options, search)
  if (decoyDn !== undefined && !(typeof decoyDn === 'string' && parseDn(decoyDn)?.length && isBindName(decoyDn))) {
    throw misuse('"decoyDn" must be a distinguished name')
  }
  return {
    servers: serversOf(options, startTls),
    startTls,
    tls: tlsOf(options.tls),
    bindName: bindNameOf(bind),
    isEntryName: bind?.name === undefined,
    search,
    service,
    attributes,
    binaryAttributes,
    groups: groups === undefined ? undefined : groupLookup(groups),
    decoyDn,
    remember: remember && {
      seconds: between('remember.seconds', remember.seconds, 1, 300),
      entries: whole('remember.entries', remember.entries ?? 1000, 1, 1_000_000),
    },
    services: whole('pool.services', pool.services ?? 2, 1, 100),
    binds: whole('pool.binds', pool.binds ?? 10, 0, 1000),
    idleSeconds: between('pool.idleSeconds', pool.idleSeconds ?? 60, 1, 3600),
    connectTimeoutSeconds: between('connectTimeoutSeconds', options.connectTimeoutSeconds ?? 3, 0.001, 60),
    timeoutSeconds: between('timeoutSeconds', options.timeoutSeconds ?? 5, 0.001, 60),
    deadSeconds: between('deadSeconds', options.deadSeconds ?? 10, 1, 600),
    clock,
  }
}

function serversOf(
  { url, dangerouslyAllowPlaintext }: LdapOptions<string, string>,
  startTls: boolean,
): readonly Server[] {
  const urls: unknown = typeof url === 'string' ? [url] : url
  if (!Array.isArray(urls) || urls.length === 0) throw misuse('"url" must be a URL, or a list of URLs')
  return urls.map((one: unknown) => {
    const server = typeof one === 'string' ? parseServer(one) : undefined
    if (server === undefined) throw misuse('"url" must be ldaps://host or ldap://host, with or without a port')
    if (server.isSecure && startTls) throw misuse('"startTls" is for ldap:// URLs; those of ldaps:// have TLS already')
    if (!server.isSecure && !startTls && !isLoopback(server) && dangerouslyAllowPlaintext !== true) {
      throw misuse('passwords cross the network in the clear: use ldaps://, "startTls" or "dangerouslyAllowPlaintext"')
    }
    return server
  })
}

function tlsOf(tls: LdapTls | undefined): LdapTls {
  if (tls === undefined) return {}
  if (typeof tls !== 'object' || tls === null) throw misuse('"tls" must be an object')
  if ('rejectUnauthorized' in tls || 'checkServerIdentity' in tls) {
    throw misuse('"tls" always checks certificates; give the one that signed the server\'s as "tls.ca"')
  }
  if (tls.servername !== undefined && (typeof tls.servername !== 'string' || tls.servername === '')) {
    throw misuse('"tls.servername" must be a non-empty string')
  }
  return tls
}

function bindNameOf(bind: BindName | undefined): LdapSettings['bindName'] {
  if (bind === undefined) return undefined
  const { dn, name } = bind ?? {}
  if ((dn === undefined) === (name === undefined)) throw misuse('"bind" must have either "dn" or "name"')
  if (dn !== undefined) {
    const template = templateOf('bind.dn', parseDnTemplate, dn)
    return (username) => template.fill({ username })
  }
  if (typeof name !== 'string' || !NAME_TEMPLATE.test(name)) {
    throw misuse('"bind.name" must be {username}@domain, DOMAIN\\{username} or {username}')
  }
  const isUsable = name === '{username}' ? isFullAccountName : isAccountName
  const [before = '', after = ''] = name.split('{username}')
  return (username) => (isUsable(username) ? before + username + after : undefined)
}

function searchOf(search: UserSearch | undefined): SearchSettings | undefined {
  if (search === undefined) return undefined
  const { base, filter, scope = 'sub' } = search ?? {}
  if (typeof base !== 'string' || parseDn(base) === undefined) {
    throw misuse('"search.base" must be a distinguished name')
  }
  if (scope !== 'one' && scope !== 'sub') throw misuse('"search.scope" must be "one" or "sub"')
  return { base, scope, filter: templateOf('search.filter', parseFilterTemplate, filter) }
}

function templateOf(
  option: string,
  parse: (text: string, known: readonly string[]) => LdapTemplate | TemplateFault,
  text: unknown,
): LdapTemplate {
  if (typeof text !== 'string') throw misuse(`"${option}" must be a string`)
  const template = parse(text, ['username'])
  if ('fault' in template) throw misuse(`"${option}" ${template.fault}`)
  if (template.names.length === 0) throw misuse(`"${option}" must have {username} in it`)
  return template
}

function mustBeService(service: LdapOptions['service']): void {
  if (service === undefined || service === 'anonymous') return
  const { dn, password } = service ?? {}
  if (typeof dn !== 'string' || !isBindName(dn)) throw misuse('"service.dn" must be a name to bind with')
  if (typeof password !== 'function' && (typeof password !== 'string' || password === '')) {
    throw misuse('"service.password" must be a non-empty string or a function that answers one')
  }
}

function mustFit(options: LdapOptions<string, string>, search: SearchSettings | undefined): void {
  const { bind, service, groups, attributes = [], binaryAttributes = [] } = options
  const reads = attributes.length > 0 || binaryAttributes.length > 0 || groups !== undefined
  if (bind === undefined && search === undefined) throw misuse('needs "bind", or "search" with "service"')
  if (bind?.dn !== undefined && search !== undefined) throw misuse('"search" finds what "bind.dn" names already')
  if ((reads || search !== undefined) && service === undefined) {
    throw misuse('"search", "attributes", "binaryAttributes" and "groups" need "service", which reads the directory')
  }
  if (bind?.name !== undefined && reads && search === undefined) {
    throw misuse('"attributes", "binaryAttributes" and "groups" need "search" beside "bind.name", to find the entry')
  }
}

function mustBeAttributes(text: readonly string[], binary: readonly string[]): void {
  if (!Array.isArray(text) || !Array.isArray(binary)) {
    throw misuse('"attributes" and "binaryAttributes" must be lists of attribute names')
  }
  const all: readonly unknown[] = [...text, ...binary]
  const names = all.map((name) => {
    if (typeof name === 'string' && DESCRIPTION.test(name)) return name.toLowerCase()
    throw misuse('"attributes" and "binaryAttributes" must be lists of attribute names')
  })
  if (new Set(names).size < names.length) {
    throw misuse('"attributes" and "binaryAttributes" must have each name once, whatever its case')
  }
}

function mustBeFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw misuse(`"${name}" must be a boolean`)
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw misuse(`"${name}" must be a whole number from ${least} to ${most}`)
}

function between(name: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw misuse(`"${name}" must be ${least} to ${most}`)
}

function misuse(problem: string): TypeError {
  return new TypeError(`ldap(): ${problem}`)
}
