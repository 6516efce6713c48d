import { afterEach, describe, expect, it, vi } from 'vitest'
import { decideBy, doing, nothing, record, saying, wrong } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import { type AuthenticationListener, nameOf } from './events.ts'

class DirectoryDown extends AuthenticationFailedCause.Error {}

const clock = () => 1234.5
const person = Object.freeze({ id: 7 })

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen)
}

function throwing(error: unknown): never {
  throw error
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a decision event', () => {
  it('tells what came of the request', async () => {
    const events = record()
    const auth = authentication(
      {
        a: saying({ cause: invalidCredentials('locked', { detail: 'five tries' }) }),
        b: saying({ cause: new DirectoryDown('down', { code: 'directory', retryable: false }) }),
        c: saying({ principal: person }),
      },
      { listeners: [events.listener], clock },
    )
    await auth.decide(requestOf({ method: 'PUT' }), auth.anyOf('a', 'b', 'c'))
    await auth.decide(requestOf(), auth.anyOf('a', 'b'))
    await auth.decide(
      requestOf(),
      auth.allow('c', () => false),
    )
    const failures = [
      { provider: 'a', kind: 'InvalidCredentials', reason: 'locked', detail: 'five tries' },
      { provider: 'b', kind: 'Error', code: 'directory', errorName: 'DirectoryDown' },
    ]
    expect(events.decisions).toEqual([
      {
        at: 1234.5,
        outcome: 'authenticated',
        requirement: 'anyOf(a, b, c)',
        method: 'PUT',
        provider: 'c',
        status: undefined,
        succeeded: ['c'],
        failures,
        denials: [],
      },
      {
        at: 1234.5,
        outcome: 'rejected',
        requirement: 'anyOf(a, b)',
        method: 'GET',
        provider: undefined,
        status: 401,
        succeeded: [],
        failures,
        denials: [],
      },
      {
        at: 1234.5,
        outcome: 'rejected',
        requirement: 'allow(c)',
        method: 'GET',
        provider: undefined,
        status: 403,
        succeeded: ['c'],
        failures: [],
        denials: [{ requirement: 'allow', providers: ['c'] }],
      },
    ])
  })

  it('comes once per decision, after the requirement was settled', async () => {
    const events = record()
    const auth = authentication({ a: saying(Promise.resolve(nothing)) }, { listeners: [events.listener] })
    const native = {}
    const pending = auth.decide(requestOf({ native }), auth.optional('a'))
    expect(events.decisions).toEqual([])
    await pending
    await auth.decide(requestOf({ native }), 'a')
    expect(events.decisions.map(({ outcome }) => outcome)).toEqual(['anonymous', 'rejected'])
  })

  it('is frozen to the bottom, so that no listener can change what another or the application sees', async () => {
    const events = record()
    const auth = authentication(
      { a: saying(wrong), b: saying({ principal: person }) },
      { listeners: [events.listener] },
    )
    await auth.decide(requestOf(), 'a')
    await auth.decide(
      requestOf(),
      auth.allow('b', () => false),
    )
    expect(events.decisions.map(isDeeplyFrozen)).toEqual([true, true])
  })
})

describe('an error event', () => {
  it('carries what was thrown, untouched, and is frozen', async () => {
    const bomb = new RangeError('boom')
    const { events } = await decideBy(
      doing(() => throwing(bomb)),
      requestOf(),
      { clock },
    )
    expect(events.errors).toMatchObject([
      { at: 1234.5, provider: 'only', code: 'threw', retryable: true, errorName: 'RangeError' },
    ])
    expect(events.errors[0]?.error.cause).toBe(bomb)
    expect(Object.isFrozen(events.errors[0])).toBe(true)
  })

  it('comes for Error causes that were answered, forgiven or not', async () => {
    const down = new DirectoryDown('down')
    const events = record()
    const auth = authentication({ a: saying({ cause: down }) }, { listeners: [events.listener] })
    await auth.decide(requestOf(), auth.attempt('a'))
    expect(events.errors).toMatchObject([{ provider: 'a', errorName: 'DirectoryDown', error: down }])
  })
})

describe('a fault event', () => {
  it('is frozen and names provider and fault', async () => {
    const { events } = await decideBy(saying(undefined), requestOf(), { clock })
    expect(events.faults).toEqual([
      { at: 1234.5, provider: 'only', fault: 'no-verdict', message: expect.stringMatching(/^the provider/) },
    ])
    expect(isDeeplyFrozen(events.faults[0])).toBe(true)
  })
})

describe('a listener', () => {
  const broken: readonly [string, AuthenticationListener][] = [
    ['throws', { decision: () => throwing(new RangeError('secret')) }],
    ['rejects', { decision: async () => throwing(new RangeError('secret')) }],
    // JavaScript callers can hand over anything.
    ['is no function', { decision: 7 as unknown as () => void }],
    [
      'has a getter that throws',
      Object.defineProperty({}, 'decision', { get: () => throwing(new RangeError('secret')) }),
    ],
  ]

  it.each(broken)(
    'that %s changes nothing and is reported, and the next one is told all the same',
    async (_, listener) => {
      const reported: unknown[] = []
      const { outcome, events } = await decideBy(saying({ principal: person }), requestOf(), {
        listeners: [listener],
        onListenerError: (error) => reported.push(error),
      })
      await Promise.resolve()
      expect(outcome.kind).toBe('authenticated')
      expect(events.decisions).toHaveLength(1)
      expect(reported).toHaveLength(1)
    },
  )

  it('that throws is reported by its class name alone where nobody asked for more', async () => {
    const lines: unknown[][] = []
    vi.spyOn(console, 'error').mockImplementation((...line) => lines.push(line))
    await decideBy(saying(nothing), requestOf(), {
      listeners: [{ decision: () => throwing(new RangeError('secret')) }],
    })
    expect(lines).toEqual([['becauth: a listener threw RangeError']])
  })

  it.each([
    ['throws', () => throwing(new Error('secret'))],
    ['rejects', async () => throwing(new Error('secret'))],
  ])('changes nothing when onListenerError itself %s', async (_, onListenerError) => {
    const lines: unknown[][] = []
    vi.spyOn(console, 'error').mockImplementation((...line) => lines.push(line))
    const listeners = [{ decision: () => throwing(new Error('secret')), fault: () => throwing(new Error('secret')) }]
    const { outcome } = await decideBy(saying(undefined), requestOf(), { listeners, onListenerError })
    await Promise.resolve()
    expect(outcome.kind).toBe('rejected')
    expect(lines).toEqual([['becauth: onListenerError threw'], ['becauth: onListenerError threw']])
  })

  it('is told of errors and faults before the decision that they lead to', async () => {
    const order: string[] = []
    const note = (what: string) => () => order.push(what)
    await decideBy(
      doing(() => throwing(new Error('x'))),
      requestOf(),
      {
        listeners: [{ error: note('error'), decision: note('decision') }],
      },
    )
    expect(order).toEqual(['error', 'decision'])
  })
})

describe('the class name of what was thrown', () => {
  it.each([
    [new RangeError('x'), 'RangeError'],
    [new DirectoryDown('x'), 'DirectoryDown'],
    ['text', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
    [Object.create(null), 'Object'],
    [{ constructor: 7 }, 'Object'],
    [{ constructor: null }, 'Object'],
  ])('of %s is %s', (thrown, name) => {
    expect(nameOf(thrown)).toBe(name)
  })

  it('can be asked of what throws when anybody looks at it', () => {
    const trap = () => throwing(new Error('trap'))
    expect(nameOf(new Proxy({}, { get: trap, getPrototypeOf: trap }))).toBe('Object')
  })
})
