import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { protect } from '../../src/adapters/node/node.ts'
import { authentication } from '../../src/core/authentication.ts'
import type { BoundRequirement } from '../../src/core/requirement.ts'
import { dpop } from '../../src/proofs/dpop/dpop.ts'
import { jwt } from '../../src/providers/jwt/jwt.ts'
import { protectedResource } from '../../src/resource/resource.ts'
import { hmacToken, ISSUER, NOW, rightClaims, secretKeys } from '../jwt/kit.ts'
import { madeProof, type ProofKey, proofKey } from '../proofs/made-proof.ts'
import { service } from '../services.ts'
import { type Answer, answerIn, run } from './commands.ts'

const curl = service('curl')

describe.skipIf(curl === undefined)('a resource server, asked by curl', () => {
  let url: string
  let at: string
  let key: ProofKey
  let stop: () => void
  let ids = 0

  beforeAll(async () => {
    key = await proofKey()
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    at = `resource_metadata="${url}/.well-known/oauth-protected-resource/api"`
    const resource = protectedResource({ resource: `${url}/api`, scopes: ['api'], authorizationServers: [ISSUER] })
    const proofs = [dpop({ algorithms: ['ES256'], nonce: {} })]
    const api = jwt({ issuer: ISSUER, keys: secretKeys, algorithms: ['HS256'], resource, proofs })
    const auth = authentication({ api }, { clock: () => NOW, baseUrl: url })
    const on = (requirement: BoundRequirement<'api'>) =>
      protect(requirement, (_request, response) => response.end('in'))
    const routes = new Map([
      ['/api', on(auth.require('api'))],
      ['/api/write', on(auth.requireScopes('api', ['write']))],
      ['/api/transfer', on(auth.requireAuthentication('api', { maxAgeSeconds: 300 }))],
    ])
    server.on('request', (request, response) => {
      const route = routes.get(request.url ?? '')
      if (route !== undefined) route(request, response)
      else resource.handle(request, response)
    })
    stop = () => server.close()
  })
  afterAll(() => stop())

  async function ask(path: string, ...fields: readonly string[]): Promise<Answer> {
    const headers = fields.flatMap((field) => ['-H', field])
    const { code, output } = await run(curl ?? '', ['-q', '-s', '-i', '--max-time', '10', ...headers, `${url}${path}`])
    expect(code).toBe(0)
    return answerIn(output)
  }

  function token(more: object = {}): string {
    return hmacToken({ ...rightClaims, aud: `${url}/api`, scope: 'api', ...more })
  }

  async function challenges(path: string, ...fields: readonly string[]): Promise<readonly (string | number)[]> {
    const { status, all } = await ask(path, ...fields)
    return [status, ...all('WWW-Authenticate')]
  }

  const bearer = () => `Bearer realm="api", scope="api", ${at}`
  const proving = () => `DPoP realm="api", algs="ES256", scope="api", ${at}`
  const invalid = () => [401, `Bearer realm="api", error="invalid_token", scope="api", ${at}`, proving()]

  it('tells without a token where to get one', async () => {
    expect(await challenges('/api')).toEqual([401, bearer(), proving()])
    const metadata = await ask('/.well-known/oauth-protected-resource/api')
    expect(metadata.all('Access-Control-Allow-Origin')).toEqual(['*'])
    expect(JSON.parse(metadata.body)).toMatchObject({ resource: `${url}/api`, authorization_servers: [ISSUER] })
  })

  it('says invalid_token of one that is malformed, expired or for somebody else', async () => {
    expect(await challenges('/api', 'Authorization: Bearer x.y')).toEqual(invalid())
    expect(await challenges('/api', `Authorization: Bearer ${token({ exp: NOW - 60 })}`)).toEqual(invalid())
    expect(await challenges('/api', `Authorization: Bearer ${token({ aud: url })}`)).toEqual(invalid())
  })

  it('says invalid_request of two tokens, with 400', async () => {
    const two = await challenges('/api', `Authorization: Bearer ${token()}`, 'Authorization: DPoP x')
    expect(two).toEqual([
      400,
      `Bearer realm="api", error="invalid_request", scope="api", ${at}`,
      `DPoP realm="api", error="invalid_request", algs="ES256", scope="api", ${at}`,
    ])
  })

  it('lets in, and names what is missing of scopes and of time', async () => {
    const field = `Authorization: Bearer ${token()}`
    expect((await ask('/api', field)).body).toBe('in')
    expect(await challenges('/api/write', field)).toEqual([
      403,
      `Bearer realm="api", error="insufficient_scope", scope="write", ${at}`,
      `DPoP realm="api", error="insufficient_scope", scope="write", algs="ES256", ${at}`,
    ])
    const old = `Authorization: Bearer ${token({ auth_time: NOW - 301 })}`
    const wanted = 'error="insufficient_user_authentication", max_age="300"'
    expect(await challenges('/api/transfer', old)).toEqual([
      401,
      `Bearer realm="api", ${wanted}, scope="api", ${at}`,
      `DPoP realm="api", ${wanted}, algs="ES256", scope="api", ${at}`,
    ])
  })

  it('asks for a nonce and takes the proof that has it, once', async () => {
    const bound = token({ cnf: { jkt: key.jkt } })
    const proof = (nonce?: string) =>
      `DPoP: ${madeProof(key, { token: bound, uri: `${url}/api`, at: NOW, jti: `id-${ids++}`, nonce })}`
    const field = `Authorization: DPoP ${bound}`
    const asked = await ask('/api', field, proof())
    expect([asked.status, ...asked.all('WWW-Authenticate')]).toEqual([
      401,
      bearer(),
      `DPoP realm="api", error="use_dpop_nonce", algs="ES256", scope="api", ${at}`,
    ])
    const right = proof(asked.all('DPoP-Nonce')[0])
    expect((await ask('/api', field, right)).body).toBe('in')
    expect((await ask('/api', field, right)).status).toBe(401)
    expect(await challenges('/api', `Authorization: Bearer ${bound}`)).toEqual(invalid())
  })
})
