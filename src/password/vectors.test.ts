import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { passwords } from './passwords.ts'
import { derivePbkdf2 } from './pbkdf2.ts'
import { deriveScrypt } from './scrypt.ts'

interface Case {
  readonly id: string
  readonly password?: string
  readonly encoded?: string
  readonly expected?: string
  readonly pepper_k1?: string
  readonly kdf?: string
  readonly hash?: string
  readonly salt?: string
  readonly N?: number
  readonly r?: number
  readonly p?: number
  readonly c?: number
  readonly dkLen?: number
  readonly dk_hex?: string
}

const own = new URL('../../test/vectors/06-passwords/', import.meta.url)
const shared = new URL('../../../shared/vectors/06-passwords/', import.meta.url)
const noShared = !existsSync(shared)
const encoder = new TextEncoder()

function cases(folder: URL, file: string): readonly Case[] {
  // One case, so that the report shows what was skipped.
  if (folder === shared && noShared) return [{ id: `../shared/vectors/06-passwords/${file} is absent` }]
  const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  expect(cases.length).toBeGreaterThan(0)
  return cases
}

async function verifies({ password = '', encoded = '', expected, pepper_k1: key }: Case): Promise<void> {
  const pepper = key === undefined ? undefined : { current: 'k1', keys: { k1: key } }
  const hasher = passwords({ algorithm: 'pbkdf2-sha256', iterations: 1000, pepper })
  const unsupported = expect.objectContaining({ code: 'hash-unsupported', retryable: true })
  const answer = hasher.verify(password, encoded).catch((error: unknown) => error)
  if (expected === 'reject') expect([{ ok: false, needsRehash: false }, unsupported]).toContainEqual(await answer)
  else {
    expect(await answer).toMatchObject({ ok: true })
    expect(await hasher.verify(`${password}x`, encoded)).toEqual({ ok: false, needsRehash: false })
  }
}

async function derives(one: Case): Promise<void> {
  const { kdf, password = '', salt = '', N = 0, r = 0, p = 0, c = 0, dkLen: length = 0, dk_hex } = one
  const octets = { password: encoder.encode(password), salt: encoder.encode(salt), length }
  const hash =
    kdf === 'scrypt'
      ? deriveScrypt({ ...octets, cost: N, blockSize: r, parallelism: p })
      : derivePbkdf2({ ...octets, iterations: c })
  expect(Buffer.from(await hash).toString('hex')).toBe(dk_hex)
}

describe('vectors of RFC 7914', () => {
  it.each(cases(own, 'rfc7914.json'))('$id', derives)
})

describe('vectors computed by other implementations', () => {
  it.each(cases(own, 'generated.json'))('$id', verifies)
})

describe.skipIf(noShared)('shared vectors: Argon2 of its authors', () => {
  it.each(cases(shared, 'argon2.json').filter(({ encoded }) => encoded !== undefined || noShared))('$id', verifies)
})
