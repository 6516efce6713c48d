import { describe, expect, it } from 'vitest'
import { type DeviceCookieOptions, Devices } from './device-cookie.ts'
import { canonicalName } from './keys.ts'

const [keyA, keyB] = ['a', 'b'].map((letter) => letter.repeat(32))
const now = 1_800_000_000
const context = { now: () => now, random: (bytes: number) => new Uint8Array(bytes).fill(7) }

function devices(options: DeviceCookieOptions = {}, key = keyA) {
  return new Devices(options, new TextEncoder().encode(key), canonicalName)
}

async function issued(by: Devices, account = 'Ada'): Promise<string> {
  const [, field] = await by.issue(account, context)
  return /^__Host-device=([^;]*);/.exec(field)?.[1] ?? ''
}

describe('the device cookie', () => {
  it('is sent to the origin that set it alone, over TLS alone, and never to scripts', async () => {
    const [name, value] = await devices({ ttlSeconds: 60 }).issue('ada', context)
    expect(name).toBe('Set-Cookie')
    expect(value).toMatch(/^__Host-device=[\w.-]+; Path=\/; Max-Age=60; Secure; HttpOnly; SameSite=Strict$/)
  })

  it('proves the same device for the account, in any spelling of it', async () => {
    const value = await issued(devices())
    expect(await devices().read(value, 'ada', now)).toBe('BwcHBwcHBwcHBwcHBwcHBw')
    expect(await devices().read(value, 'ADA', now)).toBe('BwcHBwcHBwcHBwcHBwcHBw')
  })

  it('names no account, and proves nothing for another one', async () => {
    const value = await issued(devices())
    expect(value.toLowerCase()).not.toContain('ada')
    expect(await devices().read(value, 'bob', now)).toBeUndefined()
    expect(await devices().read(value, '', now)).toBeUndefined()
  })

  it('proves nothing when its time is over', async () => {
    const value = await issued(devices({ ttlSeconds: 60 }))
    expect(await devices().read(value, 'ada', now + 59)).toBeDefined()
    expect(await devices().read(value, 'ada', now + 60)).toBeUndefined()
  })

  it('proves nothing when a single character of it is another one', async () => {
    const value = await issued(devices())
    for (let index = 0; index < value.length; index++) {
      const other = value[index] === '1' ? '2' : '1'
      const forged = value.slice(0, index) + other + value.slice(index + 1)
      expect(await devices().read(forged, 'ada', now), forged).toBeUndefined()
    }
  })

  it.each([undefined, '', '1', '1....', 'x'.repeat(10_000), `1.0.${now + 9}.${'A'.repeat(22)}.${'A'.repeat(43)}`])(
    'takes %s for none',
    async (value) => {
      expect(await devices().read(value, 'ada', now)).toBeUndefined()
    },
  )

  it('is made under the current key and read under every key of the ring', async () => {
    const old = devices({ current: 'old', keys: { old: keyA ?? '' } })
    const both = devices({ current: 'new', keys: { old: keyA ?? '', new: keyB ?? '' } })
    const without = devices({ current: 'new', keys: { new: keyB ?? '' } })
    const value = await issued(old)
    expect(value).toMatch(/^1\.old\./)
    expect(await both.read(value, 'ada', now)).toBeDefined()
    expect(await without.read(value, 'ada', now)).toBeUndefined()
    expect(await issued(both)).toMatch(/^1\.new\./)
    expect(await without.read(await issued(both), 'ada', now)).toBeDefined()
  })

  it('is worth nothing under another key of the same id', async () => {
    expect(await devices({}, keyB).read(await issued(devices()), 'ada', now)).toBeUndefined()
  })
})
