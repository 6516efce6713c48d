import { describe, expect, it } from 'vitest'
import { bearer } from '../providers/bearer/bearer.ts'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'

/** What comes of a bound token when its proof answers this. */
async function answering(answer: () => unknown): Promise<string> {
  const proof = { confirms: 'jkt', prove: answer }
  const options = { validate: () => ({ cnf: { jkt: 'thumbprint' } }), proofs: [proof] }
  const provider: ReturnType<typeof bearer> = Reflect.apply(bearer, undefined, [options])
  const auth = authentication({ api: provider }, { timeoutSeconds: 0.05 })
  const outcome = await auth.decide(testRequest({ headers: { Authorization: 'Bearer abc' } }), 'api')
  return outcome.kind
}

describe('a proof of the application’s own', () => {
  it('lets a bound token pass when it answers an object without a cause', async () => {
    expect(await answering(() => ({}))).toBe('authenticated')
  })

  it.each([
    ['false', () => false],
    ['true', () => true],
    ['a promise of false', async () => false],
    // biome-ignore lint/suspicious/noThenProperty: such an object is what is refused
    ['a hand-made then that returns an object', () => ({ then: () => ({}) })],
    ['null', () => null],
    ['undefined', () => undefined],
    ['a text', () => 'no'],
    ['a number', () => 0],
    ['a cause that is none', () => ({ cause: 'no' })],
    ['a cause that is null', () => ({ cause: null })],
    [
      'a throw',
      () => {
        throw new Error('no')
      },
    ],
  ])('lets nobody in when it answers %s', async (_what, answer) => {
    expect(await answering(answer)).toBe('unavailable')
  })
})
