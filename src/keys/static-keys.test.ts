import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { edKey, wanting } from '../../test/keys/scripted-issuer.ts'
import { isCause } from '../core/cause.ts'
import { importKey, type KeySource, type KeyWant, staticKeys } from './index.ts'

const { signal } = new AbortController()
const secret = new Uint8Array(64).fill(7)
const pem = String(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }),
)

/** Answers the ids of what was found, or the reason of the refusal. */
function ask(keys: KeySource, want: KeyWant): string {
  const found = keys.find(want, signal)
  if (found instanceof Promise) return expect.fail('static keys answer at once')
  if (isCause(found)) return found.kind === 'InvalidCredentials' ? String(found.reason) : found.kind
  return found.map((key) => key.kid ?? 'nameless').join()
}

describe('staticKeys()', () => {
  const mixed = staticKeys([edKey('a'), importKey(pem, { kid: 'r', alg: 'RS256' }), importKey(secret, { kid: 's' })])

  it.each([
    [wanting('a'), 'a'],
    [wanting('r', 'RS256'), 'r'],
    [wanting('s', 'HS512'), 's'],
    [wanting('a', 'RS256'), 'unknown-key'],
    [wanting('r', 'HS256'), 'unknown-key'],
    [wanting('r', 'RS384'), 'unknown-key'],
    [wanting('s', 'RS256'), 'unknown-key'],
    [wanting('other'), 'unknown-key'],
    [wanting('constructor'), 'unknown-key'],
    [wanting('__proto__'), 'unknown-key'],
    [{ ...wanting('a'), use: 'enc' as const }, 'unknown-key'],
  ])('answers for %j: %s', (want, answer) => {
    expect(ask(mixed, want)).toBe(answer)
  })

  it('gives a token without an id the only key that fits, and no key when several do', () => {
    expect(ask(mixed, wanting(undefined, 'RS256'))).toBe('r')
    expect(ask(staticKeys([edKey('a'), edKey('b')]), wanting(undefined))).toBe('unknown-key')
    expect(ask(staticKeys([edKey(undefined), edKey(undefined)]), wanting(undefined))).toBe('unknown-key')
  })

  it('gives a token with any id the only key without one, unless a key has that id', () => {
    const keys = staticKeys([edKey('a'), edKey(undefined)])
    expect(ask(keys, wanting('a'))).toBe('a')
    expect(ask(keys, wanting('b'))).toBe('nameless')
    expect(ask(keys, wanting('a', 'RS256'))).toBe('unknown-key')
    expect(ask(staticKeys([edKey(undefined), edKey(undefined)]), wanting('b'))).toBe('unknown-key')
  })

  it('gives all keys of an id that comes twice', () => {
    expect(ask(staticKeys([edKey('a'), edKey('a'), edKey('b')]), wanting('a'))).toBe('a,a')
  })

  it('tells apart keys of one id by their algorithm', () => {
    const keys = staticKeys([edKey('a'), importKey(pem, { kid: 'a' })])
    expect(keys.find(wanting('a', 'RS256'), signal)).toMatchObject([{ algorithms: { 0: 'RS256' } }])
    expect(keys.find(wanting('a', 'EdDSA'), signal)).toMatchObject([{ algorithms: ['EdDSA', 'Ed25519'] }])
  })

  it('never changes', () => {
    expect(mixed.generation).toBe(0)
  })

  it('exports the public keys, and no secret and no private key', async () => {
    const decryption = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    const a = edKey('a')
    const keys = staticKeys([a, importKey(pem, { kid: 'r', alg: 'RS256' }), secret, { ...decryption, use: 'enc' }])
    const text = await keys.export()
    const rsa = { kty: 'RSA', n: expect.any(String), e: 'AQAB', kid: 'r', use: 'sig', alg: 'RS256' }
    expect(JSON.parse(text)).toEqual({ keys: [{ ...a, use: 'sig' }, rsa] })
    expect(ask(staticKeys(JSON.parse(text).keys), wanting('r', 'RS256'))).toBe('r')
  })

  it.each([
    [[], '"keys" must be a list of keys'],
    ['text', '"keys" must be a list of keys'],
    [undefined, '"keys" must be a list of keys'],
    [[edKey('a'), 'text'], 'the key at index 1 is a text that is not PEM; a secret is given as octets'],
    [[secret.subarray(0, 31)], 'the key at index 0 is a secret of less than 32 octets'],
    [[{ ...importKey(pem) }], 'the key at index 0 has a type that is not supported'],
  ])('throws at construction for %o: %s', (keys, problem) => {
    expect(() => Reflect.apply(staticKeys, undefined, [keys])).toThrow(new TypeError(`staticKeys(): ${problem}`))
  })
})
