import {
  type AuthenticationContext,
  AuthenticationFailedCause,
  authentication,
  type FaultEvent,
  invalidCredentials,
  provider,
} from 'becauth'
import { apiKey, hashApiKey, verifyApiKey } from 'becauth/api-key'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { constantTimeEqual } from 'becauth/crypto'
import { authenticate, protect } from 'becauth/fetch'
import { form } from 'becauth/form'
import { parseAuthorization, parseChallenges } from 'becauth/wire'
import { describe, expect, it } from 'vitest'
import { testRequest } from '../../src/testing/request.ts'
import { absent, always, authorized, basicHeader, down, posted, right, seen, silent, wrong } from './helpers.ts'

const named = ({ username }: { username: string }) => ({ name: username })
const nobody = () => null

describe('flaws of Ktor: the decision', () => {
  it.each([undefined, null, {}, [], 'yes', true])('F1: refuses when a provider answers %j', async (answer) => {
    const faults: FaultEvent[] = []
    const auth = authentication({ a: silent(answer) }, { listeners: [{ fault: (event) => faults.push(event) }] })
    const outcomes = [
      await auth.decide(testRequest(), 'a'),
      await auth.decide(testRequest(), auth.allOf('a')),
      await auth.decide(testRequest(), auth.anyOf('a')),
    ]
    expect(outcomes.map((outcome) => seen(outcome).status)).toEqual([401, 401, 401])
    expect(faults.map(({ fault, provider: name }) => [fault, name])).toEqual(Array(3).fill(['no-verdict', 'a']))
  })

  it('F1: refuses with the default challenge when a challenge function answers nothing or throws', async () => {
    const auth = authentication({
      silent: form({ validate: nobody, challenge: nobody }),
      throwing: form({
        validate: nobody,
        challenge: () => {
          throw new Error('no page today')
        },
      }),
    })
    expect(seen(await auth.decide(posted('user=a&password=b'), auth.require('silent')))).toMatchObject({
      status: 401,
      challenges: ['Form realm="silent"'],
    })
    expect(seen(await auth.decide(testRequest(), 'throwing'))).toMatchObject({
      status: 401,
      challenges: ['Form realm="throwing"'],
    })
  })

  it('F2: sends the challenges of all providers that could let the caller in', async () => {
    const auth = authentication({
      api: bearer({ validate: nobody }),
      staff: basic({ realm: 'staff', validate: nobody }),
    })
    expect(seen(await auth.decide(testRequest(), auth.anyOf('api', 'staff'))).challenges).toEqual([
      'Bearer realm="api"',
      'Basic realm="staff", charset="UTF-8"',
    ])
  })

  it('F3: refuses an optional requirement whose provider could not decide', async () => {
    const auth = authentication({
      a: down(),
      b: basic({
        realm: 'b',
        validate: () => {
          throw new Error('the database is down')
        },
      }),
    })
    expect(seen(await auth.decide(testRequest(), auth.optional('a'))).status).toBe(503)
    expect(seen(await auth.decide(authorized(basicHeader('u:p')), auth.optional('b'))).status).toBe(503)
    expect(seen(await auth.decide(testRequest(), auth.optional('b'))).status).toBe(200)
  })

  it("F4: does not let the outer scope's principal through an inner scope", async () => {
    const auth = authentication({ user: right(), admin: absent() })
    const handled: string[] = []
    const inner = protect(auth.require('admin'), () => {
      handled.push('secret')
      return new Response('secret')
    })
    const outer = protect(auth.require('user'), (request) => inner(request))
    const response = await outer(new Request('https://service.example/admin'))
    expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([401, 'Custom realm="admin"'])
    expect(handled).toEqual([])
  })

  it('F5: keeps the failures of two providers of one kind apart', async () => {
    const auth = authentication({
      old: apiKey({ header: 'X-Old-Key', validate: nobody }),
      young: apiKey({ header: 'X-Young-Key', validate: nobody }),
    })
    const request = testRequest({ headers: { 'X-Old-Key': 'stale' } })
    expect(seen(await auth.decide(request, auth.optional(auth.anyOf('old', 'young'))))).toMatchObject({
      status: 401,
      causes: ['old: InvalidCredentials', 'young: NoCredentials'],
    })
  })

  it('F6: judges each child of allOf by its own answer', async () => {
    const twins = Object.assign([{ name: 'one' }, { name: 'two' }], { name: 'one' })
    const auth = authentication({ a: always({ principal: twins }), b: wrong() })
    expect(seen(await auth.decide(testRequest(), auth.allOf('a', 'b')))).toMatchObject({
      status: 401,
      challenges: ['Custom realm="b"'],
    })
  })

  it('F7: asks its own providers whoever has let somebody in before', async () => {
    const earlier = authentication({ a: right(), b: right() })
    const auth = authentication({ a: absent(), b: right() })
    const request = testRequest()
    Object.assign(request.native, { user: { name: 'earlier' } })
    expect(await earlier.decide(request, 'a')).toMatchObject({ kind: 'authenticated' })
    expect(await auth.decide(request, 'b')).toMatchObject({ kind: 'authenticated' })
    expect(seen(await auth.decide(request, 'a')).status).toBe(401)
  })

  it('F8: has a challenge in every 401 and none in a 503', async () => {
    const no = new AuthenticationFailedCause.Error('the other side said no', { retryable: false })
    const auth = authentication({
      final: always({ cause: no }),
      thrown: provider<object>({
        challenge: { scheme: 'Custom' },
        authenticate: () => Promise.reject(new Error('out of keys')),
      }),
    })
    expect(seen(await auth.decide(testRequest(), 'final'))).toMatchObject({
      status: 401,
      challenges: ['Custom realm="final"'],
    })
    expect(seen(await auth.decide(testRequest(), 'thrown'))).toMatchObject({ status: 503, challenges: [] })
  })
})

describe('flaws of Ktor: credentials', () => {
  it('F10: reads all of a secret, wherever the first difference is', () => {
    const reads = (actual: string): number => {
      let count = 0
      const charCodeAt = String.prototype.charCodeAt
      String.prototype.charCodeAt = function (this: string, index) {
        count++
        return charCodeAt.call(this, index)
      }
      try {
        expect(constantTimeEqual(actual, 'correct horse')).toBe(actual === 'correct horse')
      } finally {
        String.prototype.charCodeAt = charCodeAt
      }
      return count
    }
    expect(reads('Xorrect horse')).toBe(reads('correct horse'))
    expect(reads('correct horsX')).toBe(reads('correct horse'))
  })

  it('F10: hashes a key before it is compared with a stored one', async () => {
    const stored = await hashApiKey('right')
    expect(await verifyApiKey('right', stored, { job: 1 })).toEqual({ job: 1 })
    expect(await verifyApiKey('wrong', stored, { job: 1 })).toBeNull()
    await expect(verifyApiKey('right', 'right', { job: 1 })).rejects.toThrow(TypeError)
  })

  it('F11: decodes Basic by the charset that it was told', async () => {
    const auth = authentication({
      utf8: basic({ realm: 'utf8', validate: named }),
      latin1: basic({ realm: 'latin1', charset: 'ISO-8859-1', validate: named }),
    })
    const inLatin1 = basicHeader(Buffer.from('jörg:x', 'latin1'))
    expect(await auth.decide(authorized(inLatin1), 'latin1')).toMatchObject({ principal: { name: 'jörg' } })
    expect(seen(await auth.decide(authorized(inLatin1), 'utf8')).causes).toEqual([
      'utf8: InvalidCredentials/malformed-credential',
    ])
    expect(await auth.decide(authorized(basicHeader('jörg:x')), 'utf8')).toMatchObject({ principal: { name: 'jörg' } })
  })

  it.each(['Basic', 'Basic +-test', 'Basic dXNlcjE=', 'Basic realm=x', 'Basic _-8=', 'basic a b'])(
    'F11b: refuses %j on an optional requirement',
    async (header) => {
      const auth = authentication({ staff: basic({ realm: 'staff', validate: named }) })
      expect(seen(await auth.decide(authorized(header), auth.optional('staff')))).toMatchObject({
        status: 401,
        causes: ['staff: InvalidCredentials/malformed-credential'],
      })
    },
  )

  it('F12: takes a header of another scheme for absent in every provider', async () => {
    const auth = authentication({
      staff: basic({ realm: 'staff', validate: named }),
      api: bearer({ validate: () => ({ name: 'api' }) }),
    })
    const bearerToBasic = await auth.decide(authorized('Bearer token'), auth.optional('staff'))
    const basicToBearer = await auth.decide(authorized(basicHeader('u:p')), auth.optional('api'))
    expect([seen(bearerToBasic), seen(basicToBearer)]).toMatchObject([
      { status: 200, causes: ['staff: NoCredentials'] },
      { status: 200, causes: ['api: NoCredentials'] },
    ])
  })

  it('F13: lets another provider succeed beside an unreadable Authorization field, in either order', async () => {
    const auth = authentication({
      staff: basic({ realm: 'staff', validate: named }),
      machine: apiKey({ validate: () => ({ name: 'machine' }) }),
    })
    const request = () => testRequest({ headers: { Authorization: 'B<sic code', 'X-Api-Key': 'k' } })
    for (const requirement of [auth.anyOf('staff', 'machine'), auth.anyOf('machine', 'staff')]) {
      expect(await auth.decide(request(), requirement)).toMatchObject({ provider: 'machine' })
    }
    expect(seen(await auth.decide(request(), auth.optional('staff'))).status).toBe(200)
  })

  it('F13b: refuses two Authorization field lines, whichever of them is right', async () => {
    const auth = authentication({
      staff: basic({
        realm: 'staff',
        validate: ({ username, password }) => (username === password ? { username } : null),
      }),
    })
    const lines = [basicHeader('a:a'), basicHeader('a:b')]
    for (const [first = '', second = ''] of [lines, lines.toReversed()]) {
      const headers = [['Authorization', first] as const, ['Authorization', second] as const]
      expect(seen(await auth.decide(testRequest({ headers }), 'staff'))).toMatchObject({
        status: 401,
        causes: ['staff: InvalidCredentials/malformed-credential'],
      })
    }
  })

  it('F21: refuses a provider without validate when it is made', () => {
    for (const factory of [basic, bearer, form, apiKey]) {
      const make = () => Reflect.apply(factory, undefined, [{ realm: 'r' }])
      expect(make).toThrow(TypeError)
      expect(make).toThrow(`${factory.name}(): "validate" must be a function`)
    }
  })

  it('F25: gives the challenge function the cause of the refusal and the request', async () => {
    const given: [AuthenticationFailedCause, AuthenticationContext][] = []
    const locked = invalidCredentials('locked')
    const challenge = (...all: [AuthenticationFailedCause, AuthenticationContext]) => {
      given.push(all)
      return null
    }
    const auth = authentication({ staff: basic({ realm: 'staff', validate: () => locked, challenge }) })
    await auth.decide(authorized(basicHeader('u:p'), { target: '/desk?id=7' }), 'staff')
    expect(given).toHaveLength(1)
    expect(given[0]?.[0]).toBe(locked)
    expect([given[0]?.[1].name, given[0]?.[1].request.target]).toEqual(['staff', '/desk?id=7'])
  })

  it('F26: finds the principal of an API key under the name of its provider', async () => {
    const auth = authentication({ machine: apiKey({ validate: ({ key }) => ({ key }) }) })
    const outcome = await auth.decide(testRequest({ headers: { 'X-Api-Key': 'k' } }), 'machine')
    expect(outcome.principals.machine).toEqual({ key: 'k' })
    expect(outcome.principal).toBe(outcome.principals.machine)
  })

  it('F27: tells a body that cannot be read from one that is not there', async () => {
    const auth = authentication({ login: form({ validate: named, limitBytes: 64 }) })
    const broken = { ...posted('user=a&password=b'), body: () => Promise.reject(new Error('connection reset')) }
    const outcomes = [
      await auth.decide(broken, auth.optional('login')),
      await auth.decide(posted('user=%FF&password=b'), auth.optional('login')),
      await auth.decide(posted(`user=a&password=${'b'.repeat(64)}`), auth.optional('login')),
      await auth.decide(posted('<user/>', 'application/xml'), auth.optional('login')),
    ]
    expect(outcomes.map(seen)).toMatchObject([
      { status: 503, causes: ['login: Error'] },
      { status: 401, causes: ['login: InvalidCredentials/malformed-request'], challenges: ['Form realm="login"'] },
      { status: 413, causes: ['login: InvalidCredentials/too-large'] },
      { status: 200, causes: ['login: NoCredentials'] },
    ])
  })

  it.each([
    ['Digest a=b, c=', undefined],
    ['Digest a=1, a=2', undefined],
    ['Digest a=1, A=2', undefined],
    ['Digest Realm=x', 'x'],
    ['Digest a=1,\trealm\t=\tx', 'x'],
    ['Digest realm="x', undefined],
  ])('F28: reads %j by the grammar of RFC 9110', (value, realm) => {
    expect(parseAuthorization(value)?.parameters?.get('realm')).toBe(realm)
    expect(parseChallenges(value)?.[0]?.parameters?.get('realm')).toBe(realm)
  })

  it('F28: compares a token as it was sent, letter by letter', async () => {
    const auth = authentication({ api: bearer({ validate: ({ token }) => (token === 'AbC=' ? { token } : null) }) })
    expect(await auth.decide(authorized('bEARER AbC='), 'api')).toMatchObject({ principal: { token: 'AbC=' } })
    expect(seen(await auth.decide(authorized('Bearer abc='), 'api')).status).toBe(401)
  })
})

describe('flaws of Ktor: around the decision', () => {
  it('F29: resolves providers when the requirement is made', async () => {
    const providers: Record<string, ReturnType<typeof right>> = { a: right('first') }
    const auth = authentication(providers)
    const requirement = auth.require('a')
    providers.a = right('second')
    providers.b = right('late')
    expect(await auth.decide(testRequest(), requirement)).toMatchObject({ principal: { name: 'first' } })
    expect(() => auth.require('b')).toThrow(new TypeError('require(): there is no provider named "b"; there are a'))
  })

  it('F31: runs where it is put, before or after other middleware, each time', async () => {
    const trace: string[] = []
    const watched = provider<object>({
      challenge: { scheme: 'Custom' },
      authenticate: () => {
        trace.push('authenticate')
        return { principal: { name: 'somebody' } }
      },
    })
    const auth = authentication({ a: watched }, { listeners: [{ decision: () => trace.push('listener') }] })
    const guard = authenticate(auth.require('a'))
    const limit = (): undefined => {
      trace.push('limit')
    }
    const handle = async (steps: readonly ((request: Request) => unknown)[]) => {
      trace.length = 0
      const request = new Request('https://service.example/')
      for (const step of steps) await step(request)
      trace.push(`handle ${JSON.stringify(guard.of(request).principal)}`)
      return [...trace]
    }
    const handled = 'handle {"name":"somebody"}'
    for (let round = 0; round < 2; round++) {
      expect(await handle([limit, guard])).toEqual(['limit', 'authenticate', 'listener', handled])
      expect(await handle([guard, limit])).toEqual(['authenticate', 'listener', 'limit', handled])
    }
    await expect(handle([limit])).rejects.toThrow(TypeError)
  })
})
