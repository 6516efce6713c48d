import { describe, expect, it } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import type { FaultEvent } from './events.ts'
import { type AuthenticationContext, provider, type Verdict } from './provider.ts'
import type { Outcome } from './who.ts'

interface Numbered {
  readonly id: number
}

/** A provider whose answer can be changed, and how often it was asked. */
function changing(first: Verdict<Numbered> | Promise<Verdict<Numbered>>) {
  const state = { answer: first, asked: 0 }
  const changeable = provider({
    challenge: { scheme: 'Some' },
    authenticate: () => {
      state.asked++
      return state.answer
    },
  })
  return { state, changeable, auth: authentication({ some: changeable }) }
}

function headersOf(outcome: Outcome) {
  if ('response' in outcome) throw new Error('the request was refused')
  return outcome.amendments?.headers?.({ status: 200, header: () => undefined }) ?? []
}

describe('AuthenticationProvider.forget()', () => {
  it('has the provider asked anew, for that request alone', async () => {
    const { state, changeable, auth } = changing({ principal: { id: 1 } })
    const [request, other] = [testRequest(), testRequest()]
    await auth.decide(request, 'some')
    await auth.decide(other, 'some')
    state.answer = { principal: { id: 2 } }
    expect(await auth.decide(request, 'some')).toMatchObject({ principal: { id: 1 } })
    changeable.forget(request.native)
    expect(await auth.decide(request, 'some')).toMatchObject({ principal: { id: 2 } })
    expect(await auth.decide(other, 'some')).toMatchObject({ principal: { id: 1 } })
    expect(state.asked).toBe(3)
  })

  it('has what was made of its answer made anew', async () => {
    const { state, changeable, auth } = changing({ principal: { id: 1 } })
    const doubled = auth.map('some', (who) => ({ twice: who.id * 2 }))
    const request = testRequest()
    expect(await auth.decide(request, doubled)).toMatchObject({ principal: { twice: 2 } })
    state.answer = { principal: { id: 5 } }
    changeable.forget(request.native)
    expect(await auth.decide(request, doubled)).toMatchObject({ principal: { twice: 10 } })
  })

  it('takes back the header fields that it wanted on the answer, and nobody else’s', async () => {
    const forgetful = provider({
      challenge: { scheme: 'Some' },
      authenticate: () => ({
        principal: { id: 1 },
        always: [['X-Always', 'some']],
        onAccept: [['X-Accept', 'some']],
      }),
    })
    const other = provider({
      challenge: { scheme: 'Other' },
      authenticate: () => ({
        principal: { id: 2 },
        always: [['X-Always', 'other']],
        onAccept: [['X-Accept', 'other']],
      }),
    })
    const auth = authentication({ some: forgetful, other })
    const request = testRequest()
    const outcome = await auth.decide(request, auth.allOf('some', 'other'))
    forgetful.forget(request.native)
    expect(headersOf(outcome)).toEqual([
      ['X-Always', 'other'],
      ['X-Accept', 'other'],
    ])
  })

  it('is not undone by an answer that was on its way', async () => {
    let answer: (verdict: Verdict<Numbered>) => void = () => {}
    const { state, changeable, auth } = changing(
      new Promise<Verdict<Numbered>>((resolve) => {
        answer = resolve
      }),
    )
    const request = testRequest()
    const pending = auth.decide(request, 'some')
    changeable.forget(request.native)
    state.answer = { principal: { id: 2 } }
    answer({ principal: { id: 1 } })
    expect(await pending).toMatchObject({ principal: { id: 1 } })
    expect(await auth.decide(request, 'some')).toMatchObject({ principal: { id: 2 } })
  })

  it('does nothing for a request that nobody decided, and before there is a registry', () => {
    const { changeable } = changing({ principal: { id: 1 } })
    expect(() => changeable.forget({})).not.toThrow()
    const alone = provider({ challenge: { scheme: 'Some' }, authenticate: () => ({ principal: { id: 1 } }) })
    expect(() => alone.forget({})).not.toThrow()
  })
})

describe('AuthenticationContext.fault()', () => {
  it('tells listeners what a provider met, without changing its verdict', async () => {
    const faults: FaultEvent[] = []
    const auth = authentication(
      {
        some: provider({
          challenge: { scheme: 'Some' },
          authenticate: (context: AuthenticationContext) => {
            context.fault('a static sentence', new RangeError('a secret'))
            context.fault('another one')
            return { principal: { id: 1 } }
          },
        }),
      },
      { listeners: [{ fault: (event) => faults.push(event) }] },
    )
    expect(await auth.decide(testRequest(), 'some')).toMatchObject({ kind: 'authenticated' })
    expect(faults).toMatchObject([
      { fault: 'provider-fault', provider: 'some', message: 'a static sentence', errorName: 'RangeError' },
      { fault: 'provider-fault', provider: 'some', message: 'another one' },
    ])
    expect(JSON.stringify(faults)).not.toContain('a secret')
  })
})
