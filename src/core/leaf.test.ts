import { describe, expect, it } from 'vitest'
import {
  causesOf,
  challengesOf,
  decideBy,
  doing,
  refused,
  saying,
  statusOf,
  thenable,
  watchedRejection,
} from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { type Authentication, authentication } from './authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import type { Principal } from './provider.ts'
import type { Outcome } from './who.ts'

const person = Object.freeze({ id: 7 })
const clock = () => 1000

function throwing(error: unknown): never {
  throw error
}

describe('a provider that answers nothing', () => {
  it.each([undefined, null, true, false, 'yes', 1, Symbol('s'), () => person, {}, []])(
    'has found no credentials, and a fault is raised: %s',
    async (verdict) => {
      for (const provider of [saying(verdict), saying(Promise.resolve(verdict))]) {
        const { outcome, faults } = await decideBy(provider)
        expect(statusOf(outcome)).toBe(401)
        expect(challengesOf(outcome)).toEqual(['Test realm="only"'])
        expect(causesOf(outcome)).toEqual(['NoCredentials'])
        expect(faults).toEqual(['no-verdict'])
      }
    },
  )
})

describe('a provider whose verdict is not valid', () => {
  it.each([
    ['a principal that is null', { principal: null }],
    ['a principal that is text', { principal: 'somebody' }],
    ['a principal that is true', { principal: true }],
    ['a principal that is a function', { principal: () => person }],
    ['a principal that is a promise', { principal: Promise.resolve(person) }],
    ['a principal with a then', { principal: thenable(() => undefined) }],
    ['a principal that is a cause', { principal: AuthenticationFailedCause.NoCredentials }],
    ['a principal that is an Error cause', { principal: new AuthenticationFailedCause.Error('down') }],
    ['a cause that is null', { cause: null }],
    ['a cause that is text', { cause: 'NoCredentials' }],
    ['a cause of another class', { cause: { kind: 'NoCredentials' } }],
    ['an ordinary Error as cause', { cause: new Error('x') }],
    ['an expiry that is not a number', { principal: person, expiresAt: Number.NaN }],
    ['an expiry that is null', { principal: person, expiresAt: null }],
    ['an expiry that is text', { principal: person, expiresAt: '9999999999' }],
    ['an expiry that is a Date', { principal: person, expiresAt: new Date(9_999_999_999_000) }],
    ['an expiry that is a BigInt', { principal: person, expiresAt: 9_999_999_999n }],
    ['an expiry that is true', { principal: person, expiresAt: true }],
  ])('could not decide: %s', async (_, verdict) => {
    for (const provider of [saying(verdict), saying(Promise.resolve(verdict))]) {
      const { outcome, errors } = await decideBy(provider, requestOf(), { clock })
      expect(outcome.kind).toBe('unavailable')
      expect(causesOf(outcome)).toEqual(['Error'])
      expect(errors).toHaveLength(1)
    }
  })

  it('handles the rejection of a promise that it took for a principal', async () => {
    const { promise, handled } = watchedRejection(new Error('late'))
    const { outcome } = await decideBy(saying({ principal: promise }))
    expect(outcome.kind).toBe('unavailable')
    expect(await handled()).toBe(true)
  })

  it('lets nobody in with both a principal and a cause, and raises a fault', async () => {
    const { outcome, faults } = await decideBy(saying({ principal: person, cause: invalidCredentials('locked') }))
    expect(statusOf(outcome)).toBe(401)
    expect(outcome.failures).toMatchObject([{ provider: 'only', cause: { reason: 'locked' } }])
    expect(faults).toEqual(['two-verdicts'])
  })

  it.each([['the principal'], ['the cause'], ['the header fields'], ['the expiry']])(
    'could not decide when a getter throws, and tells listeners what was thrown: %s',
    async (what) => {
      const bomb = new RangeError('boom')
      const name =
        { 'the principal': 'principal', 'the cause': 'cause', 'the header fields': 'always' }[what] ?? 'expiresAt'
      const verdict = Object.defineProperty({ principal: person }, name, { get: () => throwing(bomb) })
      const { outcome, events } = await decideBy(saying(verdict))
      expect(outcome.kind).toBe('unavailable')
      expect(events.errors).toMatchObject([{ provider: 'only', errorName: 'RangeError', error: { cause: bomb } }])
    },
  )

  it('lets nobody in when the verdict is a proxy whose traps throw', async () => {
    const trap = () => throwing(new Error('trap'))
    const hostile = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap })
    for (const verdict of [
      hostile,
      { principal: hostile },
      { cause: hostile },
      { principal: person, always: hostile },
    ]) {
      const { outcome } = await decideBy(saying(verdict))
      expect(outcome.kind).toBe('unavailable')
    }
  })
})

describe('a provider that throws', () => {
  it.each([new Error('boom'), 'boom', undefined, null, 7, { status: 200 }])(
    'could not decide, whether at once or later: %s',
    async (thrown) => {
      for (const run of [() => throwing(thrown), async () => throwing(thrown)]) {
        const { outcome, events } = await decideBy(doing(run))
        expect(refused(outcome).response.status).toBe(503)
        expect(challengesOf(outcome)).toEqual([])
        expect(outcome.failures).toMatchObject([{ cause: { kind: 'Error', code: 'threw', retryable: true } }])
        expect(events.errors).toHaveLength(1)
        expect(events.errors[0]?.error.cause).toBe(thrown)
      }
    },
  )

  it('decides by the Error cause that it throws', async () => {
    const final = new AuthenticationFailedCause.Error('no', { retryable: false, code: 'refused' })
    const { outcome } = await decideBy(doing(() => throwing(final)))
    expect(statusOf(outcome)).toBe(401)
    expect(outcome.failures[0]?.cause).toBe(final)
  })

  it('could not decide when it throws a cause that is not an Error', async () => {
    const { outcome } = await decideBy(doing(() => throwing(AuthenticationFailedCause.NoCredentials)))
    expect(statusOf(outcome)).toBe(503)
  })
})

describe('a provider that throws what nobody can look at', () => {
  // Outcomes are compared as text: what is thrown here would hurt the test runner too.
  async function kindOf(run: () => unknown): Promise<string> {
    try {
      return (await decideBy(doing(run))).outcome.kind
    } catch {
      return 'the decision threw'
    }
  }

  it('could not decide when it throws a proxy whose traps throw', async () => {
    const trap = () => throwing(new Error('trap'))
    const hostile = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap })
    expect(await kindOf(() => throwing(hostile))).toBe('unavailable')
    expect(await kindOf(async () => throwing(hostile))).toBe('unavailable')
  })

  it('could not decide when it throws a proxy whose traps throw the proxy', async () => {
    const trap = (): never => throwing(hostile)
    const hostile: object = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap })
    expect(await kindOf(() => throwing(hostile))).toBe('unavailable')
  })
})

describe('a provider that answers a hand-made thenable', () => {
  it('is believed the first time only', async () => {
    const twice = thenable((resolve, reject) => {
      resolve({ cause: AuthenticationFailedCause.NoCredentials })
      resolve({ principal: person })
      reject(new Error('late'))
    })
    const { outcome } = await decideBy(saying(twice))
    expect(causesOf(outcome)).toEqual(['NoCredentials'])
  })

  it('could not decide when then throws, or the getter of then does', async () => {
    const getter = Object.defineProperty({}, 'then', { get: () => throwing(new Error('getter')) })
    for (const verdict of [thenable(() => throwing(new Error('then'))), getter]) {
      const { outcome } = await decideBy(saying(verdict))
      expect(outcome.kind).toBe('unavailable')
    }
  })

  it('is not believed about what then returns', async () => {
    const verdict = thenable((resolve) => {
      resolve({ cause: AuthenticationFailedCause.NoCredentials })
      return { principal: person }
    })
    expect((await decideBy(saying(verdict))).outcome.kind).toBe('rejected')
  })
})

describe('the expiry of a verdict', () => {
  it.each([
    [1001, 'authenticated'],
    [1000, 'rejected'],
    [999, 'rejected'],
    [0, 'rejected'],
    [Number.NEGATIVE_INFINITY, 'rejected'],
  ])('of %d seconds at 1000 means %s', async (expiresAt, kind) => {
    const { outcome } = await decideBy(saying({ principal: person, expiresAt }), requestOf(), { clock })
    expect(outcome.kind).toBe(kind)
    if (kind === 'rejected') expect(outcome.failures).toMatchObject([{ cause: { reason: 'expired' } }])
    else expect(outcome).toMatchObject({ expiresAt })
  })
})

describe('a provider that asks for a decision which needs itself', () => {
  it('gets an Error instead of running for ever', async () => {
    const inner: Outcome[] = []
    const request = requestOf()
    const auth: Authentication<{ only: Principal }> = authentication({
      only: doing(() => {
        const outcome = auth.decide(request, 'only')
        if (!(outcome instanceof Promise)) inner.push(outcome)
        return { principal: person }
      }),
    })
    expect((await auth.decide(request, 'only')).kind).toBe('authenticated')
    expect(inner).toMatchObject([{ kind: 'unavailable', failures: [{ cause: { code: 'reentered' } }] }])
  })
})
