import { describe, expect, it } from 'vitest'
import {
  challengesOf,
  decideBy,
  doing,
  fieldsOf,
  nothing,
  refused,
  saying,
  statusOf,
  wrong,
} from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import type { AuthenticationOptions } from './authentication-options.ts'
import { AuthenticationError, AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import { reasons } from './reasons.ts'

const html = { accept: 'text/html' }
const failing = (cause: AuthenticationFailedCause) => saying({ cause })

async function refusalOf(cause: AuthenticationFailedCause, headers: Record<string, string> = {}, method = 'GET') {
  const { outcome } = await decideBy(failing(cause), requestOf({ method, headers }))
  return refused(outcome)
}

describe('the status of a refusal', () => {
  it.each(Object.entries(reasons))('for the reason %s is its own', async (reason, { status }) => {
    const provider = saying({ cause: invalidCredentials(reason as 'unknown') }, { malformedRequestStatus: 400 })
    expect(statusOf((await decideBy(provider)).outcome)).toBe(status)
  })

  it('is 401 for a malformed request of a provider whose RFC does not say 400, and for reasons of one’s own', async () => {
    expect((await refusalOf(invalidCredentials('malformed-request'))).response.status).toBe(401)
    expect((await refusalOf(invalidCredentials('x-no-licence'))).response.status).toBe(401)
  })

  it('takes the first that applies: outage, size, throttling, bad request', async () => {
    const causes = [
      new AuthenticationFailedCause.Error('down'),
      invalidCredentials('too-large'),
      invalidCredentials('throttled'),
      invalidCredentials('malformed-request'),
    ]
    for (const [index, status] of [503, 413, 429, 400].entries()) {
      const [a, b, c, d] = causes.map((cause, at) =>
        saying(at >= index ? { cause } : nothing, { malformedRequestStatus: 400 }),
      )
      if (!a || !b || !c || !d) throw new Error('four providers')
      const auth = authentication({ a, b, c, d })
      expect(statusOf(await auth.decide(requestOf(), auth.anyOf('d', 'c', 'b', 'a')))).toBe(status)
    }
  })
})

describe('an outage', () => {
  it('is a 503 with Retry-After, without a challenge', async () => {
    const down = new AuthenticationError('down', { retryAfterSeconds: 17.2 })
    const outcome = await refusalOf(down)
    expect(outcome).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 17.2, gone: false })
    expect(fieldsOf(outcome, 'Retry-After')).toEqual(['18'])
    expect(challengesOf(outcome)).toEqual([])
  })

  it('asks to wait for the longest of several', async () => {
    const auth = authentication({
      a: failing(new AuthenticationError('down', { retryAfterSeconds: 30 })),
      b: failing(new AuthenticationError('down')),
    })
    expect(fieldsOf(await auth.decide(requestOf(), auth.anyOf('a', 'b')), 'Retry-After')).toEqual(['30'])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e21, 'soon'])(
    'sends a Retry-After that clients can read when the cause says %s',
    async (seconds) => {
      const cause = new AuthenticationError('down', { retryAfterSeconds: seconds as number })
      const [value] = fieldsOf(await refusalOf(cause), 'Retry-After')
      expect(value).toMatch(/^\d+$/)
    },
  )

  it('leaves cookies alone', async () => {
    const always = [
      ['Set-Cookie', 'session=; Max-Age=0'],
      ['DPoP-Nonce', 'n'],
    ]
    const { outcome } = await decideBy(saying({ cause: new AuthenticationError('down'), always }))
    expect(fieldsOf(outcome, 'set-cookie')).toEqual([])
    expect(fieldsOf(outcome, 'dpop-nonce')).toEqual(['n'])
  })
})

describe('throttling', () => {
  it('is a 429 with the wait of the throttle, or five seconds', async () => {
    const told = await refusalOf(invalidCredentials('throttled', { retryAfterSeconds: 60 }))
    expect(fieldsOf(told, 'Retry-After')).toEqual(['60'])
    expect(fieldsOf(await refusalOf(invalidCredentials('throttled')), 'Retry-After')).toEqual(['5'])
    expect(challengesOf(told)).toEqual([])
  })

  it('sends no Retry-After with another status', async () => {
    const locked = invalidCredentials('locked', { retryAfterSeconds: 60 })
    expect(fieldsOf(await refusalOf(locked), 'Retry-After')).toEqual([])
  })
})

describe('the body of a refusal', () => {
  const titles = { 400: 'Bad Request', 401: 'Unauthorized', 413: 'Content Too Large', 429: 'Too Many Requests' }

  it.each([
    ['wrong-secret', 401],
    ['throttled', 429],
    ['too-large', 413],
  ] as const)('is a problem document and nothing else: %s', async (reason, status) => {
    const outcome = await refusalOf(invalidCredentials(reason, { detail: 'five tries' }))
    expect(fieldsOf(outcome, 'Content-Type')).toEqual(['application/problem+json'])
    expect(JSON.parse(outcome.response.body ?? '')).toEqual({ type: 'about:blank', title: titles[status], status })
  })

  it('is a page where HTML is named and weighs more', async () => {
    const outcome = await refusalOf(AuthenticationFailedCause.NoCredentials, html)
    expect(fieldsOf(outcome, 'Content-Type')).toEqual(['text/html; charset=utf-8'])
    expect(outcome.response.body).toContain('<h1>401 Unauthorized</h1>')
  })

  it('is missing for HEAD, with the same header fields', async () => {
    const get = await refusalOf(AuthenticationFailedCause.NoCredentials)
    const head = await refusalOf(AuthenticationFailedCause.NoCredentials, {}, 'HEAD')
    expect(head.response).toEqual({ ...get.response, body: null })
  })

  it('has the reason only where that is wanted', async () => {
    const body = async (options: AuthenticationOptions, cause: AuthenticationFailedCause) => {
      const { outcome } = await decideBy(failing(cause), requestOf(), options)
      return JSON.parse(refused(outcome).response.body ?? '')
    }
    expect(await body({ exposeReason: true }, invalidCredentials('expired'))).toMatchObject({ reason: 'expired' })
    expect(await body({ exposeReason: true }, AuthenticationFailedCause.NoCredentials)).not.toHaveProperty('reason')
    expect(await body({ exposeReason: false }, invalidCredentials('expired'))).not.toHaveProperty('reason')
    // JavaScript callers may say anything; only `true` exposes.
    const truthy = { exposeReason: 'false' as unknown as boolean }
    expect(await body(truthy, invalidCredentials('expired'))).not.toHaveProperty('reason')
  })
})

describe('the header fields of a refusal', () => {
  it('forbid to store it, and say that it depends on Accept', async () => {
    for (const cause of [AuthenticationFailedCause.NoCredentials, new AuthenticationError('down')]) {
      const outcome = await refusalOf(cause)
      expect(fieldsOf(outcome, 'Cache-Control')).toEqual(['no-store'])
      expect(fieldsOf(outcome, 'Vary')).toEqual(['Accept'])
    }
  })

  it('have what providers want on every answer, also of those that succeeded', async () => {
    const auth = authentication({
      a: saying({ principal: {}, always: [['DPoP-Nonce', 'n']] }),
      b: saying({ ...wrong, always: [['Set-Cookie', 'old=; Max-Age=0']] }),
    })
    const outcome = await auth.decide(requestOf(), auth.allOf('a', 'b'))
    expect(fieldsOf(outcome, 'DPoP-Nonce')).toEqual(['n'])
    expect(fieldsOf(outcome, 'Set-Cookie')).toEqual(['old=; Max-Age=0'])
  })

  it.each([
    ['a line break in the value', ['X', 'a\r\nSet-Cookie: b']],
    ['a line feed in the value', ['X', 'a\nb']],
    ['NUL in the value', ['X', 'a\u0000b']],
    ['a character beyond an octet', ['X', '日']],
    ['a line break in the name', ['X\r\nY', 'a']],
    ['an empty name', ['', 'a']],
    ['a value that is no text', ['X', 7]],
    ['a name that is no text', [7, 'a']],
    ['a field that is null', null],
    ['a field that is text', 'X: a'],
    ['a field that is a number', 7],
  ])('never have %s: it is dropped, and a fault raised', async (_, field) => {
    const always = [field, ['X-Good', 'yes']]
    const { outcome, faults } = await decideBy(saying({ ...nothing, always }))
    expect(outcome).toMatchObject({ kind: 'rejected', response: { status: 401 } })
    expect(fieldsOf(outcome, 'X-Good')).toEqual(['yes'])
    expect(
      refused(outcome).response.headers.every(([name, value]) => /^[\w-]+$/.test(name) && /^[ -~]*$/.test(value)),
    ).toBe(true)
    expect(faults).toEqual(['invalid-header'])
  })
})

describe('a credential that a browser merely still holds', () => {
  const stale = () =>
    saying({ cause: invalidCredentials('expired', { discardable: true }), always: [['Set-Cookie', 's=; Max-Age=0']] })

  it('is forgiven by optional, kept among the failures, and deleted', async () => {
    const auth = authentication({ session: stale() })
    const outcome = await auth.decide(requestOf(), auth.optional('session'))
    expect(outcome).toMatchObject({ kind: 'anonymous', failures: [{ cause: { reason: 'expired' } }] })
    if (outcome.kind !== 'anonymous') throw new Error('expected anonymous')
    expect(outcome.amendments?.headers?.({ status: 200, header: () => undefined })).toEqual([
      ['Set-Cookie', 's=; Max-Age=0'],
    ])
  })

  it('is refused and deleted where it is required', async () => {
    const { outcome } = await decideBy(stale())
    expect(statusOf(outcome)).toBe(401)
    expect(fieldsOf(outcome, 'Set-Cookie')).toEqual(['s=; Max-Age=0'])
  })
})

describe('every refusal', () => {
  it('is plain data that can be made into text and back', async () => {
    const { outcome } = await decideBy(doing(() => wrong))
    const { response } = refused(outcome)
    expect(JSON.parse(JSON.stringify(response))).toEqual(response)
  })
})
