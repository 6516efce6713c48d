import { describe, expect, it } from 'vitest'
import type { Argon2Backend } from './argon2.ts'
import { argon2Backends } from './argon2-backends.ts'
import type { PasswordFormat } from './formats/format.ts'
import { Hasher } from './hasher.ts'
import type { Machine } from './machine.ts'
import type { PasswordsOptions } from './passwords.ts'
import { derivePbkdf2 } from './pbkdf2.ts'
import { deriveScrypt } from './scrypt.ts'
import { passwordTable } from './table.ts'

/** A machine that writes down what it computes. */
function recorder(argon2: readonly Argon2Backend[] = argon2Backends()) {
  const jobs: string[] = []
  const looks: number[] = []
  const machine: Machine = {
    argon2: () => {
      looks.push(1)
      return argon2.map(({ versions, derive }) => ({
        versions,
        derive: (job) => {
          jobs.push(`${job.type} m=${job.memoryKib} t=${job.passes} p=${job.parallelism} ${job.length}`)
          return derive(job)
        },
      }))
    },
    scrypt: (job) => {
      jobs.push(`scrypt N=${job.cost} r=${job.blockSize} p=${job.parallelism} ${job.length}`)
      return deriveScrypt(job)
    },
    pbkdf2: (job) => {
      jobs.push(`pbkdf2 i=${job.iterations} ${job.length} of ${job.password.length}`)
      return derivePbkdf2(job)
    },
    concurrency: 2,
    now: () => 0,
  }
  return { jobs, looks, machine, drain: (): readonly string[] => jobs.splice(0) }
}

const slow: PasswordFormat = {
  name: 'slow',
  recognises: (stored) => stored.startsWith('{SLOW}'),
  matches: (stored, { received }) => stored === `{SLOW}${Buffer.from(received)}`,
}
const key = 'a pepper key of at least 32 bytes'
const configurations: [string, PasswordsOptions][] = [
  ['argon2id', { algorithm: 'argon2id', memoryKib: 64, passes: 1 }],
  ['scrypt', { algorithm: 'scrypt', cost: 16 }],
  ['pbkdf2-sha256', { algorithm: 'pbkdf2-sha256', iterations: 3 }],
  ['a pepper', { algorithm: 'pbkdf2-sha256', iterations: 3, pepper: { current: 'k1', keys: { k1: key } } }],
]

describe('F10, D48: an unknown user costs what a wrong password costs', () => {
  it.each(configurations)(
    'with %s: the same computation once, for nobody, for wrong and for right',
    async (_, options) => {
      const { machine, drain } = recorder()
      const hasher = new Hasher(options, machine)
      const stored = await hasher.hash('right')
      const [right] = drain()
      const costs = async (password: string, hash: string | null | undefined): Promise<readonly string[]> => {
        await hasher.verify(password, hash)
        return drain()
      }
      expect(right).toBeDefined()
      expect(await costs('right', stored)).toEqual([right])
      expect(await costs('wrong', stored)).toEqual(await costs('wrong', null))
      expect(await costs('wrong', undefined)).toEqual(await costs('right', stored))
      expect(await costs('wrong', '')).toHaveLength(1)
    },
  )

  it('in a table: the same computation for an unknown name, for a user without password and for a wrong password', async () => {
    const { machine, drain } = recorder()
    const hasher = new Hasher({ algorithm: 'pbkdf2-sha256', iterations: 3 }, machine)
    const passwords = {
      hash: (password: string) => hasher.hash(password),
      verify: (password: string, stored: string | null | undefined) => hasher.verify(password, stored),
      load: () => hasher.load(),
    }
    const hash = await hasher.hash('right')
    const table = new Map([
      ['ada', { hash, principal: { id: 1 } }],
      ['bot', { hash: null, principal: { id: 2 } }],
    ])
    const validate = passwordTable(table, { passwords })
    drain()
    const one = ['pbkdf2 i=3 32 of 5']
    expect(await validate({ username: 'ada', password: 'wrong' })).toMatchObject({ reason: 'wrong-secret' })
    expect(drain()).toEqual(one)
    expect(await validate({ username: 'bob', password: 'wrong' })).toMatchObject({ reason: 'unknown' })
    expect(drain()).toEqual(one)
    expect(await validate({ username: 'bot', password: 'wrong' })).toMatchObject({ reason: 'wrong-secret' })
    expect(drain()).toEqual(one)
    expect(await validate({ username: 'ada', password: 'right' })).toEqual({ id: 1 })
    expect(drain()).toEqual(one)
  })

  it('computes nothing beforehand, and nothing for a password that no hash can be of', async () => {
    const { machine, drain } = recorder()
    const hasher = new Hasher({ algorithm: 'scrypt', cost: 16 }, machine)
    expect(drain()).toEqual([])
    await hasher.verify('a'.repeat(1025), null)
    await hasher.verify('a'.repeat(1025), '$scrypt$ln=4,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA')
    expect(drain()).toEqual([])
  })

  it('checks an unknown user against legacyDummy during a migration, and never lets one in by it', async () => {
    const { machine, drain } = recorder()
    const asked: string[] = []
    const counting: PasswordFormat = {
      ...slow,
      matches: (stored, octets, signal) => {
        asked.push(stored)
        return slow.matches(stored, octets, signal)
      },
    }
    const options: PasswordsOptions = { algorithm: 'scrypt', cost: 16, formats: [counting], legacyDummy: '{SLOW}x' }
    const hasher = new Hasher(options, machine)
    expect(await hasher.verify('x', null)).toEqual({ ok: false, needsRehash: false })
    expect(await hasher.verify('x', '{SLOW}x')).toEqual({ ok: true, needsRehash: true })
    expect(asked).toEqual(['{SLOW}x', '{SLOW}x'])
    expect(drain()).toEqual([])
  })

  it('takes a hash of its own for legacyDummy: that of weaker parameters', async () => {
    const { machine, drain } = recorder()
    const legacyDummy = '$pbkdf2-sha256$i=9$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'
    await new Hasher({ algorithm: 'scrypt', cost: 16, legacyDummy }, machine).verify('x', null)
    expect(drain()).toEqual(['pbkdf2 i=9 16 of 1'])
  })
})

describe('D48: a table of hashed passwords is tested with a real hash', () => {
  it('lets in the password and no other of the same length', async () => {
    const hasher = new Hasher({ algorithm: 'argon2id', memoryKib: 64, passes: 1 }, recorder().machine)
    const stored = await hasher.hash('abcd')
    expect(await hasher.verify('abcd', stored)).toMatchObject({ ok: true })
    for (const other of ['abce', 'bbcd', 'ABCD', 'dcba', '    ']) {
      expect(await hasher.verify(other, stored)).toMatchObject({ ok: false })
    }
  })
})

describe('a machine without Argon2', () => {
  const bare = recorder([])
  const stored = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'

  it('is told at construction which package is missing', () => {
    expect(() => new Hasher({ algorithm: 'argon2id' }, bare.machine)).toThrow(TypeError)
    expect(() => new Hasher({ algorithm: 'argon2id' }, bare.machine)).toThrow('"@node-rs/argon2"')
  })

  it('answers a stored Argon2 hash with hash-unsupported, never with a wrong password', async () => {
    const hasher = new Hasher({ algorithm: 'scrypt', cost: 16 }, bare.machine)
    const error: unknown = await hasher.verify('x', stored).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'hash-unsupported', retryable: true })
    expect(error).toHaveProperty('message', expect.stringContaining('"@node-rs/argon2"'))
  })

  it('does not look for Argon2 as long as nobody needs it', async () => {
    const { machine, looks } = recorder()
    const hasher = new Hasher({ algorithm: 'scrypt', cost: 16 }, machine)
    await hasher.verify('x', await hasher.hash('x'))
    await hasher.verify('x', null)
    expect(looks).toEqual([])
  })
})

describe('a machine with the Argon2 of Node alone', () => {
  const onlyNew = argon2Backends().map(({ derive }): Argon2Backend => ({ versions: [19], derive }))
  const v16 = '$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY'

  it('answers a hash of version 1.0 with hash-unsupported, and verifies it where the package is there', async () => {
    const options: PasswordsOptions = { algorithm: 'argon2id', memoryKib: 64, passes: 1 }
    const node = new Hasher(options, recorder(onlyNew).machine)
    const message = expect.stringContaining('version 1.0 needs the package "@node-rs/argon2"')
    await expect(node.verify('password', v16)).rejects.toMatchObject({ code: 'hash-unsupported', message })
    const both = new Hasher(options, recorder().machine)
    expect(await both.verify('password', v16)).toEqual({ ok: true, needsRehash: true })
  })
})

describe('a machine that fails', () => {
  it('is reported as hash-unsupported with its own error as the cause, by hash() and verify()', async () => {
    const failing: Machine = { ...recorder().machine, scrypt: () => Promise.reject(new Error('no memory left')) }
    const hasher = new Hasher({ algorithm: 'scrypt', cost: 16 }, failing)
    const expected = { code: 'hash-unsupported', cause: { message: 'no memory left' } }
    await expect(hasher.verify('x', null)).rejects.toMatchObject(expected)
    await expect(hasher.hash('x')).rejects.toMatchObject(expected)
    expect(hasher.load()).toMatchObject({ running: 0, waiting: 0 })
  })

  it('is not needed for scrypt at the cost of OWASP, which is over the memory that Node allows by itself', async () => {
    const job = { cost: 2 ** 17, blockSize: 8, parallelism: 1, length: 32 }
    const [password, salt] = [new TextEncoder().encode('x'), new TextEncoder().encode('saltsalt')]
    expect(await deriveScrypt({ ...job, password, salt })).toHaveLength(32)
  })
})

describe('the queue of a hasher', () => {
  it('counts hashes, verifications and formats of other software alike', async () => {
    const waiting: (() => void)[] = []
    const held: PasswordFormat = {
      ...slow,
      matches: () => new Promise((resolve) => void waiting.push(() => resolve(true))),
    }
    const { machine, jobs } = recorder()
    const hasher = new Hasher({ algorithm: 'scrypt', cost: 16, formats: [held] }, machine)
    const legacy = [hasher.verify('x', '{SLOW}x'), hasher.verify('x', '{SLOW}x')]
    const [hash, verification] = [hasher.hash('x'), hasher.verify('x', null)]
    expect(hasher.load()).toMatchObject({ running: 2, waiting: 2 })
    expect(jobs).toEqual([])
    for (const finish of waiting) finish()
    expect(await Promise.all(legacy)).toEqual(Array(2).fill({ ok: true, needsRehash: true }))
    expect(await hash).toContain('$scrypt$')
    expect(await verification).toEqual({ ok: false, needsRehash: false })
  })

  it('turns away a flood with overloaded, which is a 503 with Retry-After', async () => {
    const { machine } = recorder()
    const held: PasswordFormat = { ...slow, matches: () => new Promise<boolean>(() => undefined) }
    const options: PasswordsOptions = {
      algorithm: 'scrypt',
      cost: 16,
      formats: [held],
      concurrency: 1,
      queueSeconds: 1,
    }
    const hasher = new Hasher(options, machine)
    const codes: unknown[] = []
    for (let guess = 0; guess < 1000; guess++) {
      hasher.verify('x', '{SLOW}x').catch((error: unknown) => void codes.push(error))
    }
    for (let turn = 0; turn < 10; turn++) await undefined
    expect(hasher.load()).toMatchObject({ running: 1, waiting: 10 })
    expect(codes).toHaveLength(989)
    expect(codes[0]).toMatchObject({ code: 'overloaded', retryable: true, retryAfterSeconds: 2 })
  })
})
