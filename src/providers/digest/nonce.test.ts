import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '#crypto'
import type { AuthenticationContext } from '../../core/provider.ts'
import { type NonceOptions, Nonces } from './nonce.ts'

const key = new Uint8Array(32).fill(7)
const other = new Uint8Array(32).fill(8)
const options = { keys: [key], realm: 'r', lifetimeSeconds: 300, perAddress: false }

function contextAt(seconds: number, address = '192.0.2.1'): AuthenticationContext {
  const { signal } = new AbortController()
  const request = {
    method: 'GET',
    target: '/',
    url: new URL('https://service.example'),
    peer: { address, encrypted: true },
    signal,
    native: {},
    header: () => undefined,
    body: async () => ({ kind: 'none' }) as const,
  }
  return {
    name: 'd',
    request,
    signal,
    fetch,
    now: () => seconds,
    random: (bytes) => randomBytes(bytes),
    fault: () => {},
  }
}

async function made(changes: Partial<NonceOptions> = {}, at = contextAt(1000)): Promise<string> {
  return await new Nonces({ ...options, ...changes }).create(at)
}

function judged(nonce: string, changes: Partial<NonceOptions> = {}, at = contextAt(1000)) {
  return new Nonces({ ...options, ...changes }).read(nonce, at)
}

describe('a Digest nonce', () => {
  it('is version, key id, milliseconds, random octets and an HMAC-SHA-256 of all that and the realm', async () => {
    const octets = Buffer.from(await made({}, contextAt(1_700_000_000.5)), 'base64url')
    expect(octets).toHaveLength(39)
    expect(octets[0]).toBe(1)
    expect(octets.subarray(1, 5)).toEqual(
      createHmac('sha256', key).update('becauth digest nonce key').digest().subarray(0, 4),
    )
    expect(octets.readUIntBE(5, 6)).toBe(1_700_000_000_500)
    const code = createHmac('sha256', key).update(octets.subarray(0, 23)).update('r\0').digest()
    expect(octets.subarray(23)).toEqual(code.subarray(0, 16))
  })

  it('differs each time, within one pool of random octets and beyond', async () => {
    const nonces = new Nonces(options)
    const all = await Promise.all(Array.from({ length: 1000 }, () => nonces.create(contextAt(1000))))
    expect(new Set(all).size).toBe(1000)
    for (const nonce of all) expect(await nonces.read(nonce, contextAt(1000))).toBeDefined()
  })

  it('is known again by another process with the key, and by none without', async () => {
    const nonce = await made()
    expect(await judged(nonce)).toMatchObject({ expiresAt: 1300, aged: false })
    expect(await judged(nonce, { keys: [other] })).toBeUndefined()
    expect(await judged(nonce, { keys: [] })).toBeUndefined()
  })

  it('is signed with the first key and known by all', async () => {
    expect(await judged(await made(), { keys: [other, key] })).toBeDefined()
    expect(await judged(await made({ keys: [other, key] }))).toBeUndefined()
    expect(await judged(await made({ keys: [other, key] }), { keys: [key, other] })).toBeDefined()
  })

  it('belongs to its realm', async () => {
    expect(await judged(await made(), { realm: 's' })).toBeUndefined()
  })

  it('belongs to the address of its client where that is asked for', async () => {
    const nonce = await made({ perAddress: true })
    expect(await judged(nonce, { perAddress: true })).toBeDefined()
    expect(await judged(nonce, { perAddress: true }, contextAt(1000, '192.0.2.2'))).toBeUndefined()
    expect(await judged(nonce)).toBeUndefined()
  })

  it('D46, F16: lives by the wall clock, a little of the future included', async () => {
    const nonce = await made()
    const lives = async (seconds: number) => (await judged(nonce, {}, contextAt(seconds))) !== undefined
    expect(await lives(1299.999)).toBe(true)
    expect(await lives(1300)).toBe(false)
    expect(await lives(970)).toBe(true)
    expect(await lives(969.9)).toBe(false)
    expect(await lives(Number.NaN)).toBe(false)
  })

  it('ages after half of its life', async () => {
    const nonce = await made()
    expect(await judged(nonce, {}, contextAt(1150))).toMatchObject({ aged: false })
    expect(await judged(nonce, {}, contextAt(1150.1))).toMatchObject({ aged: true })
  })

  it('D46: is not ours, and nothing throws, for any other text', async () => {
    for (const text of ['', '+++', '1777777777777777777777777777', '1777777777+77777777+7777777777', 'abcdefgh+zzzz']) {
      expect(await judged(text)).toBeUndefined()
    }
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await judged(text)).toBeUndefined()
      }),
    )
  })

  it('is not ours with any other character at any place', async () => {
    const nonce = await made()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < nonce.length; at++) {
      for (const character of alphabet) {
        if (nonce[at] === character) continue
        expect(await judged(nonce.slice(0, at) + character + nonce.slice(at + 1))).toBeUndefined()
      }
    }
  })
})
