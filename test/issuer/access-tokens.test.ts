import { generateSigningKey, type SigningAlgorithm, type SigningKey, signingKey, tokenIssuer } from 'becauth/issuer'
import { memorySessionStore } from 'becauth/memory'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { testClock } from '../../src/testing/test-clock.ts'
import { AUDIENCE, grant, ISSUER, issuedOf, service } from './kit.ts'

function setOf(body: string | null): JSONWebKeySet {
  return JSON.parse(body ?? '')
}

async function keyFrom(signsFrom: number, alg: SigningAlgorithm = 'ES256'): Promise<SigningKey> {
  return signingKey(await generateSigningKey(alg), { signsFrom })
}

describe('an access token', () => {
  it.each(['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'] as const)(
    'signed by %s is accepted by jwt() and by jose, from the JWK Set as served',
    async (alg) => {
      const { tokens, ask, clock } = await service({ keys: [await keyFrom(0, alg)] })
      const { access_token, ...rest } = issuedOf(await tokens.issue({ ...grant, refreshable: false }))
      expect(await ask(access_token)).toMatchObject({ sub: 'ada', client_id: 'app', scope: grant.scope })
      const { payload, protectedHeader } = await jwtVerify(
        access_token,
        createLocalJWKSet(setOf(tokens.jwks().response.body)),
        {
          issuer: ISSUER,
          audience: AUDIENCE,
          typ: 'at+jwt',
          algorithms: [alg],
          currentDate: new Date(clock.now() * 1e3),
        },
      )
      expect(Object.keys(payload).sort()).toEqual(['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sub'])
      expect(payload.exp).toBe(clock.now() + 600)
      expect(protectedHeader.kid).toBe(setOf(tokens.jwks().response.body).keys[0]?.kid)
      expect(rest).toEqual({ token_type: 'Bearer', expires_in: 600, scope: grant.scope, refresh_token: '' })
    },
  )

  it('says how the person logged in, to which key it is bound, and what else is asked', async () => {
    const { tokens } = await service()
    const jkt = 'A'.repeat(43)
    const more = { authTime: 1_767_225_000.7, acr: 'high', amr: ['pwd', 'otp'], confirmation: { jkt } }
    const answer = issuedOf(await tokens.issue({ ...grant, ...more, claims: { roles: ['admin'] } }))
    expect(answer.token_type).toBe('DPoP')
    expect(decodeJwt(answer.access_token)).toMatchObject({
      auth_time: 1_767_225_000,
      acr: 'high',
      amr: ['pwd', 'otp'],
      cnf: { jkt },
      roles: ['admin'],
    })
  })

  it('never has the id of another one', async () => {
    const { tokens } = await service()
    const all = await Promise.all(Array.from({ length: 100 }, () => tokens.issue({ ...grant, refreshable: false })))
    expect(new Set(all.map((one) => decodeJwt(issuedOf(one).access_token).jti)).size).toBe(100)
  })

  it('comes in an answer that nobody may store', async () => {
    const { tokens } = await service()
    const answer = await tokens.issue(grant)
    expect(answer.response.status).toBe(200)
    expect(answer.response.headers).toContainEqual(['Cache-Control', 'no-store'])
    expect(answer.response.headers).toContainEqual(['Content-Type', 'application/json'])
    expect(JSON.parse(answer.response.body ?? '')).toEqual(issuedOf(answer))
  })

  it.each([
    ['subject', { subject: '' }],
    ['clientId', { clientId: 'x'.repeat(256) }],
    ['audience', { audience: [] }],
    ['scope', { scope: 'two  spaces' }],
    ['scope', { scope: '"quoted"' }],
    ['authTime', { authTime: Number.NaN }],
    ['amr', { amr: [] }],
    ['confirmation', { confirmation: { jkt: 'short' } }],
    ['claims', { claims: { exp: 9_999_999_999 } }],
    ['claims', { claims: { many: 'x'.repeat(20_000) } }],
  ])('is not issued with a wrong "%s"', async (name, wrong) => {
    const { tokens } = await service()
    await expect(tokens.issue({ ...grant, ...wrong })).rejects.toThrow(TypeError)
    await expect(tokens.issue({ ...grant, ...wrong })).rejects.toThrow(`"${name}"`)
  })

  it('is not issued by a key whose public half belongs to another', async () => {
    const [jwk, other] = [await generateSigningKey('EdDSA'), await generateSigningKey('EdDSA')]
    const { tokens } = await service({ keys: [signingKey({ ...jwk, x: other.x })] })
    const answer = await tokens.issue(grant)
    // The cause is ours, or Node's own where that looks at the pair by itself.
    expect(answer).toMatchObject({ ok: false, error: 'temporarily_unavailable', cause: expect.any(Error) })
  })
})

describe('the keys of an issuer', () => {
  it('are published before they sign and until their last token is over, whatever day it is', async () => {
    const start = testClock().now()
    const keys = [await keyFrom(0), await keyFrom(start + 1000), await keyFrom(start + 5000, 'EdDSA')]
    const [a, b, c] = keys.map(({ kid }) => kid)
    const { tokens, clock, ask } = await service({ keys })
    const state = async () => {
      const token = issuedOf(await tokens.issue({ ...grant, refreshable: false })).access_token
      expect(await ask(token)).toMatchObject({ sub: 'ada' })
      const kids = setOf(tokens.jwks().response.body).keys.map(({ kid }) => kid)
      return { token, signer: decodeProtectedHeader(token).kid, kids }
    }
    expect(await state()).toMatchObject({ signer: a, kids: [a, b, c] })
    clock.advance(999)
    const last = await state()
    expect(last).toMatchObject({ signer: a, kids: [a, b, c] })
    clock.advance(1)
    expect(await state()).toMatchObject({ signer: b, kids: [a, b, c] })
    clock.advance(598)
    expect(await ask(last.token)).toMatchObject({ sub: 'ada' })
    clock.advance(601)
    expect(await state()).toMatchObject({ signer: b, kids: [a, b, c] })
    clock.advance(1)
    expect(await state()).toMatchObject({ signer: b, kids: [b, c] })
    expect(await ask(last.token)).toBe('unknown-key')
    clock.advance(10_000)
    expect(await state()).toMatchObject({ signer: c, kids: [c] })
  })

  it('change while it runs, and one that is left out is refused at once, remembered tokens too', async () => {
    const [leaked, next] = [await keyFrom(0), await keyFrom(0)]
    const { tokens, ask } = await service({ keys: [leaked] })
    const token = issuedOf(await tokens.issue(grant)).access_token
    expect(await ask(token)).toMatchObject({ sub: 'ada' })
    expect(() => tokens.useKeys([])).toThrow(TypeError)
    expect(await ask(token)).toMatchObject({ sub: 'ada' })
    tokens.useKeys([next])
    expect(await ask(token)).toBe('unknown-key')
    expect(await ask(issuedOf(await tokens.issue(grant)).access_token)).toMatchObject({ sub: 'ada' })
  })

  it('are published without private members and with a time for caches', async () => {
    const keys = [await keyFrom(0, 'RS256'), await keyFrom(5, 'ES256'), await keyFrom(6, 'EdDSA')]
    const { tokens } = await service({ keys })
    const { cacheControl, response } = tokens.jwks()
    expect(cacheControl).toBe('public, max-age=300')
    expect(response.headers).toContainEqual(['Cache-Control', cacheControl])
    for (const jwk of setOf(response.body).keys) {
      expect(Object.keys(jwk).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name))).toEqual([])
    }
  })
})

describe('tokenIssuer()', () => {
  it('refuses options that cannot be used, in a sentence', async () => {
    const key = await keyFrom(0)
    const right = { issuer: ISSUER, keys: [key] }
    const store = memorySessionStore()
    const wrong: [object, string][] = [
      [{ issuer: 'id.example' }, '"issuer"'],
      [{ issuer: 'https://id.example/?x' }, '"issuer"'],
      [{ keys: [] }, '"keys" must have at least one key'],
      [{ keys: [{ kid: 'a' }] }, '"keys" must be a list of what signingKey() makes'],
      [{ keys: [key, key] }, 'every id in "keys" must be there once'],
      [{ keys: [key, await keyFrom(0)] }, 'must have a "signsFrom" of its own'],
      [{ keys: [await keyFrom(99_999_999_999)] }, 'must sign by now'],
      [{ accessTokenSeconds: 1 }, '"accessTokenSeconds"'],
      [{ refreshTokens: { store: {} } }, '"refreshTokens.store" must be a SessionStore'],
      [{ refreshTokens: { store, graceSeconds: 61 } }, '"refreshTokens.graceSeconds"'],
      [{ refreshTokens: { store, onReplay: 'x' } }, '"refreshTokens.onReplay" must be a function'],
    ]
    for (const [options, message] of wrong) {
      expect(() => Reflect.apply(tokenIssuer, undefined, [{ ...right, ...options }])).toThrow(message)
    }
    const tokens = tokenIssuer(right)
    expect(issuedOf(await tokens.issue(grant)).refresh_token).toBe('')
    await expect(tokens.issue({ ...grant, refreshable: true })).rejects.toThrow('"refreshTokens"')
    await expect(tokens.revokeSubject('ada')).rejects.toThrow('"refreshTokens"')
  })
})
