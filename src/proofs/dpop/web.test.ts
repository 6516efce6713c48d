import { createHash } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { madeProof, proofKey } from '../../../test/proofs/made-proof.ts'
import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { bearer } from '../../providers/bearer/bearer.ts'
import { testRequest } from '../../testing/request.ts'
import { certificateBound } from '../certificate-bound/certificate-bound.ts'
import { dpop } from './dpop.ts'

vi.mock('#crypto', () => import('../../crypto/web.ts'))
vi.mock('#jws', () => import('../../keys/jws-web.ts'))

const NOW = 1_700_000_000
const TOKEN = 'mF_9.B5f-4.1JqM'
const certificate = new TextEncoder().encode('the octets of a certificate')

function reasonOf({ kind, failures }: Outcome): string {
  const cause = failures[0]?.cause
  return cause?.kind === 'InvalidCredentials' ? `${cause.reason}` : kind
}

describe('dpop() on Web Crypto', () => {
  it.each(['ES256', 'Ed25519', 'RS256', 'PS256'] as const)('accepts %s, each proof once', async (alg) => {
    const key = await proofKey(alg)
    const cnf = { jkt: key.jkt, 'x5t#S256': createHash('sha256').update(certificate).digest('base64url') }
    const proofs = [dpop({ nonce: {} }), certificateBound()]
    const auth = authentication({ api: bearer({ validate: () => ({ cnf }), proofs }) }, { clock: () => NOW })
    const send = async (proof: string): Promise<Outcome> => {
      const headers: HeaderField[] = [
        ['Authorization', `DPoP ${TOKEN}`],
        ['DPoP', proof],
      ]
      return auth.decide(testRequest({ headers, certificate }), 'api')
    }
    const about = { token: TOKEN, uri: 'https://service.example/', at: NOW }
    const asked = await send(madeProof(key, { ...about, jti: 'none' }))
    const fields = 'response' in asked ? asked.response.headers : []
    const nonce = fields.find(([name]) => name === 'DPoP-Nonce')?.[1]
    const proof = madeProof(key, { ...about, jti: 'once', nonce })
    const outcomes = await Promise.all([send(proof), send(proof), send(proof)])
    expect(outcomes.map(reasonOf).toSorted()).toEqual(['authenticated', 'replayed', 'replayed'])
    const [header = '', payload = '', signature = ''] = madeProof(key, { ...about, jti: 'other', nonce }).split('.')
    expect(reasonOf(await send(`${header}.${payload}.${signature.toLowerCase()}`))).toBe('proof-invalid')
    expect(reasonOf(await send(`${header}.${payload}.${signature}`))).toBe('authenticated')
  })
})
