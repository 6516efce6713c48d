import { describe, expect, it } from 'vitest'
import { ldap } from './ldap.ts'
import { parseServer } from './server.ts'

const url = 'ldaps://ldap.example'
const bind = { dn: 'uid={username},dc=example' }
const service = { dn: 'cn=web,dc=example', password: 'secret' }
const search = { base: 'dc=example', filter: '(uid={username})' }

/** As JavaScript may call it. */
function make(options: unknown): unknown {
  return Reflect.apply(ldap, undefined, [options])
}

describe('ldap() is made', () => {
  it.each<[string, object]>([
    ['with a template', { url, bind }],
    ['with a name of Active Directory', { url, bind: { name: 'CORP\\{username}' } }],
    ['with a search', { url, service, search }],
    ['with a search from the root by anybody', { url, service: 'anonymous', search: { ...search, base: '' } }],
    ['with a search beside a name', { url, bind: { name: '{username}@corp' }, service, search, attributes: ['mail'] }],
    ['with several servers', { url: [url, 'ldaps://[::1]:1636'], bind }],
    ['in the clear to this machine', { url: ['ldap://localhost', 'ldap://127.0.0.1:389', 'ldap://[::1]'], bind }],
    ['with StartTLS', { url: 'ldap://ldap.example', startTls: true, bind }],
    ['in the clear, dangerously', { url: 'ldap://ldap.example', dangerouslyAllowPlaintext: true, bind }],
    ['with a service named in the way of Active Directory', { url, service: { ...service, dn: 'web@corp' }, search }],
  ])('%s', (_, options) => {
    expect(make(options)).toBeTypeOf('function')
  })
})

describe('ldap() refuses to be made', () => {
  it.each<[string, object | undefined, RegExp]>([
    ['without options', undefined, /object of options/],
    ['without a URL', { bind }, /"url"/],
    ['with no server', { url: [], bind }, /"url"/],
    ['with a URL of something else', { url: 'https://ldap.example', bind }, /"url"/],
    ['with a search in its URL', { url: 'ldaps://ldap.example/dc=example??sub', bind }, /"url"/],
    ['with a password in its URL', { url: 'ldaps://me:secret@ldap.example', bind }, /"url"/],
    ['in the clear across a network', { url: 'ldap://ldap.example', bind }, /in the clear/],
    ['in the clear to a name like localhost', { url: 'ldap://localhost.example', bind }, /in the clear/],
    ['in the clear to a name like 127.0.0.1', { url: 'ldap://127.0.0.1.example', bind }, /in the clear/],
    ['in the clear if only one server is', { url: [url, 'ldap://ldap.example'], bind }, /in the clear/],
    ['dangerously by anything but true', { url, dangerouslyAllowPlaintext: 1, bind }, /"dangerouslyAllowPlaintext"/],
    ['with StartTLS over TLS', { url, startTls: true, bind }, /"startTls"/],
    ['with TLS that is not checked', { url, tls: { rejectUnauthorized: false }, bind }, /always checks/],
    ['with TLS that checks its own way', { url, tls: { checkServerIdentity: () => undefined }, bind }, /always checks/],
    ['without a way to bind', { url }, /"bind"/],
    ['with two ways to bind', { url, bind: { dn: bind.dn, name: '{username}' } }, /either "dn" or "name"/],
    ['with none of the two', { url, bind: {} }, /either "dn" or "name"/],
    ['with a template without a place', { url, bind: { dn: 'uid=ada,dc=example' } }, /\{username\}/],
    ['with a place for another name', { url, bind: { dn: 'uid={user},dc=example' } }, /\{user\}/],
    ['with a place in the name of an attribute', { url, bind: { dn: '{username}=x,dc=example' } }, /"bind.dn"/],
    ['with a template that is no name', { url, bind: { dn: '{username}' } }, /"bind.dn"/],
    ['with a name without a domain', { url, bind: { name: 'x{username}' } }, /"bind.name"/],
    ['with two places', { url, bind: { name: '{username}@{username}' } }, /"bind.name"/],
    ['with a search without a service', { url, search }, /"service"/],
    ['with attributes without a service', { url, bind, attributes: ['mail'] }, /"service"/],
    ['with groups without a service', { url, bind, groups: { by: 'memberOf', base: 'dc=example' } }, /"service"/],
    [
      'with attributes that nobody finds',
      { url, bind: { name: '{username}' }, service, attributes: ['mail'] },
      /"search"/,
    ],
    ['with a search for what is known', { url, bind, service, search }, /"search"/],
    ['with a search below nothing', { url, service, search: { ...search, base: 'x' } }, /"search.base"/],
    ['with a search in another scope', { url, service, search: { ...search, scope: 'base' } }, /"search.scope"/],
    ['with an open filter', { url, service, search: { ...search, filter: '(uid={username}' } }, /"search.filter"/],
    ['with a filter for anybody', { url, service, search: { ...search, filter: '(uid=*)' } }, /\{username\}/],
    ['with a service without a password', { url, service: { dn: 'cn=x' }, search }, /"service.password"/],
    ['with a service with an empty one', { url, service: { dn: 'cn=x', password: '' }, search }, /"service.password"/],
    ['with a service of a SASL mechanism', { url, service: { ...service, dn: 'EXTERNAL' }, search }, /"service.dn"/],
    ['with an attribute twice', { url, service, search, attributes: ['mail'], binaryAttributes: ['MAIL'] }, /once/],
    ['with an attribute that is none', { url, service, search, attributes: ['ma il'] }, /attribute names/],
    ['with a decoy that is no name', { url, service, search, decoyDn: 'nobody' }, /"decoyDn"/],
    ['with a principal that is nothing', { url, bind, principal: {} }, /"principal"/],
    ['remembering for an hour', { url, bind, remember: { seconds: 3600 } }, /"remember.seconds"/],
    ['remembering nobody', { url, bind, remember: { seconds: 1, entries: 0 } }, /"remember.entries"/],
    ['without connections that search', { url, bind, pool: { services: 0 } }, /"pool.services"/],
    ['with half a connection', { url, bind, pool: { binds: 0.5 } }, /"pool.binds"/],
    ['without an end', { url, bind, timeoutSeconds: Number.POSITIVE_INFINITY }, /"timeoutSeconds"/],
    ['without any time', { url, bind, connectTimeoutSeconds: 0 }, /"connectTimeoutSeconds"/],
    ['with a clock that is none', { url, bind, clock: 5 }, /"clock"/],
  ])('%s', (_, options, message) => {
    expect(() => make(options)).toThrow(TypeError)
    expect(() => make(options)).toThrow(/^ldap\(\): /)
    expect(() => make(options)).toThrow(message)
  })

  it('without telling a secret', () => {
    for (const options of [
      { url: 'ldaps://me:hunter2@ldap.example', bind },
      { url, service: { dn: 'EXTERNAL', password: 'hunter2' }, search },
    ]) {
      expect(() => make(options)).toThrow(expect.not.stringContaining('hunter2'))
    }
  })
})

describe('parseServer()', () => {
  it.each([
    ['ldap://LDAP.example', { host: 'ldap.example', port: 389, isSecure: false, label: 'ldap.example' }],
    ['ldaps://ldap.example/', { host: 'ldap.example', port: 636, isSecure: true, label: 'ldap.example' }],
    ['LDAPS://[::1]:1636', { host: '::1', port: 1636, isSecure: true, label: '[::1]:1636' }],
  ])('reads %s', (text, server) => {
    expect(parseServer(text)).toEqual(server)
  })

  it.each(['ldap://', 'ldap:///dc=x', 'ldapi://%2Fvar', 'ldap://a b', 'ldap://x:99999', 'ldap://x#y', ''])(
    'does not read %j',
    (text) => {
      expect(parseServer(text)).toBeUndefined()
    },
  )
})
