import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { decideBy, doing, nothing, record, saying, statusOf, thenable } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import type { AuthenticationContext } from './provider.ts'

const never = new Promise<never>(() => undefined)
const person = Object.freeze({ id: 7 })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a call that takes too long', () => {
  it('is an Error after ten seconds, and the request can be tried again', async () => {
    const decided = decideBy(saying(never))
    await vi.advanceTimersByTimeAsync(9_999)
    let settled = false
    decided.then(() => {
      settled = true
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(settled).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    const { outcome, errors } = await decided
    expect(outcome).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 5, failures: [{ provider: 'only' }] })
    expect(statusOf(outcome)).toBe(503)
    expect(errors).toEqual(['timed-out'])
  })

  it('is bounded by timeoutSeconds', async () => {
    const decided = decideBy(saying(never), requestOf(), { timeoutSeconds: 0.5 })
    await vi.advanceTimersByTimeAsync(500)
    expect((await decided).errors).toEqual(['timed-out'])
  })

  it('is bounded wherever the application is asked: challenge, select, map, allow', async () => {
    const auth = authentication({
      yes: saying({ principal: person }),
      no: saying(nothing, { override: () => never }),
    })
    const decided = Promise.all([
      auth.decide(requestOf(), 'no'),
      auth.decide(
        requestOf(),
        auth.select(() => never),
      ),
      auth.decide(
        requestOf(),
        auth.map('yes', () => never),
      ),
      auth.decide(
        requestOf(),
        auth.allow('yes', () => never),
      ),
    ])
    await vi.advanceTimersByTimeAsync(10_000)
    const outcomes = await decided
    expect(outcomes.map(statusOf)).toEqual([401, 503, 503, 503])
  })

  it('is bounded when a hand-made thenable never calls back, or calls back with something that never does', async () => {
    const silent = [thenable(() => undefined), thenable((resolve) => resolve(never))]
    for (const verdict of silent) {
      let kind = 'still waiting'
      decideBy(saying(verdict)).then(({ outcome }) => {
        kind = outcome.kind
      })
      await vi.advanceTimersByTimeAsync(20_000)
      expect(kind).toBe('unavailable')
    }
  })

  it('tells its signal', async () => {
    const signals: AbortSignal[] = []
    const decided = decideBy(
      doing(({ signal }) => {
        signals.push(signal)
        return never
      }),
    )
    expect(signals[0]?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    await decided
    expect(signals[0]?.aborted).toBe(true)
    expect(signals[0]?.reason).toMatchObject({ code: 'timed-out' })
  })

  it('finds its signal aborted when it looks only afterwards', async () => {
    const contexts: AuthenticationContext[] = []
    const decided = decideBy(
      doing((context) => {
        contexts.push(context)
        return never
      }),
    )
    await vi.advanceTimersByTimeAsync(10_000)
    await decided
    expect(contexts[0]?.signal.aborted).toBe(true)
  })

  it('changes nothing when it answers or fails later', async () => {
    for (const late of ['yes', 'no']) {
      const slow = () =>
        new Promise((resolve, reject) => {
          const answer = late === 'yes' ? () => resolve({ principal: person }) : () => reject(new Error('late'))
          setTimeout(answer, 11_000)
        })
      const events = record()
      const auth = authentication({ only: doing(slow) }, { listeners: [events.listener] })
      const native = {}
      const decided = auth.decide(requestOf({ native }), 'only')
      await vi.advanceTimersByTimeAsync(10_000)
      expect(await decided).toMatchObject({ kind: 'unavailable' })
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await auth.decide(requestOf({ native }), 'only')).toMatchObject({ kind: 'unavailable' })
      expect(events.errors).toHaveLength(1)
    }
  })
})

describe('a call that is done', () => {
  it('leaves no timer behind when its time is over, however it ended', async () => {
    const broken = thenable(() => {
      throw new Error('then')
    })
    for (const verdict of [Promise.resolve(nothing), thenable((resolve) => resolve(nothing)), broken]) {
      await decideBy(saying(verdict))
      await decideBy(doing(async () => Promise.reject(new Error('no'))))
      await vi.advanceTimersByTimeAsync(10_000)
      expect(vi.getTimerCount()).toBe(0)
    }
  })
})

describe('the signal of a call', () => {
  it('is aborted with the client’s own reason when the client goes away', async () => {
    const client = new AbortController()
    const signals: AbortSignal[] = []
    const provider = doing(
      ({ signal }) =>
        new Promise((resolve) => {
          signals.push(signal)
          signal.addEventListener('abort', () => resolve(nothing))
        }),
    )
    const request = requestOf({ signal: client.signal, gone: () => client.signal.aborted })
    const decided = decideBy(provider, request)
    client.abort('closed')
    const { outcome } = await decided
    expect(signals[0]?.reason).toBe('closed')
    expect(outcome).toMatchObject({ kind: 'unavailable', gone: true })
  })

  it('is aborted from the start when the client has gone already', async () => {
    let aborted: boolean | undefined
    const provider = doing(({ signal }) => {
      aborted = signal.aborted
      return nothing
    })
    await decideBy(provider, requestOf({ signal: AbortSignal.abort() }))
    expect(aborted).toBe(true)
  })

  it('is the same each time it is asked for', async () => {
    let same: boolean | undefined
    await decideBy(
      doing((context) => {
        const { signal } = context
        same = signal === context.signal
        return nothing
      }),
    )
    expect(same).toBe(true)
  })
})
