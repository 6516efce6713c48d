import { once } from 'node:events'
import { createServer, request } from 'node:https'
import { TLSSocket } from 'node:tls'
import { generateKeyPair, jwtVerify } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ENDPOINT, ISSUER, json, right, scripted } from '../../../test/oidc/scripted-issuer.ts'
import { first, second, type TestCertificate } from '../../../test/proofs/certificates.ts'
import { authentication } from '../../core/authentication.ts'
import { testRequest } from '../../testing/request.ts'
import { introspection } from './introspection.ts'

const SECRET = 'a secret/of a test: long enough+for HS256'
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What the issuer receives beside the question itself, when the service proves who it is in this way. */
async function received(clientAuthentication: Parameters<typeof introspection>[0]['clientAuthentication']) {
  const { script, send } = scripted(json(right), { clientAuthentication })
  script.now = Date.now() / 1000
  script.answer = json({ ...right, exp: script.now + 60 })
  expect(await send()).toEqual(['authenticated'])
  const { headers, form } = script.questions[0] ?? expect.fail('the issuer was not asked')
  const { token, token_type_hint: hint, ...rest } = Object.fromEntries(form)
  expect([token, hint]).toEqual(['opaque', 'access_token'])
  expect(headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/)
  return { authorization: headers.get('authorization'), rest }
}

describe('introspection() tells the issuer who asks', () => {
  it('by client_secret_basic, with id and secret form-encoded first (RFC 6749, section 2.3.1)', async () => {
    const { authorization, rest } = await received({ method: 'client_secret_basic', secret: SECRET })
    const [scheme, credentials = ''] = authorization?.split(' ') ?? []
    const [id = '', secret = ''] = Buffer.from(credentials, 'base64').toString().split(':')
    expect([scheme, id, decodeURIComponent(secret.replaceAll('+', ' '))]).toEqual(['Basic', 'api', SECRET])
    expect(rest).toEqual({})
  })

  it.each([
    ['gloas-0a_1b~c.d', 'gloas-0a_1b~c.d'],
    ['100% a:b+c', '100%25+a%3Ab%2Bc'],
  ])(
    'by client_secret_basic, encoded only where it has to be, since some issuers decode nothing: %s',
    async (secret, sent) => {
      const { authorization } = await received({ method: 'client_secret_basic', secret })
      expect(authorization).toBe(`Basic ${Buffer.from(`api:${sent}`).toString('base64')}`)
    },
  )

  it('by client_secret_post', async () => {
    const { authorization, rest } = await received({ method: 'client_secret_post', secret: SECRET })
    expect(authorization).toBeNull()
    expect(rest).toEqual({ client_id: 'api', client_secret: SECRET })
  })

  it('by client_secret_jwt: an assertion for this issuer that the secret itself is not in', async () => {
    const { authorization, rest } = await received({ method: 'client_secret_jwt', secret: SECRET })
    expect(authorization).toBeNull()
    const { client_assertion: assertion = '', ...others } = rest
    expect(others).toEqual({ client_id: 'api', client_assertion_type: TYPE })
    const { payload } = await jwtVerify(assertion, Buffer.from(SECRET), { algorithms: ['HS256'], audience: ISSUER })
    expect(payload).toMatchObject({ iss: 'api', sub: 'api', jti: expect.any(String) })
    expect(Number(payload.exp) - Number(payload.iat)).toBeLessThanOrEqual(300)
    expect(JSON.stringify(rest)).not.toContain(SECRET)
  })

  it.each(['ES256', 'PS256', 'EdDSA'])('by private_key_jwt with %s, under the id of the key', async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg)
    const { authorization, rest } = await received({ method: 'private_key_jwt', key: privateKey, kid: 'k1' })
    expect(authorization).toBeNull()
    const { client_assertion: assertion = '', ...others } = rest
    expect(others).toEqual({ client_id: 'api', client_assertion_type: TYPE })
    const { payload, protectedHeader } = await jwtVerify(assertion, publicKey, { audience: ISSUER })
    expect(protectedHeader.kid).toBe('k1')
    expect(payload).toMatchObject({ iss: 'api', sub: 'api' })
    const again = await received({ method: 'private_key_jwt', key: privateKey, kid: 'k1' })
    expect(again.rest.client_assertion).not.toBe(assertion)
  })

  it.each(['tls_client_auth', 'self_signed_tls_client_auth'] as const)(
    'by %s: its id and nothing else',
    async (method) => {
      expect(await received({ method })).toEqual({ authorization: null, rest: { client_id: 'api' } })
    },
  )

  it.each([
    [{ method: 'none' }, '"clientAuthentication.method"'],
    [undefined, '"clientAuthentication.method"'],
    [{ method: 'client_secret_basic' }, '"clientAuthentication.secret"'],
    [{ method: 'client_secret_jwt', secret: '' }, '"clientAuthentication.secret"'],
    [{ method: 'private_key_jwt', key: SECRET }, '"clientAuthentication.key"'],
  ])('and by no other way: %j', (clientAuthentication, named) => {
    const options = { issuer: ISSUER, endpoint: ENDPOINT, audience: 'orders', clientId: 'api', clientAuthentication }
    expect(() => Reflect.apply(introspection, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(introspection, undefined, [options])).toThrow(named)
  })
})

describe('introspection() over mutual TLS', () => {
  /** An issuer that answers whoever has this certificate. */
  async function issuerFor(client: TestCertificate): Promise<string> {
    const known = client.cert.replaceAll(/-----.*-----|\s/g, '')
    const server = createServer({ ...first, requestCert: true, rejectUnauthorized: false }, (question, response) => {
      const { raw } = question.socket instanceof TLSSocket ? question.socket.getPeerCertificate() : {}
      const isKnown = raw?.toString('base64') === known
      response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json' }).end(JSON.stringify(right))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => {
      server.close()
    })
    const address = server.address()
    return `https://localhost:${typeof address === 'object' ? address?.port : ''}/introspect`
  }

  /** A `fetch` that presents a certificate, as an application would write it. */
  function fetchWith(client: TestCertificate): typeof globalThis.fetch {
    return async (url, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers))
      const options = { ...client, ca: first.cert, method: init?.method ?? 'GET', headers, agent: false as const }
      const sent = request(String(url), options).end(String(init?.body ?? ''))
      const [response] = await once(sent, 'response')
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      return new Response(Buffer.concat(chunks), { status: response.statusCode, headers: response.headers })
    }
  }

  it.each([
    ['its own', second, 'authenticated'],
    ["somebody else's", first, 'unavailable'],
  ] as const)('with %s certificate is %s', async (_whose, certificate, kind) => {
    const endpoint = await issuerFor(second)
    const clientAuthentication = { method: 'self_signed_tls_client_auth' } as const
    const api = introspection({ issuer: ISSUER, endpoint, audience: 'orders', clientId: 'api', clientAuthentication })
    const auth = authentication({ api }, { fetch: fetchWith(certificate), clock: () => right.exp - 60 })
    const outcome = await auth.decide(testRequest({ headers: { Authorization: 'Bearer opaque' } }), 'api')
    expect(outcome.kind).toBe(kind)
  })
})
