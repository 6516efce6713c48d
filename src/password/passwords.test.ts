import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { PasswordFormat } from './formats/format.ts'
import { type PasswordsOptions, passwords } from './passwords.ts'

/** Cheap ones, so that the tests are about what is hashed and not about how slowly. */
const cheap = { algorithm: 'pbkdf2-sha256', iterations: 2 } as const
const [key1, key2] = ['first pepper key, 32 bytes at least', 'second pepper key, 32 bytes at least']
const refused = { ok: false, needsRehash: false }

describe('passwords()', () => {
  it.each<[string, PasswordsOptions]>([
    ['$argon2id$v=19$m=64,t=1,p=2', { algorithm: 'argon2id', memoryKib: 64, passes: 1, parallelism: 2 }],
    ['$scrypt$ln=4,r=2,p=3', { algorithm: 'scrypt', cost: 16, blockSize: 2, parallelism: 3 }],
    ['$pbkdf2-sha256$i=2', cheap],
  ])('hashes as %s and verifies it', async (head, options) => {
    const { hash, verify } = passwords(options)
    const stored = await hash('correct horse')
    expect(stored.replace(/\$[^$]{22}\$[^$]{43}$/, '')).toBe(head)
    expect(await verify('correct horse', stored)).toEqual({ ok: true, needsRehash: false })
    expect(await verify('correct hors', stored)).toEqual(refused)
    expect(await verify('', stored)).toEqual(refused)
    expect(await hash('correct horse')).not.toBe(stored)
  })

  it.each<[string, PasswordsOptions]>([
    ['$argon2id$v=19$m=19456,t=2,p=1$', { algorithm: 'argon2id' }],
    ['$scrypt$ln=17,r=8,p=1$', { algorithm: 'scrypt' }],
    ['$pbkdf2-sha256$i=600000$', { algorithm: 'pbkdf2-sha256' }],
  ])('takes the parameters of OWASP unless told otherwise: %s', async (head, options) => {
    expect(await passwords(options).hash('x')).toContain(head)
  })

  it('verifies hashes of every algorithm, and wants those of another one rehashed', async () => {
    const argon2 = passwords({ algorithm: 'argon2id', memoryKib: 64, passes: 1 })
    const stored = await argon2.hash('x')
    expect(await passwords(cheap).verify('x', stored)).toEqual({ ok: true, needsRehash: true })
    expect(await argon2.verify('x', await passwords(cheap).hash('x'))).toEqual({ ok: true, needsRehash: true })
  })

  it('wants a weaker hash rehashed, and leaves a stronger one alone', async () => {
    const [weak, strong] = [passwords(cheap), passwords({ ...cheap, iterations: 3 })]
    expect(await strong.verify('x', await weak.hash('x'))).toEqual({ ok: true, needsRehash: true })
    expect(await weak.verify('x', await strong.hash('x'))).toEqual({ ok: true, needsRehash: false })
    expect(await strong.verify('y', await weak.hash('x'))).toEqual(refused)
  })

  it('wants a hash with a shorter salt or a shorter hash rehashed', async () => {
    const [salt16, salt8] = ['c2FsdHNhbHRzYWx0c2FsdA', 'c2FsdHNhbHQ']
    const answers = await Promise.all(
      [
        `$pbkdf2-sha256$i=2$${salt16}$RfI1hhgQUxaf0GaTnIeeZw`,
        `$pbkdf2-sha256$i=2$${salt8}$6yyCTqmHKWN2JjqwIyd+OfAEXGwzI1JYs3CdZ75S/mE`,
      ].map((stored) => passwords(cheap).verify('x', stored)),
    )
    expect(answers).toEqual([
      { ok: true, needsRehash: true },
      { ok: true, needsRehash: true },
    ])
  })

  it('takes every spelling of the same characters for the same password', async () => {
    const { hash, verify } = passwords(cheap)
    expect(await verify('caf\u00e9', await hash('cafe\u0301'))).toMatchObject({ ok: true })
    expect(await verify('cafe\u0301', await hash('caf\u00e9'))).toMatchObject({ ok: true })
    expect(await verify('cafe', await hash('caf\u00e9'))).toEqual(refused)
    // NFKC would let the ligature be two letters.
    expect(await verify('fi', await hash('\ufb01'))).toEqual(refused)
  })

  it.each([null, undefined, ''])('answers a plain no when %j is stored', async (stored) => {
    const { verify } = passwords(cheap)
    expect(await verify('x', stored)).toEqual(refused)
    expect(await verify('', stored)).toEqual(refused)
  })

  it('refuses passwords over 1,024 bytes, with NUL and with lone surrogates, each in its own words', async () => {
    const { hash, verify } = passwords(cheap)
    const stored = await hash('a'.repeat(1024))
    expect(await verify('a'.repeat(1024), stored)).toMatchObject({ ok: true })
    await expect(hash('a'.repeat(1025))).rejects.toThrow(RangeError)
    await expect(hash('\u00e9'.repeat(513))).rejects.toThrow('"password" must have at most 1024 bytes')
    // Canonical composition makes these three times as long as they came.
    await expect(hash('\u{1d160}'.repeat(200))).rejects.toThrow(RangeError)
    await expect(hash('a\0b')).rejects.toThrow('"password" must have neither NUL nor lone surrogates')
    await expect(hash('\ud800')).rejects.toThrow(TypeError)
    for (const password of ['a'.repeat(1025), '\u00e9'.repeat(513), 'a\0b', '\ud800', '\udc00x']) {
      expect(await verify(password, stored)).toEqual(refused)
      expect(await verify(password, null)).toEqual(refused)
      // Not even this: whoever is told 503 instead learns that the name exists.
      expect(await verify(password, 'x'.repeat(40))).toEqual(refused)
    }
  })

  it('rejects with a TypeError what is no text: a body that nobody parsed', async () => {
    const { hash, verify } = passwords(cheap)
    await expect(Reflect.apply(hash, undefined, [7])).rejects.toThrow('hash(): "password" must be a string')
    await expect(Reflect.apply(verify, undefined, [undefined, null])).rejects.toThrow('verify(): "password"')
    await expect(Reflect.apply(verify, undefined, ['x', 7])).rejects.toThrow('verify(): "stored"')
  })

  it.each([
    ['an unknown format', 'x'],
    ['a format that is not listed', '$2b$10$abcdefghijklmnopqrstuuJ8qvcTVbDBbVYhnIzhsZ5BsLqhbBmTS'],
    ['memory over its cap', '$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'],
    ['iterations over their cap', '$pbkdf2-sha256$i=10000001$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'],
    ['N over its cap', '$scrypt$ln=31,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'],
  ])('rejects with hash-unsupported for %s, which is a 503 and never a wrong password', async (_what, stored) => {
    const error: unknown = await passwords(cheap)
      .verify('canary-password', stored)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ kind: 'Error', code: 'hash-unsupported', retryable: true })
    expect(String(error)).not.toContain(stored)
  })

  it('answers every mutation of a stored hash with no or hash-unsupported', async () => {
    const { hash, verify } = passwords(cheap)
    const stored = await hash('x')
    const mutation = fc.tuple(
      fc.nat(stored.length - 1),
      fc.oneof(fc.string({ maxLength: 1 }), fc.constantFrom('$', ',', '=', 'A', '1')),
    )
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, character]) => {
        const other = stored.slice(0, at) + character + stored.slice(at + 1)
        const answer = await verify('x', other).catch((error: unknown) => error)
        if (other === stored) expect(answer).toEqual({ ok: true, needsRehash: false })
        else expect([refused, expect.objectContaining({ code: 'hash-unsupported' })]).toContainEqual(answer)
      }),
      { numRuns: 500 },
    )
  })

  it('turns away what cannot be done before the deadline, by the clock it was given', async () => {
    const { hash, verify } = passwords({ ...cheap, clock: () => 5000 })
    const stored = await hash('x')
    expect(await verify('x', stored, { deadline: 5010 })).toMatchObject({ ok: true })
    await expect(verify('x', stored, { deadline: 5000 })).rejects.toMatchObject({ code: 'overloaded' })
    await expect(hash('x', { deadline: 4990 })).rejects.toMatchObject({ code: 'overloaded' })
    await expect(verify('x', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  })

  it('tells how busy it is', async () => {
    const { hash, load } = passwords({ ...cheap, concurrency: 1 })
    const hashes = [hash('a'), hash('b'), hash('c')]
    expect(load()).toMatchObject({ running: 1, waiting: 2 })
    await Promise.all(hashes)
    expect(load()).toMatchObject({ running: 0, waiting: 0 })
    expect(load().averageSeconds).toBeGreaterThan(0)
  })
})

describe('passwords() with a pepper', () => {
  it('records the key in the hash, and verifies nothing without it', async () => {
    const peppered = passwords({ ...cheap, pepper: { current: 'k1', keys: { k1: key1 } } })
    const stored = await peppered.hash('x')
    expect(stored).toContain('$i=2,keyid=azE$')
    expect(await peppered.verify('x', stored)).toEqual({ ok: true, needsRehash: false })
    await expect(passwords(cheap).verify('x', stored)).rejects.toMatchObject({ code: 'pepper-unknown' })
    const bare = stored.replace(',keyid=azE', '')
    expect(await passwords(cheap).verify('x', bare)).toEqual(refused)
  })

  it('verifies under a retired key and wants a rehash, and reports an unknown one', async () => {
    const old = passwords({ ...cheap, pepper: { current: 'k1', keys: { k1: key1 } } })
    const both = passwords({ ...cheap, pepper: { current: 'k2', keys: { k1: key1, k2: key2 } } })
    const only = passwords({ ...cheap, pepper: { current: 'k2', keys: { k2: key2 } } })
    const stored = await old.hash('x')
    expect(await both.verify('x', stored)).toEqual({ ok: true, needsRehash: true })
    expect(await both.verify('y', stored)).toEqual(refused)
    await expect(only.verify('x', stored)).rejects.toMatchObject({ kind: 'Error', code: 'pepper-unknown' })
    expect(await only.verify('x', await both.hash('x'))).toEqual({ ok: true, needsRehash: false })
  })

  it('wants a hash without pepper rehashed', async () => {
    const peppered = passwords({ ...cheap, pepper: { current: 'k1', keys: { k1: key1 } } })
    expect(await peppered.verify('x', await passwords(cheap).hash('x'))).toEqual({ ok: true, needsRehash: true })
  })

  it('takes octets as they were when it was made, and a text as its UTF-8', async () => {
    const octets = new TextEncoder().encode(key1)
    const one = passwords({ ...cheap, pepper: { current: 'k1', keys: { k1: octets } } })
    octets.fill(0)
    const other = passwords({ ...cheap, pepper: { current: 'k1', keys: { k1: key1 } } })
    expect(await other.verify('x', await one.hash('x'))).toEqual({ ok: true, needsRehash: false })
  })

  it('normalises before the pepper', async () => {
    const { hash, verify } = passwords({ ...cheap, pepper: { current: 'k1', keys: { k1: key1 } } })
    expect(await verify('e\u0301', await hash('\u00e9'))).toMatchObject({ ok: true })
  })
})

/** The reversed password: recognisable, and wrong for everything else. */
const reversed: PasswordFormat = {
  name: 'reversed',
  recognises: (stored) => stored.startsWith('{REV}'),
  matches: (stored, { received, normalised }) =>
    [received, normalised].some((form) => form && Buffer.from(form).reverse().toString() === stored.slice(5)),
}

describe('passwords() with formats of other software', () => {
  it('verifies them and wants every one rehashed', async () => {
    const { verify } = passwords({ ...cheap, formats: [reversed] })
    expect(await verify('abc', '{REV}cba')).toEqual({ ok: true, needsRehash: true })
    expect(await verify('abd', '{REV}cba')).toEqual(refused)
  })

  it('hands them the received form as well as NFC', async () => {
    const seen: (string | undefined)[][] = []
    const text = (octets: Uint8Array | undefined) => octets && Buffer.from(octets).toString()
    const format: PasswordFormat = {
      name: 'seen',
      recognises: () => true,
      matches: (_stored, { received, normalised }) => seen.push([text(received), text(normalised)]) === 0,
    }
    const { verify } = passwords({ ...cheap, formats: [format] })
    await verify('e\u0301', 'x')
    await verify('\u00e9', 'x')
    expect(seen).toEqual([
      ['e\u0301', '\u00e9'],
      ['\u00e9', undefined],
    ])
  })

  it('lets no format claim a hash of its own', async () => {
    const greedy: PasswordFormat = { name: 'greedy', recognises: () => true, matches: () => true }
    const { hash, verify } = passwords({ ...cheap, formats: [greedy] })
    expect(await verify('y', await hash('x'))).toEqual(refused)
    expect(await verify('x', null)).toEqual(refused)
  })

  it('takes nothing but true from a format for a yes', async () => {
    const loose: PasswordFormat = { name: 'loose', recognises: () => true, matches: () => JSON.parse('"yes"') }
    expect(await passwords({ ...cheap, formats: [loose] }).verify('x', 'x')).toEqual(refused)
  })

  it('hands on what a format rejects with', async () => {
    const broken: PasswordFormat = {
      name: 'broken',
      recognises: () => true,
      matches: () => Promise.reject(new Error('broken')),
    }
    await expect(passwords({ ...cheap, formats: [broken] }).verify('x', 'x')).rejects.toThrow('broken')
  })
})

describe('passwords() with dangerouslyAllowPlainText', () => {
  const { verify } = passwords({ ...cheap, formats: [reversed], dangerouslyAllowPlainText: true })

  it('compares the text itself and wants it rehashed', async () => {
    expect(await verify('secret', 'secret')).toEqual({ ok: true, needsRehash: true })
    expect(await verify('e\u0301', '\u00e9')).toEqual({ ok: true, needsRehash: true })
    expect(await verify('secre', 'secret')).toEqual(refused)
    expect(await verify('', '')).toEqual(refused)
  })

  it.each([
    '$2b$10$abcdefghijklmnopqrstuuJ8qvcTVbDBbVYhnIzhsZ5BsLqhbBmTS',
    '{SSHA}c2FsdA==',
    '$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
  ])('never takes a hash for a password: %s', async (stored) => {
    await expect(verify(stored, stored)).rejects.toMatchObject({ code: 'hash-unsupported' })
  })

  it('leaves to a listed format what is its own', async () => {
    expect(await verify('{REV}cba', '{REV}cba')).toEqual(refused)
  })
})

describe('passwords() told wrongly', () => {
  it.each<[string, unknown]>([
    ['wants an object of options', undefined],
    ['"algorithm" must be "argon2id", "scrypt" or "pbkdf2-sha256"', {}],
    ['"algorithm" must be', { algorithm: 'bcrypt' }],
    ['"memoryKib" from 8 per lane', { algorithm: 'argon2id', memoryKib: 7 }],
    ['"memoryKib" from 8 per lane', { algorithm: 'argon2id', memoryKib: 2 ** 21 + 1 }],
    ['"passes" from 1', { algorithm: 'argon2id', passes: 0 }],
    ['"passes" from 1', { algorithm: 'argon2id', passes: 1.5 }],
    ['"cost" a power of two', { algorithm: 'scrypt', cost: 1000 }],
    ['"cost" a power of two', { algorithm: 'scrypt', cost: 2 ** 21 }],
    ['"cost" a power of two', { algorithm: 'scrypt', cost: Number.NaN }],
    ['"iterations" from 1', { algorithm: 'pbkdf2-sha256', iterations: 0 }],
    ['"iterations" from 1', { algorithm: 'pbkdf2-sha256', iterations: '1000' }],
    ['"concurrency" must be', { ...cheap, concurrency: 0 }],
    ['"queueSeconds" must be', { ...cheap, queueSeconds: 0 }],
    ['"queueSeconds" must be', { ...cheap, queueSeconds: Number.POSITIVE_INFINITY }],
    ['"formats" must be a list', { ...cheap, formats: reversed }],
    ['"clock" must be a function', { ...cheap, clock: 5 }],
    ['"legacyDummy" must be', { ...cheap, legacyDummy: '{REV}cba' }],
    ['"legacyDummy" must be', { ...cheap, legacyDummy: 7 }],
    ['"pepper.keys" must be', { ...cheap, pepper: { current: 'k1' } }],
    ['"pepper.current" must be', { ...cheap, pepper: { current: 'k2', keys: { k1: key1 } } }],
    ['an id in "pepper.keys"', { ...cheap, pepper: { current: 'k', keys: { k: key1, 'nine char': key1 } } }],
    ['a key in "pepper.keys"', { ...cheap, pepper: { current: 'k', keys: { k: 'canary-pepper' } } }],
    ['a key in "pepper.keys"', { ...cheap, pepper: { current: 'k', keys: { k: undefined } } }],
  ])('throws a TypeError: %s', (message, options) => {
    const make = (): unknown => Reflect.apply(passwords, undefined, [options])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
    expect(make).not.toThrow('canary')
  })
})

describe('no password', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is in any message, whatever fails', async () => {
    const canary = 'canary-9f1c'
    const format: PasswordFormat = { ...reversed, matches: () => Promise.reject(new Error('broken')) }
    const hasher = passwords({ ...cheap, formats: [format], pepper: { current: 'k1', keys: { k1: key1 } } })
    const said: string[] = []
    vi.spyOn(console, 'error').mockImplementation((...all) => void said.push(all.join(' ')))
    const failing = [
      hasher.hash(`${canary}\0`),
      hasher.hash(canary.repeat(200)),
      hasher.hash(canary, { deadline: 0 }),
      hasher.verify(canary, canary),
      hasher.verify(canary, `$argon2id$${canary}`),
      hasher.verify(canary, '{REV}'),
      hasher.verify(canary, '$pbkdf2-sha256$i=2,keyid=azk$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'),
      hasher.verify(canary, null, { signal: AbortSignal.abort() }),
    ]
    for (const each of await Promise.allSettled(failing)) {
      expect(each.status).toBe('rejected')
      if (each.status === 'rejected')
        said.push(String(each.reason), JSON.stringify(each.reason), `${each.reason.cause}`)
    }
    expect(said.length).toBe(failing.length * 3)
    expect(said.join('\n')).not.toContain('canary')
  })
})
