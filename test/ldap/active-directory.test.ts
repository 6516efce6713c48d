import { afterEach, describe, expect, it } from 'vitest'
import { ldap } from '../../src/verifiers/ldap/ldap.ts'
import type { LdapOptions } from '../../src/verifiers/ldap/options.ts'
import { type Asked, type Reply, type Responder, type Script, startResponder } from './ber-responder.ts'
import { readFilter } from './grammar.ts'

const PEOPLE = 'OU=People,DC=corp,DC=example'
const GROUPS = 'OU=Groups,DC=corp,DC=example'
const ADA = `CN=Ada Lovelace,${PEOPLE}`
const SERVICE = { dn: 'CN=Web,OU=Services,DC=corp,DC=example', password: 'service secret' }
const IN_CHAIN = '1.2.840.113556.1.4.1941'
const search = { base: PEOPLE, filter: '(&(objectCategory=person)(sAMAccountName={username}))' }
const signal = new AbortController().signal

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A directory that says what Active Directory says, in the way in which it writes lengths. */
async function active(script: Script, options: Partial<LdapOptions<string, string>> = {}) {
  const responder = await startResponder(script, { longLengths: true })
  const validate = ldap({ url: responder.url, service: SERVICE, search, ...options })
  stops.push(() => validate.close(), responder.stop)
  return { responder, validate, login: () => validate({ username: 'ada', password: 'lovelace' }, { signal }) }
}

/** Answers binds by their name, the user's by `user`, and searches by `found`. */
function script(user: (reply: Reply) => void, found = (_asked: Asked, reply: Reply) => reply.entry(ADA)): Script {
  return (asked, reply) => {
    if (asked.operation === 'bind' && asked.name === SERVICE.dn) reply.bind(0)
    else if (asked.operation === 'bind') user(reply)
    else if (asked.operation === 'search') {
      found(asked, reply)
      reply.done()
    }
  }
}

const refusal = (data: string) =>
  `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data ${data}, v4563\0`

function userBinds({ asked }: Responder): readonly Asked[] {
  return asked.filter(({ operation, name }) => operation === 'bind' && name !== SERVICE.dn)
}

function sid(last: number): Uint8Array {
  const octets = Buffer.from('0105000000000005150000001111111122222222333333330000ffff', 'hex')
  octets.writeUInt32LE(last, octets.length - 4)
  return octets
}

describe('what Active Directory says to a bind', () => {
  it.each([
    ['52e', 'wrong-secret'],
    ['525', 'unknown'],
    ['775', 'locked'],
    ['533', 'disabled'],
    ['530', 'not-permitted'],
    ['531', 'not-permitted'],
    ['532', 'expired'],
    ['701', 'expired'],
    ['773', 'must-change'],
    ['52f', 'wrong-secret'],
    ['0', 'wrong-secret'],
  ])('with data %s is %s', async (data, reason) => {
    const { login } = await active(script((reply) => reply.bind(49, { diagnostic: refusal(data) })))
    expect(await login()).toMatchObject({ kind: 'InvalidCredentials', reason })
  })

  it.each([
    [53, '', 'disabled'],
    [53, refusal('775'), 'locked'],
    [53, refusal('123'), 'wrong-secret'],
    [49, '', 'wrong-secret'],
  ])('with result code %i and %j is a refusal', async (code, diagnostic, reason) => {
    const { login } = await active(script((reply) => reply.bind(code, { diagnostic })))
    expect(await login()).toMatchObject({ kind: 'InvalidCredentials', reason })
  })

  it.each([1, 2, 3, 7, 8, 10, 11, 13, 14, 19, 32, 34, 48, 50, 51, 52, 80, 90])(
    'with result code %i is an Error that can be tried again',
    async (code) => {
      const { login } = await active(script((reply) => reply.bind(code, { diagnostic: refusal('52e') })))
      expect(await login()).toMatchObject({ kind: 'Error', retryable: true, code: 'unexpected-result' })
    },
  )
})

describe('names of Active Directory', () => {
  it.each([
    ['{username}@corp.example', 'ada', 'ada@corp.example'],
    ['CORP\\{username}', 'ada', 'CORP\\ada'],
    ['{username}', 'ada@corp.example', 'ada@corp.example'],
    ['{username}', 'CORP\\ada', 'CORP\\ada'],
    ['{username}@corp.example', 'Zoë.L', 'Zoë.L@corp.example'],
  ])('are made by %s of %s', async (name, username, sent) => {
    const { validate, responder } = await active(
      script((reply) => reply.bind(0)),
      { bind: { name }, service: undefined, search: undefined },
    )
    expect(await validate({ username, password: 'lovelace' }, { signal })).toMatchObject({ name: username, dn: sent })
    expect(userBinds(responder)).toMatchObject([{ name: sent, authentication: { tag: 0x80, secret: 'lovelace' } }])
  })

  it.each([
    ['{username}@corp.example', 'ada@evil.example'],
    ['{username}@corp.example', 'EVIL\\ada'],
    ['{username}@corp.example', 'CN=Ada,DC=corp'],
    ['CORP\\{username}', 'x\\ada'],
    ['CORP\\{username}', 'ada@corp.example'],
    ['CORP\\{username}', 'ada*'],
    ['{username}', 'ada'],
    ['{username}', 'a@b@c'],
    ['{username}', '@corp.example'],
    ['{username}', 'CN=ada,DC=corp@x'],
    ['{username}', 'EXTERNAL'],
  ])('are not made by %s of %j, and nothing is sent', async (name, username) => {
    const { validate, responder } = await active(
      script((reply) => reply.bind(0)),
      { bind: { name }, service: undefined, search: undefined },
    )
    expect(await validate({ username, password: 'lovelace' }, { signal })).toMatchObject({ reason: 'unknown' })
    expect(responder.connections).toBe(0)
  })

  it('are looked up after the bind, on another connection and with the rights of the service', async () => {
    const { validate, responder } = await active(
      script(
        (reply) => reply.bind(0),
        (_, reply) => reply.entry(ADA, { mail: ['ada@corp.example'] }),
      ),
      { bind: { name: '{username}@corp.example' }, attributes: ['mail'] },
    )
    const answer = await validate({ username: 'ada', password: 'lovelace' }, { signal })
    expect(answer).toMatchObject({ dn: ADA, attributes: { mail: ['ada@corp.example'] } })
    const [user] = userBinds(responder)
    const searches = responder.asked.filter(({ operation }) => operation === 'search')
    expect(searches).toHaveLength(1)
    expect(searches[0]?.connection).not.toBe(user?.connection)
  })
})

describe('groups of Active Directory', () => {
  it('come of its in-chain rule and of the primary group', async () => {
    const filters: unknown[] = []
    const { login } = await active(
      script(
        (reply) => reply.bind(0),
        (asked, reply) => {
          const filter = JSON.stringify(readFilter(asked.filter ?? new Uint8Array()))
          filters.push(filter)
          if (asked.name === PEOPLE) reply.entry(ADA, { objectSid: [sid(1105)], primaryGroupID: ['513'] })
          else if (filter.includes(Buffer.from(sid(513)).toString('hex'))) reply.entry(`CN=Domain Users,${GROUPS}`)
          else if (filter.includes(Buffer.from(ADA).toString('hex'))) reply.entry(`CN=staff,${GROUPS}`)
          else reply.entry(`CN=everybody,${GROUPS}`)
        },
      ),
      { groups: { by: 'inChain', base: GROUPS } },
    )
    expect(await login()).toMatchObject({ roles: ['staff', 'Domain Users', 'everybody'] })
    expect(filters.filter((filter) => String(filter).includes(IN_CHAIN))).toHaveLength(2)
  })

  it('come of tokenGroups, whose octets arrive as they are', async () => {
    const { login, responder } = await active(
      script(
        (reply) => reply.bind(0),
        (asked, reply) => {
          if (asked.attributes?.includes('tokenGroups')) reply.entry(ADA, { tokenGroups: [sid(512), sid(513)] })
          else if (asked.name === GROUPS) {
            reply.entry(`CN=admins,${GROUPS}`)
            reply.entry(`CN=everybody,${GROUPS}`)
          } else reply.entry(ADA)
        },
      ),
      { groups: { by: 'tokenGroups', base: GROUPS } },
    )
    expect(await login()).toMatchObject({ roles: ['admins', 'everybody'] })
    const sent = responder.asked.map(({ filter }) => Buffer.from(filter ?? []).toString('hex')).join()
    for (const one of [sid(512), sid(513)]) expect(sent).toContain(Buffer.from(one).toString('hex'))
  })

  it('come of memberOf in ranges, until the last one', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `CN=g${index},${GROUPS}`)
    const { login } = await active(
      script(
        (reply) => reply.bind(0),
        (asked, reply) => {
          if (asked.name === PEOPLE) reply.entry(ADA, { memberOf: [], 'memberOf;range=0-1': names.slice(0, 2) })
          else if (asked.attributes?.includes('memberOf;range=2-*')) {
            reply.entry(ADA, { 'memberOf;range=2-3': names.slice(2, 4) })
          } else reply.entry(ADA, { 'memberOf;range=4-*': names.slice(4) })
        },
      ),
      { groups: { by: 'memberOf', base: GROUPS } },
    )
    expect(await login()).toMatchObject({ roles: ['g0', 'g1', 'g2', 'g3', 'g4'] })
  })

  it('are read without following a reference to another server', async () => {
    const { login, responder } = await active(
      script(
        (reply) => reply.bind(0),
        (_, reply) => {
          reply.reference('ldap://ForestDnsZones.corp.example/DC=ForestDnsZones,DC=corp,DC=example')
          reply.entry(ADA)
        },
      ),
    )
    expect(await login()).toMatchObject({ dn: ADA })
    expect(responder.connections).toBe(2)
  })
})

describe('attributes of Active Directory', () => {
  it('are octets where that is asked for, whatever the case of their names, even when they look like text', async () => {
    const guid = Buffer.from('a binary-ish id!')
    const { validate } = await active(
      script(
        (reply) => reply.bind(0),
        (_, reply) => reply.entry(ADA, { objectGUID: [guid], givenName: ['Ada'] }),
      ),
      { attributes: ['givenname', 'mail'], binaryAttributes: ['objectguid'] },
    )
    const answer = await validate({ username: 'ada', password: 'lovelace' }, { signal })
    expect(answer).toMatchObject({
      attributes: { givenname: ['Ada'], mail: [], objectguid: [Uint8Array.from(guid)] },
    })
  })
})
