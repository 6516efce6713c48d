import { describe, expect, it } from 'vitest'
import { decideBy, doing, fieldsOf, nothing, saying, wrong } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import type { RequestSource } from './request.ts'

const person = Object.freeze({ id: 7 })

function throwing(error: unknown): never {
  throw error
}

describe('a client that has gone', () => {
  it.each([
    ['authenticated', { principal: person }],
    ['refused', wrong],
  ])('is nobody to answer, though it would have been %s', async (_, verdict) => {
    for (const provider of [saying(verdict), saying(Promise.resolve(verdict))]) {
      const { outcome, events } = await decideBy(provider, requestOf({ gone: () => true }))
      expect(outcome).toMatchObject({ kind: 'unavailable', gone: true })
      expect(events.decisions).toMatchObject([{ outcome: 'unavailable' }])
    }
  })

  it('is noticed when it goes while the provider is thinking', async () => {
    let gone = false
    const provider = doing(async () => {
      gone = true
      return { principal: person }
    })
    const { outcome } = await decideBy(provider, requestOf({ gone: () => gone }))
    expect(outcome).toMatchObject({ kind: 'unavailable', gone: true })
  })
})

describe('a provider', () => {
  it('runs once per request across names, scopes, nesting and parallel decisions', async () => {
    for (const later of [false, true]) {
      let runs = 0
      const count = () => {
        runs++
        return later ? Promise.resolve({ principal: person }) : { principal: person }
      }
      const auth = authentication({ a: doing(count), b: saying(nothing) })
      const native = {}
      const outcomes = await Promise.all([
        auth.decide(requestOf({ native }), 'a'),
        auth.decide(requestOf({ native }), auth.allOf('a', auth.anyOf('b', 'a'))),
        auth.decide(requestOf({ native }), auth.optional(auth.anyOf('b', 'a'))),
      ])
      outcomes.push(await auth.decide(requestOf({ native }), auth.attempt('a')))
      expect(outcomes.map(({ kind }) => kind)).toEqual(Array(4).fill('authenticated'))
      expect(runs).toBe(1)
      await auth.decide(requestOf(), 'a')
      expect(runs).toBe(2)
    }
  })

  it('runs once for a request object that is frozen', async () => {
    let runs = 0
    const auth = authentication({ a: doing(() => ({ principal: { run: ++runs } })) })
    const native = Object.freeze({})
    await auth.decide(requestOf({ native }), 'a')
    await auth.decide(requestOf({ native }), 'a')
    expect(runs).toBe(1)
  })
})

describe('a request view that throws', () => {
  it.each(['header', 'method', 'gone'])('lets nobody in and throws nothing: %s', async (part) => {
    for (const verdict of [{ principal: person, ambient: true }, nothing]) {
      for (const provider of [saying(verdict), saying(Promise.resolve(verdict))]) {
        const request: RequestSource = Object.defineProperty(requestOf({ method: 'POST' }), part, {
          get: () => throwing(new Error('x')),
        })
        const { outcome, events } = await decideBy(provider, request)
        expect(outcome.kind).toBe('unavailable')
        expect(fieldsOf(outcome, 'Retry-After')).toEqual(['5'])
        expect(events.decisions.length).toBeLessThanOrEqual(1)
      }
    }
  })
})

describe('the context of a provider', () => {
  it('has the name, the injected clock, random bytes and fetch', async () => {
    const seen: unknown[] = []
    const provider = doing((context) => {
      seen.push(context.name, context.now(), context.random(3), context.fetch)
      return nothing
    })
    const fetch: typeof globalThis.fetch = async () => new Response()
    await decideBy(provider, requestOf(), { clock: () => 99, random: (bytes) => new Uint8Array(bytes).fill(7), fetch })
    expect(seen).toEqual(['only', 99, new Uint8Array([7, 7, 7]), fetch])
  })

  it('has the system’s clock and random source by default', async () => {
    await decideBy(
      doing((context) => {
        expect(Math.abs(context.now() - Date.now() / 1000)).toBeLessThan(5)
        expect(context.random(16)).toHaveLength(16)
        expect(context.random(16)).not.toEqual(context.random(16))
        return { principal: person }
      }),
    ).then(({ outcome }) => expect(outcome.kind).toBe('authenticated'))
  })
})

describe('the principals', () => {
  it('are under their names and those of nobody else, in order', async () => {
    const auth = authentication({
      a: saying({ principal: { n: 1 } }),
      b: saying({ principal: { n: 2 } }),
      c: saying(nothing),
    })
    const outcome = await auth.decide(requestOf(), auth.allOf(auth.optional('c'), 'b', 'a'))
    expect(outcome).toMatchObject({ kind: 'authenticated', provider: 'b', principal: { n: 2 } })
    expect(Object.entries(outcome.principals)).toEqual([
      ['b', { n: 2 }],
      ['a', { n: 1 }],
    ])
  })

  it('expire with the first of those used', async () => {
    const until = (expiresAt?: number) => saying({ principal: person, expiresAt })
    const auth = authentication({ a: until(300), b: until(200), c: until(), d: until(100) }, { clock: () => 1 })
    expect(await auth.decide(requestOf(), auth.allOf('a', 'b', 'c'))).toMatchObject({ expiresAt: 200 })
    expect(await auth.decide(requestOf(), auth.anyOf('c', 'd'))).toMatchObject({ expiresAt: undefined })
  })
})
