import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { OneTimeStore } from '../../core/ports.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type Oauth1Pair, parseOauth1Credentials } from '../../wire/oauth1.ts'
import { oauth1Signature } from './oauth1-signature.ts'
import { type Oauth1ConsumerKey, type Oauth1SigningOptions, oauth1Authorization } from './sign.ts'
import type { Oauth1Consumer, Oauth1SignatureOptions, Oauth1Token } from './signature-options.ts'

const NOW = 1_800_000_000
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = {
  publicKey: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  privateKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}

const consumers: Readonly<Record<string, Oauth1Consumer>> = {
  printer: { methods: ['HMAC-SHA256', 'HMAC-SHA1'], secret: 'printer & secret' },
  modern: { methods: ['HMAC-SHA256'], secret: 'modern secret' },
  signer: { methods: ['RSA-SHA256', 'RSA-SHA1'], publicKey: pem.publicKey },
  old: { methods: ['PLAINTEXT'], secret: 'old%&' },
}
const tokens: Readonly<Record<string, Oauth1Token>> = {
  'printer/t': { secret: 'token secret' },
  'old/t': { secret: 'x' },
}

const printer: Oauth1ConsumerKey = { consumerKey: 'printer', consumerSecret: 'printer & secret' }
const old: Oauth1ConsumerKey = { consumerKey: 'old', consumerSecret: 'old%&', method: 'PLAINTEXT' }
const t = { token: 't', tokenSecret: 'token secret' }
const url = 'https://service.example/photos?size=original&a=%20'

type Options = Partial<Oauth1SignatureOptions<Oauth1Consumer, Oauth1Token>>

function service(options: Options = {}, clock = () => NOW) {
  const api = oauth1Signature({
    consumers: (key) => consumers[key] ?? null,
    tokens: (token, key) => tokens[`${key}/${token}`] ?? null,
    ...options,
  })
  const auth = authentication({ api }, { clock })
  return async (request: TestRequestOptions): Promise<string> => {
    const outcome = await auth.decide(testRequest(request), 'api')
    if (outcome.kind === 'authenticated') return 'accepted'
    const cause = outcome.failures[0]?.cause
    const why = cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind === 'Error' ? cause.code : cause?.kind
    return `${outcome.response.status} ${why}`
  }
}

function target(of: string): string {
  const { pathname, search } = new URL(of)
  return pathname + search
}

interface Made extends Oauth1SigningOptions {
  readonly at?: string
  readonly method?: string
  readonly form?: readonly Oauth1Pair[]
}

async function signed(consumer: Oauth1ConsumerKey, made: Made = {}): Promise<TestRequestOptions> {
  const { at = url, method = 'GET', form, ...options } = made
  const authorization = await oauth1Authorization({ method, url: at, form }, consumer, { now: () => NOW, ...options })
  return { method, target: target(at), headers: { Authorization: authorization } }
}

/** The same request with a parameter of its field made another, or taken away. */
function altered(request: TestRequestOptions, change: (field: string) => string): TestRequestOptions {
  const field = new Map(Object.entries(request.headers ?? {})).get('Authorization') ?? ''
  expect(change(field)).not.toBe(field)
  return { ...request, headers: { Authorization: change(field) } }
}

/** Takes two digits out of a signature, whatever they are and however they are escaped. */
function cutShort(field: string): string {
  return field.replace(/oauth_signature="([^"]+)"/, (_all, text: string) => {
    return `oauth_signature="${encodeURIComponent(decodeURIComponent(text).replace(/..=$/, '='))}"`
  })
}

/** The protocol parameters of a signed request, to be put elsewhere. */
function pairsOf(request: TestRequestOptions): readonly Oauth1Pair[] {
  const field = new Map(Object.entries(request.headers ?? {})).get('Authorization')
  return parseOauth1Credentials(String(field))?.parameters ?? []
}

const formOf = (pairs: readonly Oauth1Pair[]) =>
  new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
const formType = { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }

describe('oauth1Signature(): absent', () => {
  it.each([{}, { Authorization: 'Bearer a' }, { Authorization: 'OAuth2 a="b"' }])('is %j', async (headers) => {
    expect(await service()({ headers })).toBe('401 NoCredentials')
  })

  it('challenges with the scheme OAuth and the realm', async () => {
    const auth = authentication({ api: oauth1Signature({ consumers: () => null, realm: 'photos' }) })
    const outcome = await auth.decide(testRequest(), 'api')
    expect('response' in outcome && outcome.response.headers[0]).toEqual(['WWW-Authenticate', 'OAuth realm="photos"'])
  })

  it('is a signature in a place where none is looked for', async () => {
    const query = formOf(pairsOf(await signed(printer)))
    expect(await service()({ target: `/photos?${query}` })).toBe('401 NoCredentials')
    const posted = { method: 'POST', headers: formType, body: query }
    expect(await service()(posted)).toBe('401 NoCredentials')
    expect(await service({ places: ['header', 'query'] })(posted)).toBe('401 NoCredentials')
  })

  it('is a form without a signature, also where forms are read', async () => {
    for (const body of ['a=b', 'a=%', '']) {
      const request = { method: 'POST', headers: formType, body }
      expect(await service({ places: ['header', 'form'] })(request)).toBe('401 NoCredentials')
    }
  })
})

describe('oauth1Signature(): authenticated', () => {
  it.each<[string, Oauth1ConsumerKey, Oauth1SigningOptions]>([
    ['HMAC-SHA1', printer, {}],
    ['HMAC-SHA1 with a token', printer, { token: t }],
    ['HMAC-SHA256 with a token', { ...printer, method: 'HMAC-SHA256' }, { token: t }],
    ['a realm', printer, { realm: 'whatever, "this"' }],
    ['RSA-SHA1', { consumerKey: 'signer', privateKey: pem.privateKey, method: 'RSA-SHA1' }, {}],
    ['RSA-SHA256', { consumerKey: 'signer', privateKey: pem.privateKey, method: 'RSA-SHA256' }, {}],
    ['an extension parameter with capitals', printer, { parameters: [['oauth_X', 'Ä']] }],
  ])('accepts %s', async (_what, consumer, options) => {
    expect(await service()(await signed(consumer, options))).toBe('accepted')
  })

  it('answers consumer and token as the principal, or what validate makes of them', async () => {
    const plain = authentication(
      { api: oauth1Signature({ consumers: (key) => consumers[key] ?? null }) },
      { clock: () => NOW },
    )
    const request = testRequest(await signed(printer))
    expect(await plain.decide(request, 'api')).toMatchObject({
      principal: { consumerKey: 'printer', token: undefined },
    })
    const api = oauth1Signature({
      consumers: (key) => ({ ...(consumers[key] ?? { methods: ['HMAC-SHA1'] }), label: `the ${key}` }),
      tokens: () => ({ secret: 'token secret', user: 'jane' }),
      validate: ({ consumer, grant, parameters }) =>
        grant === undefined
          ? null
          : { who: `${grant.user} by ${consumer.label}`, at: parameters.get('oauth_timestamp') },
    })
    const auth = authentication({ api }, { clock: () => NOW })
    const outcome = await auth.decide(testRequest(await signed(printer, { token: t })), 'api')
    expect(outcome).toMatchObject({ principal: { who: 'jane by the printer', at: String(NOW) } })
    expect(await auth.decide(testRequest(await signed(printer)), 'api')).toMatchObject({ kind: 'rejected' })
  })

  it('accepts a signed form, and refuses it when anything in it is another', async () => {
    const form = [
      ['b', '2 q'],
      ['b', '1'],
      ['é', '&='],
    ] as const
    const request = await signed(printer, { method: 'POST', form })
    const headers = { ...request.headers, ...formType }
    expect(await service()({ ...request, headers, body: formOf(form) })).toBe('accepted')
    expect(await service()({ ...request, headers, body: formOf([...form].reverse()) })).toBe('accepted')
    for (const other of [form.slice(1), [...form, ['c', '']] as const, []]) {
      expect(await service()({ ...request, headers, body: formOf(other) })).toBe('401 bad-signature')
    }
    expect(await service()(request)).toBe('401 bad-signature')
  })

  it('accepts parameters in the query and in a form where that is wanted', async () => {
    const at = 'https://service.example/launch'
    const query = formOf(pairsOf(await signed(printer, { at })))
    expect(await service({ places: ['query'] })({ target: `/launch?${query}` })).toBe('accepted')
    const form = [['lti_message_type', 'basic-lti-launch-request']] as const
    const posted = await signed(printer, { at, method: 'POST', form })
    const body = formOf([...form, ...pairsOf(posted)])
    const request = { method: 'POST', target: '/launch', headers: formType, body }
    expect(await service({ places: ['form'] })(request)).toBe('accepted')
    expect(await service({ places: ['query'] })(request)).toBe('401 NoCredentials')
  })

  it('leaves the handler the form', async () => {
    const request = await signed(printer, { method: 'POST', form: [['a', 'b']] })
    const source = testRequest({ ...request, headers: { ...request.headers, ...formType }, body: 'a=b' })
    const auth = authentication(
      { api: oauth1Signature({ consumers: (key) => consumers[key] ?? null }) },
      { clock: () => NOW },
    )
    expect((await auth.decide(source, 'api')).kind).toBe('authenticated')
    expect(await source.body(10)).toMatchObject({ kind: 'bytes' })
  })

  it('takes PLAINTEXT over TLS, in the field, for a consumer that may, where it is accepted at all', async () => {
    const withIt = service({ methods: ['PLAINTEXT'], places: ['header', 'query'] })
    const request = await signed(old, { token: { token: 't', tokenSecret: 'x' } })
    expect(await withIt(request)).toBe('accepted')
    const timeless = altered(await signed(old), (field) =>
      field.replace(/oauth_timestamp="\d+", oauth_nonce="[^"]+", /, ''),
    )
    expect(await withIt(timeless)).toBe('accepted')
    expect(await withIt({ ...request, encrypted: false })).toBe('401 wrong-type')
    expect(await withIt({ target: `/?${formOf(pairsOf(request))}` })).toBe('401 wrong-type')
    expect(await service()(await signed(old))).toBe('401 wrong-type')
    const wrong = await signed({ ...old, consumerSecret: 'old' })
    expect(await withIt(wrong)).toBe('401 bad-signature')
    const narrow = service({ methods: ['PLAINTEXT', 'HMAC-SHA1'] })
    expect(await narrow(await signed({ ...printer, method: 'PLAINTEXT' }))).toBe('401 wrong-type')
  })
})

describe('oauth1Signature(): rejected', () => {
  it.each<[string, (request: TestRequestOptions) => TestRequestOptions]>([
    ['another method', (request) => ({ ...request, method: 'POST' })],
    ['another path', (request) => ({ ...request, target: '/photo?size=original&a=%20' })],
    ['another query', (request) => ({ ...request, target: '/photos?size=original&a=+&a=b' })],
    ['another host', (request) => ({ ...request, headers: { ...request.headers, Host: 'other.example' } })],
    ['another scheme', (request) => ({ ...request, encrypted: false })],
    ['another nonce', (request) => altered(request, (field) => field.replace('oauth_nonce="', 'oauth_nonce="x'))],
    [
      'another token',
      (request) => altered(request, (field) => field.replace('oauth_version', 'oauth_a="", oauth_version')),
    ],
    ['a signature cut short', (request) => altered(request, cutShort)],
  ])('refuses %s than was signed', async (_what, alter) => {
    expect(await service()(alter(await signed(printer)))).toBe('401 bad-signature')
  })

  it('refuses a signature without the token secret, as Ktor makes it (D32)', async () => {
    const request = await signed(printer, { token: { token: 't', tokenSecret: '' } })
    expect(await service()(request)).toBe('401 bad-signature')
  })

  it('refuses unknown consumers and tokens, and a token of another consumer', async () => {
    expect(await service()(await signed({ ...printer, consumerKey: 'stranger' }))).toBe('401 unknown')
    expect(await service()(await signed(printer, { token: { ...t, token: 'u' } }))).toBe('401 unknown')
    const modern = { consumerKey: 'modern', consumerSecret: 'modern secret', method: 'HMAC-SHA256' } as const
    expect(await service()(await signed(modern, { token: t }))).toBe('401 unknown')
    expect(await service({ tokens: undefined })(await signed(printer, { token: t }))).toBe('401 unknown')
  })

  it('refuses methods that the consumer may not use, and those that the service does not take', async () => {
    const modern = { consumerKey: 'modern', consumerSecret: 'modern secret' }
    expect(await service()(await signed(modern))).toBe('401 wrong-type')
    expect(await service({ methods: ['HMAC-SHA256'] })(await signed(printer))).toBe('401 wrong-type')
  })

  it("does not take an RSA consumer's public key for a secret", async () => {
    const confused = { consumerKey: 'signer', consumerSecret: pem.publicKey, method: 'HMAC-SHA256' } as const
    expect(await service()(await signed(confused))).toBe('401 wrong-type')
  })

  it.each([
    [-300, 'accepted'],
    [300, 'accepted'],
    [-301, '401 expired'],
    [301, '401 not-yet-valid'],
  ])('judges a timestamp that is off by %i seconds', async (off, wanted) => {
    expect(await service()(await signed(printer, { now: () => NOW + off }))).toBe(wanted)
  })

  it.each<[string, (field: string) => string]>([
    ['no consumer key', (field) => field.replace(/oauth_consumer_key="[^"]*", /, '')],
    ['no signature', (field) => field.replace(/, oauth_signature="[^"]*"/, '')],
    ['no method', (field) => field.replace(/oauth_signature_method="[^"]*", /, '')],
    ['an unknown method', (field) => field.replace('HMAC-SHA1', 'HMAC-MD5')],
    ['a method in another case', (field) => field.replace('HMAC-SHA1', 'hmac-sha1')],
    ['a method of every object', (field) => field.replace('HMAC-SHA1', 'constructor')],
    ['no timestamp', (field) => field.replace(/oauth_timestamp="[^"]*", /, '')],
    ['a timestamp with a fraction', (field) => field.replace(/oauth_timestamp="(\d+)"/, 'oauth_timestamp="$1.5"')],
    ['a negative timestamp', (field) => field.replace('oauth_timestamp="', 'oauth_timestamp="-')],
    ['no nonce', (field) => field.replace(/oauth_nonce="[^"]*", /, '')],
    ['version 2', (field) => field.replace('"1.0"', '"2.0"')],
    ['a doubled parameter', (field) => `${field}, oauth_nonce="other"`],
    ['a doubled unknown parameter', (field) => `${field}, oauth_a="1", oauth_a="1"`],
    ['a parameter of a thousand characters', (field) => `${field}, oauth_a="${'x'.repeat(1025)}"`],
    ['a bad escape', (field) => `${field}, a="%"`],
    ['two field lines', (field) => `${field}, Bearer abc`],
    ['a field after another', (field) => `Bearer abc, ${field}`],
  ])('answers 400 to %s', async (_what, change) => {
    expect(await service()(altered(await signed(printer), change))).toBe('400 malformed-request')
  })

  it('answers 400 to protocol parameters in two places', async () => {
    const at = 'https://service.example/photos?oauth_token=t'
    expect(await service()(await signed(printer, { at }))).toBe('400 malformed-request')
    const form = [['oauth_verifier', 'v']] as const
    const request = await signed(printer, { method: 'POST', form })
    const posted = { ...request, headers: { ...request.headers, ...formType }, body: formOf(form) }
    expect(await service()(posted)).toBe('400 malformed-request')
  })

  it.each(['/photos?a=%', '/photos?%FF=1'])('answers 400 to the target %s, which has no one meaning', async (odd) => {
    expect(await service()({ ...(await signed(printer)), target: odd })).toBe('400 malformed-request')
  })

  it('answers 400 to a form with no one meaning, and 413 to one that is too large', async () => {
    const request = await signed(printer, { method: 'POST' })
    const headers = { ...request.headers, ...formType }
    expect(await service()({ ...request, headers, body: 'a=%' })).toBe('400 malformed-request')
    expect(await service()({ ...request, headers, body: Uint8Array.of(0xff) })).toBe('400 malformed-request')
    expect(await service({ limitBytes: 10 })({ ...request, headers, body: 'x'.repeat(11) })).toBe('413 too-large')
  })

  it('does not read a body of another type', async () => {
    const request = await signed(printer, { method: 'POST' })
    const headers = { ...request.headers, 'Content-Type': 'application/json' }
    expect(await service({ limitBytes: 10 })({ ...request, headers, body: '{"a":"long enough"}' })).toBe('accepted')
  })
})

describe('oauth1Signature(): replays', () => {
  it('accepts a nonce once, as long as its timestamp is accepted', async () => {
    let now = NOW - 300
    const replayStore = memoryOneTimeStore()
    const ask = service({ replayStore }, () => now)
    const request = await signed(printer)
    expect(await ask(request)).toBe('accepted')
    for (; now < NOW + 300.9; now += 99.9) expect(await ask(request)).toBe('401 replayed')
    now = NOW + 300.999
    expect(await ask(request)).toBe('401 replayed')
    now = NOW + 301
    expect(await ask(request)).toBe('401 expired')
    await ask(await signed(printer, { now: () => now }))
    expect(replayStore.size).toBe(1)
  })

  it('keeps nonces apart by consumer, token and timestamp (RFC 5849, section 3.3)', async () => {
    const ask = service()
    const random = () => new Uint8Array(16)
    const requests = [
      await signed(printer, { random }),
      await signed(printer, { random, token: t }),
      await signed(printer, { random, now: () => NOW + 1 }),
      await signed({ consumerKey: 'modern', consumerSecret: 'modern secret', method: 'HMAC-SHA256' }, { random }),
    ]
    for (const request of requests) expect(await ask(request)).toBe('accepted')
    for (const request of requests) expect(await ask(request)).toBe('401 replayed')
  })

  it('spends no nonce on a signature that is wrong', async () => {
    const replayStore = memoryOneTimeStore()
    const ask = service({ replayStore })
    const request = await signed(printer)
    expect(await ask(altered(request, cutShort))).toBe('401 bad-signature')
    expect(replayStore.size).toBe(0)
    expect(await ask(request)).toBe('accepted')
  })

  it('accepts one of parallel copies', async () => {
    const ask = service()
    const request = await signed(printer)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(request)))
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(1)
  })

  it.each<[string, OneTimeStore['consume'], RegExp]>([
    ['is full', () => 'full', /^503 one-time-store-full$/],
    [
      'throws',
      () => {
        throw new Error('down')
      },
      /^503 /,
    ],
    ['rejects', () => Promise.reject(new Error('down')), /^503 /],
  ])('answers 503 when the store %s', async (_what, consume, wanted) => {
    expect(await service({ replayStore: { consume } })(await signed(printer))).toMatch(wanted)
  })
})

describe('oauth1Signature(): faults', () => {
  it.each<[string, Options]>([
    [
      '"consumers" throws',
      {
        consumers: () => {
          throw new Error('down')
        },
      },
    ],
    ['"consumers" rejects', { consumers: () => Promise.reject(new Error('down')) }],
    ['"consumers" answers no consumer', { consumers: () => JSON.parse('{"secret":"a"}') }],
    ['"consumers" answers no method', { consumers: () => ({ methods: [], secret: 'a' }) }],
    ['"consumers" answers an empty secret', { consumers: () => ({ methods: ['HMAC-SHA1'], secret: '' }) }],
    ['"consumers" answers nothing', { consumers: () => JSON.parse('[]')[0] }],
    ['"tokens" rejects', { tokens: () => Promise.reject(new Error('down')) }],
    ['"tokens" answers no secret', { tokens: () => JSON.parse('{}') }],
  ])('answers 503 when %s', async (_what, options) => {
    expect(await service(options)(await signed(printer, { token: t }))).toMatch(/^503 /)
  })

  it('is a final error when a key cannot be used', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
    const signer = { consumerKey: 'signer', privateKey: pem.privateKey, method: 'RSA-SHA256' } as const
    for (const publicKey of [short.toString(), 'no key', pem.privateKey]) {
      const ask = service({ consumers: () => ({ methods: ['RSA-SHA256'], publicKey }) })
      expect(await ask(await signed(signer))).toBe('401 oauth1-key')
    }
  })

  it.each<[string, object]>([
    ['"consumers"', { consumers: undefined }],
    ['"tokens"', { tokens: {} }],
    ['"requireToken"', { requireToken: true, tokens: undefined }],
    ['"methods"', { methods: [] }],
    ['"methods"', { methods: ['HMAC-MD5'] }],
    ['"places"', { places: ['cookie'] }],
    ['"timestampToleranceSeconds"', { timestampToleranceSeconds: 0 }],
    ['"replayStore"', { replayStore: {} }],
    ['"limitBytes"', { limitBytes: 0 }],
    ['"realm"', { realm: 'é' }],
    ['"validate"', { validate: 1 }],
    ['"challenge"', { challenge: 1 }],
  ])('is a TypeError about %s', (name, options) => {
    const make = () =>
      Reflect.apply(oauth1Signature, undefined, [{ consumers: () => null, tokens: () => null, ...options }])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`oauth1Signature(): ${name}`)
  })

  it('needs a token where that is wanted', async () => {
    const ask = service({ requireToken: true })
    expect(await ask(await signed(printer))).toBe('400 malformed-request')
    expect(await ask(await signed(printer, { token: t }))).toBe('accepted')
  })

  it('signs nothing that cannot be signed', async () => {
    await expect(oauth1Authorization({ url: 'nowhere' }, printer)).rejects.toThrow(TypeError)
    await expect(oauth1Authorization({ url: 'http://a.example' }, old)).rejects.toThrow('PLAINTEXT')
    await expect(oauth1Authorization({ url }, { ...printer, consumerSecret: '\ud800' })).rejects.toThrow('surrogate')
  })
})
