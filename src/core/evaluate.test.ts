import { describe, expect, it } from 'vitest'
import {
  causesOf,
  nothing,
  record,
  refused,
  saying,
  statusOf,
  thenable,
  watchedRejection,
  wrong,
} from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from './cause.ts'

const person = Object.freeze({ id: 7 })

/** A registry in JavaScript's eyes: callbacks answer anything. */
interface Loose {
  skipWhen(predicate: () => unknown, child: string): { decide(request: ReturnType<typeof requestOf>): unknown }
  select(choose: () => unknown): ReturnType<Loose['skipWhen']>
  map(child: unknown, enrich: (...given: unknown[]) => unknown): ReturnType<Loose['skipWhen']>
  allow(child: unknown, check: (...given: unknown[]) => unknown): ReturnType<Loose['skipWhen']>
}

function house() {
  const events = record()
  const auth = authentication(
    { yes: saying({ principal: person }), no: saying(wrong), none: saying(nothing) },
    { listeners: [events.listener] },
  )
  // The types forbid what these tests do on purpose.
  return { auth, loose: auth as unknown as Loose, events, faults: () => events.faults.map(({ fault }) => fault) }
}

function throwing(error: unknown): never {
  throw error
}

const notTrue = [undefined, null, 0, 1, '', 'true', {}, [], new Boolean(true), Symbol('t')]

describe('skipWhen()', () => {
  it.each(notTrue)('keeps the requirement when the predicate answers %s, and raises a fault', async (answer) => {
    const { loose, faults } = house()
    const outcome = await loose.skipWhen(() => answer, 'none').decide(requestOf())
    expect(outcome).toMatchObject({ kind: 'rejected', response: { status: 401 } })
    expect(faults()).toEqual(['predicate-not-boolean'])
  })

  it('keeps the requirement without a fault when the predicate answers false', async () => {
    const { loose, faults } = house()
    expect(await loose.skipWhen(() => false, 'none').decide(requestOf())).toMatchObject({ kind: 'rejected' })
    expect(faults()).toEqual([])
  })

  it('keeps the requirement when the predicate throws, and raises a fault with the class name alone', async () => {
    const { loose, events } = house()
    const outcome = await loose.skipWhen(() => throwing(new RangeError('secret')), 'none').decide(requestOf())
    expect(outcome).toMatchObject({ kind: 'rejected' })
    expect(events.faults).toMatchObject([{ fault: 'predicate-threw', errorName: 'RangeError' }])
  })

  it('keeps the requirement when the predicate answers a promise, and handles its rejection', async () => {
    const { loose } = house()
    expect(await loose.skipWhen(async () => true, 'none').decide(requestOf())).toMatchObject({ kind: 'rejected' })
    const { promise, handled } = watchedRejection(new Error('late'))
    expect(await loose.skipWhen(() => promise, 'none').decide(requestOf())).toMatchObject({ kind: 'rejected' })
    expect(await handled()).toBe(true)
  })
})

describe('select()', () => {
  it('decides by the requirement chosen, by name or as an object, at once or later', async () => {
    const { auth } = house()
    const both = auth.allOf('yes', auth.optional('none'))
    for (const chosen of ['yes' as const, both]) {
      expect(await auth.select(() => chosen).decide(requestOf())).toMatchObject({ kind: 'authenticated' })
      expect(await auth.select(async () => chosen).decide(requestOf())).toMatchObject({ kind: 'authenticated' })
    }
  })

  it('is an Error when nothing, an unknown name, something else or a foreign requirement is chosen', async () => {
    const { loose, events } = house()
    const foreign = house().auth.require('yes')
    const fickle = thenable((resolve) => {
      resolve(undefined)
      return 1
    })
    const choices = [undefined, null, '', 'nobody', 'constructor', true, 7, {}, { ...foreign }, foreign, fickle]
    for (const choice of choices.slice(0, -1)) {
      for (const choose of [() => choice, async () => choice]) {
        const outcome = await loose.select(choose).decide(requestOf())
        expect(outcome).toMatchObject({ kind: 'unavailable', failures: [{ cause: { code: 'invalid-answer' } }] })
      }
    }
    expect(await loose.select(() => choices.at(-1)).decide(requestOf())).toMatchObject({ kind: 'unavailable' })
    expect(events.errors.length).toBe(choices.length * 2 - 1)
  })

  it('is an Error when the function throws or rejects, and tells listeners what was thrown', async () => {
    const bomb = new Error('boom')
    for (const choose of [() => throwing(bomb), async () => throwing(bomb)]) {
      const { loose, events } = house()
      expect(await loose.select(choose).decide(requestOf())).toMatchObject({ kind: 'unavailable' })
      expect(events.errors[0]?.error.cause).toBe(bomb)
    }
  })
})

describe('allow()', () => {
  it.each([...notTrue, false])('denies with 403 when the check answers %s', async (answer) => {
    for (const check of [() => answer, async () => answer]) {
      const { loose, faults } = house()
      const outcome = await loose.allow('yes', check).decide(requestOf())
      expect(outcome).toMatchObject({
        kind: 'rejected',
        response: { status: 403 },
        denials: [{ requirement: 'allow', providers: ['yes'], status: 403 }],
        failures: [],
      })
      expect(faults()).toEqual(answer === false ? [] : ['check-not-boolean'])
    }
  })

  it('passes when the check answers true, at once or later', async () => {
    for (const check of [() => true, async () => true]) {
      expect(await house().loose.allow('yes', check).decide(requestOf())).toMatchObject({ kind: 'authenticated' })
    }
  })

  it('is an Error under the provider whose principal was asked about when the check throws or rejects', async () => {
    const bomb = new Error('boom')
    for (const check of [() => throwing(bomb), async () => throwing(bomb)]) {
      const { loose, events } = house()
      const outcome = await loose.allow('yes', check).decide(requestOf())
      expect(outcome).toMatchObject({ kind: 'unavailable', failures: [{ provider: 'yes', cause: { code: 'threw' } }] })
      expect(events.errors[0]?.error.cause).toBe(bomb)
    }
  })

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['true', true],
    ['false', false],
  ])('lets nobody in by what a hand-made then returns: %s', async (_, returned) => {
    const { loose } = house()
    const check = () =>
      thenable((resolve) => {
        resolve(false)
        return returned
      })
    expect(await loose.allow('yes', check).decide(requestOf())).toMatchObject({ response: { status: 403 } })
  })

  it('believes a hand-made thenable the first time only', async () => {
    const { loose } = house()
    const fickle = thenable((resolve) => {
      resolve(false)
      resolve(true)
    })
    expect(await loose.allow('yes', () => fickle).decide(requestOf())).toMatchObject({ response: { status: 403 } })
  })

  it('is not asked when there is nobody to ask about', async () => {
    const { loose } = house()
    const outcome = await loose.allow('no', () => throwing(new Error('asked'))).decide(requestOf())
    expect(outcome).toMatchObject({ response: { status: 401 } })
  })

  it('does not count what a lost sibling of the one denied had failed with', async () => {
    const down = saying({ cause: new AuthenticationFailedCause.Error('down') })
    const auth = authentication({ down, yes: saying({ principal: person }) })
    const outcome = await auth.decide(
      requestOf(),
      auth.allow(auth.anyOf('down', 'yes'), () => false),
    )
    expect(statusOf(outcome)).toBe(403)
    expect(causesOf(outcome)).toEqual(['Error'])
  })
})

describe('map()', () => {
  it('replaces the principal, at once or later, and leaves the others of an allOf', async () => {
    const auth = authentication({ a: saying({ principal: { n: 1 } }), b: saying({ principal: { n: 2 } }) })
    for (const enrich of [() => ({ rich: true }), async () => ({ rich: true })]) {
      const outcome = await auth.decide(requestOf(), auth.map(auth.allOf('a', 'b'), enrich))
      expect(outcome).toMatchObject({
        provider: 'a',
        principal: { rich: true },
        principals: { a: { rich: true }, b: { n: 2 } },
      })
    }
  })

  it.each([
    ['null', null, 401, 'InvalidCredentials'],
    ['a cause', invalidCredentials('locked'), 401, 'InvalidCredentials'],
    ['NoCredentials', AuthenticationFailedCause.NoCredentials, 401, 'NoCredentials'],
    ['an Error cause', new AuthenticationFailedCause.Error('down'), 503, 'Error'],
    ['nothing', undefined, 503, 'Error'],
    ['true', true, 503, 'Error'],
    ['text', 'somebody', 503, 'Error'],
    ['a function', () => person, 503, 'Error'],
    ['a number', 7, 503, 'Error'],
  ])('fails under the provider mapped when it answers %s', async (_, answer, status, kind) => {
    for (const enrich of [() => answer, async () => answer]) {
      const outcome = await house().loose.map('yes', enrich).decide(requestOf())
      expect(outcome).toMatchObject({ response: { status }, failures: [{ provider: 'yes', cause: { kind } }] })
    }
  })

  it('is an Error when it throws or rejects', async () => {
    const bomb = new Error('boom')
    for (const enrich of [() => throwing(bomb), async () => throwing(bomb)]) {
      const { loose, events } = house()
      expect(await loose.map('yes', enrich).decide(requestOf())).toMatchObject({ kind: 'unavailable' })
      expect(events.errors[0]?.error.cause).toBe(bomb)
    }
  })

  it('fails an optional around it, since somebody was known', async () => {
    const { auth } = house()
    const mapped = auth.optional(auth.map('yes', () => AuthenticationFailedCause.NoCredentials))
    expect(statusOf(await auth.decide(requestOf(), mapped))).toBe(401)
  })
})

describe('map() and allow() around a select()', () => {
  it('are an Error when what was chosen yields no principal', async () => {
    const { auth, loose } = house()
    const chosen = auth.select(() => auth.optional('none'))
    for (const outcome of [
      await loose.map(chosen, () => person).decide(requestOf()),
      await loose.allow(chosen, () => true).decide(requestOf()),
    ]) {
      expect(outcome).toMatchObject({ kind: 'unavailable', failures: [{}, { cause: { code: 'no-principal' } }] })
    }
  })
})

describe('the functions of a requirement', () => {
  it('run once per request, also in parallel and in stacked scopes', async () => {
    const { auth } = house()
    const ran: string[] = []
    const note = <T>(what: string, answer: T): T => {
      ran.push(what)
      return answer
    }
    const mapped = auth.map('yes', async () => note('map', person))
    const allowed = auth.allow(mapped, async () => note('allow', true))
    const skipping = auth.skipWhen(() => note('skipWhen', false), allowed)
    const selecting = auth.select(async () => note('select', skipping))
    const native = {}
    await Promise.all([selecting.decide(requestOf({ native })), selecting.decide(requestOf({ native }))])
    await auth.allOf(selecting, skipping).decide(requestOf({ native }))
    expect(ran.toSorted()).toEqual(['allow', 'map', 'select', 'skipWhen'])
  })
})

describe('attempt()', () => {
  it('shows the refusal that would have been sent', async () => {
    const { auth } = house()
    const outcome = await auth.decide(requestOf(), auth.attempt('no'))
    if (outcome.kind !== 'anonymous' || outcome.refused === undefined) throw new Error('expected an attempt')
    expect(refused(outcome.refused).response).toMatchObject({ status: 401 })
    expect(outcome.refused.response.headers).toContainEqual(['WWW-Authenticate', 'Test realm="no"'])
  })

  it('shows the refusal of the attempt that failed when another attempt had nothing to forgive', async () => {
    const { auth } = house()
    const requirement = auth.anyOf(auth.attempt(auth.optional('none')), auth.attempt('no'))
    expect(await auth.decide(requestOf(), requirement)).toMatchObject({
      kind: 'anonymous',
      refused: { response: { status: 401 } },
    })
  })
})
