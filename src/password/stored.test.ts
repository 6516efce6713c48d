import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { algorithmsOf } from './configure.ts'
import type { Machine } from './machine.ts'
import { isWeaker, type Recipe } from './recipe.ts'
import { formatStored, parseStored } from './stored.ts'

/** Reading a hash computes nothing. */
function never(): never {
  throw new Error('something was computed')
}

const machine: Machine = { argon2: never, scrypt: never, pbkdf2: never, concurrency: 1, now: () => 0 }
const algorithms = algorithmsOf(machine)
const tail = '$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'

function recipeOf(text: string): Recipe {
  const stored = parseStored(text, algorithms)
  if (stored === undefined) throw new Error(`${text} was expected to be read`)
  return stored.recipe
}

describe('parseStored()', () => {
  it.each([
    '$argon2id$v=19$m=19456,t=2,p=1',
    '$argon2id$v=19$m=2097152,t=2,p=1',
    '$argon2id$v=19$m=8,t=1024,p=1',
    '$argon2id$v=19$m=128,t=1,p=16',
    '$argon2i$v=16$m=8,t=1,p=1',
    '$argon2d$v=19$m=8,t=1,p=1',
    '$scrypt$ln=17,r=8,p=1',
    '$scrypt$ln=20,r=8,p=4',
    '$scrypt$ln=1,r=1,p=1',
    '$pbkdf2-sha256$i=10000000',
    '$pbkdf2-sha256$i=1,keyid=azE',
    '$argon2id$v=19$m=19456,t=2,p=1,keyid=MTIzNDU2Nzg',
  ])('reads %s and writes it back', (head) => {
    const stored = parseStored(head + tail, algorithms)
    expect(stored).toBeDefined()
    if (stored !== undefined) expect(formatStored(stored)).toBe(head + tail)
  })

  it('takes Argon2 without a version for version 1.0', () => {
    expect(recipeOf(`$argon2id$m=8,t=1,p=1${tail}`)).toMatchObject({ id: 'argon2id', version: 16 })
  })

  it('reads the id of the pepper key', () => {
    expect(parseStored(`$scrypt$ln=1,r=1,p=1,keyid=azE${tail}`, algorithms)).toMatchObject({ keyId: 'k1' })
    expect(parseStored(`$scrypt$ln=1,r=1,p=1${tail}`, algorithms)).toMatchObject({ keyId: undefined })
  })

  it.each([
    ['memory over its cap', '$argon2id$v=19$m=2097153,t=1,p=1'],
    ['passes over their cap', '$argon2id$v=19$m=8,t=1025,p=1'],
    ['memory times passes over its cap', '$argon2id$v=19$m=2097152,t=3,p=1'],
    ['parallelism over its cap', '$argon2id$v=19$m=1024,t=1,p=17'],
    ['less memory than Argon2 needs for its lanes', '$argon2id$v=19$m=15,t=1,p=2'],
    ['the largest numbers there are', '$argon2id$v=19$m=4294967295,t=4294967295,p=255'],
    ['a version of the future', '$argon2id$v=20$m=8,t=1,p=1'],
    ['another order', '$argon2id$v=19$t=1,m=8,p=1'],
    ['a missing parameter', '$argon2id$v=19$m=8,t=1'],
    ['associated data', '$argon2id$v=19$m=8,t=1,p=1,data=azE'],
    ['a parameter before the last', '$argon2id$v=19$m=8,keyid=azE,t=1,p=1'],
    ['zero', '$argon2id$v=19$m=8,t=0,p=1'],
    ['a fraction', '$argon2id$v=19$m=8.5,t=1,p=1'],
    ['N over its cap', '$scrypt$ln=21,r=1,p=1'],
    ['r over its cap', '$scrypt$ln=1,r=33,p=1'],
    ['p over its cap', '$scrypt$ln=1,r=8,p=17'],
    ['more memory than 1 GiB', '$scrypt$ln=20,r=9,p=1'],
    ['more work than 4 GiB', '$scrypt$ln=20,r=8,p=5'],
    ['an N that is too large for r', '$scrypt$ln=16,r=1,p=1'],
    ['scrypt with a version', '$scrypt$v=1$ln=1,r=1,p=1'],
    ['iterations over their cap', '$pbkdf2-sha256$i=10000001'],
    ['PBKDF2 with a version', '$pbkdf2-sha256$v=1$i=1'],
    ['the spelling of passlib', '$pbkdf2-sha256$29000'],
    ['another hash', '$pbkdf2-sha512$i=1'],
    ['a key id that is not base64', '$pbkdf2-sha256$i=1,keyid=k.1'],
    ['a key id of nine bytes', '$pbkdf2-sha256$i=1,keyid=MTIzNDU2Nzg5'],
    ['a key id that is no text', '$pbkdf2-sha256$i=1,keyid=/w'],
    ['an unknown algorithm', '$argon2x$v=19$m=8,t=1,p=1'],
  ])('does not read %s', (_what, head) => {
    expect(parseStored(head + tail, algorithms)).toBeUndefined()
  })

  it.each([
    ['a salt of 7 bytes', '$c2FsdHNhbA$aGFzaGhhc2hoYXNoaGFzaA'],
    ['a salt of 65 bytes', `$${'c2Fs'.repeat(21)}c2E$aGFzaGhhc2hoYXNoaGFzaA`],
    ['a hash of 15 bytes', '$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFz'],
    ['a hash of 65 bytes', `$c2FsdHNhbHQ$${'aGFz'.repeat(21)}aGE`],
  ])('does not read %s', (_what, ending) => {
    expect(parseStored(`$pbkdf2-sha256$i=1${ending}`, algorithms)).toBeUndefined()
  })

  it('never throws, and computes nothing whatever it reads', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('argon2id', 'argon2i', 'scrypt', 'pbkdf2-sha256'), fc.string(), fc.string())
        .map(([id, parameters, rest]) => `$${id}$${parameters}$${rest}`),
    )
    fc.assert(
      fc.property(text, (each) => {
        parseStored(each, algorithms)
      }),
    )
  })
})

describe('isWeaker()', () => {
  const wanted = recipeOf(`$argon2id$v=19$m=1024,t=2,p=2${tail}`)

  it.each([
    ['the same', '$argon2id$v=19$m=1024,t=2,p=2', false],
    ['more memory', '$argon2id$v=19$m=2048,t=2,p=2', false],
    ['more of everything', '$argon2id$v=19$m=2048,t=3,p=4', false],
    ['less memory', '$argon2id$v=19$m=1023,t=2,p=2', true],
    ['fewer passes', '$argon2id$v=19$m=1024,t=1,p=2', true],
    ['fewer lanes', '$argon2id$v=19$m=1024,t=2,p=1', true],
    ['more memory for fewer passes', '$argon2id$v=19$m=4096,t=1,p=2', true],
    ['an older version', '$argon2id$v=16$m=4096,t=9,p=4', true],
    ['another type', '$argon2i$v=19$m=4096,t=9,p=4', true],
    ['another algorithm', '$scrypt$ln=17,r=8,p=4', true],
  ])('says of %s: %s is %s', (_what, head, weaker) => {
    expect(isWeaker(recipeOf(head + tail), wanted)).toBe(weaker)
  })
})
