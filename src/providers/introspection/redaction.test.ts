import { inspect } from 'node:util'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ISSUER, json, NOW, right, type Scripted, scripted } from '../../../test/oidc/scripted-issuer.ts'
import type { IntrospectionClaims } from './introspection.ts'

const CANARY = 'canary-5d1e'
const TOKEN = `token-${CANARY}`
const SECRET = `secret-${CANARY}`

const fitting = z.custom<IntrospectionClaims>((answer) => Reflect.get(Object(answer), 'tenant') === undefined)

/** What an issuer may answer, with the canary wherever a text may stand. */
const answers: Readonly<Record<string, Parameters<typeof scripted>[0]>> = {
  'an unknown token': json({ active: false, sub: CANARY }),
  'another issuer': json({ ...right, iss: CANARY }),
  'another audience': json({ ...right, aud: [CANARY] }),
  'no audience': json({ active: true, sub: CANARY }),
  'an expired token': json({ ...right, exp: 1, sub: CANARY }),
  'a refresh token': json({ ...right, token_use: 'refresh_token', sub: CANARY }),
  'a bound token': json({ ...right, cnf: { [CANARY]: CANARY } }),
  'a member of another type': json({ ...right, exp: CANARY }),
  'an answer that does not fit the schema': json({ ...right, tenant: CANARY }),
  'a page': () => new Response(`<p>${CANARY}`, { headers: { 'content-type': 'text/html' } }),
  'JSON that is cut short': () => new Response(`{"active":true,"sub":"${CANARY}`),
  'a list': json([CANARY]),
  'octets that are no text': () => new Response(Uint8Array.of(0xff, 0xfe)),
  'an error of OAuth': () => Response.json({ error: 'invalid_client', error_description: CANARY }, { status: 401 }),
  'an error with a challenge': () =>
    new Response(CANARY, { status: 401, headers: { 'www-authenticate': `Basic realm="${CANARY}"` } }),
  'a broken server': () => new Response(CANARY, { status: 500 }),
  'a redirect': () => new Response(null, { status: 302, headers: { location: `https://evil.example/${CANARY}` } }),
  'too much': json({ ...right, sub: CANARY.repeat(10_000) }),
  'a signed answer that nobody asked for': async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const claims = { token_introspection: { ...right, sub: CANARY }, [CANARY]: CANARY }
    const text = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: CANARY }).sign(privateKey)
    return new Response(text, { headers: { 'content-type': 'application/token-introspection+jwt' } })
  },
}

const printed: unknown[] = []

beforeEach(() => {
  printed.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...line) => printed.push(line))
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Everything that is said about one refusal: the outcome with its causes, all events, and what was printed. */
async function said(answer: Parameters<typeof scripted>[0], options: Parameters<typeof scripted>[1] = {}, jwks = {}) {
  const events: unknown[] = []
  const note = (event: unknown): void => {
    events.push(event)
  }
  const service: Scripted = scripted(
    answer,
    { claims: fitting, ...options },
    { jwks, listeners: [{ decision: note, error: note, fault: note }] },
  )
  const outcomes = [await service.decide(TOKEN), await service.decide(TOKEN)]
  for (const { kind } of outcomes) expect(['rejected', 'unavailable']).toContain(kind)
  return inspect([outcomes, events, printed], { depth: 12, showHidden: true })
}

describe('introspection() repeats', () => {
  it.each(Object.keys(answers))('neither the token nor the secret nor anything of %s', async (what) => {
    const clientAuthentication = { method: 'client_secret_post', secret: SECRET } as const
    expect(await said(answers[what] ?? expect.fail(), { clientAuthentication })).not.toContain(CANARY)
  })

  it.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'] as const)(
    'no secret of %s when the issuer cannot be reached, or the answer is not signed by it',
    async (method) => {
      const clientAuthentication = { method, secret: SECRET }
      const [{ privateKey }, own] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')]
      const forged = async (): Promise<Response> => {
        const jwt = new SignJWT({ token_introspection: { ...right, sub: CANARY } })
          .setProtectedHeader({ alg: 'ES256', typ: 'token-introspection+jwt' })
          .setIssuer(ISSUER)
          .setAudience('api')
          .setIssuedAt(NOW)
        const headers = { 'content-type': 'application/token-introspection+jwt' }
        return new Response(await jwt.sign(privateKey), { headers })
      }
      const unreachable = () => Promise.reject(new TypeError('fetch failed'))
      expect(await said(unreachable, { clientAuthentication })).not.toContain(CANARY)
      const signed = { signedAnswers: 'ES256', jwksUri: `${ISSUER}/jwks` } as const
      const keys = [{ ...(await exportJWK(own.publicKey)), alg: 'ES256', use: 'sig' }]
      const everything = await said(forged, { clientAuthentication, ...signed }, { keys })
      expect(everything).toContain('introspection-invalid')
      for (const secret of [CANARY, Buffer.from(`api:${SECRET}`).toString('base64')]) {
        expect(everything).not.toContain(secret)
      }
    },
  )
})
