import { describe, expect, it } from 'vitest'
import { nothing, record, saying, wrong } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import type { AuthenticationProvider, Principal } from './provider.ts'
import type { HeaderField } from './request.ts'
import type { Outcome, ResponseAmendments } from './who.ts'

const person = Object.freeze({ id: 7 })
const ok = { status: 200, header: () => undefined }
const apiKey = { readsHeaders: ['X-Api-Key'] }
const session = { readsHeaders: ['Cookie'], session: true }

function amendmentsOf(outcome: Outcome): ResponseAmendments | undefined {
  if (outcome.kind === 'rejected' || outcome.kind === 'unavailable') throw new Error(`unexpectedly ${outcome.kind}`)
  return outcome.amendments
}

async function accepting(onAccept: unknown, also: object = {}) {
  const events = record()
  const only = saying({ principal: person, onAccept, ...also })
  const auth = authentication({ only }, { listeners: [events.listener] })
  const native = {}
  const amendments = amendmentsOf(await auth.decide(requestOf({ native }), 'only'))
  return { auth, native, amendments, faults: () => events.faults.map(({ fault }) => fault) }
}

describe('what an accepted answer depends on', () => {
  it('is nothing for Authorization alone', () => {
    const auth = authentication({ basic: saying({ principal: person }) })
    expect(amendmentsOf(auth.require('basic').decide(requestOf()) as Outcome)).toBeUndefined()
  })

  it.each([
    ['authenticated', { principal: person }, { vary: ['X-Api-Key'], cacheControl: 'private' }],
    ['anonymous', nothing, { vary: ['X-Api-Key'], cacheControl: 'private' }],
  ])('is named in Vary and kept private when it is another header field: %s', (_, verdict, expected) => {
    const auth = authentication({ key: saying(verdict, apiKey) })
    expect(amendmentsOf(auth.optional('key').decide(requestOf()) as Outcome)).toMatchObject(expected)
  })

  it('is not stored at all when it is a session, and private when the session was not there', () => {
    const yes = authentication({ session: saying({ principal: person }, session) })
    expect(amendmentsOf(yes.require('session').decide(requestOf()) as Outcome)).toMatchObject({
      vary: ['Cookie'],
      cacheControl: 'no-store',
    })
    const no = authentication({ session: saying(nothing, session) })
    expect(amendmentsOf(no.optional('session').decide(requestOf()) as Outcome)).toMatchObject({
      vary: ['Cookie'],
      cacheControl: 'private',
    })
  })

  it('names the fields of every provider of the requirement once, whichever decided', () => {
    const auth = authentication({
      a: saying({ principal: person }, apiKey),
      b: saying(nothing, session),
      c: saying(nothing, apiKey),
      d: saying(nothing, { readsHeaders: ['X-Other'] }),
    })
    const amendments = amendmentsOf(auth.anyOf('a', 'b', 'c').decide(requestOf()) as Outcome)
    expect(amendments?.vary).toEqual(['X-Api-Key', 'Cookie'])
  })

  it.each([
    ['an API key', apiKey, 'X-Api-Key', 'private'],
    ['a session', session, 'Cookie', 'no-store'],
  ])('is known, too, of what select() chose: %s', async (_, extras, field, cacheControl) => {
    const auth = authentication({ a: saying({ principal: person }, extras) })
    const amendments = amendmentsOf(
      await auth.decide(
        requestOf(),
        auth.select(() => 'a'),
      ),
    )
    expect(amendments).toMatchObject({ vary: [field], cacheControl })
  })

  it('is known of what select() chose when the answer is anonymous', async () => {
    const auth = authentication({ a: saying(nothing, apiKey) })
    const amendments = amendmentsOf(
      await auth.decide(
        requestOf(),
        auth.select(() => auth.optional('a')),
      ),
    )
    expect(amendments).toMatchObject({ vary: ['X-Api-Key'], cacheControl: 'private' })
  })
})

describe('onAccept', () => {
  it('gives fields, or is asked for them with the response, once per request', async () => {
    expect((await accepting([['X-A', 'b']])).amendments?.headers?.(ok)).toEqual([['X-A', 'b']])
    const seen: unknown[] = []
    const { auth, native, amendments } = await accepting((response: unknown) => {
      seen.push(response)
      return [['Authentication-Info', 'rspauth="x"']]
    })
    const again = amendmentsOf(await auth.decide(requestOf({ native }), 'only'))
    for (const one of [amendments, again]) {
      expect(one?.headers?.(ok)).toEqual([['Authentication-Info', 'rspauth="x"']])
    }
    expect(seen).toEqual([ok])
  })

  it('sends nothing when it throws, and raises a fault', async () => {
    const { amendments, faults } = await accepting(() => {
      throw new Error('boom')
    })
    expect(amendments?.headers?.(ok)).toEqual([])
    expect(faults()).toEqual(['on-accept-threw'])
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'X: a'],
    ['a number', 7],
    ['an object', {}],
    ['a promise', Promise.resolve([['X', 'a']])],
    ['a list of null', [null]],
    ['a list of numbers', [7]],
    ['a list of text', ['X: a']],
    ['a line break in a value', [['X', 'a\r\nb']]],
    ['a name that is no token', [['X Y', 'a']]],
    ['a value that is no text', [['X', undefined]]],
  ])('sends nothing and hurts no answer when it gives %s', async (_, answer) => {
    for (const onAccept of [() => answer, answer]) {
      if (onAccept === undefined) continue
      const { amendments, faults } = await accepting(onAccept)
      expect(amendments?.headers?.(ok)).toEqual([])
      if (answer !== undefined) expect(faults().length).toBeGreaterThan(0)
    }
  })

  it('of the principals used is sent, in order, and of no other', async () => {
    const granting = (name: string) => saying({ principal: person, onAccept: [['X-From', name]] })
    const auth = authentication({ a: granting('a'), b: granting('b'), c: saying(wrong) })
    const request = requestOf()
    const headers = (outcome: Outcome): readonly HeaderField[] => amendmentsOf(outcome)?.headers?.(ok) ?? []
    const both = await auth.decide(request, auth.allOf('a', 'b'))
    expect(headers(both)).toEqual([
      ['X-From', 'a'],
      ['X-From', 'b'],
    ])
    const first = await auth.decide(request, auth.anyOf(auth.allOf('a', 'c'), 'b'))
    expect(headers(first)).toEqual([['X-From', 'b']])
  })

  it('is not sent with the refusal of an inner scope', async () => {
    const auth = authentication({ a: saying({ principal: person, onAccept: [['X-From', 'a']] }), b: saying(wrong) })
    const native = {}
    const outer = amendmentsOf(await auth.decide(requestOf({ native }), 'a'))
    await auth.decide(requestOf({ native }), 'b')
    expect(outer?.headers?.({ status: 401, header: () => undefined })).toEqual([])
  })
})

describe('the fields for every answer', () => {
  const always = [['DPoP-Nonce', 'n']]

  it('are sent with accepted and anonymous answers alike', async () => {
    const providers: AuthenticationProvider<Principal>[] = [
      saying({ principal: person, always }),
      saying({ ...nothing, always }),
    ]
    for (const only of providers) {
      const auth = authentication({ only })
      expect(amendmentsOf(await auth.decide(requestOf(), auth.optional('only')))?.headers?.(ok)).toEqual(always)
    }
  })

  it.each([[[null]], [[7]], [[undefined]], [['X: a']]])('hurt no answer when they are %j', async (broken) => {
    const { amendments, faults } = await accepting(undefined, { always: broken })
    expect(amendments?.headers?.(ok)).toEqual([])
    expect(faults()).toEqual(['invalid-header'])
  })
})
