import { describe, expect, it, vi } from 'vitest'
import { decider, encode, hmacToken, ISSUER, NOW, rightClaims, secret, secretKeys } from '../../../test/jwt/kit.ts'
import { importKey } from '../../keys/import-key.ts'
import { staticKeys } from '../../keys/static-keys.ts'
import type { IssuerRules } from './jwt.ts'

const OTHER = 'https://other.example'
const otherSecret = new Uint8Array(32).fill(9)
const rules: IssuerRules = { audience: 'https://api.example', keys: secretKeys, algorithms: ['HS256'] }
const otherRules: IssuerRules = {
  audience: 'orders',
  keys: staticKeys([importKey(otherSecret, { alg: 'HS256' })]),
  algorithms: ['HS256'],
  profile: 'any',
}

const first = hmacToken(rightClaims)
const second = hmacToken({ iss: OTHER, aud: 'orders', exp: NOW + 60 }, { alg: 'HS256' }, otherSecret)

describe('jwt() with listed issuers', () => {
  const decide = decider({ issuers: { [ISSUER]: rules, [OTHER]: otherRules } })

  it('judges each token by the rules of its own issuer', async () => {
    expect((await decide(first)).principal).toEqual(rightClaims)
    expect((await decide(second)).principal).toMatchObject({ iss: OTHER })
  })

  it.each([
    ['an issuer that is not listed', { ...rightClaims, iss: 'https://else.example' }, 'wrong-issuer'],
    ['an issuer spelled otherwise', { ...rightClaims, iss: `${ISSUER}/` }, 'wrong-issuer'],
    ['the name of what every object inherits', { ...rightClaims, iss: 'constructor' }, 'wrong-issuer'],
    ['an issuer that is no text', { ...rightClaims, iss: [ISSUER] }, 'wrong-issuer'],
    ['no issuer', {}, 'wrong-issuer'],
    ['a payload that is no object', '[]', 'malformed-credential'],
    ["another issuer's key", { ...rightClaims, iss: OTHER }, 'wrong-type'],
  ])('refuses %s', async (_what, claims, reason) => {
    expect(await decide(hmacToken(claims))).toMatchObject({ status: 401, reason })
  })

  it("does not let one issuer sign in another's name", async () => {
    const claims = { iss: OTHER, aud: 'orders', exp: NOW + 60 }
    expect((await decide(hmacToken(claims, { alg: 'HS256' }, secret))).reason).toBe('bad-signature')
  })
})

describe('jwt() with issuers that are looked up', () => {
  it('asks once while the answer lasts, also for strangers', async () => {
    const issuers = vi.fn((issuer: string) => (issuer === ISSUER ? rules : null))
    const decide = decider({ issuers, issuersTtlSeconds: 100 })
    const stranger = hmacToken({ ...rightClaims, iss: 'https://else.example' })
    for (const now of [NOW, NOW + 1, NOW + 9]) {
      expect((await decide(first, now)).reason).toBe('accepted')
      expect((await decide(stranger, now)).reason).toBe('wrong-issuer')
    }
    expect(issuers.mock.calls.map(([issuer]) => issuer)).toEqual([ISSUER, 'https://else.example'])
    await decide(stranger, NOW + 11)
    await decide(first, NOW + 99)
    expect(issuers).toHaveBeenCalledTimes(3)
    await decide(first, NOW + 100)
    expect(issuers).toHaveBeenCalledTimes(4)
  })

  it('asks once for many requests at once', async () => {
    const issuers = vi.fn(async () => rules)
    const decide = decider({ issuers })
    const seen = await Promise.all(Array.from({ length: 20 }, () => decide(first)))
    expect(new Set(seen.map(({ reason }) => reason))).toEqual(new Set(['accepted']))
    expect(issuers).toHaveBeenCalledTimes(1)
  })

  it('forgets tokens of an issuer that is no longer trusted', async () => {
    let answer: IssuerRules | null = rules
    const decide = decider({ issuers: async () => answer, issuersTtlSeconds: 10 })
    expect((await decide(first)).reason).toBe('accepted')
    answer = null
    expect((await decide(first, NOW + 9)).reason).toBe('accepted')
    expect((await decide(first, NOW + 10)).reason).toBe('wrong-issuer')
  })

  it('cannot decide when the look-up fails or answers nonsense, and asks again', async () => {
    const answers: (() => IssuerRules)[] = [
      () => {
        throw new Error('the database is down')
      },
      () => Object.assign({}, rules, { audience: '' }),
      () => rules,
    ]
    for (const settle of [<T>(make: () => T) => make(), async <T>(make: () => T) => make()]) {
      const left = [...answers]
      const decide = decider({ issuers: () => settle(left.shift() ?? (() => rules)) })
      const statuses = [await decide(first), await decide(first), await decide(first)].map(({ status }) => status)
      expect(statuses).toEqual([503, 503, 200])
    }
  })

  it('is not filled up by strangers', async () => {
    const issuers = vi.fn((issuer: string) => (issuer === ISSUER ? rules : null))
    const decide = decider({ issuers })
    await decide(first)
    for (let index = 0; index < 3000; index++) {
      await decide(`${encode({ alg: 'HS256' })}.${encode({ iss: `https://${index}.example` })}.AAAA`)
    }
    await decide(first)
    expect(issuers.mock.calls.filter(([issuer]) => issuer === ISSUER)).toHaveLength(1)
  })
})
