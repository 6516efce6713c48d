import { describe, expect, it } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationFailedCause } from './cause.ts'
import type { FaultEvent } from './events.ts'
import { type ChallengeAnswer, provider, type RaiseFunction } from './provider.ts'
import type { Outcome } from './who.ts'

const navigating = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }

function knows(name: string, raise?: RaiseFunction) {
  const principal = { name }
  return provider({
    challenge: { scheme: name },
    authenticate: () => ({ principal, claims: { acr: 'bronze' } }),
    raise,
  })
}

function summary(outcome: Outcome): string {
  if (!('response' in outcome)) return outcome.kind
  const { status, headers, body } = outcome.response
  const wanted = headers.filter(([name]) => /^(?:location|www-authenticate|x-.*)$/i.test(name))
  return [status, ...wanted.map(([name, value]) => `${name}: ${value}`), /^<p>/.test(body ?? '') ? body : ''].join(
    ' | ',
  )
}

describe('provider(): "raise"', () => {
  it('asks the first provider used that can raise, with the demand and who is known', async () => {
    const asked: unknown[] = []
    const auth = authentication({
      first: knows('First'),
      second: knows('Second', (demand, { name }, known) => {
        asked.push([demand, name, known])
        return null
      }),
      third: knows('Third', () => ({ redirect: '/third', headers: [['X-Errand', '3']] })),
      fourth: knows('Fourth', () => ({ redirect: '/fourth' })),
    })
    const all = auth.allOf('first', 'second', 'third', 'fourth')
    const requirement = auth.requireAuthentication(all, { acrValues: ['gold'], maxAgeSeconds: 5 })
    const outcome = await auth.decide(testRequest({ headers: navigating }), requirement)
    expect(summary(outcome)).toBe('302 | X-Errand: 3 | Location: /third | ')
    expect(asked).toEqual([
      [
        { acrValues: ['gold'], maxAgeSeconds: 5 },
        'second',
        { principal: { name: 'Second' }, claims: { acr: 'bronze' } },
      ],
    ])
  })

  it.each<[string, ChallengeAnswer | null, string]>([
    ['a page', { page: '<p>again</p>' }, '401 | WWW-Authenticate: A realm="a" | <p>again</p>'],
    ['nothing but fields', { headers: [['X-End', '1']] }, '401 | WWW-Authenticate: A realm="a" | X-End: 1 | '],
    ['null', null, '401 | WWW-Authenticate: A realm="a" | '],
    ['a bad redirect', { redirect: 'a b' }, '401 | WWW-Authenticate: A realm="a" | '],
    ['a bad field', { redirect: '/x', headers: [['X-End', 'a\nb']] }, '302 | Location: /x | '],
  ])('may answer %s', async (_what, answer, expected) => {
    const auth = authentication({ a: knows('A', () => answer) })
    const requirement = auth.requireAuthentication('a', { maxAgeSeconds: 5 })
    expect(summary(await auth.decide(testRequest({ headers: navigating }), requirement))).toBe(expected)
  })

  it('is asked for navigations alone, for this check alone, and for nobody who is not known', async () => {
    let asked = 0
    const raise = (): null => {
      asked++
      return null
    }
    const auth = authentication({
      a: knows('A', raise),
      b: provider({
        challenge: { scheme: 'B' },
        authenticate: () => ({ cause: AuthenticationFailedCause.NoCredentials }),
        raise,
      }),
    })
    await auth.decide(testRequest(), auth.requireAuthentication('a', { maxAgeSeconds: 5 }))
    await auth.decide(
      testRequest({ headers: navigating }),
      auth.allow('a', () => false),
    )
    await auth.decide(testRequest({ headers: navigating }), auth.requireAuthentication('b', { maxAgeSeconds: 5 }))
    expect(asked).toBe(0)
  })

  it('falls back to the plain 401 when it throws or rejects, and says so', async () => {
    const faults: FaultEvent[] = []
    const broken: RaiseFunction[] = [
      () => {
        throw new Error('broken')
      },
      () => Promise.reject(new Error('broken')),
    ]
    for (const raise of broken) {
      const auth = authentication({ a: knows('A', raise) }, { listeners: [{ fault: (event) => faults.push(event) }] })
      const requirement = auth.requireAuthentication('a', { maxAgeSeconds: 5 })
      const outcome = await auth.decide(testRequest({ headers: navigating }), requirement)
      expect(summary(outcome)).toBe('401 | WWW-Authenticate: A realm="a" | ')
    }
    expect(faults.map(({ fault }) => fault)).toEqual(['challenge-threw', 'challenge-threw'])
  })

  it('must be a function', () => {
    const options = { challenge: { scheme: 'A' }, authenticate: () => ({ principal: {} }), raise: '/login' }
    expect(() => Reflect.apply(provider, undefined, [options])).toThrow('"raise" must be a function')
  })
})

describe('the fields of a challenge answer', () => {
  it('go with its redirect or page, and with nothing else', async () => {
    const fields = async (answer: ChallengeAnswer, headers: Record<string, string> = navigating) => {
      const absent = provider({
        challenge: { scheme: 'A' },
        authenticate: () => ({ cause: AuthenticationFailedCause.NoCredentials }),
        override: () => ({ ...answer, headers: [['X-State', 's']] }),
      })
      const auth = authentication({ a: absent })
      return summary(await auth.decide(testRequest({ headers }), 'a'))
    }
    expect(await fields({ redirect: '/idp' })).toBe('302 | X-State: s | Location: /idp | ')
    expect(await fields({ page: '<p>in</p>' })).toContain('X-State: s')
    expect(await fields({ redirect: '/idp' }, {})).not.toContain('X-State')
  })
})
