import { describe, expect, it } from 'vitest'
import { digest } from './digest.ts'

const good = { realm: 'r', secret: () => null }

describe('digest() refuses at construction', () => {
  it.each<[options: unknown, sentence: string]>([
    [undefined, 'wants an object of options'],
    [{ ...good, realm: '' }, '"realm" must be a non-empty string of printable US-ASCII'],
    [{ ...good, realm: 'ä' }, '"realm" must be a non-empty string of printable US-ASCII'],
    [{ realm: 'r' }, 'one of "ha1" and "secret" must be given'],
    [{ ...good, ha1: () => null }, 'one of "ha1" and "secret" must be given'],
    [{ realm: 'r', ha1: 'x' }, '"ha1" must be a function'],
    [{ realm: 'r', secret: 'x' }, '"secret" must be a function'],
    [{ ...good, algorithms: [] }, '"algorithms" must be a list of names such as "SHA-256" and "MD5-sess", each once'],
    [
      { ...good, algorithms: ['SHA-1'] },
      '"algorithms" must be a list of names such as "SHA-256" and "MD5-sess", each once',
    ],
    [
      { ...good, algorithms: ['md5'] },
      '"algorithms" must be a list of names such as "SHA-256" and "MD5-sess", each once',
    ],
    [
      { ...good, algorithms: ['MD5', 'MD5'] },
      '"algorithms" must be a list of names such as "SHA-256" and "MD5-sess", each once',
    ],
    [{ ...good, qop: [] }, '"qop" must be a list of "auth" and "auth-int", each once'],
    [{ ...good, qop: ['auth', 'auth'] }, '"qop" must be a list of "auth" and "auth-int", each once'],
    [{ ...good, opaque: '' }, '"opaque" must be a non-empty string of printable US-ASCII'],
    [{ ...good, domain: '/a' }, '"domain" must be a list of URIs'],
    [{ ...good, domain: ['/a b'] }, '"domain" must be a list of URIs'],
    [{ ...good, nonceKeys: ['short'] }, '"nonceKeys" must be a list of keys, each 32 octets or characters at least'],
    [
      { ...good, nonceKeys: new Uint8Array(32) },
      '"nonceKeys" must be a list of keys, each 32 octets or characters at least',
    ],
    [{ ...good, nonceLifetimeSeconds: 0 }, '"nonceLifetimeSeconds" must be a number above 0'],
    [{ ...good, nonceLifetimeSeconds: Number.POSITIVE_INFINITY }, '"nonceLifetimeSeconds" must be a number above 0'],
    [{ ...good, nonceStore: {} }, '"nonceStore" must be a NonceStore'],
    [{ ...good, limitBytes: -1 }, '"limitBytes" must be a whole number, 0 at least'],
    [{ ...good, usernames: 7 }, '"usernames" must be a list of names'],
    [{ ...good, usernames: 'ab' }, '"usernames" must be a list of names'],
    [{ ...good, usernameOfHash: 7 }, '"usernameOfHash" must be a function'],
    [
      { ...good, usernameOfHash: () => null, usernames: [] },
      'only one of "usernameOfHash" and "usernames" may be given',
    ],
    [{ ...good, validate: 7 }, '"validate" must be a function'],
    [{ ...good, throttle: {} }, '"throttle" must be a throttle, such as throttle() makes'],
    [{ ...good, challenge: 7 }, '"challenge" must be a function'],
  ])('%j', (options, sentence) => {
    expect(() => Reflect.apply(digest, undefined, [options])).toThrow(new TypeError(`digest(): ${sentence}`))
  })

  it('D18, D19: has one default algorithm, which is not MD5', () => {
    expect(digest(good).challenge.parameters).toContainEqual(['algorithm', 'SHA-256'])
  })
})
