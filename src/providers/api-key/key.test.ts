import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateApiKey, hashApiKey, isWellFormedApiKey, verifyApiKey } from './key.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Gives the bytes 0, 1, 2, … over and over. */
function counting(): (bytes: number) => Uint8Array {
  let next = 0
  return (bytes) => Uint8Array.from({ length: bytes }, () => next++ % 256)
}

describe('generateApiKey()', () => {
  it('writes prefix, 30 random characters and six of checksum', () => {
    expect(generateApiKey('acme')).toMatch(/^acme_[0-9A-Za-z]{36}$/)
    expect(generateApiKey('acme_live')).toMatch(/^acme_live_[0-9A-Za-z]{36}$/)
    expect(generateApiKey('a-b-1')).toMatch(/^a-b-1_[0-9A-Za-z]{36}$/)
  })

  it('takes the checksum, a CRC-32 of everything before it, with the most significant digit first', () => {
    const key = generateApiKey('acme', counting())
    expect(key.slice(0, 35)).toBe('acme_0123456789ABCDEFGHIJKLMNOPQRST')
    const value = [...key.slice(35)].reduce((sum, digit) => sum * 62 + ALPHABET.indexOf(digit), 0)
    expect(value).toBe(crc32(key.slice(0, 35)))
  })

  it('makes every character equally likely: four octets for each of the 62', () => {
    const counts = new Map<string, number>()
    for (let octet = 0; octet < 248; octet++) {
      const character = generateApiKey('a', (bytes) => new Uint8Array(bytes).fill(octet)).charAt(2)
      counts.set(character, (counts.get(character) ?? 0) + 1)
    }
    expect([...counts.values()]).toEqual(Array.from({ length: 62 }, () => 4))
  })

  it('passes over the eight octets that would make some characters likelier, and draws again', () => {
    let draws = 0
    const random = (bytes: number) => {
      draws++
      return Uint8Array.from({ length: bytes }, (_, index) => (index % 2 === 0 ? 248 + (index % 8) : draws))
    }
    expect(generateApiKey('a', random)).toMatch(/^a_1{20}2{10}/)
    expect(draws).toBe(2)
  })

  it('gives another key each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => generateApiKey('acme')))).toHaveProperty('size', 1000)
  })

  it.each([
    ['that repeats what cannot be used', (bytes: number) => new Uint8Array(bytes).fill(255)],
    ['that gives nothing', () => new Uint8Array()],
  ])('throws a RangeError at a random source %s, instead of trying for ever', (_what, random) => {
    expect(() => generateApiKey('acme', random)).toThrow(RangeError)
  })

  it.each(['', 'A', '1a', '_a', 'a_', 'a__b', 'a-_b', 'a b', 'caf\u00e9', 'a'.repeat(33), undefined])(
    'refuses the prefix %j',
    (prefix) => {
      expect(() => Reflect.apply(generateApiKey, undefined, [prefix])).toThrow('generateApiKey(): "prefix" must be')
      expect(() => Reflect.apply(isWellFormedApiKey, undefined, ['x', prefix])).toThrow(TypeError)
    },
  )
})

describe('isWellFormedApiKey()', () => {
  const key = generateApiKey('acme', counting())

  it('accepts what generateApiKey made with the same prefix, and with no other', () => {
    for (const prefix of ['a', 'acme', 'acme_live', 'acme-live', 'a'.repeat(32)]) {
      const made = generateApiKey(prefix)
      expect(isWellFormedApiKey(made, prefix)).toBe(true)
      expect(isWellFormedApiKey(made, 'other')).toBe(false)
    }
    expect(isWellFormedApiKey(generateApiKey('acme_live'), 'acme')).toBe(false)
  })

  it('finds every single mistyped character, and any two neighbours that changed places', () => {
    for (let index = 5; index < key.length; index++) {
      for (const character of ALPHABET) {
        if (character === key[index]) continue
        expect(isWellFormedApiKey(key.slice(0, index) + character + key.slice(index + 1), 'acme')).toBe(false)
      }
      const [a = '', b = ''] = key.slice(index, index + 2)
      if (b !== '' && a !== b) {
        expect(isWellFormedApiKey(key.slice(0, index) + b + a + key.slice(index + 2), 'acme')).toBe(false)
      }
    }
  })

  it('refuses everything else without throwing', () => {
    for (const other of ['', 'acme_', key.slice(0, -1), `${key}0`, ` ${key}`, key.toUpperCase(), `${key}\n`]) {
      expect(isWellFormedApiKey(other, 'acme')).toBe(false)
    }
    for (const other of [undefined, null, 7, [key]]) {
      expect(Reflect.apply(isWellFormedApiKey, undefined, [other, 'acme'])).toBe(false)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isWellFormedApiKey(text, 'acme')).toBe(false)
        expect(isWellFormedApiKey(`acme_${text}`, 'acme')).toBe(false)
      }),
    )
  })
})

describe('hashApiKey()', () => {
  it('answers sha256: and the hash of the key as UTF-8 in base64url', async () => {
    expect(await hashApiKey('abc')).toBe('sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  it('is a promise on Node too, so that forgetting await fails the same way everywhere', () => {
    expect(hashApiKey('abc')).toBeInstanceOf(Promise)
  })
})

describe('verifyApiKey()', () => {
  const principal = { machine: 7 }

  it('answers the principal for the right key and null for every other', async () => {
    const key = generateApiKey('acme')
    const stored = await hashApiKey(key)
    expect(await verifyApiKey(key, stored, principal)).toBe(principal)
    for (const other of ['', key.slice(1), stored, generateApiKey('acme')]) {
      expect(await verifyApiKey(other, stored, principal)).toBeNull()
    }
  })

  it.each(['', 'acme_key', 'sha256:', `sha256:${'A'.repeat(42)}`, `sha512:${'A'.repeat(43)}`, undefined])(
    'rejects with a TypeError when %j was stored, which no key could ever match',
    async (stored) => {
      const answer = Reflect.apply(verifyApiKey, undefined, ['key', stored, principal])
      await expect(answer).rejects.toThrow('verifyApiKey(): "stored" must be an answer of hashApiKey()')
    },
  )
})
