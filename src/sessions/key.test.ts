import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Browser, causeOf, service } from '../../test/sessions/kit.ts'
import { isSessionValue, keyOf, newHandle, newSessionValue, tagOf } from './key.ts'
import { isRememberText, newRememberText, openSuccessor, rememberToken, sealSuccessor } from './remember-token.ts'

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

describe('the cookie of a session', () => {
  it('is read back as what was written, and no two are alike', async () => {
    const values = Array.from({ length: 1000 }, () => newSessionValue(random))
    expect(values.every(isSessionValue)).toBe(true)
    expect(new Set(await Promise.all(values.map((value) => keyOf(value, 'session')))).size).toBe(1000)
    const value = values[0] ?? ''
    expect(newSessionValue(random, tagOf(value)).slice(0, 15)).toBe(value.slice(0, 15))
    expect(newHandle(random)).toMatch(/^[\w-]{22}$/)
  })

  it('is nothing but its one form, whatever stands there', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^s1\.[\w-]{10,12}\.[\w-]{21,23}.?$/)), (text) => {
        expect(isSessionValue(text)).toBe(
          /^s1\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{22}$/.test(text) && !text.includes('\n'),
        )
      }),
    )
  })

  it('may be anything without a throw, a 500 or a session', async () => {
    const { auth } = service()
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[!#-+\--:<-[\]-~]*$/), async (value) => {
        const browser = new Browser()
        browser.cookies.set('__Host-session', value)
        const cause = causeOf(await auth.decide(browser.request(), 'visitor'))
        expect(cause).toMatchObject({ kind: 'InvalidCredentials', discardable: true })
      }),
    )
  })
})

describe('the cookie of a remembered browser', () => {
  it('keeps its family from token to token', async () => {
    const first = await rememberToken(newRememberText(random), 'remember')
    const second = await rememberToken(newRememberText(random, first.text), 'remember')
    expect(isRememberText(second.text)).toBe(true)
    expect(second.family).toBe(first.family)
    expect(second.tokenHash).not.toBe(first.tokenHash)
    expect((await rememberToken(newRememberText(random), 'remember')).family).not.toBe(first.family)
  })

  it('opens its successor, which no other token and nobody who altered it can', async () => {
    const before = await rememberToken(newRememberText(random), 'remember')
    const successor = { token: newRememberText(random, before.text), session: newSessionValue(random), handle: 'h' }
    const sealed = await sealSuccessor(successor, before, random)
    expect(await openSuccessor(sealed, before)).toEqual(successor)
    const other = await rememberToken(newRememberText(random, before.text), 'remember')
    expect(await openSuccessor(sealed, other)).toBeUndefined()
    for (let bit = 0; bit < sealed.length * 8; bit += 7) {
      const altered = sealed.slice()
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await openSuccessor(altered, before)).toBeUndefined()
    }
    expect(await openSuccessor(new Uint8Array(), before)).toBeUndefined()
  })
})
