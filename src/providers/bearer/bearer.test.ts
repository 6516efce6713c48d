import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import type { Outcome } from '../../core/who.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type ParsedChallenge, parseChallenges } from '../../wire/challenges.ts'
import { type BearerOptions, type BearerTokenCredential, bearer } from './bearer.ts'

interface User {
  readonly user: number
}

const RIGHT = 'mF_9.B5f-4.1JqM'

const validate = ({ token }: BearerTokenCredential): User | null => (token === RIGHT ? { user: 7 } : null)

function decide(
  headers: TestRequestOptions['headers'],
  options: Partial<BearerOptions<User>> = {},
  request: TestRequestOptions = {},
): Promise<Outcome> {
  const auth = authentication({ api: bearer({ validate, ...options }) })
  return Promise.resolve(auth.decide(testRequest({ ...request, headers }), 'api'))
}

function withToken(value: string, options: Partial<BearerOptions<User>> = {}): Promise<Outcome> {
  return decide({ Authorization: value }, options)
}

/** Status, the challenges as a client reads them, and the cause, of a refusal. */
function refusal(outcome: Outcome): {
  readonly status: number
  readonly challenges: readonly { readonly scheme: string; readonly parameters: Record<string, string> }[]
  readonly cause: string | undefined
} {
  if (outcome.kind !== 'rejected' && outcome.kind !== 'unavailable') throw new Error(`not refused: ${outcome.kind}`)
  const lines = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  const challenges = lines.flatMap((line): readonly ParsedChallenge[] => parseChallenges(line) ?? [])
  const [failure] = outcome.failures
  const cause = failure?.cause
  return {
    status: outcome.response.status,
    challenges: challenges.map(({ scheme, parameters = new Map() }) => ({
      scheme,
      parameters: Object.fromEntries(parameters),
    })),
    cause: cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind,
  }
}

const plain = { scheme: 'Bearer', parameters: { realm: 'api' } }
const invalidToken = { scheme: 'Bearer', parameters: { realm: 'api', error: 'invalid_token' } }
const invalidRequest = { scheme: 'Bearer', parameters: { realm: 'api', error: 'invalid_request' } }
const malformedToken = { status: 401, challenges: [invalidToken], cause: 'malformed-credential' }
const malformedRequest = { status: 400, challenges: [invalidRequest], cause: 'malformed-request' }
const noCredentials = { status: 401, challenges: [plain], cause: 'NoCredentials' }

describe('bearer(): absent', () => {
  it('D03: challenges for a missing token with a realm and without an error code', async () => {
    expect(refusal(await decide({}))).toEqual(noCredentials)
  })

  it.each([
    'Basic YTpi',
    'Digest username="a, Bearer b", realm="c"',
    'Negotiate YII=',
    'BearerX abc',
    'Bear abc',
    'Basic ###, and nonsense',
  ])('F12, D11: another scheme is not ours: %s', async (value) => {
    expect(refusal(await withToken(value))).toEqual(noCredentials)
  })

  it('F12: lets a request of another scheme pass as anonymous where the token is optional', async () => {
    const auth = authentication({ api: bearer({ validate }) })
    const outcome = await auth.decide(testRequest({ headers: { Authorization: 'Basic YTpi' } }), auth.optional('api'))
    expect(outcome.kind).toBe('anonymous')
  })

  it('uses the realm that it is given', async () => {
    const { challenges } = refusal(await decide({}, { realm: 'the "orders"' }))
    expect(challenges).toEqual([{ scheme: 'Bearer', parameters: { realm: 'the "orders"' } }])
  })

  it('does not look at Authorization where the token is in a cookie', async () => {
    expect(refusal(await decide({ Authorization: `Bearer ${RIGHT}` }, { tokenFrom: { cookie: 't' } }))).toEqual(
      noCredentials,
    )
  })

  it('does not look at the URL unless told to', async () => {
    const outcome = await decide({}, {}, { target: `/?access_token=${RIGHT}` })
    expect(refusal(outcome)).toEqual(noCredentials)
  })

  it('takes NoCredentials from validate for what it is', async () => {
    const outcome = await withToken('Bearer other', { validate: () => AuthenticationFailedCause.NoCredentials })
    expect(refusal(outcome)).toEqual(noCredentials)
  })
})

describe('bearer(): rejected', () => {
  it('D03: answers a refused token with invalid_token', async () => {
    const expected = { status: 401, challenges: [invalidToken], cause: undefined }
    expect(refusal(await withToken('Bearer wrong'))).toEqual(expected)
    expect(refusal(await withToken('Bearer wrong', { validate: async () => null }))).toEqual(expected)
  })

  it('keeps the reason that validate gives, and still answers invalid_token', async () => {
    const outcome = await withToken('Bearer old', { validate: () => invalidCredentials('expired') })
    expect(refusal(outcome)).toEqual({ status: 401, challenges: [invalidToken], cause: 'expired' })
  })

  it('answers invalid_request when validate itself finds the request malformed', async () => {
    const outcome = await withToken('Bearer old', { validate: () => invalidCredentials('malformed-request') })
    expect(refusal(outcome)).toEqual(malformedRequest)
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,',
    'Bearer =',
    'Bearer a=b',
    'Bearer "a"',
    'Bearer a@b',
    'Bearer\tabc',
    'Bearer=abc',
    'Bearer t\u00f6ken',
    'Bearer a, Basic YTpi',
    'Basic YTpi, Bearer a',
  ])('refuses, without asking validate, what is not one b64token: %j', async (value) => {
    const asked = vi.fn(validate)
    expect(refusal(await withToken(value, { validate: asked }))).toEqual(malformedToken)
    expect(asked).not.toHaveBeenCalled()
  })

  it('F13: a malformed token fails an optional requirement, and only this provider', async () => {
    const auth = authentication({
      api: bearer({ validate }),
      other: bearer({ validate, tokenFrom: { header: 'X-T' } }),
    })
    const headers = { Authorization: 'Bearer a b', 'X-T': RIGHT }
    const optional = await auth.decide(testRequest({ headers }), auth.optional('api'))
    expect(refusal(optional)).toEqual(malformedToken)
    const either = await auth.decide(testRequest({ headers }), auth.anyOf('api', 'other'))
    expect(either).toMatchObject({ kind: 'authenticated', provider: 'other' })
  })

  it('refuses two Authorization lines that each have a token as a malformed request', async () => {
    const line = ['Authorization', `Bearer ${RIGHT}`] as const
    expect(refusal(await decide([line, line]))).toEqual(malformedRequest)
  })

  it('counts additional schemes among its own when lines are repeated', async () => {
    const options = { additionalSchemes: ['Token'] }
    expect(refusal(await withToken(`Token ${RIGHT}, Bearer ${RIGHT}`, options))).toEqual(malformedRequest)
  })

  it('keeps the error parameter under another scheme', async () => {
    const outcome = await withToken('Token wrong', { scheme: 'Token' })
    expect(refusal(outcome).challenges).toEqual([{ scheme: 'Token', parameters: invalidToken.parameters }])
  })

  it('sends what a challenge function answers instead', async () => {
    const challenge = () => ({ challenges: [{ scheme: 'Bearer', parameters: [['scope', 'orders']] as const }] })
    const outcome = await withToken('Bearer wrong', { challenge })
    expect(refusal(outcome).challenges).toEqual([{ scheme: 'Bearer', parameters: { realm: 'api', scope: 'orders' } }])
  })
})

describe('bearer(): authenticated', () => {
  it.each([`Bearer ${RIGHT}`, `bearer ${RIGHT}`, `BEARER   ${RIGHT}`, ` Bearer ${RIGHT} `])(
    'accepts %j',
    async (value) => {
      const outcome = await withToken(value)
      expect(outcome).toMatchObject({ kind: 'authenticated', provider: 'api', principal: { user: 7 }, failures: [] })
    },
  )

  it('hands on every character that a token may have, padding included', async () => {
    const token = 'AZaz09-._~+/=='
    const outcome = await withToken(`Bearer ${token}`, {
      validate: (credential) => ({ user: credential.token.length }),
    })
    expect(outcome.principal).toEqual({ user: token.length })
  })

  it('accepts additional schemes and advertises none of them', async () => {
    const options = { scheme: 'Token', additionalSchemes: ['Bearer'] }
    expect((await withToken(`Bearer ${RIGHT}`, options)).kind).toBe('authenticated')
    expect((await withToken(`token ${RIGHT}`, options)).kind).toBe('authenticated')
    expect(refusal(await decide({}, options)).challenges).toEqual([{ ...plain, scheme: 'Token' }])
  })

  it('decides in the same tick when validate does', () => {
    const auth = authentication({ api: bearer({ validate }) })
    const source = testRequest({ headers: { Authorization: `Bearer ${RIGHT}` } })
    expect(auth.decide(source, 'api')).not.toBeInstanceOf(Promise)
  })

  it('waits for a validate that answers later', async () => {
    expect(await withToken('Bearer x', { validate: async () => ({ user: 8 }) })).toMatchObject({
      principal: { user: 8 },
    })
  })
})

describe('bearer(): faults', () => {
  it('D25, F21: refuses to be made without validate', () => {
    expect(() => Reflect.apply(bearer, undefined, [{}])).toThrow('bearer(): "validate" must be a function')
    expect(() => Reflect.apply(bearer, undefined, [])).toThrow('bearer(): wants an object of options')
  })

  it.each([
    [{ realm: '' }, '"realm"'],
    [{ realm: 'caf\u00e9' }, '"realm"'],
    [{ scheme: 'two words' }, '"scheme"'],
    [{ additionalSchemes: ['Token', ''] }, '"additionalSchemes"'],
    [{ additionalSchemes: 'Token' }, '"additionalSchemes"'],
    [{ challenge: 'Bearer' }, '"challenge"'],
    [{ tokenFrom: {} }, '"tokenFrom"'],
    [{ tokenFrom: 'cookie' }, '"tokenFrom"'],
    [{ tokenFrom: null }, '"tokenFrom"'],
    [{ tokenFrom: { cookie: 'a b' } }, '"tokenFrom.cookie"'],
    [{ tokenFrom: { header: '' } }, '"tokenFrom.header"'],
    [{ tokenFrom: { header: 'Cookie' } }, '"tokenFrom.header"'],
    [{ dangerouslyAcceptQueryToken: '' }, '"dangerouslyAcceptQueryToken"'],
    [{ dangerouslyAcceptQueryToken: false }, '"dangerouslyAcceptQueryToken"'],
  ])('refuses to be made with %j', (options, named) => {
    const make = () => Reflect.apply(bearer, undefined, [{ validate, ...options }])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`bearer(): ${named}`)
  })

  it('answers 503 without a challenge when validate throws, and lets nobody in', async () => {
    const boom = () => {
      throw new Error('down')
    }
    for (const failing of [boom, async () => boom()]) {
      const outcome = await withToken(`Bearer ${RIGHT}`, { validate: failing })
      expect(refusal(outcome)).toEqual({ status: 503, challenges: [], cause: 'Error' })
    }
  })

  it.each([true, 'yes', 7, undefined])(
    'takes the answer %s of validate for an Error, never for a yes',
    async (answer) => {
      const provider = Reflect.apply(bearer, undefined, [{ validate: () => answer }])
      const auth = authentication({ api: provider })
      const outcome = await auth.decide(testRequest({ headers: { Authorization: 'Bearer x' } }), 'api')
      expect(refusal(outcome)).toEqual({ status: 503, challenges: [], cause: 'Error' })
      expect(outcome.failures).toMatchObject([{ cause: { message: expect.stringMatching(/^bearer\(\): "validate"/) } }])
    },
  )

  it('lets no Authorization value throw, or in without the word of validate', async () => {
    const separators = fc.constantFrom(' ', ',', ', ', '=', '"', '\\', '\t', 'Bearer', 'bearer ', 'Basic ', RIGHT)
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(separators, fc.string({ maxLength: 4 }))).map((parts) => parts.join('')),
      fc.string({ minLength: 1 }).map((text) => `Bearer ${text}`),
    )
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        const tokens: string[] = []
        const accept = ({ token }: BearerTokenCredential) => {
          tokens.push(token)
          return { user: 1 }
        }
        const outcome = await withToken(text, { validate: accept })
        expect(['authenticated', 'rejected']).toContain(outcome.kind)
        expect(tokens).toHaveLength(outcome.kind === 'authenticated' ? 1 : 0)
        for (const token of tokens) expect(text).toMatch(new RegExp(`^[\\t ]*bearer +${escaped(token)}[\\t ]*$`, 'i'))
        expect((await withToken(text, { validate: () => null })).kind).toBe('rejected')
      }),
      { numRuns: 500 },
    )
  })
})

function escaped(text: string): string {
  return text.replace(/[.+*?^$(){}|[\]\\/]/g, '\\$&')
}
