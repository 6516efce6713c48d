import { describe, expect, it, vi } from 'vitest'
import { challengesOf, hashed, infoOf, type Login, refusal, respond } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import { BodyConsumed } from '../../core/body-consumed.ts'
import type { NonceStore } from '../../core/ports.ts'
import type { BodyReading, RequestSource } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { memoryNonceStore } from '../../stores/memory/nonce-store.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type DigestOptions, digest } from './digest.ts'

const mufasa = { username: 'Mufasa', password: 'Circle of Life' }
const secret = (username: string) => (username === 'Mufasa' ? 'Circle of Life' : null)

function service(options: Partial<DigestOptions> = {}) {
  const clock = { now: 1_000_000 }
  const auth = authentication({ d: digest({ realm: 'r', secret, ...options }) }, { clock: () => clock.now })
  const decide = async (source: RequestSource): Promise<Outcome> => await auth.decide(source, 'd')
  const ask = (authorization: string, request: TestRequestOptions = {}) =>
    decide(testRequest({ ...request, headers: { Authorization: authorization } }))
  const challenged = async () => challengesOf(await decide(testRequest()))[0]
  const header = async (login: Partial<Login> = {}) => respond(await challenged(), { ...mufasa, ...login })
  const attempt = async (login: Partial<Login> = {}, request: TestRequestOptions = {}) =>
    refusal(await ask(await header(login), request))
  return { clock, decide, ask, challenged, header, attempt }
}

const malformedRequest = [400, 'malformed-request', false]
const malformedCredential = [401, 'malformed-credential', false]
const wrongSecret = [401, 'wrong-secret', false]
const expired = [401, 'expired', true]
const replayed = [401, 'replayed', true]

describe('digest() answers 400 to what breaks RFC 7616', () => {
  it.each(['username', 'realm', 'nonce', 'uri', 'response', 'qop', 'nc', 'cnonce'])(
    'D14, F15: %s is missing',
    async (name) => {
      expect(await service().attempt({ send: { [name]: null } })).toEqual(malformedRequest)
    },
  )

  it.each([
    ['nc', '1'],
    ['nc', '0000000g'],
    ['nc', '000000001'],
    ['nc', '00000000'],
    ['nc', '-0000001'],
    ['nonce', 'ä'],
    ['cnonce', 'ä'],
    ['uri', ''],
    ['response', 'fake'],
    ['response', 'ab'.repeat(16)],
    ['response', 'AB'.repeat(32)],
    ['userhash', 'maybe'],
    ['username*', "UTF-8''Mufasa"],
  ])('%s is %j', async (name, value) => {
    expect(await service().attempt({ send: { [name]: value } })).toEqual(malformedRequest)
  })

  it.each(["ISO-8859-1''Mufasa", "UTF-8''%zz", "UTF-8''%ff", 'Mufasa', ''])('username* is %j', async (value) => {
    expect(await service().attempt({ send: { username: null, 'username*': value } })).toEqual(malformedRequest)
  })

  it('userhash stands beside username*', async () => {
    const { attempt } = service({ usernames: ['Mufasa'] })
    expect(await attempt({ extended: true, send: { userhash: 'true' } })).toEqual(malformedRequest)
  })

  it.each([
    ['a parameter that comes twice', (header: string) => `${header}, nc=00000001`],
    ['a parameter that comes twice in another case', (header: string) => `${header}, URI="/"`],
    ['an unterminated quote', (header: string) => header.slice(0, -1)],
    ['no commas', (header: string) => header.replaceAll(',', '')],
    ['a scheme alone', () => 'Digest'],
    ['one opaque value', () => 'Digest YTpi'],
    ['two field lines', (header: string) => `Basic YTpi, ${header}`],
    ['two field lines the other way round', (header: string) => `${header}, Basic YTpi`],
  ])('there is %s', async (_what, change) => {
    const { ask, header } = service()
    expect(refusal(await ask(change(await header())))).toEqual(malformedRequest)
  })

  it('D15, F14b: uri is not the request target', async () => {
    const { attempt } = service()
    expect(await attempt({ uri: '/a' }, { target: '/b' })).toEqual(malformedRequest)
    expect(await attempt({ uri: '/a' }, { target: '/a?b' })).toEqual(malformedRequest)
    expect(await attempt({ uri: 'https://other.example/' })).toEqual(malformedRequest)
  })

  it('D20, F14d: the form of RFC 2069, unless it is allowed', async () => {
    expect(await service().attempt({ qop: null })).toEqual(malformedRequest)
    expect(await service({ qop: ['auth-int'] }).attempt({ qop: null })).toEqual(malformedRequest)
    const { ask, header } = service({ dangerouslyAllowRfc2069: true })
    const outcome = await ask(await header({ qop: null }))
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: { name: 'Mufasa' } })
    expect(infoOf(outcome)).toBeUndefined()
    expect(refusal(await ask(await header({ qop: null, password: 'x' })))).toEqual(wrongSecret)
  })
})

describe('digest() answers 401 to what belongs to another challenge', () => {
  it.each([
    ['another realm', { realm: 'R' }],
    ['an algorithm that is not offered', { algorithm: 'SHA-512-256' }],
    ['an algorithm that nobody knows', { algorithm: 'SHA-1' }],
    ['D20, the downgrade of wget', { algorithm: null }],
    ['a qop that is not offered', { qop: 'auth-int' }],
    ['a qop that nobody knows', { qop: 'AUTH' }],
    ['another charset', { charset: 'ISO-8859-1' }],
    ['a hashed name that is not offered', { userhash: 'true' }],
    ['opaque where none was sent', { opaque: 'x' }],
  ])('%s', async (_what, send) => {
    const { attempt } = service()
    const response = 'algorithm' in send && send.algorithm === null ? { response: 'ab'.repeat(16) } : {}
    expect(await attempt({ send: { ...send, ...response } })).toEqual(malformedCredential)
  })

  it('another opaque, and none', async () => {
    const { attempt } = service({ opaque: 'abc' })
    expect(await attempt({ send: { opaque: 'abd' } })).toEqual(malformedCredential)
    expect(await attempt({ send: { opaque: null } })).toEqual(malformedCredential)
  })

  it('a scheme of others, as no credentials', async () => {
    for (const header of ['Basic YTpi', 'DigestX a=b', 'Bearer Digest', '']) {
      expect(refusal(await service().ask(header))).toEqual([401, 'NoCredentials', false])
    }
  })
})

describe('digest() refuses a wrong password', () => {
  it('and an unknown name alike, and never says stale', async () => {
    const { attempt, clock, ask, challenged } = service()
    expect(await attempt({ password: 'x' })).toEqual(wrongSecret)
    expect(await attempt({ username: 'nobody' })).toEqual(wrongSecret)
    const challenge = await challenged()
    clock.now += 400
    expect(refusal(await ask(respond(challenge, { ...mufasa, password: 'x' })))).toEqual(wrongSecret)
    expect(refusal(await ask(respond(challenge, mufasa)))).toEqual(expired)
  })

  it('of somebody unknown even when it is what somebody unknown is computed with', async () => {
    const zeros = () => authentication({ d: provider }, { random: (bytes) => new Uint8Array(bytes) })
    const provider = digest({ realm: 'r', secret: () => null })
    const auth = zeros()
    const [challenge] = challengesOf(await auth.decide(testRequest(), 'd'))
    const header = respond(challenge, { username: 'x', password: '0'.repeat(64) })
    expect(refusal(await auth.decide(testRequest({ headers: { Authorization: header } }), 'd'))).toEqual(wrongSecret)
  })

  it('of a name that is hashed and unknown, having asked the source for nobody', async () => {
    const ha1 = vi.fn(() => hashed('SHA-256', 'x'))
    const { attempt } = service({ secret: undefined, ha1, usernames: ['Mufasa'] })
    expect(await attempt({ username: 'Scar', userhash: true })).toEqual(wrongSecret)
    expect(ha1).not.toHaveBeenCalled()
  })
})

describe('digest() refuses a nonce', () => {
  it('D16, F14: that it has not made, with stale only where the response is right for it', async () => {
    const { challenged, ask } = service()
    const challenge = await challenged()
    const parameters = (nonce: string) => ({
      scheme: 'Digest',
      parameters: new Map(challenge?.parameters).set('nonce', nonce),
    })
    for (const nonce of ['', 'none', 'dcd98b7102dd2f0e8b11d0f600bfb0c093', 'A'.repeat(52)]) {
      expect(refusal(await ask(respond(parameters(nonce), mufasa)))).toEqual(expired)
      expect(refusal(await ask(respond(parameters(nonce), { ...mufasa, password: 'x' })))).toEqual(wrongSecret)
    }
  })

  it('F16: that another process made with another key, and takes it with the same key', async () => {
    const [one, same, other] = [
      service({ nonceKeys: ['k'.repeat(32)] }),
      service({ nonceKeys: ['k'.repeat(32)] }),
      service(),
    ]
    expect((await same.ask(await one.header())).kind).toBe('authenticated')
    expect(refusal(await other.ask(await one.header()))).toEqual(expired)
  })

  it('that was made for another address where that matters', async () => {
    const { header, ask } = service({ nonceForAddress: true })
    expect(refusal(await ask(await header(), { peer: '198.51.100.7' }))).toEqual(expired)
    expect((await ask(await header())).kind).toBe('authenticated')
  })

  it('D16, F14c: with a count that was used, also for another target', async () => {
    const { challenged, ask } = service()
    const challenge = await challenged()
    const at = (nc: number, uri = '/') => ask(respond(challenge, { ...mufasa, nc, uri }), { target: uri })
    expect((await at(1)).kind).toBe('authenticated')
    expect(refusal(await at(1))).toEqual(replayed)
    expect(refusal(await at(1, '/b'))).toEqual(replayed)
    expect((await at(5)).kind).toBe('authenticated')
    expect((await at(3)).kind).toBe('authenticated')
    expect(refusal(await at(3))).toEqual(replayed)
  })

  it('whose counts do not come one by one in strict mode', async () => {
    const { challenged, ask } = service({ strictNonceCount: true })
    const challenge = await challenged()
    expect((await ask(respond(challenge, mufasa))).kind).toBe('authenticated')
    expect(refusal(await ask(respond(challenge, { ...mufasa, nc: 3 })))).toEqual(replayed)
    expect((await ask(respond(challenge, { ...mufasa, nc: 2 }))).kind).toBe('authenticated')
  })

  it('with a count above 1,048,576', async () => {
    const { challenged, ask } = service()
    const challenge = await challenged()
    expect((await ask(respond(challenge, { ...mufasa, nc: 2 ** 20 }))).kind).toBe('authenticated')
    expect(refusal(await ask(respond(challenge, { ...mufasa, nc: 2 ** 20 + 1 })))).toEqual(expired)
    expect(refusal(await ask(respond(challenge, { ...mufasa, nc: 2 ** 32 - 1 })))).toEqual(expired)
  })

  it('that the store dropped for want of room', async () => {
    const { challenged, ask, clock } = service({ nonceStore: memoryNonceStore({ limit: 1 }) })
    const first = await challenged()
    clock.now += 1
    const second = await challenged()
    expect((await ask(respond(first, mufasa))).kind).toBe('authenticated')
    expect((await ask(respond(second, mufasa))).kind).toBe('authenticated')
    expect(refusal(await ask(respond(first, { ...mufasa, nc: 2 })))).toEqual(expired)
  })

  it('and asks the store only after the response was found right', async () => {
    const accept = vi.fn<NonceStore['accept']>(() => 'fresh')
    const { attempt, header, ask } = service({ nonceStore: { accept } })
    await attempt({ password: 'x' })
    await attempt({ username: 'nobody' })
    await attempt({ send: { nonce: 'none' } })
    expect(accept).not.toHaveBeenCalled()
    expect((await ask(await header({ nc: 10 }))).kind).toBe('authenticated')
    const [key, nc, expiresAt, mode, signal] = accept.mock.calls[0] ?? []
    expect([key, nc, expiresAt, mode]).toEqual([expect.stringMatching(/^[\w-]{24}$/), 10, 1_000_300, 'window'])
    expect(signal).toBeInstanceOf(AbortSignal)
  })

  it.each([
    ['full', 'nonce-store-full'],
    [true, 'invalid-answer'],
    [undefined, 'invalid-answer'],
  ])('with 503 when the store answers %s', async (answer, code) => {
    const store = { accept: () => answer }
    const { header, ask } = service(Object.assign({}, { nonceStore: Object.create(store) }))
    const outcome = await ask(await header())
    expect(outcome).toMatchObject({ kind: 'unavailable', failures: [{ cause: { code } }] })
  })
})

describe('digest() with a source that misbehaves', () => {
  it.each<Partial<DigestOptions>>([
    { secret: undefined, ha1: () => 'abc' },
    { secret: undefined, ha1: () => 'g'.repeat(64) },
    { secret: undefined, ha1: () => new Uint8Array(16) },
    { secret: undefined, ha1: () => Reflect.get({}, 'missing') },
    { secret: () => Reflect.get({}, 'missing') },
    { usernameOfHash: () => Reflect.get({}, 'missing') },
  ])('answers 503 and names the option %#', async (options) => {
    const { ask, header } = service(options)
    const outcome = await ask(await header({ userhash: 'usernameOfHash' in options }))
    expect(outcome).toMatchObject({ kind: 'unavailable', failures: [{ cause: { kind: 'Error' } }] })
    const cause = outcome.failures[0]?.cause
    expect(cause?.kind === 'Error' && cause.message).toMatch(/^digest\(\): "(ha1|secret|usernameOfHash)" must answer /)
  })

  it('answers 503 when it throws or rejects', async () => {
    const down = new Error('down')
    for (const failing of [
      () => Promise.reject(down),
      () => {
        throw down
      },
    ]) {
      const { ask, header } = service({ secret: failing })
      expect(await ask(await header())).toMatchObject({ kind: 'unavailable', failures: [{ cause: { cause: down } }] })
    }
  })
})

describe('digest() with auth-int', () => {
  const both = { qop: ['auth', 'auth-int'] } as const
  const post = { ...mufasa, method: 'POST', qop: 'auth-int' } as const

  it('lets in whose body is what was signed, of any type, and whoever has none', async () => {
    const { header, ask } = service(both)
    const octets = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect((await ask(await header({ ...post, body: octets }), { method: 'POST', body: octets })).kind).toBe(
      'authenticated',
    )
    expect((await ask(await header({ ...post, body: '' }), { method: 'POST' })).kind).toBe('authenticated')
    expect((await ask(await header({ ...post, qop: 'auth' }), { method: 'POST', body: 'any' })).kind).toBe(
      'authenticated',
    )
  })

  it('refuses a body that was changed, added or taken away', async () => {
    const { attempt } = service(both)
    expect(await attempt({ ...post, body: 'a' }, { method: 'POST', body: 'b' })).toEqual(wrongSecret)
    expect(await attempt({ ...post, body: '' }, { method: 'POST', body: 'b' })).toEqual(wrongSecret)
    expect(await attempt({ ...post, body: 'a' }, { method: 'POST' })).toEqual(wrongSecret)
  })

  it('answers 413 to a body over the limit', async () => {
    const { attempt, header, ask } = service({ ...both, limitBytes: 4 })
    expect(await attempt({ ...post, body: '12345' }, { method: 'POST', body: '12345' })).toEqual([
      413,
      'too-large',
      false,
    ])
    expect((await ask(await header({ ...post, body: '1234' }), { method: 'POST', body: '1234' })).kind).toBe(
      'authenticated',
    )
  })

  it.each<[string, () => Promise<BodyReading>]>([
    ['left its own value', async () => ({ kind: 'parsed', value: { a: 1 } })],
    ['left nothing', () => Promise.reject(new BodyConsumed('gone'))],
  ])('says where to mount becauth when a parser has eaten the body and %s, for good', async (_what, body) => {
    const { header, decide } = service(both)
    const source = testRequest({ method: 'POST', headers: { Authorization: await header(post) } })
    const outcome = await decide({ ...source, body })
    expect(outcome).toMatchObject({
      kind: 'rejected',
      response: { status: 401 },
      failures: [
        {
          cause: {
            code: 'body-parsed',
            message: 'digest(): "auth-int" needs the body as it came: mount becauth before the body parser',
          },
        },
      ],
    })
  })

  it('never reads a body for auth, nor for a header that is refused unread', async () => {
    const { header, decide } = service(both)
    const body = vi.fn(async () => ({ kind: 'none' }) as const)
    for (const authorization of [
      await header({ method: 'POST' }),
      'Digest x',
      await header({ ...post, send: { realm: 'x' } }),
    ]) {
      await decide({ ...testRequest({ method: 'POST', headers: { Authorization: authorization } }), body })
    }
    expect(body).not.toHaveBeenCalled()
  })

  it('D17, F15b: proves the body of the answer where the adapter has it, and nothing else', async () => {
    const { header, ask, challenged } = service(both)
    const challenge = await challenged()
    const authorization = respond(challenge, { ...post, body: 'question' })
    const outcome = await ask(authorization, { method: 'POST', body: 'question' })
    const h = (text: string) => hashed('SHA-256', text)
    const nonce = challenge?.parameters?.get('nonce')
    const a1 = h('Mufasa:r:Circle of Life')
    const rspauth = h(`${a1}:${nonce}:00000001:c29tZXRoaW5n:auth-int:${h(`:/:${h('answer')}`)}`)
    expect(infoOf(outcome, Buffer.from('answer'))?.get('rspauth')).toBe(rspauth)
    const without = infoOf(await ask(await header({ ...post, body: 'question' }), { method: 'POST', body: 'question' }))
    expect([...(without?.keys() ?? [])]).toEqual(['qop', 'nc', 'cnonce'])
    expect(without?.get('qop')).toBe('auth-int')
  })
})
