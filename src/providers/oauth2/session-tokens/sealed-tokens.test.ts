import { assert, constantFrom, jsonValue, option, property, record, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonObject } from '../../../wire/json.ts'
import { continued, isOver, jsonOf, type SealedTokens, sealedTokensIn } from './sealed-tokens.ts'

const whole: SealedTokens = {
  issuer: 'https://id.example',
  tenant: 'north',
  clientId: 'orders',
  tokens: {
    accessToken: 'at',
    tokenType: 'dpop',
    expiresAt: 1300,
    refreshToken: 'rt',
    idToken: 'it',
    scopes: ['read', 'write'],
    extra: { more: [1, null] },
  },
  claims: { iss: 'https://id.example', sub: 'ada', aud: ['orders', 'billing'], azp: 'orders', nonce: 'n' },
  givenAt: 1000,
  tries: 2,
  failedAt: 1200,
}

describe('what a session keeps of tokens', () => {
  it('is read as it was written', () => {
    expect(sealedTokensIn(parseJsonObject(jsonOf(whole)))).toEqual(whole)
    const tokens = { accessToken: 'at', tokenType: 'bearer', extra: {} }
    const least = { ...whole, tenant: undefined, claims: undefined, failedAt: undefined, tokens }
    expect(sealedTokensIn(parseJsonObject(jsonOf(least)))).toEqual(least)
  })

  it('is nothing when it is of another form', () => {
    for (const wrong of [
      { v: 2 },
      { tokens: { accessToken: 7 } },
      { issuer: null },
      { givenAt: '1' },
      { tries: null },
    ]) {
      expect(
        sealedTokensIn(parseJsonObject(JSON.stringify({ ...JSON.parse(jsonOf(whole)), ...wrong }))),
      ).toBeUndefined()
    }
    expect(sealedTokensIn(undefined)).toBeUndefined()
  })

  it('is read or refused, whatever it is, and never throws', () => {
    const member = option(jsonValue(), { nil: undefined })
    const shape = record({
      v: constantFrom(1),
      issuer: string(),
      clientId: string(),
      givenAt: member,
      tries: member,
      tokens: member,
      claims: member,
      failedAt: member,
    })
    assert(
      property(shape, (value) => {
        const read = sealedTokensIn(parseJsonObject(JSON.stringify(value)))
        expect(read === undefined || typeof read.tokens.accessToken === 'string').toBe(true)
      }),
    )
  })
})

describe('a refresh', () => {
  it('keeps what the server does not give anew, and forgets what failed before', () => {
    const given = { accessToken: 'next', tokenType: 'dpop', expiresAt: 2300, extra: {} }
    const after = continued(whole, { tokens: given, claims: undefined }, 2000)
    expect(after).toEqual({
      ...whole,
      tokens: { ...given, refreshToken: 'rt', idToken: 'it', scopes: ['read', 'write'] },
      givenAt: 2000,
      tries: 0,
      failedAt: undefined,
    })
  })
})

describe('an access token', () => {
  it('is over in the second that the server said, and never when it said none that makes sense', () => {
    expect(isOver(whole, 1299.9)).toBe(false)
    expect(isOver(whole, 1300)).toBe(true)
    for (const expiresAt of [undefined, 1000, 3]) {
      expect(isOver({ ...whole, tokens: { ...whole.tokens, expiresAt } }, 9999)).toBe(false)
    }
  })
})
