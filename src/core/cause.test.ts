import { describe, expect, it } from 'vitest'
import { AuthenticationError, AuthenticationFailedCause, invalidCredentials, isCause } from './cause.ts'

class DirectoryDown extends AuthenticationFailedCause.Error {}

/** Compiles only as long as the union is closed. */
function describeCause(cause: AuthenticationFailedCause): string {
  switch (cause.kind) {
    case 'NoCredentials':
      return 'nothing'
    case 'InvalidCredentials':
      return cause.reason ?? 'wrong'
    case 'Error':
      return cause.code
  }
}

describe('causes', () => {
  it('can be told apart by an exhaustive switch over their kind', () => {
    expect(describeCause(AuthenticationFailedCause.NoCredentials)).toBe('nothing')
    expect(describeCause(AuthenticationFailedCause.InvalidCredentials)).toBe('wrong')
    expect(describeCause(invalidCredentials('expired'))).toBe('expired')
    expect(describeCause(new DirectoryDown('down', { code: 'directory-down' }))).toBe('directory-down')
  })

  it('of bad and missing credentials are frozen', () => {
    for (const cause of [AuthenticationFailedCause.NoCredentials, invalidCredentials('unknown')]) {
      expect(Object.isFrozen(cause)).toBe(true)
    }
    expect(Object.isFrozen(AuthenticationFailedCause)).toBe(true)
  })

  it('are recognised by a brand that no look-alike carries', () => {
    const genuine = AuthenticationFailedCause.NoCredentials
    expect([genuine, invalidCredentials('locked'), new DirectoryDown('down')].every(isCause)).toBe(true)
    for (const other of [
      { kind: 'NoCredentials' },
      { ...genuine },
      Object.create(genuine),
      Object.create(AuthenticationError.prototype),
      new Proxy(genuine, {}),
      Object.assign(new Error('x'), { kind: 'Error', code: 'x' }),
      'NoCredentials',
      null,
      undefined,
    ]) {
      expect(isCause(other)).toBe(false)
    }
  })
})

describe('an Error cause', () => {
  it('is an Error with the name of its own class, retryable after five seconds unless it says otherwise', () => {
    const error = new DirectoryDown('the directory is down')
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({
      name: 'DirectoryDown',
      kind: 'Error',
      code: 'error',
      retryable: true,
      retryAfterSeconds: 5,
    })
    expect('cause' in error).toBe(false)
  })

  it('keeps what caused it, also when that is undefined', () => {
    const root = new Error('socket')
    expect(new DirectoryDown('down', { cause: root }).cause).toBe(root)
    expect('cause' in new DirectoryDown('down', { cause: undefined })).toBe(true)
  })

  it('may say that trying again is no use', () => {
    const final = new DirectoryDown('no', { retryable: false, code: 'refused', retryAfterSeconds: 60 })
    expect(final).toMatchObject({ retryable: false, code: 'refused', retryAfterSeconds: 60 })
  })
})

describe('invalidCredentials()', () => {
  it('keeps the reason, the wait, the static detail and whether it may be forgiven', () => {
    const cause = invalidCredentials('throttled', { retryAfterSeconds: 0, detail: 'five tries', discardable: true })
    expect(cause).toMatchObject({ reason: 'throttled', retryAfterSeconds: 0, detail: 'five tries', discardable: true })
    expect(invalidCredentials('x-no-licence')).toMatchObject({ reason: 'x-no-licence', discardable: false })
  })

  it.each(['', 'nonsense', 'x-', 'x-with space', 'x-a\r\nb', 'toString', '__proto__', undefined, 7])(
    'refuses the reason %j',
    (reason) => {
      // JavaScript callers can say anything.
      expect(() => invalidCredentials(reason as 'unknown')).toThrow(/^invalidCredentials\(\): "reason" must/)
    },
  )

  it.each([-1, Number.NaN])('refuses to make clients wait %d seconds', (retryAfterSeconds) => {
    expect(() => invalidCredentials('throttled', { retryAfterSeconds })).toThrow(TypeError)
  })
})
