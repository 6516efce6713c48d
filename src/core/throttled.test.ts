import { describe, expect, it, vi } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationError, AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import type { Attempt, Reservation, Throttle } from './ports.ts'
import { type AuthenticationContext, type Awaitable, provider, type Verdict } from './provider.ts'
import { type Judgement, throttled } from './throttled.ts'

const principal = { id: 7 }
const attempt: Attempt = { account: 'ada', address: '192.0.2.1' }

/** A throttle that writes down how every reservation ended. */
function recording(answer?: Partial<Throttle>) {
  const ends: string[] = []
  const reservation: Reservation = {
    ok: true,
    settle: (success) => void ends.push(success ? 'right' : 'wrong'),
    release: () => void ends.push('released'),
  }
  const throttle: Throttle = { reserve: () => reservation, ...answer }
  return { throttle, ends, reservation }
}

/** A service that takes every request for an attempt. */
function service(
  throttle: Throttle,
  verify: (context: AuthenticationContext) => Awaitable<Verdict<object>>,
  judge?: (verdict: Verdict<object>) => Judgement,
) {
  const attempts = provider<object>({
    challenge: { scheme: 'Attempt' },
    authenticate: (context) => throttled(throttle, attempt, context, () => verify(context), judge),
  })
  return authentication({ attempts }, { timeoutSeconds: 5 })
}

describe('throttled(): how an attempt ends', () => {
  it.each<[string, Verdict<object>, string]>([
    ['a principal', { principal }, 'right'],
    ['a plain no', { cause: AuthenticationFailedCause.InvalidCredentials }, 'wrong'],
    ['a wrong secret', { cause: invalidCredentials('wrong-secret') }, 'wrong'],
    ['an unknown name', { cause: invalidCredentials('unknown') }, 'wrong'],
    [
      'a locked account, of which nobody says that the secret was right',
      { cause: invalidCredentials('locked') },
      'wrong',
    ],
    ['an expired credential', { cause: invalidCredentials('expired') }, 'wrong'],
    ['a secret that must be changed', { cause: invalidCredentials('must-change') }, 'right'],
    ['an outage', { cause: new AuthenticationError('down') }, 'released'],
    ['no credentials after all', { cause: AuthenticationFailedCause.NoCredentials }, 'released'],
  ])('%s settles it once', async (_what, verdict, end) => {
    for (const verify of [() => verdict, async () => verdict]) {
      const { throttle, ends } = recording()
      await service(throttle, verify).decide(testRequest(), 'attempts')
      expect(ends).toEqual([end])
    }
  })

  it('a throw and a rejection release it once, and are reported as what they are', async () => {
    const fail = () => {
      throw new AuthenticationError('down', { code: 'directory-down' })
    }
    for (const verify of [fail, async () => fail()]) {
      const { throttle, ends } = recording()
      const outcome = await service(throttle, verify).decide(testRequest(), 'attempts')
      expect(ends).toEqual(['released'])
      expect(outcome.failures[0]?.cause).toMatchObject({ code: 'directory-down' })
    }
  })

  it('the provider may judge otherwise', async () => {
    const { throttle, ends } = recording()
    const auth = service(
      throttle,
      () => ({ cause: invalidCredentials('expired') }),
      () => 'unknown',
    )
    await auth.decide(testRequest(), 'attempts')
    expect(ends).toEqual(['released'])
  })

  it('a time-out releases it once, whatever comes later', async () => {
    vi.useFakeTimers()
    const { throttle, ends } = recording()
    let answer: (verdict: Verdict<object>) => void = () => {}
    const pending = new Promise<Verdict<object>>((resolve) => {
      answer = resolve
    })
    const auth = service(throttle, () => pending)
    const outcome = auth.decide(testRequest(), 'attempts')
    await vi.advanceTimersByTimeAsync(5000)
    expect((await outcome).kind).toBe('unavailable')
    answer({ cause: AuthenticationFailedCause.InvalidCredentials })
    await vi.advanceTimersByTimeAsync(5000)
    expect(ends).toEqual(['released'])
    vi.useRealTimers()
  })

  it('a client that leaves, and so learns nothing, releases it once', async () => {
    const { throttle, ends } = recording()
    const client = new AbortController()
    const auth = service(throttle, () => {
      client.abort()
      return new Promise(() => {})
    })
    const outcome = await auth.decide(testRequest({ signal: client.signal }), 'attempts')
    expect(ends).toEqual(['released'])
    expect(outcome).toMatchObject({ kind: 'unavailable', gone: true })
  })
})

describe('throttled(): a refusal', () => {
  it.each([
    ['at once', () => ({ ok: false, retryAfterSeconds: 37 }) as const],
    ['later', async () => ({ ok: false, retryAfterSeconds: 37 }) as const],
  ])('that comes %s is 429 with Retry-After, and nothing is verified', async (_when, reserve) => {
    const verify = vi.fn()
    const outcome = await service({ reserve }, verify).decide(testRequest(), 'attempts')
    expect(verify).not.toHaveBeenCalled()
    if (outcome.kind !== 'rejected') throw new Error('the request was not rejected')
    expect(outcome.response.status).toBe(429)
    expect(outcome.response.headers).toContainEqual(['Retry-After', '37'])
    expect(outcome.failures[0]?.cause).toMatchObject({ reason: 'throttled', retryAfterSeconds: 37 })
  })
})

describe('throttled(): a throttle that fails', () => {
  const down = () => {
    throw new Error('secret of the store')
  }
  const right = () => ({ principal })
  it.each<[string, Throttle]>([
    ['while it reserves', { reserve: down }],
    ['while it reserves, later', { reserve: async () => down() }],
    ['by answering nonsense', { reserve: () => ({ ok: false, retryAfterSeconds: Number.NaN }) }],
    ['while it settles', { reserve: () => ({ ok: true, settle: down, release: down }) }],
    ['while it settles, later', { reserve: () => ({ ok: true, settle: async () => down(), release: down }) }],
  ])('%s lets nobody in: 503 and throttle-failed', async (_when, throttle) => {
    for (const verify of [right, async () => right()]) {
      const outcome = await service(throttle, verify).decide(testRequest(), 'attempts')
      if (outcome.kind !== 'unavailable') throw new Error('somebody was let in')
      expect(outcome.response.status).toBe(503)
      expect(outcome.failures[0]?.cause).toMatchObject({ kind: 'Error', code: 'throttle-failed', retryable: true })
      expect(JSON.stringify(outcome.response)).not.toContain('secret')
    }
  })
})

describe('throttled(): speed', () => {
  it('decides in one tick when throttle and verification do', () => {
    const { throttle } = recording()
    expect(
      service(throttle, () => ({ principal }))
        .require('attempts')
        .decide(testRequest()),
    ).not.toBeInstanceOf(Promise)
  })
})
