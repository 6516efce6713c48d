import { describe, expect, it } from 'vitest'
import { base } from '../../../test/sessions/sealed-kit.ts'
import { testRequest } from '../../testing/request.ts'
import { sealedSessions } from './sealed-sessions.ts'

describe('the options of sealedSessions()', () => {
  it.each([
    [undefined, 'wants an object of options'],
    [{ ...base, keys: [] }, '"keys" must be a list of at least one { id, key }'],
    [{ ...base, keys: [{ id: 'a', key: 'short' }] }, 'every "key" in "keys" must have at least 32 bytes'],
    [{ ...base, absoluteSeconds: undefined }, '"absoluteSeconds" must be a whole number from 1'],
    [{ ...base, absoluteSeconds: 0.5 }, '"absoluteSeconds" must be a whole number from 1'],
    [
      { ...base, absoluteSeconds: 43_201 },
      '"absoluteSeconds" must be at most 43200, since only "notBefore" could end a session earlier',
    ],
    [{ ...base, idleSeconds: 0 }, '"idleSeconds" must be a whole number from 1 to "absoluteSeconds"'],
    [{ ...base, idleSeconds: 3601 }, '"idleSeconds" must be a whole number from 1 to "absoluteSeconds"'],
    [{ ...base, schema: {} }, '"schema" must be a Standard Schema'],
    [{ ...base, dataVersion: 0 }, '"dataVersion" must be a whole number from 1'],
    [{ ...base, migrate: true }, '"migrate" must be a function'],
    [{ ...base, notBefore: 5 }, '"notBefore" must be a function'],
    [{ ...base, clock: 5 }, '"clock" must be a function'],
    [{ ...base, chunks: 3 }, '"chunks" must be 1 or 2'],
    [{ ...base, cookie: { name: 'a b' } }, '"cookie.name" must be a token of at most 64 characters'],
    [{ ...base, cookie: { sameSite: 'None' } }, '"cookie.sameSite" must be "Lax" or "Strict"'],
  ])('are refused when they are %o', (options, sentence) => {
    expect(() => Reflect.apply(sealedSessions, undefined, [options])).toThrow(
      new TypeError(`sealedSessions(): ${sentence}`),
    )
  })

  it('allow 12 hours without "notBefore", and any time with it', () => {
    expect(() => sealedSessions({ ...base, absoluteSeconds: 43_200 })).not.toThrow()
    expect(() => sealedSessions({ ...base, absoluteSeconds: 10 ** 8, notBefore: () => undefined })).not.toThrow()
  })

  it.each(['', 'x'.repeat(256), 'a\0b', '\ud800', undefined])('refuse the subject %j at a login', async (subject) => {
    const login = Reflect.apply(sealedSessions(base).login, sealedSessions(base), [
      testRequest(),
      { name: 'Anna' },
      { subject },
    ])
    await expect(login).rejects.toThrow(
      new TypeError('sealedSessions(): "subject" must be 1 to 255 characters without lone surrogates or U+0000'),
    )
  })
})
