import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IssueOptions, type Jwk, signingKey, tokenIssuer } from 'becauth/issuer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { madeProof, type ProofKey, proofKey } from '../proofs/made-proof.ts'
import { service } from '../services.ts'
import { type Answer, answerIn, run } from './commands.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const curl = service('curl')
const ada = { username: 'ada', password: 'lovelace' }
const alan = { username: 'alan', password: 'enigma' }
const now = () => Math.floor(Date.now() / 1000)

const bearer = 'Bearer realm="showcase"'
const invalidToken = `${bearer}, error="invalid_token"`
const algs = 'algs="ES256 ES384 Ed25519 EdDSA PS256 RS256"'

describe.skipIf(curl === undefined)('the tokens of the showcase, asked by curl', { timeout: 60_000 }, () => {
  let folder: string
  let showcase: Showcase
  let key: ProofKey
  let ids = 0

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'becauth-tokens-'))
    key = await proofKey()
    showcase = await startShowcase('0', { BECAUTH_DATA: folder })
  })
  afterAll(async () => {
    await showcase?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function ask(path: string, ...args: readonly string[]): Promise<Answer> {
    const all = ['-q', '-s', '-i', '--max-time', '10', ...args, `${showcase.url}${path}`]
    const { code, output } = await run(curl ?? '', all)
    expect(code).toBe(0)
    return answerIn(output)
  }

  async function challenges(path: string, ...args: readonly string[]): Promise<readonly (string | number)[]> {
    const { status, all } = await ask(path, ...args)
    return [status, ...all('WWW-Authenticate')]
  }

  async function login(body: object, ...args: readonly string[]): Promise<Tokens> {
    const answer = await ask('/token', ...json(body), ...args)
    expect(answer.status).toBe(200)
    return JSON.parse(answer.body)
  }

  const refresh = (token: string, ...args: readonly string[]) =>
    ask('/token', '-d', 'grant_type=refresh_token', '-d', `refresh_token=${token}`, ...args)

  /** A token by the showcase's own key, made as long ago as it takes. */
  async function minted(options: Partial<IssueOptions> = {}, agoSeconds = 0): Promise<string> {
    const jwk: Jwk = JSON.parse(readFileSync(join(folder, 'signing-key.json'), 'utf8'))
    const clock = () => now() - agoSeconds
    const issuer = tokenIssuer({ issuer: showcase.url, keys: [signingKey(jwk)], clock })
    const answer = await issuer.issue({ subject: 'ada', clientId: 'showcase', audience: showcase.url, ...options })
    return answer.ok ? answer.tokens.access_token : ''
  }

  const proof = (token: string, more: { path?: string; method?: string; nonce?: string | undefined } = {}) => {
    const { path = '/dpop', ...others } = more
    const about = { token, uri: `${showcase.url}${path}`, at: now(), jti: `proof-${ids++}`, ...others }
    return ['-H', `DPoP: ${madeProof(key, about)}`]
  }

  const metadataUrl = () => `${showcase.url}/.well-known/oauth-protected-resource/mcp`

  it('are issued for a password, not to be stored, and open what they are for', async () => {
    const answer = await ask('/token', ...json(ada))
    expect([answer.status, answer.all('Cache-Control')]).toEqual([200, ['no-store']])
    const tokens: Tokens = JSON.parse(answer.body)
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'orders:read' })
    const [header, claims] = tokens.access_token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    expect(JSON.parse(header ?? '')).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) })
    expect(JSON.parse(claims ?? '')).toMatchObject({
      iss: showcase.url,
      aud: showcase.url,
      sub: 'ada',
      jti: expect.any(String),
      auth_time: expect.any(Number),
    })
    for (const path of ['/jwt', '/orders']) {
      const { status, body } = await ask(path, ...bearing(tokens.access_token))
      expect([status, JSON.parse(body)]).toMatchObject([200, { route: path, principal: { name: 'ada' } }])
    }
    const transfer = await ask('/transfer', '-X', 'POST', ...bearing(tokens.access_token))
    expect(transfer.status).toBe(200)
  })

  it('are issued by nobody’s password to nobody', async () => {
    const wrong = await ask('/token', ...json({ ...ada, password: 'byron' }))
    expect([wrong.status, wrong.all('WWW-Authenticate')]).toEqual([401, ['Form realm="showcase"']])
    expect(await errorOf(ask('/token', ...json({ ...ada, resource: 'https://elsewhere.example' })))).toEqual([
      400,
      'invalid_target',
    ])
  })

  it('are guessed at ten times, and then a guess has to wait', async () => {
    const statuses: number[] = []
    for (let count = 0; count < 10; count++) {
      const guess = await ask('/token', ...json({ username: 'grace', password: `guess ${count}` }))
      statuses.push(guess.status)
    }
    expect(new Set(statuses)).toEqual(new Set([401]))
    const late = await ask('/token', ...json({ username: 'grace', password: 'hopper£ü' }))
    expect([late.status, Number(late.all('Retry-After')[0])]).toEqual([429, expect.any(Number)])
  })

  it('are asked for where there is none, without an error', async () => {
    expect(await challenges('/jwt')).toEqual([401, bearer])
    expect(await challenges('/orders')).toEqual([401, bearer])
    expect(await challenges('/dpop')).toEqual([401, `DPoP realm="showcase", ${algs}`])
    expect(await challenges('/mcp', '-X', 'POST')).toEqual([
      401,
      `${bearer}, scope="mcp", resource_metadata="${metadataUrl()}"`,
    ])
  })

  it('are invalid_token when malformed, changed, unsigned, expired, too long or for another audience', async () => {
    const right = await minted()
    const [head, claims] = right.split('.')
    const refused = [
      'x',
      'x.y.z',
      'two words',
      `${head}.${claims}.${Buffer.alloc(64, 1).toString('base64url')}`,
      `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${claims}.`,
      await minted({}, 700),
      `${right}${'a'.repeat(14_000)}`,
      'a'.repeat(14_000),
      await minted({ audience: 'https://elsewhere.example' }),
      await minted({ audience: `${showcase.url}/mcp` }),
    ]
    for (const token of refused) expect(await challenges('/jwt', ...bearing(token))).toEqual([401, invalidToken])
    expect((await ask('/jwt', ...bearing(right))).status).toBe(200)
    const elsewhere = await challenges('/mcp', '-X', 'POST', ...bearing(right))
    expect(elsewhere).toEqual([401, `${invalidToken}, scope="mcp", resource_metadata="${metadataUrl()}"`])
  })

  it('are invalid_request when two are sent, with 400', async () => {
    const field = bearing(await minted())
    expect(await challenges('/jwt', ...field, ...field)).toEqual([400, `${bearer}, error="invalid_request"`])
  })

  it('are refused by a server that reads no header field of that length', async () => {
    expect((await ask('/jwt', ...bearing('a'.repeat(20_000)))).status).toBe(431)
  })

  it('say which scope is missing', async () => {
    const { access_token: token, scope } = await login(alan)
    expect(scope).toBeUndefined()
    expect((await ask('/jwt', ...bearing(token))).status).toBe(200)
    expect(await challenges('/orders', ...bearing(token))).toEqual([
      403,
      `${bearer}, error="insufficient_scope", scope="orders:read"`,
    ])
  })

  it('say that a login is too old, or was at no time', async () => {
    const wanted = [401, `${bearer}, error="insufficient_user_authentication", max_age="300"`]
    const old = await minted({ authTime: now() - 310 })
    expect(await challenges('/transfer', '-X', 'POST', ...bearing(old))).toEqual(wanted)
    expect(await challenges('/transfer', '-X', 'POST', ...bearing(await minted()))).toEqual(wanted)
    expect((await ask('/jwt', ...bearing(old))).status).toBe(200)
  })

  it('are renewed once by each refresh token, and the login stays as old as it is', async () => {
    const first = await login(ada)
    const answer = await refresh(first.refresh_token)
    expect([answer.status, answer.all('Cache-Control')]).toEqual([200, ['no-store']])
    const second: Tokens = JSON.parse(answer.body)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(authTimeOf(second)).toBe(authTimeOf(first))
    // Asked again by a client that lost the answer: the same successor.
    expect(JSON.parse((await refresh(first.refresh_token)).body).refresh_token).toBe(second.refresh_token)
    const third: Tokens = JSON.parse((await refresh(second.refresh_token)).body)
    // Two generations old: somebody has a copy, and nobody gets anything any more.
    const gone = [400, 'invalid_grant']
    expect(await errorOf(refresh(first.refresh_token))).toEqual(gone)
    expect(await errorOf(refresh(third.refresh_token))).toEqual(gone)
  })

  it('are not renewed after a revocation, which an unknown token survives as well', async () => {
    const { refresh_token: token } = await login(ada)
    expect((await ask('/revoke', '-d', `token=${token}`)).status).toBe(200)
    expect(await errorOf(refresh(token))).toEqual([400, 'invalid_grant'])
    expect((await ask('/revoke', '-d', 'token=nobody-made-this')).status).toBe(200)
    expect(await errorOf(ask('/revoke', '-X', 'POST'))).toEqual([400, 'invalid_request'])
    const { access_token: access } = await login(ada)
    expect(await errorOf(ask('/revoke', '-d', `token=${access}`))).toEqual([400, 'unsupported_token_type'])
  })

  const grants: readonly [what: string, body: string, error: string][] = [
    ['no grant', 'x=y', 'invalid_request'],
    ['a grant twice', 'grant_type=refresh_token&grant_type=refresh_token&refresh_token=x', 'invalid_request'],
    ['the grant without its token', 'grant_type=refresh_token', 'invalid_request'],
    ['a password grant', 'grant_type=password&username=ada&password=lovelace', 'unsupported_grant_type'],
    ['an invented refresh token', 'grant_type=refresh_token&refresh_token=invented', 'invalid_grant'],
    ['a body of 20,000 octets', `grant_type=refresh_token&refresh_token=${'a'.repeat(20_000)}`, 'invalid_request'],
  ]
  it.each(grants)('are not issued for %s', async (_what, body, error) => {
    const answer = await ask('/token', '-d', body)
    expect([answer.status, JSON.parse(answer.body).error, answer.all('Cache-Control')]).toEqual([
      400,
      error,
      ['no-store'],
    ])
  })

  it('are not renewed with more scopes than were granted', async () => {
    const { refresh_token: token } = await login(alan)
    expect(await errorOf(refresh(token, '-d', 'scope=orders:read'))).toEqual([400, 'invalid_scope'])
  })

  it('are bound to the key that was proved, and want a proof with a nonce each time', async () => {
    const bound = await login(ada, ...proof('', { path: '/token', method: 'POST' }))
    expect(bound.token_type).toBe('DPoP')
    const { access_token: token } = bound
    const field = ['-H', `Authorization: DPoP ${token}`]
    const refused = (error: string) => [401, `DPoP realm="showcase", error="${error}", ${algs}`]
    expect(await challenges('/dpop', ...field)).toEqual(refused('invalid_dpop_proof'))
    const asked = await ask('/dpop', ...field, ...proof(token))
    expect([asked.status, ...asked.all('WWW-Authenticate')]).toEqual(refused('use_dpop_nonce'))
    const right = proof(token, { nonce: asked.all('DPoP-Nonce')[0] })
    const entered = await ask('/dpop', ...field, ...right)
    expect(JSON.parse(entered.body)).toMatchObject({ provider: 'dpop', principal: { name: 'ada' } })
    expect(await challenges('/dpop', ...field, ...right)).toEqual(refused('invalid_dpop_proof'))
    // Nowhere is it a plain bearer token, and by no other key is it renewed.
    expect(await challenges('/dpop', ...bearing(token))).toEqual([401, `DPoP realm="showcase", ${algs}`])
    expect(await challenges('/jwt', ...bearing(token))).toEqual([401, invalidToken])
    expect(await errorOf(refresh(bound.refresh_token))).toEqual([400, 'invalid_grant'])
    const renewed = await refresh(bound.refresh_token, ...proof('', { path: '/token', method: 'POST' }))
    expect(JSON.parse(renewed.body)).toMatchObject({ token_type: 'DPoP' })
  })

  it('are bound to no key whose proof is for another address, was used before, or is none', async () => {
    const wrong = [400, 'invalid_dpop_proof']
    const used = proof('', { path: '/token', method: 'POST' })
    await login(ada, ...used)
    for (const field of [used, proof('', { path: '/dpop', method: 'POST' }), proof(''), ['-H', 'DPoP: x.y.z']]) {
      expect(await errorOf(ask('/token', ...json(ada), ...field))).toEqual(wrong)
    }
    const two = [...proof('', { path: '/token', method: 'POST' }), ...proof('', { path: '/token', method: 'POST' })]
    expect(await errorOf(ask('/token', ...json(ada), ...two))).toEqual(wrong)
  })

  it('of an MCP client open one tool, and name the scope of the other', async () => {
    const { access_token: token } = await login({ ...alan, resource: `${showcase.url}/mcp` })
    const who = await ask('/mcp', ...call('whoami'), ...bearing(token))
    expect([who.status, JSON.parse(who.body).result.content[0].text]).toEqual([200, expect.stringContaining('"alan"')])
    const at = `resource_metadata="${metadataUrl()}"`
    expect(await challenges('/mcp', ...call('orders'), ...bearing(token))).toEqual([
      403,
      `${bearer}, error="insufficient_scope", scope="mcp orders:read", ${at}`,
    ])
    const adas = await login({ ...ada, resource: `${showcase.url}/mcp` })
    expect((await ask('/mcp', ...call('orders'), ...bearing(adas.access_token))).status).toBe(200)
    // A batch is refused for what its dearest message takes.
    const [list, orders] = [{ method: 'tools/list' }, { method: 'tools/call', params: { name: 'orders' } }]
    const batch = json([list, orders].map((message, id) => ({ jsonrpc: '2.0', id, ...message })))
    expect((await ask('/mcp', ...batch, ...bearing(token))).status).toBe(403)
    expect((await ask('/mcp', '-d', '{', ...bearing(token))).status).toBe(400)
  })

  it('are described by documents that any page may read, for HEAD and OPTIONS too', async () => {
    const path = '/.well-known/oauth-protected-resource/mcp'
    const found = await ask(path)
    expect(JSON.parse(found.body)).toEqual({
      resource: `${showcase.url}/mcp`,
      authorization_servers: [showcase.url],
      scopes_supported: ['mcp', 'orders:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'becauth showcase',
    })
    expect(found.all('Access-Control-Allow-Origin')).toEqual(['*'])
    const head = await ask(path, '-I')
    expect([head.status, head.body, head.all('Access-Control-Allow-Origin')]).toEqual([200, '', ['*']])
    const options = await ask(path, '-X', 'OPTIONS')
    expect([options.status, options.all('Access-Control-Allow-Methods')]).toEqual([204, ['GET, HEAD, OPTIONS']])
    const issuer = JSON.parse((await ask('/.well-known/oauth-authorization-server')).body)
    expect(issuer).toMatchObject({ issuer: showcase.url, token_endpoint: `${showcase.url}/token` })
    const keys = await ask('/.well-known/jwks.json')
    const jwk = { kty: 'EC', crv: 'P-256', use: 'sig', kid: expect.any(String) }
    expect([JSON.parse(keys.body), keys.all('Content-Type')]).toMatchObject([
      { keys: [jwk] },
      ['application/jwk-set+json'],
    ])
    expect(keys.body).not.toContain('"d"')
    expect((await ask('/.well-known/jwks.json', '-I')).status).toBe(200)
  })

  it('outlive a restart, by a key that is for its owner alone', async () => {
    const { access_token: access, refresh_token: token } = await login(ada)
    expect(statSync(join(folder, 'signing-key.json')).mode & 0o777).toBe(0o600)
    expect(await showcase.stop()).toMatchObject({ code: 0, errors: '' })
    showcase = await startShowcase(String(showcase.port), { BECAUTH_DATA: folder })
    expect((await ask('/jwt', ...bearing(access))).status).toBe(200)
    expect((await refresh(token)).status).toBe(200)
  })
})

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: string
  readonly scope?: string
}

function bearing(token: string): readonly string[] {
  return ['-H', `Authorization: Bearer ${token}`]
}

function json(value: object): readonly string[] {
  const accept = 'Accept: application/json, text/event-stream'
  return ['-H', 'Content-Type: application/json', '-H', accept, '-d', JSON.stringify(value)]
}

function call(name: string): readonly string[] {
  return json({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })
}

async function errorOf(answer: Promise<Answer>): Promise<readonly [status: number, error: unknown]> {
  const { status, body } = await answer
  return [status, JSON.parse(body).error]
}

function authTimeOf({ access_token: token }: Tokens): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).auth_time
}
