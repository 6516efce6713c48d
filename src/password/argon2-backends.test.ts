import * as crypto from 'node:crypto'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import type { Argon2Backend, Argon2Job } from './argon2.ts'
import { argon2Backends, nativeBackend, packagedBackend } from './argon2-backends.ts'

const job: Argon2Job = {
  type: 'argon2id',
  version: 19,
  memoryKib: 64,
  passes: 3,
  parallelism: 4,
  password: new TextEncoder().encode('pässwörd'),
  salt: new TextEncoder().encode('saltsalt'),
  length: 32,
}

function nodePackage(): unknown {
  return createRequire(import.meta.url)('@node-rs/argon2')
}

describe('argon2Backends()', () => {
  it('finds at least the package here, and everything it finds computes the same', async () => {
    const backends = argon2Backends()
    expect(backends.length).toBeGreaterThan(0)
    const hashes = await Promise.all(backends.map(({ derive }) => derive(job)))
    const [first] = hashes.map((hash) => Buffer.from(hash).toString('base64'))
    expect(first).toBe('AXCXaBTvS9So9Cm4zTuUTyWpnKNPBs5hU4g2I0VP1Xo=')
    for (const hash of hashes) expect(Buffer.from(hash).toString('base64')).toBe(first)
  })
})

describe('packagedBackend()', () => {
  it('is not there when the package is not, or is another one', () => {
    const missing = (): never => {
      throw new Error("Cannot find module '@node-rs/argon2'")
    }
    expect(packagedBackend(missing)).toBeUndefined()
    expect(packagedBackend(() => ({}))).toBeUndefined()
    expect(packagedBackend(() => ({ hashRaw: 'text' }))).toBeUndefined()
    expect(packagedBackend(() => null)).toBeUndefined()
  })

  it('computes every type and both versions, each differently', async () => {
    const backend = packagedBackend(nodePackage)
    const jobs = (['argon2d', 'argon2i', 'argon2id'] as const).flatMap((type) =>
      ([16, 19] as const).map((version) => ({ ...job, type, version })),
    )
    const hashes = await Promise.all(jobs.map(async (each) => Buffer.from((await backend?.derive(each)) ?? [])))
    expect(new Set(hashes.map((hash) => hash.toString('hex')))).toHaveProperty('size', 6)
  })

  it('rejects what Argon2 does not allow, instead of throwing', async () => {
    const broken = packagedBackend(nodePackage)?.derive({ ...job, salt: new Uint8Array(1) })
    await expect(broken).rejects.toThrow()
  })
})

describe('nativeBackend()', () => {
  it('is not there before Node 24.7', () => {
    expect(nativeBackend({})).toBeUndefined()
  })

  it('is not there when OpenSSL is too old for the function that is there', () => {
    const argon2Sync = (): never => {
      throw new Error('argon2 is not supported')
    }
    expect(nativeBackend({ argon2: () => undefined, argon2Sync })).toBeUndefined()
  })

  it('hands the job over in the words of node:crypto, and computes version 1.3 only', async () => {
    const calls: unknown[] = []
    const backend: Argon2Backend | undefined = nativeBackend({
      argon2Sync: () => new Uint8Array(16),
      argon2: (type: string, parameters: object, callback: (error: null, hash: Uint8Array) => void) => {
        calls.push([type, parameters])
        callback(null, new Uint8Array([7]))
      },
    })
    expect(await backend?.derive(job)).toEqual(new Uint8Array([7]))
    const { password: message, salt: nonce } = job
    expect(calls).toEqual([['argon2id', { message, nonce, memory: 64, passes: 3, parallelism: 4, tagLength: 32 }]])
    expect(backend?.versions).toEqual([19])
  })

  it('rejects with what the runtime reports', async () => {
    const backend = nativeBackend({
      argon2Sync: () => new Uint8Array(16),
      argon2: (_type: string, _parameters: object, callback: (error: Error) => void) =>
        callback(new Error('no memory')),
    })
    await expect(backend?.derive(job)).rejects.toThrow('no memory')
  })

  it.skipIf(!('argon2' in crypto))('computes what the package computes, on the runtime that has it', async () => {
    const [native, packaged] = [nativeBackend(crypto), packagedBackend(nodePackage)]
    for (const type of ['argon2d', 'argon2i', 'argon2id'] as const) {
      const [a, b] = [await native?.derive({ ...job, type }), await packaged?.derive({ ...job, type })]
      expect(Buffer.from(a ?? []).toString('hex')).toBe(Buffer.from(b ?? []).toString('hex'))
      expect(a).toHaveLength(32)
    }
  })
})
