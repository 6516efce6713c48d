import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { passwordPolicy } from './policy.ts'

describe('passwordPolicy()', () => {
  it('counts characters after NFC, not bytes and not UTF-16 units', async () => {
    const { check } = passwordPolicy()
    expect(await check('1234567')).toEqual({ ok: false, problem: 'too-short' })
    expect(await check('12345678')).toEqual({ ok: true })
    expect(await check('🔑'.repeat(7))).toEqual({ ok: false, problem: 'too-short' })
    expect(await check('🔑'.repeat(8))).toEqual({ ok: true })
    expect(await check('e\u0301'.repeat(7))).toEqual({ ok: false, problem: 'too-short' })
    expect(await check('')).toEqual({ ok: false, problem: 'too-short' })
  })

  it('has no rules of composition', async () => {
    const { check } = passwordPolicy()
    for (const password of ['aaaaaaaa', '11111111', '        ', 'ßßßßßßßß']) {
      expect(await check(password)).toEqual({ ok: true })
    }
  })

  it('refuses what is too long for the policy or for passwords()', async () => {
    const { check } = passwordPolicy({ maxLength: 64 })
    expect(await check('a'.repeat(64))).toEqual({ ok: true })
    expect(await check('a'.repeat(65))).toEqual({ ok: false, problem: 'too-long' })
    expect(await passwordPolicy().check('a'.repeat(1024))).toEqual({ ok: true })
    expect(await passwordPolicy().check('a'.repeat(1025))).toEqual({ ok: false, problem: 'too-long' })
  })

  it('refuses what no login would let through', async () => {
    const { check } = passwordPolicy()
    expect(await check('12345678\0')).toEqual({ ok: false, problem: 'ill-formed' })
    expect(await check('12345678\ud800')).toEqual({ ok: false, problem: 'ill-formed' })
  })

  it('asks the list for passwords of the right length only, after NFC, with the signal', async () => {
    const asked: unknown[] = []
    const { signal } = new AbortController()
    const { check } = passwordPolicy({
      blocked: async (password, signal) => {
        asked.push([password, signal])
        return password === 'password'
      },
    })
    expect(await check('password', { signal })).toEqual({ ok: false, problem: 'blocked' })
    expect(await check('passwore\u0301')).toEqual({ ok: true })
    expect(await check('short')).toEqual({ ok: false, problem: 'too-short' })
    expect(asked).toEqual([
      ['password', signal],
      ['passwor\u00e9', undefined],
    ])
  })

  it('lets nothing through when the list answers nonsense, and rejects with what it throws', async () => {
    const nonsense = Reflect.apply(passwordPolicy, undefined, [{ blocked: () => undefined }])
    expect(await nonsense.check('12345678')).toEqual({ ok: false, problem: 'blocked' })
    const broken = passwordPolicy({ blocked: () => Promise.reject(new Error('list down')) })
    await expect(broken.check('12345678')).rejects.toThrow('list down')
    const throwing = passwordPolicy({
      blocked: () => {
        throw new Error('list down')
      },
    })
    await expect(throwing.check('12345678')).rejects.toThrow('list down')
  })

  it('takes every text of the right length, and rejects only what is no text', async () => {
    const { check } = passwordPolicy({ minLength: 1 })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), async (password) => {
        expect(await check(password)).toEqual(
          password.includes('\0') ? { ok: false, problem: 'ill-formed' } : { ok: true },
        )
      }),
    )
    await expect(Reflect.apply(check, undefined, [7])).rejects.toThrow('check(): "password" must be a string')
  })

  it.each([
    ['"minLength" must be', { minLength: 0 }],
    ['"minLength" must be', { minLength: 8.5 }],
    ['"maxLength" must be', { maxLength: 63 }],
    ['"maxLength" must be', { minLength: 100, maxLength: 99 }],
    ['"blocked" must be a function', { blocked: ['password'] }],
  ])('throws a TypeError: %s', (message, options) => {
    const make = (): unknown => Reflect.apply(passwordPolicy, undefined, [options])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })
})
