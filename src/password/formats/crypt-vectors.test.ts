import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { answer, type CryptJob } from './crypt-job.ts'
import { legacyFormats } from './legacy-formats.ts'

interface Vector {
  readonly id: string
  readonly hash?: string
  readonly password?: string
  readonly password_hex?: string
  readonly scheme?: string
  readonly format?: string
}

const own = new URL('../../../test/vectors/06-passwords/', import.meta.url)
const shared = new URL('../../../../shared/vectors/06-passwords/', import.meta.url)
const isShared = existsSync(fileURLToPath(shared))
const formats = legacyFormats()
const unsupported = expect.objectContaining({ code: 'hash-unsupported' })
const refusedSchemes = ['7', 'sha1', 'md5', 'y']

function vectors(folder: URL, file: string): readonly Vector[] {
  const { cases }: { cases: readonly Vector[] } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  return cases.filter(({ hash }) => hash !== undefined)
}

function passwordOf({ password = '', password_hex: hex }: Vector): Uint8Array {
  return Uint8Array.from(hex === undefined ? Buffer.from(password) : Buffer.from(hex, 'hex'))
}

async function verify(stored: string, received: Uint8Array): Promise<boolean> {
  const format = formats.find((each) => each.recognises(stored))
  if (format === undefined) throw new Error('no format recognises it')
  return format.matches(stored, { received, normalised: undefined }, undefined)
}

async function expectOnly({ hash = '', ...vector }: Vector): Promise<void> {
  const password = passwordOf(vector)
  expect(await verify(hash, password)).toBe(true)
  expect(await verify(hash, Uint8Array.from([...password.slice(0, 70), 0x21]))).toBe(false)
}

describe('hashes of Apache’s htpasswd', () => {
  const cases = vectors(own, 'htpasswd.json').filter(({ format }) => format !== 'plain')

  it.each(cases.filter(({ format }) => format !== 'des-crypt'))(
    '$id belongs to its password and to no other',
    expectOnly,
  )

  it.each(cases.filter(({ format }) => format === 'des-crypt'))(
    '$id is recognised and refused',
    async ({ hash = '', ...vector }) => {
      await expect(verify(hash, passwordOf(vector))).rejects.toEqual(unsupported)
    },
  )
})

describe.skipIf(!isShared)('hashes of crypt(3), from ../shared/vectors', () => {
  const cases = isShared ? vectors(shared, 'crypt3.json') : []

  it.each(cases.filter(({ scheme = '' }) => !refusedSchemes.includes(scheme)))(
    '$id belongs to its password and to no other',
    expectOnly,
  )

  it.each(cases.filter(({ scheme = '' }) => refusedSchemes.includes(scheme)))(
    '$id is recognised and refused',
    async ({ hash = '', ...vector }) => {
      await expect(verify(hash, passwordOf(vector))).rejects.toEqual(unsupported)
    },
  )
})

describe.skipIf(!isShared)('bcrypt, from ../shared/vectors', () => {
  const cases = (isShared ? vectors(shared, 'bcrypt.json') : []).map((vector) => ({
    ...vector,
    isUtf8: Buffer.from(passwordOf(vector)).toString('utf8').includes('\ufffd') === false,
  }))
  const valid = cases.filter(({ id }) => !id.includes('reject'))

  it.each(valid.filter(({ isUtf8 }) => isUtf8))('$id belongs to its password and to no other', expectOnly)

  it.each(valid.filter(({ isUtf8 }) => !isUtf8))(
    '$id, whose password no text can be, is an Error',
    async ({ hash = '', ...vector }) => {
      await expect(verify(hash, passwordOf(vector))).rejects.toEqual(unsupported)
    },
  )

  it.each(cases.filter(({ id }) => id.includes('reject') && !id.includes('$2z$')))(
    '$id is recognised and refused',
    async ({ hash = '' }) => {
      await expect(verify(hash, passwordOf({ id: '', password: 'x' }))).rejects.toEqual(unsupported)
    },
  )

  it('$2z$ is of no format', () => {
    expect(formats.some((format) => format.recognises('$2z$04$cVWp4XaNU8a4v1uMRum2SO'))).toBe(false)
  })
})

describe('bcrypt', () => {
  // Apache's own hash of 80 times "a".
  const stored = '$2y$05$l4v7RrxzEfYqFyal1eFjN.MEk3LvhAPZaamZldj17m3CJL8HcbrJy'
  const letters = (count: number) => new Uint8Array(count).fill(0x61)

  it('looks at the first 72 bytes of a password', async () => {
    expect(await verify(stored, letters(72))).toBe(true)
    expect(await verify(stored, letters(500))).toBe(true)
    expect(await verify(stored, letters(71))).toBe(false)
  })

  it('does not take a password that goes on after NUL for the part before it', async () => {
    const hash = '$2y$05$mfFrW/T4LuwA/dDnrhzYp.RKLXWS2.iNBDHoxbeGr9Uf7OlM7E156'
    expect(await verify(hash, new TextEncoder().encode('secret'))).toBe(true)
    expect(await verify(hash, new TextEncoder().encode('secret\0more'))).toBe(false)
  })
})

describe('what the thread computes, from the sources', () => {
  const job: CryptJob = { kind: 'md5-crypt', magic: '$1$', salt: 'CCCCCCCC', digest: '3VEFvYjOvLeslZkqpLoqn.' }
  const [empty, other] = [new Uint8Array(), new Uint8Array([1])]

  it('is whether any of the passwords is right', async () => {
    expect(await answer({ job, passwords: [empty] })).toEqual({ matched: true })
    expect(await answer({ job, passwords: [other, empty] })).toEqual({ matched: true })
    expect(await answer({ job, passwords: [other] })).toEqual({ matched: false })
  })

  it.each([
    ['sha256', 5000, 'saltstring', '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
    [
      'sha512',
      5000,
      'saltstring',
      'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
  ] as const)('is %s-crypt of Drepper’s specification', async (algorithm, rounds, salt, digest) => {
    const password = new TextEncoder().encode('Hello world!')
    const sha: CryptJob = { kind: 'sha-crypt', algorithm, rounds, salt, digest }
    expect(await answer({ job: sha, passwords: [password] })).toEqual({ matched: true })
    expect(await answer({ job: { ...sha, rounds: rounds + 1 }, passwords: [password] })).toEqual({ matched: false })
  })

  it('is nothing for bcrypt of octets that are not UTF-8', async () => {
    const bcrypt: CryptJob = { kind: 'bcrypt', setting: '$2b$04$CCCCCCCCCCCCCCCCCCCCC.', digest: 'x' }
    expect(await answer({ job: bcrypt, passwords: [new Uint8Array([0xa3])] })).toEqual({ matched: undefined })
  })
})
