import { describe, expect, it } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import type { FaultEvent } from './events.ts'
import { provider } from './provider.ts'
import { absent } from './validate.ts'

function setup() {
  const seen: unknown[] = []
  const faults: FaultEvent[] = []
  const key = provider({
    challenge: { scheme: 'ApiKey' },
    authenticate: ({ request }) => {
      seen.push([request.native, request.purpose])
      return request.purpose === undefined ? absent : { principal: { name: 'ada' } }
    },
  })
  const auth = authentication({ key }, { listeners: [{ fault: (event) => faults.push(event) }] })
  return { requirement: auth.require('key'), seen, faults }
}

describe('a request that is decided for a purpose', () => {
  it('is the same request to providers, who are told the purpose, and its verdict counts for nothing else', async () => {
    const { requirement, seen } = setup()
    const plain = testRequest()
    const { native } = plain
    const purpose = {}
    const purposeful = Object.create(plain, { purpose: { value: purpose } })
    expect((await requirement.decide(purposeful)).kind).toBe('authenticated')
    expect((await requirement.decide(purposeful)).kind).toBe('authenticated')
    expect((await requirement.decide(plain)).kind).toBe('rejected')
    expect(seen).toEqual([
      [native, purpose],
      [native, undefined],
    ])
  })
})

describe('what a route throws', () => {
  it('is a fault that names its class and nothing of it, also where nothing was decided before', () => {
    const { requirement, faults } = setup()
    requirement.reportRoute?.(testRequest(), new RangeError('a secret'))
    expect(faults).toMatchObject([{ fault: 'route-threw', provider: undefined, errorName: 'RangeError' }])
    expect(JSON.stringify(faults)).not.toContain('secret')
  })
})
