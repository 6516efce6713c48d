import { describe, expect, it } from 'vitest'
import { thenable } from '../../test/model/kit.ts'
import { AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import type { Awaitable, Principal } from './provider.ts'
import { absent, type Validated, verdictOf } from './validate.ts'

/** What a JavaScript `validate` can answer. */
function verdict(answer: unknown) {
  return verdictOf(answer as Awaitable<Validated<Principal>>, 'basic()')
}

const person = { id: 7 }

describe('what validate answered', () => {
  it('becomes the principal when it is an object, with what goes with it', async () => {
    const grant = { expiresAt: 9, ambient: true, always: [['A', 'b']] } as const
    expect(verdictOf(person, 'basic()', grant)).toMatchObject({ principal: person, ...grant })
    expect(await verdictOf(Promise.resolve(person), 'basic()', grant)).toMatchObject({ principal: person, ...grant })
  })

  it('stays synchronous when the answer is', () => {
    expect(verdict(person)).not.toBeInstanceOf(Promise)
    expect(verdict(Promise.resolve(person))).toBeInstanceOf(Promise)
  })

  it('is invalid credentials without a reason when it is null', async () => {
    expect(verdict(null)).toMatchObject({ cause: AuthenticationFailedCause.InvalidCredentials })
    expect(await verdict(Promise.resolve(null))).toMatchObject({ cause: AuthenticationFailedCause.InvalidCredentials })
  })

  it('is passed on when it is a cause', () => {
    const locked = invalidCredentials('locked')
    expect(verdict(locked)).toMatchObject({ cause: locked })
    const down = new AuthenticationFailedCause.Error('down')
    expect(verdict(down)).toMatchObject({ cause: down })
  })

  it.each([undefined, true, false, '', 'somebody', 0, 7, Symbol('x'), 7n, () => person])(
    'is an Error that names the factory when it is %s',
    async (answer) => {
      for (const settled of [verdict(answer), await verdict(Promise.resolve(answer))]) {
        expect(settled).not.toHaveProperty('principal')
        expect(settled).toMatchObject({ cause: { kind: 'Error', code: 'invalid-answer', retryable: true } })
        expect(settled).toMatchObject({ cause: { message: expect.stringContaining('basic()') } })
      }
    },
  )

  it('is never taken from what a hand-made then returns', () => {
    expect(verdict(thenable(() => ({ principal: person })))).not.toHaveProperty('principal')
  })
})

describe('the verdict without credentials', () => {
  it('is one frozen value', () => {
    expect(Object.isFrozen(absent)).toBe(true)
    expect(absent.cause).toBe(AuthenticationFailedCause.NoCredentials)
  })
})
