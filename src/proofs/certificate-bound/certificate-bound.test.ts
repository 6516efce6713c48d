import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { AuthenticationOptions } from '../../core/authentication-options.ts'
import type { Outcome } from '../../core/who.ts'
import { bearer } from '../../providers/bearer/bearer.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { certificateBound } from './certificate-bound.ts'

// A proof looks at the octets of a certificate alone: any will do.
const certificate = new TextEncoder().encode('the octets of a certificate')
const other = new TextEncoder().encode('the octets of another one')
const hash = createHash('sha256').update(certificate).digest('base64url')
const encoded = Buffer.from(certificate).toString('base64')

interface Asked extends Omit<TestRequestOptions, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
}

const bound = { 'x5t#S256': hash }

async function ask(request: Asked, cnf: unknown = bound, options: AuthenticationOptions = {}): Promise<Outcome> {
  const auth = authentication({ api: bearer({ validate: () => ({ cnf }), proofs: [certificateBound()] }) }, options)
  const headers = { Authorization: 'Bearer token', ...request.headers }
  return auth.decide(testRequest({ ...request, headers }), 'api')
}

function summary(outcome: Outcome): string {
  const cause = outcome.failures[0]?.cause
  return cause?.kind === 'InvalidCredentials' ? `${cause.reason}` : outcome.kind
}

describe('certificateBound()', () => {
  it('accepts a token from the client whose certificate it is bound to (RFC 8705, section 3)', async () => {
    expect(summary(await ask({ certificate }))).toBe('authenticated')
  })

  it('refuses another certificate and none, with invalid_token', async () => {
    expect(summary(await ask({ certificate: other }))).toBe('proof-invalid')
    const outcome = await ask({})
    expect(summary(outcome)).toBe('proof-missing')
    expect('response' in outcome && outcome.response.status).toBe(401)
    expect('response' in outcome && outcome.response.headers[0]).toEqual([
      'WWW-Authenticate',
      'Bearer realm="api", error="invalid_token"',
    ])
  })

  it.each([{ 'x5t#S256': '' }, { 'x5t#S256': 7 }, { 'x5t#S256': null }, { 'x5t#S256': `${hash}=` }])(
    'accepts no certificate for the confirmation %j',
    async (cnf) => expect(summary(await ask({ certificate }, cnf))).toBe('proof-invalid'),
  )

  it('leaves alone what is bound to nothing', async () => {
    const validate = () => ({ sub: 'me' })
    const auth = authentication({ api: bearer({ validate, proofs: [certificateBound()] }) })
    const outcome = await auth.decide(testRequest({ headers: { Authorization: 'Bearer token' } }), 'api')
    expect(outcome.kind).toBe('authenticated')
  })

  describe('behind proxies (RFC 9440)', () => {
    const told = { trustedProxies: ['192.0.2.0/24'], clientCertFromProxies: true }
    const headers = { 'Client-Cert': `:${encoded}:` }

    it('believes Client-Cert of a trusted proxy that is said to write it', async () => {
      expect(summary(await ask({ headers }, bound, told))).toBe('authenticated')
    })

    it('believes it of nobody else', async () => {
      expect(summary(await ask({ headers }, bound))).toBe('proof-missing')
      expect(summary(await ask({ headers }, bound, { clientCertFromProxies: true }))).toBe('proof-missing')
      expect(summary(await ask({ headers }, bound, { trustedProxies: ['192.0.2.0/24'] }))).toBe('proof-missing')
      expect(summary(await ask({ headers, peer: '198.51.100.1' }, bound, told))).toBe('proof-missing')
    })

    it('never takes the certificate of the proxy itself for the one of the client', async () => {
      expect(summary(await ask({ certificate }, bound, { trustedProxies: ['192.0.2.1'] }))).toBe('proof-missing')
      expect(summary(await ask({ certificate }, bound, told))).toBe('proof-missing')
    })

    it.each([
      encoded,
      `:${encoded}`,
      `"${encoded}"`,
      '::',
      ': :',
      `:${encoded}:, :${encoded}:`,
      `:${encoded.replace(/.$/, '')}:`,
      `:${encoded}:;a=1`,
    ])('reads no certificate from %j', async (value) => {
      expect(summary(await ask({ headers: { 'Client-Cert': value } }, bound, told))).toBe('proof-missing')
    })
  })
})
