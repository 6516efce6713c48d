import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../src/core/authentication.ts'
import { basic } from '../../src/providers/basic/basic.ts'
import { oauth2Client, passwordGrant } from '../../src/providers/oauth2/oauth2.ts'
import type { OAuth2ClientOptions, OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import { oidcClient } from '../../src/providers/oidc/oidc.ts'
import { testRequest } from '../../src/testing/request.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { keys } from './service.ts'

const ISSUER = 'https://id.example'

async function setUp(settings: Partial<OAuth2Settings> = {}, shared: Partial<OAuth2ClientOptions> = {}) {
  const now = 1_800_000_000
  const clock = () => now
  const issuer = await ScriptedIssuer.start(ISSUER, clock)
  const { dpop } = shared
  const client = oauth2Client({
    settings: {
      issuer: ISSUER,
      clientId: 'orders',
      clientAuthentication: { method: 'client_secret_post', secret: 'client-canary' },
      ...settings,
    },
    redirectUri: '/callback',
    keys,
    dpop,
  })
  const auth = authentication(
    { people: basic({ realm: 'people', validate: passwordGrant(client) }) },
    { clock, fetch: issuer.fetch, baseUrl: 'https://orders.example' },
  )
  const logIn = (name: string, password: string) => {
    const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
    return auth.decide(testRequest({ headers: [['Authorization', authorization]] }), 'people')
  }
  return { issuer, logIn, now }
}

describe('passwordGrant()', () => {
  it('lets the server judge name and password, and answers its tokens', async () => {
    const { issuer, logIn, now } = await setUp({
      scopes: ['orders:read'],
      resources: ['https://api.example/'],
      tokenParameters: { tier: '2' },
    })
    const outcome = await logIn('ada', 'open: sesame')
    expect(outcome).toMatchObject({
      kind: 'authenticated',
      principal: { username: 'ada', tokens: { accessToken: 'at', expiresAt: now + 60, idToken: undefined } },
    })
    expect(Object.fromEntries(issuer.tokenRequests[0]?.form ?? [])).toEqual({
      grant_type: 'password',
      username: 'ada',
      password: 'open: sesame',
      scope: 'orders:read',
      resource: 'https://api.example/',
      tier: '2',
      client_id: 'orders',
      client_secret: 'client-canary',
    })
  })

  it.each([
    ['a wrong password', 400, 'invalid_grant', 401, { kind: 'InvalidCredentials', reason: 'wrong-secret' }],
    ['a client that may not', 400, 'unauthorized_client', 401, { kind: 'Error', error: 'unauthorized_client' }],
    ['an outage', 503, 'server_error', 503, { kind: 'Error', code: 'oauth2-status-503' }],
    ['a server that says so', 400, 'temporarily_unavailable', 503, { kind: 'Error', code: 'oauth2-outage' }],
  ] as const)('refuses %s, with no secret in what it says', async (_name, answered, error, status, cause) => {
    const { issuer, logIn } = await setUp()
    issuer.token = () => Response.json({ error, error_description: 'password-canary' }, { status: answered })
    const outcome = await logIn('ada', 'password-canary')
    if (outcome.kind === 'authenticated') throw new Error('somebody is let in')
    expect(outcome.response.status).toBe(status)
    const [failure] = outcome.failures
    expect(failure?.cause).toMatchObject(cause)
    const { message, detail } = Object(failure?.cause)
    expect(`${message} ${detail} ${JSON.stringify(outcome.response)}`).not.toMatch(/canary/)
  })

  it('is a 503 when nobody answers', async () => {
    const { issuer, logIn } = await setUp()
    issuer.down = true
    const outcome = await logIn('ada', 'right')
    expect(outcome).toMatchObject({ kind: 'unavailable', response: { status: 503 } })
  })

  it('gets tokens that are bound to the key of the client, and takes no others', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const { kty, crv, x, y, d } = await exportJWK(privateKey)
    const { issuer, logIn } = await setUp({}, { dpop: { key: { kty, crv, x, y, d } } })
    expect(await logIn('ada', 'right')).toMatchObject({
      response: { status: 401 },
      failures: [{ cause: { code: 'oauth2-not-bound' } }],
    })
    issuer.token = () => Response.json({ access_token: 'at', token_type: 'DPoP' })
    expect(await logIn('ada', 'right')).toMatchObject({ principal: { tokens: { tokenType: 'dpop' } } })
    const proof = decodeJwt(issuer.tokenRequests[1]?.headers.get('dpop') ?? '')
    expect(proof).toMatchObject({ htm: 'POST', htu: `${ISSUER}/token` })
  })

  it('takes a client of OAuth 2 only', () => {
    const client = oidcClient({
      settings: { issuer: ISSUER, clientId: 'a', clientAuthentication: { method: 'none' } },
      redirectUri: '/callback',
      keys,
    })
    expect(() => passwordGrant(client)).toThrow('passwordGrant(): "client" must be made by oauth2Client()')
  })
})
