import { beforeAll, describe, expect, it } from 'vitest'
import { hmacToken, ISSUER, NOW, rightClaims, secretKeys } from '../../../test/jwt/kit.ts'
import { madeProof, type ProofKey, proofKey } from '../../../test/proofs/made-proof.ts'
import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { certificateBound } from '../../proofs/certificate-bound/certificate-bound.ts'
import { dpop } from '../../proofs/dpop/dpop.ts'
import { protectedResource } from '../../resource/resource.ts'
import { testRequest } from '../../testing/request.ts'
import { jwt } from './jwt.ts'

const RESOURCE = 'https://service.example/orders'
const orders = protectedResource({ resource: RESOURCE, scopes: ['orders:read'] })
const claims = { ...rightClaims, aud: RESOURCE, scope: 'orders:read' }

let key: ProofKey
let ids = 0

beforeAll(async () => {
  key = await proofKey()
})

const auth = authentication(
  {
    api: jwt({
      issuer: ISSUER,
      keys: secretKeys,
      algorithms: ['HS256'],
      resource: orders,
      proofs: [dpop({ algorithms: ['ES256'] }), certificateBound()],
      validate: ({ claims }) => ({ id: claims.sub }),
    }),
  },
  { clock: () => NOW },
)
const plain = auth.require('api')
const writing = auth.requireScopes('api', ['orders:write'])
const lately = auth.requireAuthentication('api', { acrValues: ['gold'], maxAgeSeconds: 300 })

function send(value: string | undefined, requirement = plain, more: readonly HeaderField[] = []) {
  const headers: readonly HeaderField[] = [...(value === undefined ? [] : [['Authorization', value] as const]), ...more]
  return auth.decide(testRequest({ target: '/orders', headers }), requirement)
}

/** Status and challenges as they are on the wire. */
async function wire(outcome: Outcome | Promise<Outcome>): Promise<readonly (string | number)[]> {
  const settled = await outcome
  if (!('response' in settled)) return [settled.kind]
  const { status, headers } = settled.response
  return [status, ...headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)]
}

function bound(token: string): readonly HeaderField[] {
  return [['DPoP', madeProof(key, { token, uri: RESOURCE, at: NOW, jti: `jti-${ids++}` })]]
}

const at =
  'scope="orders:read", resource_metadata="https://service.example/.well-known/oauth-protected-resource/orders"'
const bearer = `Bearer realm="api", ${at}`
const proving = `DPoP realm="api", algs="ES256", ${at}`
const invalidBearer = `Bearer realm="api", error="invalid_token", ${at}`

describe('jwt(): WWW-Authenticate of a resource server', () => {
  it('has no error where no token came (RFC 6750, section 3.1)', async () => {
    expect(await wire(send(undefined))).toEqual([401, bearer, proving])
    expect(await wire(send('Basic YTpi'))).toEqual([401, bearer, proving])
  })

  it.each([
    ['that is malformed', 'x.y.z'],
    ['whose signature is wrong', `${hmacToken(claims)}x`],
    ['that is expired', hmacToken({ ...claims, exp: NOW - 60 })],
    ['for another audience', hmacToken({ ...claims, aud: 'https://service.example/other' })],
    ['for nearly this audience', hmacToken({ ...claims, aud: `${RESOURCE}/` })],
  ])('says invalid_token of a token %s', async (_title, token) => {
    expect(await wire(send(`Bearer ${token}`))).toEqual([401, invalidBearer, proving])
    expect(await wire(send(`DPoP ${token}`))).toEqual([
      401,
      bearer,
      `DPoP realm="api", error="invalid_token", algs="ES256", ${at}`,
    ])
  })

  it('names the scopes that are missing, with 403', async () => {
    const rest = 'resource_metadata="https://service.example/.well-known/oauth-protected-resource/orders"'
    expect(await wire(send(`Bearer ${hmacToken(claims)}`, writing))).toEqual([
      403,
      `Bearer realm="api", error="insufficient_scope", scope="orders:write", ${rest}`,
      `DPoP realm="api", error="insufficient_scope", scope="orders:write", algs="ES256", ${rest}`,
    ])
  })

  it('asks for another login when this one is too old or too weak (RFC 9470, section 3)', async () => {
    const wanted = 'error="insufficient_user_authentication", acr_values="gold", max_age="300"'
    const expected = [401, `Bearer realm="api", ${wanted}, ${at}`, `DPoP realm="api", ${wanted}, algs="ES256", ${at}`]
    for (const more of [{}, { acr: 'gold', auth_time: NOW - 301 }, { acr: 'silver', auth_time: NOW }]) {
      expect(await wire(send(`Bearer ${hmacToken({ ...claims, ...more })}`, lately))).toEqual(expected)
    }
    const right = hmacToken({ ...claims, acr: 'gold', auth_time: NOW - 300 })
    expect(await wire(send(`Bearer ${right}`, lately))).toEqual(['authenticated'])
  })

  it('says invalid_dpop_proof of a proof, and invalid_token of a bound token that comes as Bearer (RFC 9449)', async () => {
    const token = hmacToken({ ...claims, cnf: { jkt: key.jkt } })
    expect(await wire(send(`DPoP ${token}`))).toEqual([
      401,
      bearer,
      `DPoP realm="api", error="invalid_dpop_proof", algs="ES256", ${at}`,
    ])
    expect(await wire(send(`Bearer ${token}`, plain, bound(token)))).toEqual([401, invalidBearer, proving])
  })
})

describe('jwt(): tokens bound to a key', () => {
  it('are proved each time, though the token is remembered', async () => {
    const token = hmacToken({ ...claims, cnf: { jkt: key.jkt } })
    const proof = bound(token)
    expect(await wire(send(`DPoP ${token}`, plain, proof))).toEqual(['authenticated'])
    expect((await wire(send(`DPoP ${token}`, plain, proof)))[0]).toBe(401)
    expect((await wire(send(`DPoP ${token}`)))[0]).toBe(401)
    expect(await wire(send(`DPoP ${token}`, plain, bound(token)))).toEqual(['authenticated'])
    expect((await wire(send(`DPoP ${token}`, plain, bound('another token'))))[0]).toBe(401)
  })

  it('need every proof that they name', async () => {
    const both = { jkt: key.jkt, 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }
    const token = hmacToken({ ...claims, cnf: both })
    const outcome = await send(`DPoP ${token}`, plain, bound(token))
    expect(outcome.failures[0]?.cause).toMatchObject({ reason: 'proof-missing' })
    const unheard = hmacToken({ ...claims, cnf: { jkt: key.jkt, kid: 'x' } })
    const unknown = await send(`DPoP ${unheard}`, plain, bound(unheard))
    expect(unknown.failures[0]?.cause).toMatchObject({ reason: 'proof-missing' })
  })
})

describe('jwt(): "resource"', () => {
  const base = { issuer: ISSUER, keys: secretKeys, resource: orders }

  it('is the audience, and no other can stand beside it', () => {
    expect(() => jwt({ ...base, audience: RESOURCE })).not.toThrow()
    expect(() => jwt({ ...base, audience: 'orders' })).toThrow('jwt(): "audience" must be left out, or be the one')
    const rules = { keys: secretKeys, audience: 'orders' }
    expect(() => jwt({ issuers: { [ISSUER]: rules }, resource: orders })).toThrow('"audience" must be left out')
    expect(() => jwt({ issuers: { [ISSUER]: { ...rules, audience: RESOURCE } }, resource: orders })).not.toThrow()
  })
})
