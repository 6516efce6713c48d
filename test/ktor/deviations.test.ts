import { AuthenticationFailedCause, authentication, provider } from 'becauth'
import { apiKey } from 'becauth/api-key'
import { basic, basicCredentials } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { form } from 'becauth/form'
import { formatChallenge, parseAuthorization, parseChallenges } from 'becauth/wire'
import { describe, expect, it } from 'vitest'
import { testRequest } from '../../src/testing/request.ts'
import { absent, always, authorized, basicHeader, down, posted, right, seen, silent, wrong } from './helpers.ts'

const named = ({ username }: { username: string }) => ({ name: username })
const nobody = () => null

describe('deviations of Ktor', () => {
  it('D01: challenges in the 401 of every kind of provider', async () => {
    const auth = authentication({
      staff: basic({ realm: 'staff', validate: nobody }),
      api: bearer({ validate: nobody }),
      login: form({ validate: nobody }),
      machine: apiKey({ validate: nobody }),
      own: absent(),
    })
    for (const name of auth.names) {
      const { status, challenges } = seen(await auth.decide(testRequest(), name))
      expect([name, status, challenges.length]).toEqual([name, 401, 1])
      expect(parseChallenges(challenges[0] ?? '')?.[0]?.parameters?.get('realm')).toBe(name)
    }
  })

  it('D02: quotes a realm that could stand without quotes, and reads both', () => {
    expect(formatChallenge({ scheme: 'Basic', parameters: [['realm', 'ktor-test']] })).toBe('Basic realm="ktor-test"')
    for (const text of ['Basic realm=ktor-test', 'Basic realm="ktor-test"']) {
      expect(parseChallenges(text)?.[0]?.parameters?.get('realm')).toBe('ktor-test')
    }
  })

  it('D03: names the error of a token that came, and none where none came', async () => {
    const auth = authentication({ api: bearer({ validate: nobody }) })
    const lines = [
      ['Authorization', 'Bearer a'],
      ['Authorization', 'Bearer b'],
    ] as const
    const outcomes = [
      await auth.decide(testRequest(), 'api'),
      await auth.decide(authorized('Bearer x'), 'api'),
      await auth.decide(testRequest({ headers: lines }), 'api'),
    ]
    expect(outcomes.map(seen)).toMatchObject([
      { status: 401, challenges: ['Bearer realm="api"'] },
      { status: 401, challenges: ['Bearer realm="api", error="invalid_token"'] },
      { status: 400, challenges: ['Bearer realm="api", error="invalid_request"'] },
    ])
  })

  it('D04: fails closed under every combinator when a challenge is silent', async () => {
    const auth = authentication({ a: form({ validate: nobody, challenge: () => null }) })
    for (const requirement of [auth.require('a'), auth.allOf('a'), auth.anyOf('a')]) {
      expect(seen(await auth.decide(posted(''), requirement)).status).toBe(401)
    }
    expect(seen(await auth.decide(posted('user=a&password=b'), auth.optional('a'))).status).toBe(401)
  })

  it('D05: takes a silent provider for one without credentials', async () => {
    const auth = authentication({ a: silent(undefined) })
    expect(seen(await auth.decide(testRequest(), 'a'))).toMatchObject({ status: 401, causes: ['a: NoCredentials'] })
  })

  it('D06: does not let two principals of one provider stand for another provider', async () => {
    const auth = authentication({ a: right(), b: right(), c: absent() })
    const requirement = auth.allOf(auth.allOf('a', 'b'), 'c')
    expect(seen(await auth.decide(testRequest(), requirement))).toMatchObject({
      status: 401,
      challenges: ['Custom realm="c"'],
    })
  })

  it('D07: refuses an optional requirement when any provider saw wrong credentials', async () => {
    const auth = authentication({ a: wrong(), b: absent() })
    for (const requirement of [auth.anyOf('a', 'b'), auth.anyOf('b', 'a')]) {
      expect(seen(await auth.decide(testRequest(), auth.optional(requirement)))).toMatchObject({
        status: 401,
        challenges: ['Custom realm="a"', 'Custom realm="b"'],
      })
    }
  })

  it('D08: never takes an error for anonymous, whether it may pass later or not', async () => {
    const final = new AuthenticationFailedCause.Error('no', { retryable: false })
    const auth = authentication({ a: down(), b: always({ cause: final }) })
    const [later, never] = [
      await auth.decide(testRequest(), auth.optional('a')),
      await auth.decide(testRequest(), auth.optional('b')),
    ]
    expect([seen(later).status, seen(never).status]).toEqual([503, 401])
  })

  it('D09: decides on what is left when a provider is skipped', async () => {
    const auth = authentication({ a: right(), b: absent() })
    const skipped = auth.skipWhen(() => true, 'a')
    const alone = await auth.decide(testRequest(), skipped)
    const beside = await auth.decide(testRequest(), auth.allOf(skipped, auth.optional('b')))
    expect([alone.kind, beside.kind]).toEqual(['anonymous', 'anonymous'])
  })

  it('D10: names unreadable credentials malformed', async () => {
    const auth = authentication({ staff: basic({ realm: 'staff', validate: named }) })
    expect(seen(await auth.decide(authorized('Basic dXNlcjE'), 'staff')).causes).toEqual([
      'staff: InvalidCredentials/malformed-credential',
    ])
  })

  it('D11: challenges for the scheme that the client tried first, though another was written first', async () => {
    const auth = authentication({
      api: bearer({ validate: nobody }),
      staff: basic({ realm: 'staff', validate: nobody }),
    })
    expect(seen(await auth.decide(authorized(basicHeader('u:p')), auth.anyOf('api', 'staff')))).toEqual({
      status: 401,
      challenges: ['Basic realm="staff", charset="UTF-8"', 'Bearer realm="api"'],
      causes: ['api: NoCredentials', 'staff: InvalidCredentials'],
    })
  })

  it('D12: answers what cannot be parsed alike in either order of providers', async () => {
    const auth = authentication({
      api: bearer({ validate: nobody }),
      login: form({ validate: named }),
    })
    const request = () => {
      const headers = { Authorization: 'Bea{rer x', 'Content-Type': 'application/x-www-form-urlencoded' }
      return testRequest({ method: 'POST', headers, body: 'user=a&password=b' })
    }
    for (const requirement of [auth.anyOf('api', 'login'), auth.anyOf('login', 'api')]) {
      expect(await auth.decide(request(), requirement)).toMatchObject({ principal: { name: 'a' } })
    }
    expect(seen(await auth.decide(request(), 'api'))).toMatchObject({ status: 401, causes: ['api: NoCredentials'] })
  })

  it('D25: refuses names that no provider has, and lists of none, when the requirement is made', () => {
    const auth = authentication<Record<string, object>>({ a: right() })
    for (const make of [auth.anyOf, auth.allOf]) {
      expect(() => Reflect.apply(make, auth, [])).toThrow(TypeError)
      expect(() => Reflect.apply(make, auth, ['a', 'b'])).toThrow('there is no provider named "b"; there are a')
    }
    expect(() => authentication({})).toThrow(TypeError)
  })

  it('D35: refuses what stands outside the grammar of an Authorization field', () => {
    const outside = ['Digest a=1, b=', 'Digest a=1, A=2', 'Digest a="1', 'Digest a=1 b=2', 'Digest a=é', 'Digest =1']
    expect(outside.filter((value) => parseAuthorization(value) !== undefined)).toEqual([])
    expect(parseAuthorization('Digest A=1,\tB\t=\t2')?.parameters).toEqual(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    )
  })

  it('D36: keeps the case of a token and ignores that of the scheme', () => {
    expect(parseAuthorization('bAsIc QWJj')).toEqual({ scheme: 'bAsIc', token68: 'QWJj' })
    expect(basicCredentials(authorized(`bASIC ${btoa('Ab:C')}`))).toEqual({ username: 'Ab', password: 'C' })
    const other = btoa('Ab:C').toLowerCase()
    expect(basicCredentials(authorized(`Basic ${other}`))).not.toEqual({ username: 'Ab', password: 'C' })
  })

  it('D51: is not satisfied by a principal of a provider that the requirement does not name', async () => {
    const auth = authentication({ a: right(), b: absent() })
    const request = testRequest()
    expect(seen(await auth.decide(request, 'a')).status).toBe(200)
    expect(seen(await auth.decide(request, 'b'))).toMatchObject({ status: 401, challenges: ['Custom realm="b"'] })
  })

  it('D54: neither writes nor reads a parameter that really comes twice', () => {
    const twice = [
      ['a', '2'],
      ['X', '0'],
      ['x', '3'],
    ] as const
    expect(formatChallenge({ scheme: 'testScheme', parameters: twice })).toBeUndefined()
    expect(parseChallenges('testScheme a=2, X=0, x=3')).toBeUndefined()
  })

  it('D56: leaves a form readable for whoever comes next', async () => {
    const auth = authentication({ a: form({ validate: nobody }), b: form({ validate: named }) })
    const request = posted('user=a&password=b')
    expect(await auth.decide(request, auth.anyOf('a', 'b'))).toMatchObject({ provider: 'b', principal: { name: 'a' } })
    expect(seen(await auth.decide(posted('{"user":"a"}', 'application/json'), auth.optional('b'))).status).toBe(200)
  })

  it('D64: refuses octets that are not of the charset, and advertises no other than UTF-8', async () => {
    const auth = authentication({
      utf8: basic({ realm: 'r', validate: named }),
      latin1: basic({ realm: 'r', charset: 'ISO-8859-1', validate: named }),
    })
    const bytes = basicHeader(Uint8Array.of(0xff, 0x3a))
    expect(seen(await auth.decide(authorized(bytes), 'utf8')).status).toBe(401)
    expect(await auth.decide(authorized(bytes), 'latin1')).toMatchObject({ principal: { name: 'ÿ' } })
    expect(seen(await auth.decide(testRequest(), 'latin1')).challenges).toEqual(['Basic realm="r"'])
  })

  it('H01: passes stacked requirements only together', async () => {
    const auth = authentication({ a: right('a'), b: absent(), c: right('c') })
    const passes = async (...names: readonly ('a' | 'b' | 'c')[]) => {
      const request = testRequest()
      for (const name of names) if ('response' in (await auth.decide(request, name))) return false
      return true
    }
    expect([await passes('a', 'b'), await passes('b', 'a'), await passes('a', 'c')]).toEqual([false, false, true])
  })

  it('H02: sends the challenge of the wrong credential first, then those of the absent ones', async () => {
    const auth = authentication({ a: absent(), b: wrong(), c: absent() })
    expect(seen(await auth.decide(testRequest(), auth.anyOf('a', 'b', 'c'))).challenges).toEqual([
      'Custom realm="b"',
      'Custom realm="a"',
      'Custom realm="c"',
    ])
  })

  it('H03: answers a refusal with a status of refusals, whatever the challenge function wants', async () => {
    const wish = Object.assign({ page: 'Challenge', always: true }, { status: 200 })
    const made = provider<object>({
      challenge: { scheme: 'Custom' },
      override: () => wish,
      authenticate: () => ({ cause: AuthenticationFailedCause.InvalidCredentials }),
    })
    const auth = authentication({ a: made })
    const navigation = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
    expect(seen(await auth.decide(testRequest(), 'a')).status).toBe(401)
    expect(await auth.decide(testRequest({ headers: navigation }), 'a')).toMatchObject({
      response: { status: 401, body: 'Challenge' },
    })
  })
})
