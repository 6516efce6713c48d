import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import type { RequiredAuthentication, RequiredClaims } from './checks.ts'
import { type AuthenticationProvider, type ProviderOptions, provider } from './provider.ts'
import type { Outcome } from './who.ts'

const NOW = 1_700_000_000

/** Says yes to everybody: `principal` is whom, `claims` what the credential states. */
function token(
  principal: object,
  claims?: Readonly<Record<string, unknown>>,
  options: Partial<ProviderOptions<object>> = {},
): AuthenticationProvider<object> {
  return provider({
    challenge: { scheme: 'Bearer' },
    denialChallenges: [
      { scheme: 'Bearer', parameters: [['scope', 'basic']] },
      { scheme: 'DPoP', parameters: [['algs', 'ES256']] },
    ],
    authenticate: () => ({ principal, claims }),
    ...options,
  })
}

const plain = (principal: object = {}) =>
  provider({ challenge: { scheme: 'Basic', parameters: [['realm', 'staff']] }, authenticate: () => ({ principal }) })

function registry(api: AuthenticationProvider<object>, staff: AuthenticationProvider<object> = plain()) {
  return authentication({ api, staff }, { clock: () => NOW })
}

async function summary(outcome: Outcome | Promise<Outcome>): Promise<string> {
  const settled = await outcome
  if (settled.kind !== 'rejected') return settled.kind
  const challenges = settled.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  return [settled.response.status, ...challenges].join(' | ')
}

function withScopes(principal: object, claims: Readonly<Record<string, unknown>> | undefined, scopes: string[]) {
  const auth = registry(token(principal, claims))
  return summary(auth.decide(testRequest(), auth.requireScopes('api', scopes)))
}

describe('requireScopes()', () => {
  it('lets pass whose token has all the scopes', async () => {
    expect(await withScopes({}, { scope: 'openid orders:read orders:write' }, ['orders:read', 'openid'])).toBe(
      'authenticated',
    )
  })

  it('denies with 403 and says, in the schemes of the provider, which scopes are needed (RFC 6750, section 3.1)', async () => {
    expect(await withScopes({}, { scope: 'orders' }, ['orders:read', 'orders:write'])).toBe(
      '403 | Bearer realm="api", error="insufficient_scope", scope="orders:read orders:write" | ' +
        'DPoP realm="api", error="insufficient_scope", scope="orders:read orders:write", algs="ES256"',
    )
  })

  it.each([
    [{ scope: ['a', 'b'] }, 'authenticated'],
    [{ scp: 'b a' }, 'authenticated'],
    [{ scp: ['a'] }, 'authenticated'],
    [{ scope: 'b', scp: 'a' }, '403'],
    [{ scope: 'A' }, '403'],
    [{ scope: 'aa' }, '403'],
    [{ scope: 'a\tb' }, '403'],
    [{ scope: '' }, '403'],
    [{ scope: { a: true } }, '403'],
    [{}, '403'],
    [undefined, '403'],
  ])('reads scopes as issuers write them: %j', async (claims, expected) => {
    expect((await withScopes({}, claims, ['a'])).split(' ')[0]).toBe(expected)
  })

  it('believes the principal before the token, so that a principal can have less', async () => {
    expect(await withScopes({ scope: 'a' }, undefined, ['a'])).toBe('authenticated')
    expect((await withScopes({ scope: 'b' }, { scope: 'a' }, ['a'])).slice(0, 3)).toBe('403')
    expect((await withScopes({ scope: undefined }, { scope: 'a' }, ['a'])).slice(0, 3)).toBe('403')
  })

  it('never adds up what two principals may', async () => {
    const auth = registry(token({}, { scope: 'a' }), token({}, { scope: 'b' }))
    const both = auth.allOf('api', 'staff')
    expect((await summary(auth.decide(testRequest(), auth.requireScopes(both, ['a', 'b'])))).slice(0, 3)).toBe('403')
    expect(await summary(auth.decide(testRequest(), auth.requireScopes(both, ['b'])))).toBe('authenticated')
  })

  it('sends no challenge for a provider whose scheme knows no scopes', async () => {
    const auth = registry(token({}), plain())
    expect(await summary(auth.decide(testRequest(), auth.requireScopes('staff', ['a'])))).toBe('403')
  })

  it('composes: a denied alternative gives way to another one, and optional() does not forgive', async () => {
    const auth = registry(token({}, { scope: 'a' }))
    const either = auth.anyOf(auth.requireScopes('api', ['b']), 'staff')
    expect(await summary(auth.decide(testRequest(), either))).toBe('authenticated')
    const optional = auth.optional(auth.requireScopes('api', ['b']))
    expect((await summary(auth.decide(testRequest(), optional))).slice(0, 3)).toBe('403')
    const mapped = auth.requireScopes(
      auth.map('api', () => ({ other: true })),
      ['a'],
    )
    expect(await summary(auth.decide(testRequest(), mapped))).toBe('authenticated')
  })

  it('tells who was denied what, and how it was written', async () => {
    const auth = registry(token({}))
    const requirement = auth.requireScopes('api', ['b'])
    expect(requirement.description).toBe('requireScopes(api)')
    expect(await auth.decide(testRequest(), requirement)).toMatchObject({
      kind: 'rejected',
      failures: [],
      denials: [{ requirement: 'requireScopes', providers: ['api'], status: 403, error: 'insufficient_scope' }],
    })
  })

  it('says yes exactly when every wanted scope is among the granted ones', async () => {
    const scopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd:e', 'f.g'), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(scopes, scopes, async (granted, wanted) => {
        const said = await withScopes({}, { scope: granted.join(' ') }, wanted)
        expect(said === 'authenticated').toBe(wanted.every((scope) => granted.includes(scope)))
      }),
    )
  })

  it.each([[[]], [['a b']], [['a"']], [['']], [[7]], ['a'], [undefined]])('refuses scopes %j', (scopes) => {
    const auth = registry(token({}))
    expect(() => Reflect.apply(auth.requireScopes, auth, ['api', scopes])).toThrow('requireScopes(): "scopes" must be')
  })

  it('refuses a requirement that may be anonymous', () => {
    const auth = registry(token({}))
    expect(() => Reflect.apply(auth.requireScopes, auth, [auth.optional('api'), ['a']])).toThrow(
      'requireScopes(): wants a requirement that always yields a principal',
    )
  })
})

describe('requireRoles()', () => {
  const decide = (claims: Readonly<Record<string, unknown>>, roles: string[], claim?: string | readonly string[]) => {
    const auth = registry(token({}, claims))
    return summary(auth.decide(testRequest(), auth.requireRoles('api', roles, { claim })))
  }

  it.each([
    [{ roles: ['admin', 'staff'] }, undefined, 'authenticated'],
    [{ roles: 'admin' }, undefined, 'authenticated'],
    [{ roles: 'admin staff' }, undefined, '403'],
    [{ groups: ['admin'] }, 'groups', 'authenticated'],
    [{ realm_access: { roles: ['admin'] } }, ['realm_access', 'roles'], 'authenticated'],
    [{ realm_access: ['admin'] }, ['realm_access', 'roles'], '403'],
    [{ realm_access: null }, ['realm_access', 'roles'], '403'],
    [{}, undefined, '403'],
  ])('finds roles in %j by %j', async (claims, claim, expected) => {
    expect((await decide(claims, ['admin'], claim)).split(' ')[0]).toBe(expected)
  })

  it('answers 403 and insufficient_scope, without a scope of its own', async () => {
    expect(await decide({ roles: ['staff'] }, ['admin'])).toBe(
      '403 | Bearer realm="api", error="insufficient_scope", scope="basic" | ' +
        'DPoP realm="api", error="insufficient_scope", algs="ES256"',
    )
  })

  it.each([[[]], [['']], [undefined]])('refuses roles %j', (roles) => {
    const auth = registry(token({}))
    expect(() => Reflect.apply(auth.requireRoles, auth, ['api', roles])).toThrow('requireRoles(): "roles" must be')
    expect(() => Reflect.apply(auth.requireRoles, auth, ['api', ['a'], { claim: roles ?? 7 }])).toThrow('"claim"')
  })
})

describe('requireClaims()', () => {
  const claims = { tenant: 'acme', level: 3, verified: true, groups: ['a', 'b'] }
  const decide = async (required: RequiredClaims) => {
    const auth = registry(token({}, claims))
    return (await summary(auth.decide(testRequest(), auth.requireClaims('api', required)))).split(' ')[0]
  }

  it.each([
    [{ tenant: 'acme' }, 'authenticated'],
    [{ tenant: ['other', 'acme'], level: 3, verified: true }, 'authenticated'],
    [{ groups: 'b' }, 'authenticated'],
    [{ tenant: 'acme', level: 4 }, '403'],
    [{ level: '3' }, '403'],
    [{ verified: 'true' }, '403'],
    [{ nobody: 'acme' }, '403'],
    [{ constructor: 'Object' }, '403'],
  ])('wants %j', async (required, expected) => {
    expect(await decide(required)).toBe(expected)
  })

  it('asks a function, and takes nothing but true for a yes', async () => {
    expect(await decide({ level: (level) => typeof level === 'number' && level > 2 })).toBe('authenticated')
    expect(await decide({ level: (level) => level === 9 })).toBe('403')
    const auth = registry(token({}, claims))
    const later = Reflect.apply(auth.requireClaims, auth, ['api', { level: async () => true }])
    expect((await summary(auth.decide(testRequest(), later))).slice(0, 3)).toBe('403')
  })

  it('answers 503, and lets nobody in, when a function throws', async () => {
    expect(
      await decide({
        level: () => {
          throw new Error('broken')
        },
      }),
    ).toBe('unavailable')
  })

  it.each([[{}], [{ a: [] }], [{ a: null }], [{ a: Number.NaN }], [{ a: {} }], [[]], [undefined]])(
    'refuses claims %j',
    (required) => {
      const auth = registry(token({}))
      expect(() => Reflect.apply(auth.requireClaims, auth, ['api', required])).toThrow('requireClaims(): "claims" must')
    },
  )
})

describe('requireAuthentication()', () => {
  const decide = (claims: Readonly<Record<string, unknown>>, required: RequiredAuthentication) => {
    const auth = registry(token({}, claims))
    return summary(auth.decide(testRequest(), auth.requireAuthentication('api', required)))
  }

  it.each<[object, RequiredAuthentication, boolean]>([
    [{ auth_time: NOW - 300 }, { maxAgeSeconds: 300 }, true],
    [{ auth_time: NOW - 301 }, { maxAgeSeconds: 300 }, false],
    [{ auth_time: NOW + 60 }, { maxAgeSeconds: 300 }, true],
    [{ auth_time: NOW + 61 }, { maxAgeSeconds: 300 }, false],
    [{ auth_time: String(NOW) }, { maxAgeSeconds: 300 }, false],
    [{ auth_time: Number.NaN }, { maxAgeSeconds: 300 }, false],
    [{ iat: NOW }, { maxAgeSeconds: 300 }, false],
    [{ acr: 'gold' }, { acrValues: ['silver', 'gold'] }, true],
    [{ acr: 'bronze' }, { acrValues: ['silver', 'gold'] }, false],
    [{ acr: ['gold'] }, { acrValues: ['gold'] }, false],
    [{}, { acrValues: ['gold'] }, false],
    [{ amr: ['pwd', 'otp'] }, { amr: ['otp'] }, true],
    [{ amr: ['pwd'] }, { amr: ['pwd', 'otp'] }, false],
    [{}, { amr: ['otp'] }, false],
    [{ acr: 'gold', auth_time: NOW }, { acrValues: ['gold'], maxAgeSeconds: 0 }, true],
    [{ acr: 'gold', auth_time: NOW - 1 }, { acrValues: ['gold'], maxAgeSeconds: 0 }, false],
  ])('judges %j by %j: %s', async (claims, required, expected) => {
    const said = await decide({ ...claims }, required)
    expect(said === 'authenticated').toBe(expected)
    if (!expected) expect(said.slice(0, 3)).toBe('401')
  })

  it('challenges with acr_values and max_age, and nothing about amr (RFC 9470, section 3)', async () => {
    expect(await decide({}, { acrValues: ['gold', 'silver'], maxAgeSeconds: 5, amr: ['otp'] })).toBe(
      '401 | Bearer realm="api", error="insufficient_user_authentication", acr_values="gold silver", max_age="5", ' +
        'scope="basic" | ' +
        'DPoP realm="api", error="insufficient_user_authentication", acr_values="gold silver", max_age="5", algs="ES256"',
    )
  })

  it('has a challenge even where the scheme knows no step-up', async () => {
    const auth = registry(token({}), plain())
    const requirement = auth.requireAuthentication('staff', { maxAgeSeconds: 60 })
    expect(await summary(auth.decide(testRequest(), requirement))).toBe('401 | Basic realm="staff"')
  })

  it.each([
    [undefined, 'wants an object'],
    [{}, 'wants "acrValues"'],
    [{ maxAgeSeconds: -1 }, '"maxAgeSeconds"'],
    [{ maxAgeSeconds: 1.5 }, '"maxAgeSeconds"'],
    [{ acrValues: [] }, '"acrValues"'],
    [{ acrValues: ['a b'] }, '"acrValues"'],
    [{ acrValues: ['gö'] }, '"acrValues"'],
    [{ amr: [''] }, '"amr"'],
  ])('refuses %j', (required, message) => {
    const auth = registry(token({}))
    expect(() => Reflect.apply(auth.requireAuthentication, auth, ['api', required])).toThrow(message)
  })
})

describe('provider(): "denialChallenges"', () => {
  it.each([['Bearer'], [[{ scheme: 'B r' }]], [[{ scheme: 'Bearer', parameters: [['a', 'ü']] }]], [[null]]])(
    'refuses %j',
    (denialChallenges) => {
      const options = { challenge: { scheme: 'Bearer' }, authenticate: () => ({ principal: {} }), denialChallenges }
      expect(() => Reflect.apply(provider, undefined, [options])).toThrow('"denialChallenges" must be')
    },
  )
})
