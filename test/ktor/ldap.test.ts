import { readFileSync } from 'node:fs'
import { authentication } from 'becauth'
import { basic } from 'becauth/basic'
import { describe, expect, it } from 'vitest'
import { ldap } from '../../src/verifiers/ldap/ldap.ts'
import { escapeDnValue } from '../../src/wire/ldap-names.ts'
import { type Script, startResponder } from '../ldap/ber-responder.ts'
import { readDn } from '../ldap/grammar.ts'
import { type KtorRequest, researchedCases, type UnitCase } from './cases.ts'
import { type Difference, problemDocument } from './differences.ts'
import { authorized, basicHeader, seen } from './helpers.ts'
import { directoryCompares, noEmptyBind, wholeOctets } from './login-differences.ts'

interface LdapCase {
  readonly id: string
  readonly deviations: readonly string[]
  readonly setup: {
    readonly providers?: readonly { readonly validate: string; readonly realm?: string }[]
    readonly directory?: Readonly<Record<string, string>> | string
    readonly unit?: string
  }
  readonly request: KtorRequest & { readonly input?: string }
  readonly expected: UnitCase['expected']
}

/** What becauth answers where Ktor answers something else, and why. */
interface Row {
  readonly causes?: readonly string[]
  readonly escaped?: string
  readonly because: Difference
}

const file: { readonly cases: readonly LdapCase[] } = JSON.parse(
  readFileSync(new URL('../vectors/ktor/ldap-cases.json', import.meta.url), 'utf8'),
)
const research = researchedCases()
const ADMIN = 'uid=admin,ou=system'
const PEOPLE = 'ou=users,ou=system'

/** By the id of the case. */
const rows: Readonly<Record<string, Row>> = {
  'ldap.login.bad-password': { because: problemDocument },
  'ldap.login.bad-user': { because: problemDocument },
  'ldap.custom.valid': { because: directoryCompares },
  'ldap.custom.bad-password': { because: problemDocument },
  'ldap.fixture': { because: directoryCompares },
  'ldap.src-empty-password': {
    causes: ['staff: InvalidCredentials/wrong-secret'],
    because: noEmptyBind,
  },
  'ldap.src-escape-astral': {
    escaped: '\\f0\\9f\\98\\80',
    because: wholeOctets,
  },
}

/** A directory with the people of a case. It says yes to an empty password, as Ktor's readers were surprised by. */
function directoryOf(people: Readonly<Record<string, string>>): Script {
  const everybody: Readonly<Record<string, string>> = { [ADMIN]: 'secret', ...people }
  return ({ operation, name, authentication }, reply) => {
    if (operation === 'bind') {
      reply.bind(authentication?.secret === '' || everybody[name] === authentication?.secret ? 0 : 49)
    } else if (operation === 'search') {
      for (const dn of Object.keys(people).filter((one) => one.endsWith(`,${name}`))) reply.entry(dn)
      reply.done()
    }
  }
}

/** Ktor's first form binds with a name of the username; its second searches as the administrator. */
function optionsOf(validate: string, url: string) {
  return validate.startsWith('LDAP simple bind')
    ? { url, bind: { dn: 'uid={username},ou=system' } }
    : { url, service: { dn: ADMIN, password: 'secret' }, search: { base: PEOPLE, filter: '(uid={username})' } }
}

async function answer(validate: string, people: Readonly<Record<string, string>>, authorization: string) {
  const responder = await startResponder(directoryOf(people))
  const verifier = ldap(optionsOf(validate, responder.url))
  try {
    const auth = authentication({ staff: basic({ realm: 'realm', validate: verifier }) })
    const outcome = await auth.decide(authorized(authorization), 'staff')
    const name = outcome.kind === 'authenticated' ? outcome.principals.staff?.name : undefined
    return { ...seen(outcome), name, asked: responder.asked }
  } finally {
    verifier.close()
    await responder.stop()
  }
}

const bindForm = 'LDAP simple bind as uid=<escaped user>,ou=system'

describe('cases of Ktor about directories', () => {
  const logins = file.cases.filter(({ setup }) => setup.providers !== undefined)
  const units = file.cases.filter(({ setup }) => setup.unit !== undefined)

  it.each(logins)('$id', async ({ id, setup, request, expected }) => {
    const people = typeof setup.directory === 'object' ? setup.directory : {}
    const [provider] = setup.providers ?? []
    const actual = await answer(provider?.validate ?? '', people, request.headers.Authorization ?? '')
    const { causes } = rows[id] ?? {}
    const cause = expected.cause?.default
    expect(actual.status).toBe(causes === undefined ? (expected.status ?? 200) : 401)
    if (causes !== undefined) expect(actual.causes).toEqual(causes)
    else if (cause !== undefined)
      expect(actual.causes.map((text) => text.replace(/\/.*/, ''))).toEqual([`staff: ${cause}`])
    if (expected.principal !== undefined) expect(actual.name).toBe(expected.principal)
  })

  it.each(units)('$id', ({ id, request, expected }) => {
    const escaped = escapeDnValue(request.input ?? '')
    const wanted = rows[id]?.escaped ?? expected.result
    expect(readDn(`uid=${escaped}`)).toEqual(readDn(`uid=${wanted}`))
    expect(Buffer.from(readDn(`uid=${escaped}`)[0]?.[0]?.[1] ?? '', 'hex').toString('utf8')).toBe(request.input)
  })

  it('are all told here, and each that differs has a reason', () => {
    const ids = file.cases.map(({ id }) => id)
    expect(logins.length + units.length).toBe(ids.length - 1)
    expect(Object.keys(rows).filter((id) => !ids.includes(id))).toEqual([])
    const deviating = file.cases.filter(({ deviations }) => deviations.length > 0).map(({ id }) => id)
    expect(deviating.filter((id) => rows[id] === undefined)).toEqual([])
  })

  it('ldap.fixture', async () => {
    const found = await answer('search', { [`uid=user-test,${PEOPLE}`]: 'test' }, basicHeader('user-test:test'))
    expect(found.asked.filter(({ operation }) => operation === 'search')).toHaveLength(1)
    expect(found).toMatchObject({ status: 200, name: 'user-test' })
  })
})

describe.skipIf(research === undefined)('the research on directories in Ktor', () => {
  it('has no case that is missing or told otherwise here', () => {
    const told = ({
      id,
      request,
      expected,
    }: {
      readonly id: string
      readonly request: unknown
      readonly expected: unknown
    }) => ({
      id,
      request,
      expected,
    })
    expect(file.cases.map(told)).toEqual(research?.cases.filter(({ area }) => area === 'ldap').map(told))
  })
})

describe('flaws and deviations of Ktor about directories', () => {
  it.each(['F20', 'D42'])(
    '%s: refuses an empty password that the directory says yes to, and sends nothing',
    async () => {
      for (const password of ['', '\u00ad', '\0']) {
        const actual = await answer(bindForm, {}, basicHeader(`admin:${password}`))
        expect(actual.status).toBe(401)
        expect(actual.asked).toEqual([])
      }
      expect(await answer(bindForm, {}, basicHeader('admin:secret'))).toMatchObject({ status: 200, name: 'admin' })
    },
  )

  it('D43: an outage is 503 and an Error, and never a wrong password', async () => {
    const responder = await startResponder(() => {})
    await responder.stop()
    const validate = ldap({ url: responder.url, bind: { dn: 'uid={username},ou=system' } })
    const auth = authentication({ staff: basic({ realm: 'realm', validate }) })
    const outcome = await auth.decide(authorized(basicHeader('admin:secret')), auth.optional('staff'))
    expect(seen(outcome)).toEqual({ status: 503, challenges: [], causes: ['staff: Error'] })
    validate.close()
  })

  it('D44: characters outside the BMP are names of their own', async () => {
    const one = `uid=${escapeDnValue('\u{1f600}')},ou=system`
    expect(await answer(bindForm, { [one]: 'x' }, basicHeader('\u{1f600}:x'))).toMatchObject({ status: 200 })
    expect(await answer(bindForm, { [one]: 'x' }, basicHeader('\u{1f601}:x'))).toMatchObject({ status: 401 })
    expect(await answer(bindForm, { [one]: 'x' }, basicHeader('??:x'))).toMatchObject({ status: 401 })
  })

  it('D45: a login runs against a directory, from the header to the octets of the bind', async () => {
    const right = await answer(bindForm, {}, basicHeader('admin:secret'))
    expect(right).toMatchObject({ status: 200, name: 'admin' })
    expect(right.asked).toMatchObject([
      { operation: 'bind', name: ADMIN, authentication: { tag: 0x80, secret: 'secret' } },
    ])
    expect((await answer(bindForm, {}, '')).status).toBe(401)
    const odd = 'a,b=c+"d"'
    const people = { [`uid=${escapeDnValue(odd)},ou=system`]: 'odd' }
    expect(await answer(bindForm, people, basicHeader(`${odd}:odd`))).toMatchObject({ status: 200, name: odd })
    expect(await answer(bindForm, people, basicHeader('a:odd'))).toMatchObject({ status: 401 })
  })
})
