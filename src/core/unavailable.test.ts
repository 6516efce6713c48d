import { describe, expect, it } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationError, AuthenticationFailedCause } from './cause.ts'
import type { FaultEvent } from './events.ts'
import { type ChallengeAnswer, provider } from './provider.ts'

const down = new AuthenticationError('the login is down', { code: 'login-down', retryAfterSeconds: 7 })

async function refused(answer: ChallengeAnswer, accept: string) {
  const faults: FaultEvent[] = []
  const made = provider({
    challenge: { scheme: 'OAuth2' },
    authenticate: () => ({ cause: AuthenticationFailedCause.NoCredentials, always: [['Set-Cookie', 'a=b']] as const }),
    override: () => answer,
  })
  const auth = authentication({ login: made }, { listeners: [{ fault: (event) => faults.push(event) }] })
  const outcome = await auth.decide(testRequest({ headers: { accept } }), 'login')
  if (outcome.kind === 'authenticated') throw new TypeError('nobody can be let in')
  const field = (wanted: string) => outcome.response.headers.find(([name]) => name === wanted)?.[1]
  return {
    kind: outcome.kind,
    status: outcome.response.status,
    retryAfter: field('Retry-After'),
    challenge: field('WWW-Authenticate'),
    cookie: field('Set-Cookie'),
    faults: faults.map(({ fault }) => fault),
  }
}

describe('a challenge that says that nobody can be sent to log in now', () => {
  it('is a 503 for a navigation, without challenge and cookie, and a fault', async () => {
    expect(await refused({ unavailable: down }, 'text/html')).toEqual({
      kind: 'unavailable',
      status: 503,
      retryAfter: '7',
      challenge: undefined,
      cookie: undefined,
      faults: ['challenge-threw'],
    })
  })

  it('changes nothing for a request that would not have been sent to log in, unless it always is', async () => {
    const plain = await refused({ unavailable: down }, 'application/json')
    expect([plain.status, plain.challenge]).toEqual([401, 'OAuth2 realm="login"'])
    expect((await refused({ unavailable: down, always: true }, 'application/json')).status).toBe(503)
  })

  it.each([Number.POSITIVE_INFINITY, Number.NaN, -1])('never tells a client to wait %d seconds', async (wrong) => {
    const unavailable = new AuthenticationError('the login is down', { code: 'login-down', retryAfterSeconds: wrong })
    const { retryAfter } = await refused({ unavailable }, 'text/html')
    expect(retryAfter).toBe(wrong === -1 ? '0' : '5')
  })

  it('is a 503 as well when somebody known cannot be sent to log in once more', async () => {
    const made = provider({
      challenge: { scheme: 'OAuth2' },
      authenticate: () => ({ principal: { name: 'ada' } }),
      raise: () => ({ unavailable: down }),
    })
    const auth = authentication({ login: made })
    const requirement = auth.requireAuthentication('login', { maxAgeSeconds: 60 })
    const outcome = await requirement.decide(testRequest({ headers: { accept: 'text/html' } }))
    expect(outcome).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 7, response: { status: 503 } })
  })
})
