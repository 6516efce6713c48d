import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { BodyReading, RequestSource } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { testRequest } from '../../testing/request.ts'
import { parseChallenges } from '../../wire/challenges.ts'
import { formatForm } from '../../wire/form.ts'
import { type FormOptions, form, type UserPasswordCredential } from './form.ts'

interface Person {
  readonly name: string
  readonly password: string
}

const echo = ({ username, password }: UserPasswordCredential): Person => ({ name: username, password })
const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

function login(options: Partial<FormOptions<Person>> = {}) {
  return authentication({ login: form<Person>({ validate: echo, ...options }) })
}

function post(body: string | Uint8Array, type = FORM, method = 'POST') {
  return testRequest({ method, target: '/login', headers: { 'Content-Type': type }, body })
}

/** A request whose body the framework's own parser has read before. */
function parsed(value: unknown, type = JSON_TYPE): RequestSource {
  const source = testRequest({ method: 'POST', headers: { 'Content-Type': type } })
  const reading: BodyReading = { kind: 'parsed', value }
  return Object.create(source, { body: { value: async () => reading } })
}

function refusal(outcome: Outcome) {
  if (!('response' in outcome)) throw new Error('the request was let in')
  const cause = outcome.failures[0]?.cause
  const lines = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  const challenges = lines.flatMap((line) => parseChallenges(line) ?? [])
  return {
    status: outcome.response.status,
    cause: cause?.kind,
    reason: cause?.kind === 'InvalidCredentials' ? cause.reason : undefined,
    challenges: challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters ?? [])]),
  }
}

const formChallenge = ['Form', { realm: 'login' }]
const missing = { status: 401, cause: 'NoCredentials', reason: undefined, challenges: [formChallenge] }
const malformed = {
  status: 401,
  cause: 'InvalidCredentials',
  reason: 'malformed-request',
  challenges: [formChallenge],
}

describe('form(): credentials absent', () => {
  const right = 'user=ada&password=x'

  it.each([
    ['a GET', testRequest({ target: `/login?${right}` })],
    ['a GET with a body', post(right, FORM, 'GET')],
    ['a DELETE', post(right, FORM, 'DELETE')],
    ['no body', testRequest({ method: 'POST', headers: { 'Content-Type': FORM } })],
    ['an empty form', post('')],
    ['an empty JSON body', post('', JSON_TYPE)],
    ['a body without content type', testRequest({ method: 'POST', body: right })],
    ['another content type', post(right, 'text/plain')],
    ['a multipart form', post(right, 'multipart/form-data; boundary=x')],
    ['a content type that only begins like a form', post(right, 'application/x-www-form-urlencoded2')],
    ['a content type that is none', post(right, '???')],
    ['a form without password', post('user=ada')],
    ['a form without user', post('password=x&User=ada')],
    ['JSON without password', post('{"user":"ada"}', JSON_TYPE)],
    ['fields inside another', post('{"login":{"user":"ada","password":"x"}}', JSON_TYPE)],
    [
      'a query instead of a body',
      testRequest({ method: 'POST', target: `/?${right}`, headers: { 'Content-Type': FORM } }),
    ],
    ['a parsed body that is not there', parsed(undefined)],
    ['inherited properties', parsed(Object.create({ user: 'ada', password: 'x' }))],
  ])('counts %s as no credentials', async (_what, source) => {
    const auth = login()
    expect(refusal(await auth.decide(source, 'login'))).toMatchObject(missing)
    expect(await auth.decide(source, auth.optional('login'))).toMatchObject({ kind: 'anonymous' })
  })

  it('never counts what Object.prototype has', async () => {
    const auth = login({ userField: '__proto__', passwordField: 'constructor' })
    for (const source of [parsed({}), post('{}', JSON_TYPE)]) {
      expect(refusal(await auth.decide(source, 'login'))).toMatchObject(missing)
    }
    const own = post('{"__proto__":"ada","constructor":"x"}', JSON_TYPE)
    expect(await auth.decide(own, 'login')).toMatchObject({ principal: { name: 'ada', password: 'x' } })
  })

  it('does not read the body of a request that is none of its own', async () => {
    let reads = 0
    const body = async (): Promise<BodyReading> => {
      reads += 1
      return { kind: 'none' }
    }
    for (const type of ['text/plain', 'multipart/form-data', 'application/json; charset=utf-16']) {
      const source = Object.create(post('', type), { body: { value: body } })
      await login().decide(source, 'login')
    }
    expect(reads).toBe(0)
  })

  it('F27: challenges with a realm of its own', async () => {
    const outcome = await login({ realm: 'members' }).decide(testRequest(), 'login')
    expect(refusal(outcome)).toMatchObject({ ...missing, challenges: [['Form', { realm: 'members' }]] })
  })
})

describe('form(): credentials rejected', () => {
  it.each([
    ['a bad escape', post('user=ada&password=%zz')],
    ['a bad escape elsewhere', post('user=ada&password=x&more=%')],
    ['escapes that are not UTF-8', post('user=ada&password=%e9')],
    ['octets that are not UTF-8', post(Uint8Array.of(0x75, 0xff))],
    ['a field twice', post('user=ada&password=x&user=eve')],
    ['a field twice, once escaped', post('user=ada&password=x&%75ser=eve')],
    ['JSON that is none', post('{"user":"ada"', JSON_TYPE)],
    ['JSON after a byte order mark', post('\ufeff{"user":"ada","password":"x"}', JSON_TYPE)],
    ['a JSON array', post('[{"user":"ada","password":"x"}]', JSON_TYPE)],
    ['JSON null', post('null', JSON_TYPE)],
    ['a JSON string', post('"user"', JSON_TYPE)],
    ['a field that is a number', post('{"user":"ada","password":1}', JSON_TYPE)],
    ['a field that is null', post('{"user":null,"password":"x"}', JSON_TYPE)],
    ['a field that is a list', post('{"user":["ada"],"password":"x"}', JSON_TYPE)],
    ['a JSON member twice', post('{"user":"ada","password":"x","user":"eve"}', JSON_TYPE)],
    ['a JSON member twice, once escaped', post('{"user":"ada","password":"x","us\\u0065r":"eve"}', JSON_TYPE)],
    ['half a surrogate pair', post('{"user":"ada","password":"\\ud800"}', JSON_TYPE)],
    ['another charset', post('user=ada&password=x', `${FORM}; charset=iso-8859-1`)],
    ['a charset twice', post('user=ada&password=x', `${FORM}; charset=utf-8; charset=utf-8`)],
    ['a content type twice', post('user=ada&password=x', `${FORM}, ${FORM}`)],
    ['a parsed list of values', parsed({ user: ['ada', 'eve'], password: 'x' }, FORM)],
    ['a parsed object as a value', parsed({ user: { $ne: '' }, password: 'x' })],
    ['a parsed array', parsed(['ada', 'x'])],
    ['a parsed null', parsed(null)],
    ['URLSearchParams with a name twice', parsed(new URLSearchParams('user=a&user=b&password=x'), FORM)],
  ])('D56: refuses %s as malformed, also where credentials are optional', async (_what, source) => {
    const auth = login()
    expect(refusal(await auth.decide(source, 'login'))).toMatchObject(malformed)
    expect(refusal(await auth.decide(source, auth.optional('login')))).toMatchObject(malformed)
  })

  it('refuses a file where a field should be', async () => {
    const data = new FormData()
    data.set('user', 'ada')
    data.set('password', new Blob(['x']))
    expect(refusal(await login().decide(parsed(data, FORM), 'login'))).toMatchObject(malformed)
  })

  it('answers 413 for a body over the limit and reads one of just that size', async () => {
    const auth = login({ limitBytes: 19 })
    const over = refusal(await auth.decide(post('user=ada&password=xy'), 'login'))
    expect(over).toMatchObject({ status: 413, reason: 'too-large', challenges: [] })
    expect(await auth.decide(post('user=ada&password=x'), 'login')).toMatchObject({ kind: 'authenticated' })
  })

  it('reads 16,384 bytes unless told otherwise', async () => {
    const body = (length: number) => post(`user=ada&password=${'x'.repeat(length - 18)}`)
    expect(await login().decide(body(16_384), 'login')).toMatchObject({ kind: 'authenticated' })
    expect(refusal(await login().decide(body(16_385), 'login')).status).toBe(413)
  })

  it('refuses with what validate answers', async () => {
    const plain = refusal(await login({ validate: () => null }).decide(post('user=a&password=b'), 'login'))
    expect(plain).toMatchObject({ ...malformed, reason: undefined })
    const locked = login({ validate: async () => invalidCredentials('locked') })
    expect(refusal(await locked.decide(post('user=a&password=b'), 'login'))).toMatchObject({
      ...malformed,
      reason: 'locked',
    })
  })

  it('refuses a right login that another site posted', async () => {
    const from = (headers: Record<string, string>) =>
      testRequest({ method: 'POST', headers: { 'Content-Type': FORM, ...headers }, body: 'user=a&password=b' })
    expect(refusal(await login().decide(from({ 'Sec-Fetch-Site': 'cross-site' }), 'login')).status).toBe(403)
    expect(refusal(await login().decide(from({ Origin: 'https://evil.example' }), 'login')).status).toBe(403)
    for (const own of [{ Origin: 'https://service.example' }, { 'Sec-Fetch-Site': 'same-origin' }, {}]) {
      expect(await login().decide(from(own), 'login')).toMatchObject({ kind: 'authenticated' })
    }
  })
})

describe('form(): authenticated', () => {
  const asData = new FormData()
  asData.set('user', 'ada')
  asData.set('password', 'x y')

  it.each([
    ['a form', post('user=ada&password=x+y')],
    ['a form with charset', post('user=ada&password=x%20y', 'Application/X-WWW-Form-URLencoded; charset="UTF-8"')],
    ['other fields beside', post('csrf=1&password=x+y&user=ada&csrf=2')],
    ['JSON', post('{"user":"ada","password":"x y"}', JSON_TYPE)],
    [
      'JSON with the names twice deeper',
      post('{"a":{"user":1},"user":"ada","b":[{"user":2}],"password":"x y"}', JSON_TYPE),
    ],
    ['a PUT', post('user=ada&password=x+y', FORM, 'PUT')],
    ['a PATCH', post('user=ada&password=x+y', FORM, 'PATCH')],
    ['a parsed object', parsed({ user: 'ada', password: 'x y' })],
    ['a parsed object without prototype', parsed(Object.assign(Object.create(null), { user: 'ada', password: 'x y' }))],
    ['URLSearchParams', parsed(new URLSearchParams('user=ada&password=x+y'), FORM)],
    ['FormData', parsed(asData, FORM)],
    [
      'a Map',
      parsed(
        new Map([
          ['user', 'ada'],
          ['password', 'x y'],
        ]),
        FORM,
      ),
    ],
    ['text', parsed('user=ada&password=x+y', FORM)],
    ['bytes', parsed(new TextEncoder().encode('{"user":"ada","password":"x y"}'))],
  ])('accepts %s', async (_what, source) => {
    const outcome = await login().decide(source, 'login')
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: { name: 'ada', password: 'x y' } })
  })

  it('hands empty fields and the context to validate', async () => {
    const auth = login({ validate: async ({ username }, { name }) => ({ name: `${name}:${username}`, password: '' }) })
    expect(await auth.decide(post('user&password='), 'login')).toMatchObject({ principal: { name: 'login:' } })
  })

  it('reads other fields where told to', async () => {
    const auth = login({ userField: 'email', passwordField: 'pass word' })
    const outcome = await auth.decide(post('email=ada%40example&pass+word=x'), 'login')
    expect(outcome).toMatchObject({ principal: { name: 'ada@example', password: 'x' } })
  })

  it('gives back any username and password, in a form and in JSON', async () => {
    const text = fc.string({ unit: 'grapheme' })
    await fc.assert(
      fc.asyncProperty(text, text, async (name, password) => {
        const asForm =
          formatForm([
            ['user', name],
            ['password', password],
          ]) ?? ''
        const asJson = JSON.stringify({ user: name, password })
        for (const source of [post(asForm), post(asJson, JSON_TYPE)]) {
          expect((await login().decide(source, 'login')).principal).toEqual({ name, password })
        }
      }),
    )
  })
})

describe('form(): faults', () => {
  it('F27, D56: answers 503 when the body cannot be read, instead of taking it for none', async () => {
    const body = { value: () => Promise.reject(new Error('connection reset')) }
    const auth = login()
    const outcome = await auth.decide(Object.create(post('x'), { body }), auth.optional('login'))
    expect(refusal(outcome)).toMatchObject({ status: 503, cause: 'Error', challenges: [] })
  })

  it('answers 503 when validate throws', async () => {
    const auth = login({
      validate: () => {
        throw new Error('down')
      },
    })
    expect(refusal(await auth.decide(post('user=a&password=b'), 'login'))).toMatchObject({
      status: 503,
      cause: 'Error',
    })
  })

  it.each([
    ['validate', { validate: undefined }],
    ['realm', { realm: '' }],
    ['realm', { realm: 'café' }],
    ['userField', { userField: '' }],
    ['passwordField', { passwordField: '' }],
    ['passwordField', { passwordField: 'user' }],
    ['limitBytes', { limitBytes: 0 }],
    ['limitBytes', { limitBytes: Number.POSITIVE_INFINITY }],
    ['limitBytes', { limitBytes: '100' }],
    ['challenge', { challenge: '/login' }],
    ['challenge', { challenge: {} }],
    ['challenge', { challenge: { redirect: '/login', page: 'x' } }],
    ['challenge.page', { challenge: { page: 7 } }],
    ['challenge.redirect', { challenge: { redirect: 'login' } }],
    ['challenge.redirect', { challenge: { redirect: '//evil.example' } }],
    ['challenge.redirect', { challenge: { redirect: '/log in' } }],
    ['challenge.redirect', { challenge: { redirect: 'javascript:alert(1)' } }],
    ['challenge.returnToParameter', { challenge: { redirect: '/login', returnToParameter: '' } }],
  ])('F21, D25: says at construction that "%s" is wrong', (option, wrong) => {
    const construct = () => Reflect.apply(form, undefined, [{ validate: echo, ...wrong }])
    expect(construct).toThrow(TypeError)
    expect(construct).toThrow(`form(): "${option}" must be`)
  })

  it('never throws, and lets nobody in unless validate says so, whatever the body holds', async () => {
    const asked: string[] = []
    const auth = login({
      validate: ({ username }) => {
        asked.push(username)
        return null
      },
    })
    const body = fc.oneof(
      fc.uint8Array(),
      fc.string().map((text) => `user=${text}&password=x`),
      fc.json(),
      fc
        .dictionary(fc.constantFrom('user', 'password', '__proto__'), fc.jsonValue())
        .map((value) => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(FORM, JSON_TYPE), async (content, type) => {
        const outcome = await auth.decide(post(content, type), 'login')
        expect(outcome.kind).toBe('rejected')
      }),
    )
    expect(asked.length).toBeGreaterThan(0)
  })
})
