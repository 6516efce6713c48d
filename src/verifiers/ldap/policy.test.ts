import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from './policy.ts'

const read = (hex: string) => parsePolicy(Buffer.from(hex, 'hex'))

describe('parsePolicy()', () => {
  it.each([
    ['3000', { warnings: {} }],
    ['3003810100', { error: 'expired', warnings: {} }],
    ['3003810101', { error: 'locked', warnings: {} }],
    ['3003810102', { error: 'must-change', warnings: {} }],
    ['3003810106', { error: 'other', warnings: {} }],
    ['3006a00480020e10', { warnings: { expiresInSeconds: 3600 } }],
    ['3005a003810103', { warnings: { graceLogins: 3 } }],
    ['3008a003810101810102', { error: 'must-change', warnings: { graceLogins: 1 } }],
    ['3084000000038184000000', undefined],
    ['3084000000078184000000010 1'.replace(' ', ''), { error: 'locked', warnings: {} }],
    ['3005a0038001ff', { warnings: { expiresInSeconds: 0 } }],
    ['3007a005800500ffffff', undefined],
    ['', undefined],
    ['0400', undefined],
    ['30030281', undefined],
    ['30800000', undefined],
    ['30003000', undefined],
    ['30028100', undefined],
  ])('reads %s', (hex, answer) => {
    expect(read(hex)).toEqual(answer)
  })

  it('never throws, whatever a server sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        const answer = parsePolicy(octets)
        expect(answer === undefined || typeof answer.warnings === 'object').toBe(true)
      }),
    )
  })
})
