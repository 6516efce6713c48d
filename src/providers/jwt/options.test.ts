import { describe, expect, it } from 'vitest'
import { ISSUER, secretKeys } from '../../../test/jwt/kit.ts'
import { jwt } from './jwt.ts'

const right = { issuer: ISSUER, audience: 'https://api.example', keys: secretKeys, algorithms: ['HS256'] }

function made(options: unknown): unknown {
  return Reflect.apply(jwt, undefined, [options])
}

describe('jwt(): options', () => {
  it('are enough with issuer, audience and keys', () => {
    expect(made({ issuer: ISSUER, audience: 'a', keys: secretKeys })).toHaveProperty('authenticate')
  })

  it.each([
    [undefined, 'wants an object'],
    [null, 'wants an object'],
    [{ ...right, issuer: undefined }, '"issuer"'],
    [{ ...right, issuer: '' }, '"issuer"'],
    [{ ...right, issuer: ['a'] }, '"issuer"'],
    [{ ...right, audience: undefined }, '"audience"'],
    [{ ...right, audience: '' }, '"audience"'],
    [{ ...right, audience: [] }, '"audience"'],
    [{ ...right, audience: ['a', ''] }, '"audience"'],
    [{ ...right, keys: undefined }, '"keys"'],
    [{ ...right, keys: 'secret' }, '"keys"'],
    [{ ...right, algorithms: [] }, '"algorithms"'],
    [{ ...right, algorithms: 'HS256' }, '"algorithms"'],
    [{ ...right, algorithms: ['none'] }, '"algorithms"'],
    [{ ...right, algorithms: ['RS256', 'hs256'] }, '"algorithms"'],
    [{ ...right, profile: 'jwt' }, '"profile"'],
    [{ ...right, requiredClaims: 'tenant' }, '"requiredClaims"'],
    [{ ...right, requiredClaims: [''] }, '"requiredClaims"'],
    [{ ...right, clockToleranceSeconds: -1 }, '"clockToleranceSeconds"'],
    [{ ...right, clockToleranceSeconds: 601 }, '"clockToleranceSeconds"'],
    [{ ...right, clockToleranceSeconds: Number.NaN }, '"clockToleranceSeconds"'],
    [{ ...right, maxAgeSeconds: 0 }, '"maxAgeSeconds"'],
    [{ ...right, maxAgeSeconds: Number.POSITIVE_INFINITY }, '"maxAgeSeconds"'],
    [{ ...right, maxTokenLength: 16_385 }, '"maxTokenLength"'],
    [{ ...right, maxTokenLength: 0 }, '"maxTokenLength"'],
    [{ ...right, cache: { maxEntries: 0 } }, '"cache.maxEntries"'],
    [{ ...right, cache: true }, '"cache.maxEntries"'],
    [{ ...right, cache: null }, '"cache.maxEntries"'],
    [{ ...right, validate: 'x' }, '"validate"'],
    [{ ...right, challenge: 'x' }, '"challenge"'],
    [{ ...right, claims: {} }, '"claims"'],
    [{ ...right, claims: null }, '"claims"'],
    [{ ...right, realm: '' }, '"realm"'],
    [{ ...right, scheme: 'a b' }, '"scheme"'],
    [{ ...right, tokenFrom: {} }, '"tokenFrom"'],
    [{ ...right, issuers: {} }, '"issuer" or "issuers"'],
    [{ issuers: {} }, '"issuers"'],
    [{ issuers: 7 }, '"issuers"'],
    [{ issuers: { a: null } }, '"issuers"'],
    [{ issuers: { a: { ...right, audience: '' } } }, '"audience"'],
    [{ issuers: { '': right } }, '"issuer"'],
    [{ issuers: () => null, issuersTtlSeconds: -1 }, '"issuersTtlSeconds"'],
  ])('that are wrong are a TypeError: %o', (options, sentence) => {
    expect(() => made(options)).toThrow(TypeError)
    expect(() => made(options)).toThrow(/^jwt\(\)/)
    expect(() => made(options)).toThrow(sentence)
  })

  it('names an algorithm that the runtime lacks', () => {
    const hasMlDsa = typeof Reflect.get(globalThis.SubtleCrypto ?? {}, 'supports') === 'function'
    const make = (): unknown => made({ ...right, algorithms: ['ML-DSA-44'] })
    if (hasMlDsa) expect(make()).toHaveProperty('authenticate')
    else expect(make).toThrow('ML-DSA-44')
  })
})
