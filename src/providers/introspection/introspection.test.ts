import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { ISSUER, json, NOW, right, scripted as service } from '../../../test/oidc/scripted-issuer.ts'

describe('introspection()', () => {
  it('lets an active token in, and asks once for all who wait and while it remembers', async () => {
    const { script, send } = service(json(right))
    expect(await Promise.all([send(), send(), send()])).toEqual([
      ['authenticated'],
      ['authenticated'],
      ['authenticated'],
    ])
    script.now += 29
    expect(await send()).toEqual(['authenticated'])
    expect(script.questions.length).toBe(1)
    script.now += 1
    await send()
    expect(script.questions.length).toBe(2)
  })

  it('calls a token revoked that was active, and unknown one that never was', async () => {
    const { script, send } = service(json(right))
    await send()
    script.answer = json({ active: false })
    expect(await send('other')).toEqual([401, 'unknown'])
    script.now += 30
    expect(await send()).toEqual([401, 'revoked'])
    script.now += 10
    expect(await send()).toEqual([401, 'revoked'])
  })

  it('never remembers beyond exp', async () => {
    const { script, send } = service(json({ ...right, exp: NOW + 3 }))
    expect(await send()).toEqual(['authenticated'])
    script.now += 8
    expect(await send()).toEqual([401, 'expired'])
    expect(script.questions.length).toBe(1)
  })

  it.each([
    ['wrong-issuer', { ...right, iss: 'https://evil.example' }],
    ['wrong-audience', { ...right, aud: ['billing'] }],
    ['missing-claim', { active: true }],
    ['not-yet-valid', { ...right, nbf: NOW + 60 }],
    ['expired', { ...right, exp: NOW - 60 }],
    ['wrong-type', { ...right, token_use: 'refresh_token' }],
    ['proof-missing', { ...right, cnf: { jkt: 'x' } }],
    ['proof-missing', { ...right, token_type: 'DPoP' }],
  ])('refuses what is %s', async (reason, answer) => {
    expect(await service(json(answer)).send()).toEqual([401, reason])
  })

  it.each([
    ['introspection-unreachable', () => Promise.reject(new TypeError('fetch failed'))],
    [
      'introspection-redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
    ],
    ['introspection-status-500', () => Response.json(right, { status: 500 })],
    ['introspection-status-401', () => Response.json(right, { status: 401 })],
    ['introspection-malformed', () => new Response('<!doctype html>')],
    ['introspection-malformed', () => new Response('{"active":false,"active":true}')],
    ['introspection-too-large', () => Response.json({ ...right, x: 'x'.repeat(70_000) })],
    ['introspection-timeout', () => new Promise<Response>(() => {})],
  ])('answers 503 to %s', async (code, answer) => {
    expect(await service(answer, { timeoutSeconds: 0.1 }).send()).toEqual([503, code])
  })
})

describe('introspection() with signed answers', () => {
  async function signed(key: CryptoKey, kid: string): Promise<Response> {
    const text = await new SignJWT({ token_introspection: right })
      .setProtectedHeader({ alg: 'ES256', typ: 'token-introspection+jwt', kid })
      .setIssuer(ISSUER)
      .setAudience('api')
      .setIssuedAt(NOW)
      .sign(key)
    return new Response(text, { headers: { 'content-type': 'application/token-introspection+jwt' } })
  }

  it("takes the issuer's signature, and neither a foreign key's nor an unsigned answer", async () => {
    const own = await generateKeyPair('ES256')
    const foreign = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'a', alg: 'ES256', use: 'sig' }] }
    const options = { signedAnswers: 'ES256', jwksUri: `${ISSUER}/jwks` } as const
    expect(await service(() => signed(own.privateKey, 'a'), options, { jwks }).send()).toEqual(['authenticated'])
    expect(await service(() => signed(foreign.privateKey, 'a'), options, { jwks }).send()).toEqual([
      503,
      'introspection-invalid',
    ])
    expect(await service(() => signed(foreign.privateKey, 'b'), options, { jwks }).send()).toEqual([
      503,
      'introspection-invalid',
    ])
    expect(await service(json(right), options, { jwks }).send()).toEqual([503, 'introspection-unsigned'])
  })
})
