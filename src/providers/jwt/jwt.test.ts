import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { decider, encode, hmacToken, ISSUER, NOW, rightClaims, secretKeys } from '../../../test/jwt/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type JwtClaims, type JwtOptions, jwt } from './jwt.ts'

const right = hmacToken(rightClaims)
const shared = { issuer: ISSUER, audience: 'https://api.example', keys: secretKeys, algorithms: ['HS256'] } as const

function without(name: string, from: object = rightClaims): object {
  return Object.fromEntries(Object.entries(from).filter(([other]) => other !== name))
}

describe('jwt(): what a token is for', () => {
  const decide = decider()

  it('accepts an access token and gives its claims as the principal', async () => {
    expect(await decide(right)).toMatchObject({ status: 200, principal: rightClaims, challenges: [] })
  })

  it.each([
    [{ ...rightClaims, iss: 'https://other.example' }, 'wrong-issuer'],
    [{ ...rightClaims, iss: `${ISSUER}/` }, 'wrong-issuer'],
    [{ ...rightClaims, aud: 'https://other.example' }, 'wrong-audience'],
    [{ ...rightClaims, aud: [] }, 'wrong-audience'],
    [{ ...rightClaims, aud: ['a', 'https://api.example'] }, 'accepted'],
    [{ ...rightClaims, aud: ['https://api.example', 1] }, 'malformed-credential'],
    [{ ...rightClaims, sub: 7 }, 'malformed-credential'],
    [{ ...rightClaims, jti: {} }, 'malformed-credential'],
    [{ ...rightClaims, client_id: ['a'] }, 'malformed-credential'],
    [{ ...rightClaims, exp: '9999999999' }, 'malformed-credential'],
    [{ ...rightClaims, iat: -1 }, 'malformed-credential'],
    [{ ...rightClaims, nbf: 1e12 }, 'malformed-credential'],
    [[rightClaims], 'malformed-credential'],
    ['null', 'malformed-credential'],
    ['{"iss":', 'malformed-credential'],
  ])('judges the claims of %j as %s', async (claims, reason) => {
    expect((await decide(hmacToken(claims))).reason).toBe(reason)
  })

  it.each(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])('requires "%s" by RFC 9068', async (name) => {
    const { reason, detail } = await decide(hmacToken(without(name)))
    expect(reason).toBe('missing-claim')
    expect(detail).toContain(`"${name}"`)
  })

  it.each([
    [{ alg: 'HS256', typ: 'at+jwt' }, 'accepted'],
    [{ alg: 'HS256', typ: 'application/at+JWT' }, 'accepted'],
    [{ alg: 'HS256' }, 'wrong-type'],
    [{ alg: 'HS256', typ: 'JWT' }, 'wrong-type'],
    [{ alg: 'HS256', typ: 'logout+jwt' }, 'wrong-type'],
    [{ alg: 'HS256', typ: 'at+jwt', cty: 'JWT' }, 'wrong-type'],
  ])('takes the header %j for %s', async (header, reason) => {
    expect((await decide(hmacToken(rightClaims, header))).reason).toBe(reason)
  })

  it('tells the developer which option takes a token without at+jwt', async () => {
    expect((await decide(hmacToken(rightClaims, { alg: 'HS256' }))).detail).toContain("profile: 'any'")
  })

  it.each([
    [{ jkt: 'x' }, 'proof-missing'],
    [{ 'x5t#S256': 'x' }, 'proof-missing'],
    [{ unheard: 1 }, 'proof-missing'],
    [{}, 'accepted'],
    ['x', 'malformed-credential'],
  ])('does not take a token bound to a key, "cnf": %j, for a plain bearer: %s', async (cnf, reason) => {
    expect((await decide(hmacToken({ ...rightClaims, cnf }))).reason).toBe(reason)
  })

  it("judges no claim before the signature: a stranger's token is nothing but badly signed", async () => {
    const claims = [without('exp'), { ...rightClaims, exp: 1 }, { ...rightClaims, iss: 'x' }, 'not JSON', { cnf: 1 }]
    for (const one of claims) {
      const token = hmacToken(one, undefined, new Uint8Array(32).fill(8))
      expect((await decide(token)).reason).toBe('bad-signature')
    }
  })
})

describe("jwt() with profile: 'any'", () => {
  const decide = decider({ profile: 'any' })
  const few = { iss: ISSUER, aud: 'https://api.example', exp: NOW + 60 }

  it.each([
    [{ alg: 'HS256' }, 'accepted'],
    [{ alg: 'HS256', typ: 'JWT' }, 'accepted'],
    [{ alg: 'HS256', typ: 'jwt' }, 'accepted'],
    [{ alg: 'HS256', typ: 'at+jwt' }, 'wrong-type'],
    [{ alg: 'HS256', typ: 'application/jwt' }, 'wrong-type'],
    [{ alg: 'HS256', typ: 'dpop+jwt' }, 'wrong-type'],
  ])('takes the header %j for %s', async (header, reason) => {
    expect((await decide(hmacToken(few, header))).reason).toBe(reason)
  })

  it.each(['at_hash', 'c_hash', 's_hash', 'events', 'nonce'])('refuses a token that has "%s"', async (name) => {
    const seen = await decide(hmacToken({ ...few, [name]: 'x' }, { alg: 'HS256' }))
    expect(seen).toMatchObject({ reason: 'wrong-type', detail: expect.stringContaining(`"${name}"`) })
  })

  it('takes a nonce where that is allowed, and nothing else', async () => {
    const lenient = decider({ profile: 'any', allowNonce: true })
    expect((await lenient(hmacToken({ ...few, nonce: 'n' }, { alg: 'HS256' }))).reason).toBe('accepted')
    expect((await lenient(hmacToken({ ...few, at_hash: 'n' }, { alg: 'HS256' }))).reason).toBe('wrong-type')
  })

  it.each(['iss', 'aud', 'exp'])('requires "%s" all the same', async (name) => {
    expect((await decide(hmacToken(without(name, few), { alg: 'HS256' }))).reason).toBe('missing-claim')
  })

  it('requires the claims that are named, and knows no inherited ones', async () => {
    const strict = decider({ profile: 'any', requiredClaims: ['tenant', 'constructor'] })
    const reason = async (more: object): Promise<string> =>
      (await strict(hmacToken({ ...few, ...more }, { alg: 'HS256' }))).reason
    expect(await reason({ constructor: 1 })).toBe('missing-claim')
    expect(await reason({ tenant: null, constructor: 1 })).toBe('missing-claim')
    expect(await reason({ tenant: 't' })).toBe('missing-claim')
    expect(await reason({ tenant: 't', constructor: 1 })).toBe('accepted')
  })

  it('takes a token without exp only where that was asked for', async () => {
    const lenient = decider({ profile: 'any', dangerouslyAcceptUnexpiring: true })
    expect((await lenient(hmacToken(without('exp', few), { alg: 'HS256' }))).reason).toBe('accepted')
    expect((await lenient(hmacToken({ ...few, exp: NOW - 60 }, { alg: 'HS256' }))).reason).toBe('expired')
  })
})

describe('jwt(): time', () => {
  it('counts exp, nbf and iat with five seconds of tolerance, to the second', async () => {
    const decide = decider()
    const token = hmacToken({ ...rightClaims, iat: NOW, nbf: NOW + 10, exp: NOW + 20.5 })
    const reasons = await Promise.all(
      [NOW - 1, NOW + 4, NOW + 5, NOW + 20, NOW + 25, NOW + 25.5].map(async (now) => (await decide(token, now)).reason),
    )
    expect(reasons).toEqual(['not-yet-valid', 'not-yet-valid', 'accepted', 'accepted', 'accepted', 'expired'])
  })

  it('refuses a token from the future', async () => {
    const decide = decider({ clockToleranceSeconds: 0 })
    const token = hmacToken({ ...rightClaims, iat: NOW + 1 })
    expect((await decide(token)).reason).toBe('not-yet-valid')
    expect((await decide(token, NOW + 1)).reason).toBe('accepted')
  })

  it('refuses a token older than "maxAgeSeconds", and says that it was its age', async () => {
    const decide = decider({ maxAgeSeconds: 300, clockToleranceSeconds: 0 })
    const token = hmacToken({ ...rightClaims, iat: NOW })
    expect((await decide(token, NOW + 299)).reason).toBe('accepted')
    expect(await decide(token, NOW + 300)).toMatchObject({
      reason: 'expired',
      detail: expect.stringContaining('"maxAgeSeconds"'),
    })
    expect(
      (await decider({ profile: 'any', maxAgeSeconds: 1 })(hmacToken(without('iat'), { alg: 'HS256' }))).reason,
    ).toBe('missing-claim')
  })

  it('tells until when the principal counts: the earliest end, with the tolerance', async () => {
    const expiry = async (options: object): Promise<number | undefined> => {
      const auth = authentication({ api: jwt({ ...shared, ...options }) }, { clock: () => NOW })
      const request = testRequest({ headers: { Authorization: `Bearer ${right}` } })
      const outcome = await auth.decide(request, 'api')
      return outcome.kind === 'authenticated' ? outcome.expiresAt : undefined
    }
    expect(await expiry({})).toBe(NOW + 3605)
    expect(await expiry({ maxAgeSeconds: 100, clockToleranceSeconds: 0 })).toBe(NOW + 40)
  })
})

describe('jwt(): validate and claims', () => {
  function decideWith<C extends object, P extends object>(options: Partial<JwtOptions<C, P>>, token = right) {
    const made: ReturnType<typeof jwt<JwtClaims>> = Reflect.apply(jwt, undefined, [{ ...shared, ...options }])
    const auth = authentication({ api: made }, { clock: () => NOW })
    return auth.decide(testRequest({ headers: { Authorization: `Bearer ${token}` } }), 'api')
  }

  it('gives validate the claims and the header, and takes what it answers', async () => {
    const validate = vi.fn(() => ({ id: 7 }))
    expect((await decideWith({ validate })).principal).toEqual({ id: 7 })
    expect(validate.mock.calls).toEqual([
      [{ claims: rightClaims, header: { alg: 'HS256', typ: 'at+jwt' } }, expect.objectContaining({ name: 'api' })],
    ])
  })

  it.each([
    [null, 401, 'InvalidCredentials'],
    [invalidCredentials('revoked'), 401, 'InvalidCredentials'],
    [new AuthenticationFailedCause.Error('down'), 503, 'Error'],
  ])('refuses when validate answers %o', async (answer, status, kind) => {
    for (const validate of [() => answer, async () => answer]) {
      expect(await decideWith({ validate })).toMatchObject({ response: { status }, failures: [{ cause: { kind } }] })
    }
  })

  it('does not ask validate about a token that is refused', async () => {
    const validate = vi.fn(() => ({ id: 7 }))
    await decideWith({ validate }, hmacToken({ ...rightClaims, aud: 'x' }))
    expect(validate).not.toHaveBeenCalled()
  })

  it('reads the claims by a schema, and gives what it makes of them', async () => {
    const claims = z.object({ sub: z.string(), tenant: z.string().default('none') })
    expect((await decideWith({ claims })).principal).toEqual({ sub: 'alice', tenant: 'none' })
    const refused = await decideWith({ claims: z.object({ tenant: z.string() }) })
    expect(refused.failures).toMatchObject([{ cause: { reason: 'missing-claim' } }])
    expect(JSON.stringify(refused)).not.toContain('alice')
  })

  it('waits for a schema that takes its time', async () => {
    const known = async (sub: string): Promise<boolean> => sub === 'alice'
    const claims = z.object({ sub: z.string().refine(known) })
    expect((await decideWith({ claims })).principal).toEqual({ sub: 'alice' })
    const token = hmacToken({ ...rightClaims, sub: 'bob' })
    expect(await decideWith({ claims }, token)).toMatchObject({ response: { status: 401 } })
  })

  it('cannot decide when a schema throws', async () => {
    const claims = z.string().transform((): object => {
      throw new Error('not today')
    })
    expect(await decideWith({ claims: z.object({ sub: claims }) })).toMatchObject({ response: { status: 503 } })
  })

  it('freezes what it gives, all the way down', async () => {
    const token = hmacToken({ ...rightClaims, realm_access: { roles: ['user'] } })
    const { principal } = await decideWith({}, token)
    const access: unknown = Reflect.get(Object(principal), 'realm_access')
    const roles: unknown = Reflect.get(Object(access), 'roles')
    expect([principal, access, roles].map(Object.isFrozen)).toEqual([true, true, true])
  })
})

describe('jwt(): where the token is', () => {
  function decideAt(options: object, request: TestRequestOptions) {
    const auth = authentication({ api: jwt({ ...shared, ...options }) }, { clock: () => NOW })
    return auth.decide(testRequest(request), 'api')
  }
  const seen = async (options: object, request: TestRequestOptions): Promise<unknown> => {
    const outcome = await decideAt(options, request)
    if (!('response' in outcome)) return 200
    const { status, headers } = outcome.response
    return [status, ...headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)]
  }
  const header = (value: string): TestRequestOptions => ({ headers: { Authorization: value } })
  const invalidRequest = [400, 'Bearer realm="api", error="invalid_request"']
  const invalidToken = [401, 'Bearer realm="api", error="invalid_token"']
  const absent = [401, 'Bearer realm="api"']

  it.each([
    ['nothing', {}, absent],
    ['another scheme', header('Basic YTpi'), absent],
    ['the scheme alone', header('Bearer'), invalidToken],
    ['no token', header('Bearer wrong'), invalidToken],
    ['a parameter', header('Bearer token="x"'), invalidToken],
    ['white space around', header(`  bEARER   ${right}  `), 200],
    ['a token and more', header(`Bearer ${right} x`), invalidToken],
    ['a token twice', header(`Bearer ${right}, Bearer ${right}`), invalidRequest],
    ['a token in whose payload another begins', header('Bearer a.b, Bearer c.d'), invalidRequest],
    ['a token and another scheme', header(`Bearer ${right}, Basic YTpi`), invalidToken],
  ])('answers %s as bearer() does', async (_what, request, expected) => {
    expect(await seen({}, request)).toEqual(expected)
  })

  it('takes further schemes, in ASCII case, and advertises the first', async () => {
    const options = { scheme: 'Token', additionalSchemes: ['Bearer'], realm: 'r' }
    expect(await seen(options, header(`TOKEN ${right}`))).toBe(200)
    expect(await seen(options, header(`bearer ${right}`))).toBe(200)
    expect(await seen(options, header('Token x'))).toEqual([401, 'Token realm="r", error="invalid_token"'])
  })

  it('reads a cookie, which a browser attaches by itself', async () => {
    const options = { tokenFrom: { cookie: 'token' } }
    const cookie = { Cookie: `a=b; token=${right}` }
    expect(await seen(options, { headers: cookie })).toBe(200)
    expect(await seen(options, { method: 'POST', headers: cookie })).toEqual([403])
    expect(await seen(options, { headers: { Cookie: `token=${right}; token=${right}` } })).toEqual(invalidToken)
    expect(await seen(options, header(`Bearer ${right}`))).toEqual(absent)
  })

  it('reads a header field of its own, and whatever a function finds', async () => {
    expect(await seen({ tokenFrom: { header: 'X-Token' } }, { headers: { 'X-Token': right } })).toBe(200)
    const tokenFrom = ({ target }: { target: string }) => target.slice(1)
    expect(await seen({ tokenFrom }, { target: `/${right}` })).toBe(200)
    expect(await decideAt({ tokenFrom: () => 7 }, {})).toMatchObject({
      response: { status: 503 },
      failures: [{ cause: { message: expect.stringContaining('jwt(): "tokenFrom"') } }],
    })
  })

  it('counts the characters of a token', async () => {
    expect(await seen({ maxTokenLength: right.length }, header(`Bearer ${right}`))).toBe(200)
    expect(await seen({ maxTokenLength: right.length - 1 }, header(`Bearer ${right}`))).toEqual(invalidToken)
    const long = hmacToken({ ...rightClaims, padding: 'x'.repeat(12_300) })
    expect(long.length).toBeGreaterThan(16_384)
    expect(await seen({}, header(`Bearer ${long}`))).toEqual(invalidToken)
  })

  it('takes an encrypted token for one of another type', async () => {
    const token = `${encode({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`
    expect((await decider()(token)).reason).toBe('wrong-type')
  })
})
