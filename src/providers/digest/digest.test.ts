import { describe, expect, it, vi } from 'vitest'
import { challengesOf, hashed, infoOf, type Login, refusal, respond } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import type { Outcome } from '../../core/who.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import type { ParsedChallenge } from '../../wire/challenges.ts'
import { type DigestAlgorithm, type DigestOptions, digest, digestCredentials } from './digest.ts'

const users = new Map([
  ['Mufasa', 'Circle of Life'],
  ['Jäsøn Doe', 'Secret, or not?'],
])
const secret = (username: string) => users.get(username) ?? null
const mufasa = { username: 'Mufasa', password: 'Circle of Life' }
const jason = { username: 'Jäsøn Doe', password: 'Secret, or not?' }
const all = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'] as const

/** A service with a clock that stands until it is moved. */
function service(options: Partial<DigestOptions> = {}) {
  const clock = { now: 1_000_000 }
  const auth = authentication({ d: digest({ realm: 'r', secret, ...options }) }, { clock: () => clock.now })
  const ask = async (headers: TestRequestOptions['headers'] = {}, request: TestRequestOptions = {}): Promise<Outcome> =>
    await auth.decide(testRequest({ ...request, headers }), 'd')
  const challenged = async (at = 0) => challengesOf(await ask())[at]
  const answer = async (login: Login, challenge?: ParsedChallenge, request: TestRequestOptions = {}) =>
    await ask(
      { Authorization: respond(challenge ?? (await challenged()), login) },
      { method: login.method, ...request },
    )
  return { auth, clock, ask, challenged, answer }
}

describe('digest(): challenges', () => {
  it('sends the defaults of RFC 7616, and a nonce that is new each time', async () => {
    const { challenged } = service()
    const { scheme, parameters } = (await challenged()) ?? {}
    expect([scheme, Object.fromEntries(parameters ?? [])]).toEqual([
      'Digest',
      { realm: 'r', qop: 'auth', algorithm: 'SHA-256', charset: 'UTF-8', nonce: expect.stringMatching(/^[\w-]{52}$/) },
    ])
    expect((await challenged())?.parameters?.get('nonce')).not.toBe(parameters?.get('nonce'))
  })

  it('sends one for each algorithm, in the order written, with one nonce', async () => {
    const { ask } = service({ algorithms: ['SHA-512-256', 'MD5', 'SHA-256-sess'], qop: ['auth-int', 'auth'] })
    const outcome = await ask()
    const challenges = challengesOf(outcome)
    expect(challenges.map(({ parameters }) => parameters?.get('algorithm'))).toEqual([
      'SHA-512-256',
      'MD5',
      'SHA-256-sess',
    ])
    expect(new Set(challenges.map(({ parameters }) => parameters?.get('nonce'))).size).toBe(1)
    expect(challenges[0]?.parameters?.get('qop')).toBe('auth-int,auth')
    if (!('response' in outcome)) throw new Error('let in')
    const lines = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate')
    expect(lines).toHaveLength(3)
    expect(lines[0]?.[1]).toMatch(/^Digest realm="r", qop="auth-int,auth", algorithm=SHA-512-256, /)
  })

  it('sends opaque, domain and userhash where they are set', async () => {
    const { challenged } = service({ opaque: 'abc', domain: ['/a', 'https://b.example/'], usernames: users.keys() })
    const parameters = Object.fromEntries((await challenged())?.parameters ?? [])
    expect(parameters).toMatchObject({ opaque: 'abc', domain: '/a https://b.example/', userhash: 'true' })
  })

  it('never challenges without a nonce, whatever refuses', async () => {
    const gone = service({ secret: () => 'p', nonceStore: { accept: () => 'fresh' } })
    const refusals = [
      await gone.ask(),
      await gone.ask({ Authorization: 'Basic YTpi' }),
      await gone.ask({ Authorization: 'Digest x' }),
    ]
    for (const outcome of refusals) expect(challengesOf(outcome)[0]?.parameters?.get('nonce')).toHaveLength(52)
  })

  it('gives who answers the default challenge a true one, and who asks nothing else a refusal', async () => {
    const { answer } = service()
    const parameters = new Map([
      ['realm', 'r'],
      ['nonce', 'none'],
      ['algorithm', 'SHA-256'],
    ])
    expect(refusal(await answer(mufasa, { scheme: 'Digest', parameters }))).toEqual([401, 'expired', true])
  })
})

describe('digest(): who is let in', () => {
  it.each(all)('a right response by %s, once and again with the next count', async (algorithm) => {
    const { answer, challenged } = service({ algorithms: [algorithm] })
    const challenge = await challenged()
    expect(await answer(mufasa, challenge)).toMatchObject({ kind: 'authenticated', principal: { name: 'Mufasa' } })
    expect(await answer({ ...mufasa, nc: 2, uri: '/b?c' }, challenge, { target: '/b?c' })).toMatchObject({
      kind: 'authenticated',
    })
  })

  it.each(all)('F15d: a right response by %s to hashes kept instead of passwords', async (algorithm) => {
    const ha1 = vi.fn(({ username, realm, algorithm: hash }) => {
      const password = secret(username)
      return password === null ? null : hashed(hash, `${username}:${realm}:${password}`).toUpperCase()
    })
    const { answer } = service({ secret: undefined, ha1, algorithms: [algorithm] })
    expect((await answer(mufasa)).kind).toBe('authenticated')
    expect(ha1.mock.calls[0]?.[0]).toEqual({
      username: 'Mufasa',
      realm: 'r',
      algorithm: algorithm.replace('-sess', ''),
    })
    const octets = ({ username }: { username: string }) =>
      Buffer.from(hashed('MD5', `${username}:r:Circle of Life`), 'hex')
    const other = service({ secret: undefined, ha1: async (wanted) => octets(wanted), algorithms: ['MD5'] })
    expect((await other.answer(mufasa)).kind).toBe('authenticated')
  })

  it('a name beyond ASCII in UTF-8, in ISO-8859-1, by username* and hashed', async () => {
    for (const algorithm of ['MD5', 'SHA-512-256'] as const) {
      const { answer } = service({ algorithms: [algorithm], usernames: [...users.keys()] })
      const accepted = { kind: 'authenticated', principal: { name: 'Jäsøn Doe' } }
      expect(await answer(jason)).toMatchObject(accepted)
      expect(await answer({ ...jason, send: { username: 'Jäsøn Doe' } })).toMatchObject(accepted)
      expect(await answer({ ...jason, extended: true })).toMatchObject(accepted)
      expect(await answer({ ...jason, userhash: true })).toMatchObject(accepted)
    }
  })

  it('a hashed name that an index of the application knows', async () => {
    const usernameOfHash = vi.fn(async (userhash: string) =>
      userhash === hashed('SHA-256', 'Mufasa:r') ? 'Mufasa' : null,
    )
    const { answer } = service({ usernameOfHash })
    expect(await answer({ ...mufasa, userhash: true })).toMatchObject({ principal: { name: 'Mufasa' } })
    expect(usernameOfHash).toHaveBeenCalledWith(hashed('SHA-256', 'Mufasa:r'), 'r', 'SHA-256')
    expect(refusal(await answer({ ...jason, userhash: true }))).toEqual([401, 'wrong-secret', false])
  })

  it('in one tick where the source answers at once, and later where it does not', async () => {
    const { auth, challenged } = service()
    const header = { Authorization: respond(await challenged(), mufasa) }
    expect(auth.decide(testRequest({ headers: header }), 'd')).toMatchObject({ kind: 'authenticated' })
    const later = service({ secret: async (username) => secret(username) })
    const outcome = later.auth.decide(
      testRequest({ headers: { Authorization: respond(await later.challenged(), mufasa) } }),
      'd',
    )
    expect(outcome).toBeInstanceOf(Promise)
    expect(await outcome).toMatchObject({ kind: 'authenticated' })
  })

  it('D13, F15c: the scheme in any case, and the quotes that python-requests puts around algorithm and qop', async () => {
    const { ask, challenged } = service()
    const header = respond(await challenged(), mufasa)
    const quoted = header.replace('algorithm=SHA-256', 'algorithm="sha-256"').replace('qop=auth', 'qop="auth"')
    expect((await ask({ Authorization: quoted.replace('Digest', 'dIGEST') })).kind).toBe('authenticated')
  })

  it('whom validate answers, with the credential as it was proved', async () => {
    const validate = vi.fn(({ username, uri }) => ({ id: 7, username, uri }))
    const auth = authentication({ d: digest({ realm: 'r', secret, usernames: users.keys(), validate }) })
    const [challenge] = challengesOf(await auth.decide(testRequest(), 'd'))
    const header = respond(challenge, { ...mufasa, userhash: true, nc: 11 })
    const outcome = await auth.decide(testRequest({ headers: { Authorization: header } }), 'd')
    expect(outcome.principal).toEqual({ id: 7, username: 'Mufasa', uri: '/' })
    expect(validate.mock.calls[0]?.[0]).toMatchObject({ userhash: true, nc: '0000000b', qop: 'auth', realm: 'r' })
  })

  it('not whom validate refuses, who is challenged again', async () => {
    const answers = [
      null,
      invalidCredentials('locked'),
      new AuthenticationFailedCause.Error('no', { retryable: false }),
    ]
    const seen: unknown[] = []
    for (const answer of answers) {
      const auth = authentication({ d: digest<object>({ realm: 'r', secret, validate: () => answer }) })
      const [challenge] = challengesOf(await auth.decide(testRequest(), 'd'))
      const refused = await auth.decide(testRequest({ headers: { Authorization: respond(challenge, mufasa) } }), 'd')
      expect(challengesOf(refused)[0]?.parameters?.get('nonce')).toHaveLength(52)
      seen.push(refusal(refused))
    }
    expect(seen).toEqual([
      [401, 'InvalidCredentials', false],
      [401, 'locked', false],
      [401, 'Error', false],
    ])
  })

  it('nobody from another site who makes a browser send it', async () => {
    const { answer } = service()
    const post = { ...mufasa, method: 'POST' }
    const from = async (site: Record<string, string>) => {
      const { ask, challenged } = service()
      return await ask({ Authorization: respond(await challenged(), post), ...site }, { method: 'POST' })
    }
    expect((await from({ 'Sec-Fetch-Site': 'cross-site' })).kind).toBe('rejected')
    expect((await from({ 'Sec-Fetch-Site': 'same-origin' })).kind).toBe('authenticated')
    expect((await answer(post)).kind).toBe('authenticated')
  })
})

describe('digest(): Authentication-Info', () => {
  it.each(all)('proves by %s that the service knows the password', async (algorithm: DigestAlgorithm) => {
    const { answer, challenged } = service({ algorithms: [algorithm] })
    const challenge = await challenged()
    const nonce = challenge?.parameters?.get('nonce')
    const h = (text: string) => hashed(algorithm, text)
    const base = h('Mufasa:r:Circle of Life')
    const ha1 = algorithm.endsWith('-sess') ? h(`${base}:${nonce}:"q"`) : base
    const info = infoOf(await answer({ ...mufasa, nc: 3, cnonce: '"q"' }, challenge))
    expect(Object.fromEntries(info ?? [])).toEqual({
      rspauth: h(`${ha1}:${nonce}:00000003:"q":auth:${h(':/')}`),
      qop: 'auth',
      nc: '00000003',
      cnonce: '"q"',
    })
  })

  it('brings the next nonce when this one has passed half of its life, except for -sess', async () => {
    const { answer, challenged, clock } = service({ algorithms: ['SHA-256', 'SHA-256-sess'], nonceLifetimeSeconds: 60 })
    const [plain, session] = [await challenged(0), await challenged(1)]
    clock.now += 30
    expect(infoOf(await answer(mufasa, plain))?.has('nextnonce')).toBe(false)
    clock.now += 1
    const next = infoOf(await answer({ ...mufasa, nc: 2 }, plain))?.get('nextnonce')
    const renewed = { scheme: 'Digest', parameters: new Map(plain?.parameters).set('nonce', next ?? '') }
    expect(infoOf(await answer(mufasa, session))?.has('nextnonce')).toBe(false)
    clock.now += 40
    expect((await answer(mufasa, renewed)).kind).toBe('authenticated')
    expect(refusal(await answer({ ...mufasa, nc: 3 }, plain))).toEqual([401, 'expired', true])
  })

  it('D21: goes only with a request that is accepted as a whole', async () => {
    const auth = authentication({
      first: digest({ realm: 'r', secret }),
      second: digest({ realm: 's', secret, validate: () => null }),
    })
    const both = auth.allOf('first', 'second')
    const [challenge] = challengesOf(await auth.decide(testRequest(), 'first'))
    const outcome = await auth.decide(testRequest({ headers: { Authorization: respond(challenge, mufasa) } }), both)
    if (!('response' in outcome)) throw new Error('let in')
    expect(outcome.response.headers.map(([name]) => name)).not.toContain('Authentication-Info')
  })
})

describe('digest({ proxy: true })', () => {
  it('answers 407 and speaks by the fields of proxies', async () => {
    const { ask } = service({ proxy: true })
    const absent = await ask({ Authorization: 'Digest x' }, { target: 'http://data.example/a' })
    expect('response' in absent && absent.response.status).toBe(407)
    const [challenge] = challengesOf(absent, 'Proxy-Authenticate')
    const header = respond(challenge, { ...mufasa, uri: '/a' })
    const outcome = await ask({ 'Proxy-Authorization': header }, { target: 'http://data.example/a' })
    expect(infoOf(outcome)?.has('rspauth')).toBe(true)
    const head = { status: 200, header: () => undefined }
    const fields = outcome.kind === 'authenticated' ? outcome.amendments?.headers?.(head) : undefined
    expect(fields?.map(([name]) => name)).toEqual(['Proxy-Authentication-Info'])
  })
})

describe('digestCredentials()', () => {
  it('reads what a client claims, unproved', () => {
    const header = respond(
      {
        scheme: 'Digest',
        parameters: new Map([
          ['realm', 'r'],
          ['nonce', 'n'],
        ]),
      },
      jason,
    )
    expect(digestCredentials(testRequest({ headers: { Authorization: header } }))).toMatchObject({
      username: 'Jäsøn Doe',
      userhash: false,
      realm: 'r',
      nonce: 'n',
      algorithm: 'MD5',
      uri: '/',
      nc: '00000001',
      qop: 'auth',
      opaque: undefined,
    })
  })

  it.each([{}, { Authorization: 'Basic YTpi' }, { Authorization: 'Digest x' }])('reads nothing from %j', (headers) => {
    expect(digestCredentials(testRequest({ headers }))).toBeUndefined()
  })
})
