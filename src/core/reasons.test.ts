import { describe, expect, it } from 'vitest'
import { isReason, reasons } from './reasons.ts'

describe('the table of reasons', () => {
  it('describes each reason in one static sentence', () => {
    for (const { description } of Object.values(reasons)) expect(description).toMatch(/^[A-Z][^.]*\.$/)
  })

  it('gives 401 to all but a malformed request, throttling and a body that is too large', () => {
    const others = Object.entries(reasons).filter(([, { status }]) => status !== 401)
    expect(Object.fromEntries(others.map(([reason, { status }]) => [reason, status]))).toEqual({
      'malformed-request': 400,
      throttled: 429,
      'too-large': 413,
    })
  })

  it('recognises its own rows and reasons that begin with x-', () => {
    expect(Object.keys(reasons).every(isReason)).toBe(true)
    expect(['x-a', `x-${'a'.repeat(64)}`].every(isReason)).toBe(true)
    expect(['x-', `x-${'a'.repeat(65)}`, 'X-a', 'constructor', 'x-ü', 'x-\n', null, {}].some(isReason)).toBe(false)
  })
})
