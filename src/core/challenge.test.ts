import { describe, expect, it } from 'vitest'
import { challengesOf, decideBy, fieldsOf, nothing, refused, saying, wrong } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { parseChallenges } from '../wire/challenges.ts'
import { authentication } from './authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import type { ChallengeFunction } from './provider.ts'

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const page = (method = 'GET') => requestOf({ method, headers: navigation })
const plain = (method = 'GET') => requestOf({ method })

/** A provider without credentials that answers refusals by this, also what types forbid. */
function overriding(override: (...given: unknown[]) => unknown, verdict: unknown = nothing) {
  return saying(verdict, { override: override as ChallengeFunction })
}

function throwing(error: unknown): never {
  throw error
}

describe('the challenges of a refusal', () => {
  it('fall back to the provider’s own, with its name as realm', async () => {
    expect(challengesOf((await decideBy(saying(nothing))).outcome)).toEqual(['Test realm="only"'])
    const named = saying(nothing, { challenge: { scheme: 'Basic', parameters: [['realm', 'staff "A"']] } })
    expect(challengesOf((await decideBy(named)).outcome)).toEqual(['Basic realm="staff \\"A\\""'])
    const negotiate = saying(nothing, { challenge: { scheme: 'Negotiate', token68: 'YII=' } })
    expect(challengesOf((await decideBy(negotiate)).outcome)).toEqual(['Negotiate YII='])
  })

  it('are those of the verdict, one field line each', async () => {
    const challenges = [
      { scheme: 'Digest', parameters: [['nonce', 'a']] },
      { scheme: 'Digest', parameters: [['nonce', 'b']] },
    ]
    const { outcome } = await decideBy(saying({ ...wrong, challenges }))
    expect(challengesOf(outcome)).toEqual(['Digest realm="only", nonce="a"', 'Digest realm="only", nonce="b"'])
  })

  it.each([
    ['outside of US-ASCII', { scheme: 'A', parameters: [['error', 'schlüssel']] }],
    ['with a line break', { scheme: 'A', parameters: [['error', 'a\r\nSet-Cookie: b']] }],
    ['with a scheme that is no token', { scheme: 'A\r\nB' }],
    ['without a scheme', {}],
    ['that is null', null],
    ['that is text', 'Basic'],
    ['with parameters that are no list', { scheme: 'A', parameters: 7 }],
    ['with a getter that throws', Object.defineProperty({}, 'scheme', { get: () => throwing(new Error('x')) })],
  ])('never have one %s: the default is sent, and a fault raised', async (_, challenge) => {
    const verdict = { ...wrong, challenges: [challenge] }
    for (const provider of [saying(verdict), overriding(() => ({ challenges: [challenge] }))]) {
      const { outcome, faults } = await decideBy(provider)
      expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
      expect(faults).toEqual(['invalid-challenge'])
    }
  })

  it('keep the valid ones of several', async () => {
    const challenges = [{ scheme: 'ä' }, { scheme: 'Good' }]
    expect(challengesOf((await decideBy(saying({ ...wrong, challenges }))).outcome)).toEqual(['Good realm="only"'])
  })

  it.each([[[]], [undefined], [null], ['Basic'], [7], [{}]])('survive a list that is %j', async (challenges) => {
    for (const provider of [saying({ ...wrong, challenges }), overriding(() => ({ challenges }))]) {
      const { outcome } = await decideBy(provider)
      expect(outcome).toMatchObject({ kind: 'rejected', response: { status: 401 } })
      expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
    }
  })
})

describe('the order of challenges', () => {
  const failing = (scheme: string, cause: AuthenticationFailedCause) => saying({ cause }, { challenge: { scheme } })
  const final = new AuthenticationFailedCause.Error('no', { retryable: false })
  const invalid = invalidCredentials('unknown')

  it('is: wrong credentials, none, final errors; and within each the schemes that clients know first', async () => {
    const auth = authentication({
      e: failing('OAuth2', final),
      f: failing('Bearer', final),
      a: failing('ApiKey', AuthenticationFailedCause.NoCredentials),
      b: failing('Basic', AuthenticationFailedCause.NoCredentials),
      c: failing('Session', invalid),
      d: failing('dpop', invalid),
    })
    const outcome = await auth.decide(requestOf(), auth.anyOf('e', 'f', 'a', 'b', 'c', 'd'))
    expect(challengesOf(outcome).map((text) => text.split(' ')[0])).toEqual([
      'dpop',
      'Session',
      'Basic',
      'ApiKey',
      'Bearer',
      'OAuth2',
    ])
  })

  it('keeps, of two with the same scheme and realm, the one with an error', async () => {
    const bearer = (parameters: readonly [string, string][]) =>
      saying({ ...wrong, challenges: [{ scheme: parameters.length > 1 ? 'bearer' : 'Bearer', parameters }] })
    const auth = authentication({
      a: bearer([['realm', 'api']]),
      b: bearer([
        ['realm', 'api'],
        ['error', 'invalid_token'],
      ]),
      c: bearer([['realm', 'other']]),
    })
    const outcome = await auth.decide(requestOf(), auth.anyOf('a', 'b', 'c'))
    expect(challengesOf(outcome)).toEqual(['bearer realm="api", error="invalid_token"', 'Bearer realm="other"'])
  })

  it('can be read by clients, one by one and joined into one line', async () => {
    const auth = authentication({ a: saying(nothing), b: saying(wrong, { challenge: { scheme: 'Basic' } }) })
    const texts = challengesOf(await auth.decide(requestOf(), auth.anyOf('a', 'b')))
    expect(texts.map((text) => parseChallenges(text)?.length)).toEqual([1, 1])
    expect(parseChallenges(texts.join(', '))?.map(({ scheme }) => scheme)).toEqual(['Basic', 'Test'])
  })
})

describe('a challenge override', () => {
  it('is given the cause and the context, and may be asynchronous or stand back', async () => {
    const asked: unknown[] = []
    const override = async (...given: unknown[]) => {
      asked.push(...given)
      return null
    }
    const { outcome, faults } = await decideBy(overriding(override, wrong))
    expect(asked).toMatchObject([AuthenticationFailedCause.InvalidCredentials, { name: 'only' }])
    expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
    expect(faults).toEqual([])
  })

  it.each([undefined, true, 'Basic', 7, () => null])(
    'that answers %s falls back, and a fault is raised',
    async (answer) => {
      for (const override of [() => answer, async () => answer]) {
        const { outcome, faults } = await decideBy(overriding(override), page())
        expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
        expect(faults).toEqual(['invalid-challenge'])
      }
    },
  )

  it('that throws or rejects falls back, and a fault is raised with the class name alone', async () => {
    for (const override of [() => throwing(new RangeError('s')), async () => throwing(new RangeError('s'))]) {
      const { outcome, events } = await decideBy(overriding(override), page())
      expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
      expect(events.faults).toMatchObject([{ fault: 'challenge-threw', errorName: 'RangeError' }])
    }
  })

  it.each(['/login', '/login?next=%2F', 'https://id.example/authorize?a=b'])(
    'redirects a navigation, and nothing else, to %s',
    async (redirect) => {
      for (const [method, status] of [
        ['GET', 302],
        ['HEAD', 302],
        ['POST', 303],
        ['DELETE', 303],
      ] as const) {
        const { outcome } = await decideBy(
          overriding(() => ({ redirect })),
          page(method),
        )
        expect(refused(outcome).response).toMatchObject({ status, body: null })
        expect(fieldsOf(outcome, 'Location')).toEqual([redirect])
        expect(challengesOf(outcome)).toEqual([])
      }
      const { outcome } = await decideBy(
        overriding(() => ({ redirect })),
        plain(),
      )
      expect(refused(outcome).response.status).toBe(401)
      expect(fieldsOf(outcome, 'Location')).toEqual([])
      expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
    },
  )

  it('redirects every refused request when it says always', async () => {
    const { outcome } = await decideBy(
      overriding(() => ({ redirect: '/login', always: true })),
      plain('POST'),
    )
    expect(refused(outcome).response.status).toBe(303)
  })

  it.each(['', '/a\r\nSet-Cookie: x', '/a b', '/ü', '/a\u0000', '/a\u007f', 7, {}, null])(
    'never redirects to %j: it falls back, and a fault is raised',
    async (redirect) => {
      const { outcome, faults } = await decideBy(
        overriding(() => ({ redirect })),
        page(),
      )
      expect(fieldsOf(outcome, 'Location')).toEqual([])
      expect(refused(outcome).response.status).toBe(401)
      expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
      expect(faults).toEqual(['invalid-challenge'])
    },
  )

  it('sends a navigation a page with its own challenge only', async () => {
    const auth = authentication({
      basic: saying(nothing, { challenge: { scheme: 'Basic' } }),
      form: overriding(() => ({ page: '<h1>Log in</h1>' })),
    })
    const outcome = await auth.decide(page(), auth.anyOf('basic', 'form'))
    expect(refused(outcome).response).toMatchObject({ status: 401, body: '<h1>Log in</h1>' })
    expect(fieldsOf(outcome, 'Content-Type')).toEqual(['text/html; charset=utf-8'])
    expect(challengesOf(outcome)).toEqual(['Test realm="form"'])
    const other = await auth.decide(plain(), auth.anyOf('basic', 'form'))
    expect(challengesOf(other)).toEqual(['Basic realm="basic"', 'Test realm="form"'])
    expect((await auth.decide(page('HEAD'), 'form')) satisfies object).toMatchObject({ response: { body: null } })
  })

  it.each([7, null, {}, true])('never sends %j as a page', async (answer) => {
    const { outcome, faults } = await decideBy(
      overriding(() => ({ page: answer })),
      page(),
    )
    expect(fieldsOf(outcome, 'Content-Type')).toEqual(['application/problem+json'])
    expect(faults).toEqual(['invalid-challenge'])
  })

  it('speaks in challenge order: the first that has an answer for a navigation', async () => {
    const auth = authentication({
      a: overriding(() => ({ redirect: '/a' })),
      b: overriding(() => ({ redirect: '/b' }), wrong),
      c: saying(wrong),
    })
    const outcome = await auth.decide(page(), auth.anyOf('a', 'c', 'b'))
    expect(fieldsOf(outcome, 'Location')).toEqual(['/b'])
  })

  it('cannot redirect a denial, an outage, throttling or a bad request', async () => {
    const override = () => ({ redirect: '/login', always: true })
    for (const [verdict, status] of [
      [{ cause: new AuthenticationFailedCause.Error('down') }, 503],
      [{ cause: invalidCredentials('throttled') }, 429],
      [{ cause: invalidCredentials('too-large') }, 413],
      [{ cause: invalidCredentials('malformed-request') }, 400],
      [{ principal: {}, ambient: true }, 403],
    ] as const) {
      const provider = saying(verdict, { override, malformedRequestStatus: 400 })
      const { outcome } = await decideBy(provider, page('POST'))
      expect(refused(outcome).response.status).toBe(status)
      expect(fieldsOf(outcome, 'Location')).toEqual([])
    }
  })
})
