import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Limiter } from '../core/limiter.ts'
import type { Attempt, Reservation } from '../core/ports.ts'
import { memoryLimiter } from '../stores/memory/limiter.ts'
import { type ThrottleOptions, throttle } from './throttle.ts'

const key = 'k'.repeat(32)
const signal = new AbortController().signal
const ada: Attempt = { account: 'ada', address: '192.0.2.1' }
const start = 1_800_000_000

/** A throttle at a moment that stands still until it is moved. */
function stand(options: Partial<ThrottleOptions> = {}) {
  const time = { now: start }
  const clock = () => time.now
  const limiter = memoryLimiter({ clock })
  return { time, limiter, throttle: throttle({ limiter, key, clock, ...options }) }
}

type Stand = ReturnType<typeof stand>

async function reserve(at: Stand, attempt: Attempt): Promise<Reservation> {
  return at.throttle.reserve(attempt, signal)
}

/** Attempts with a wrong secret until one is refused: how many were let through, and the wait. */
async function guess(at: Stand, attempt: Attempt, most = 10_000): Promise<{ passed: number; wait: number }> {
  for (let passed = 0; passed < most; passed++) {
    const reservation = await reserve(at, attempt)
    if (!reservation.ok) return { passed, wait: reservation.retryAfterSeconds }
    await reservation.settle(false)
  }
  return { passed: most, wait: 0 }
}

async function succeed(at: Stand, attempt: Attempt): Promise<void> {
  const reservation = await reserve(at, attempt)
  if (!reservation.ok) throw new Error('the attempt was refused')
  await reservation.settle(true)
}

describe('throttle(): a stranger', () => {
  it('has ten failures, then waits that double from a second to an hour', async () => {
    const at = stand({ address: false, network: false })
    expect(await guess(at, ada)).toEqual({ passed: 10, wait: 1 })
    const waits: number[] = []
    for (let round = 0; round < 14; round++) {
      const { wait } = await guess(at, ada)
      waits.push(wait)
      at.time.now += wait
      const next = await reserve(at, ada)
      expect(next.ok).toBe(true)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600])
  })

  it('has at most 40 guesses in any hour and 66 in any day, whenever in the window it begins', async () => {
    let [hour, day] = [0, 0]
    for (let phase = 0; phase < 86_400; phase += 1200) {
      const at = stand({ address: false, network: false })
      at.time.now += phase
      const times: number[] = []
      // Always at the first moment that is not refused.
      while (at.time.now < start + phase + 1.5 * 86_400) {
        const reservation = await reserve(at, ada)
        if (reservation.ok) times.push(at.time.now)
        else at.time.now += reservation.retryAfterSeconds
      }
      const most = (seconds: number) =>
        Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + seconds).length))
      hour = Math.max(hour, most(3600))
      day = Math.max(day, most(86_400))
    }
    console.log(`one account under steady attack by strangers: at most ${hour} guesses an hour, ${day} a day`)
    expect(hour).toBeLessThanOrEqual(40)
    expect(day).toBeLessThanOrEqual(66)
    expect(day).toBeGreaterThan(30)
  })

  it('is told the seconds that are left, not the whole wait', async () => {
    const at = stand()
    await guess(at, ada)
    at.time.now += 1
    await reserve(at, ada)
    expect(await guess(at, ada)).toEqual({ passed: 0, wait: 2 })
    at.time.now += 0.5
    expect(await guess(at, ada)).toEqual({ passed: 0, wait: 2 })
    at.time.now += 0.5
    expect(await guess(at, ada)).toEqual({ passed: 0, wait: 1 })
  })

  it('does not wait longer because it did not wait', async () => {
    const at = stand()
    await guess(at, ada)
    for (let round = 0; round < 500; round++) await guess(at, ada)
    at.time.now += 1
    expect(await guess(at, ada)).toEqual({ passed: 1, wait: 2 })
  })

  it('counts a thousand parallel guesses as a thousand', async () => {
    const at = stand()
    const reservations = await Promise.all(Array.from({ length: 1000 }, () => reserve(at, ada)))
    expect(reservations.filter(({ ok }) => ok)).toHaveLength(10)
  })

  it('has its failures forgotten after the window', async () => {
    const at = stand({ account: { windowSeconds: 600 }, address: false, network: false })
    expect(await guess(at, ada)).toMatchObject({ passed: 10 })
    at.time.now += 601
    expect(await guess(at, ada)).toMatchObject({ passed: 10 })
  })

  it('is the same account in any spelling, and another one by another name', async () => {
    const at = stand({ address: false, network: false })
    expect(await guess(at, { ...ada, account: 'Ren\u00e9' })).toMatchObject({ passed: 10 })
    expect(await guess(at, { ...ada, account: 'rene\u0301' })).toMatchObject({ passed: 0 })
    expect(await guess(at, { ...ada, account: 'RENÉ' })).toMatchObject({ passed: 0 })
    expect(await guess(at, { ...ada, account: 'rene' })).toMatchObject({ passed: 10 })
  })

  it('is the account that "canonical" says', async () => {
    const canonical = (name: string) => name.replaceAll('.', '')
    const at = stand({ address: false, network: false, canonical })
    await guess(at, { ...ada, account: 'a.da' })
    expect(await guess(at, ada)).toMatchObject({ passed: 0 })
  })

  it('is counted by account alone where the address is not known', async () => {
    const at = stand()
    for (let round = 0; round < 100; round++) {
      expect(await guess(at, { account: `name ${round}`, address: undefined })).toMatchObject({ passed: 10 })
    }
  })

  it.each([
    ['an address', 50, (round: number) => `2001:db8:0:1::${round.toString(16)}`],
    ['a network', 500, (round: number) => `198.51.100.${round % 256}`],
  ])('who tries many accounts from %s has %i failures there', async (_where, failures, address) => {
    const at = stand()
    let passed = 0
    for (let round = 0; round < 2000; round++) {
      const reservation = await reserve(at, { account: `name ${round}`, address: address(round) })
      if (reservation.ok) passed++
    }
    expect(passed).toBe(failures)
    expect((await reserve(at, { account: 'else', address: '203.0.113.1' })).ok).toBe(true)
  })

  it('is not charged to the other budgets when one of them refuses', async () => {
    const at = stand({ account: { failures: 2 } })
    for (let round = 0; round < 100; round++) await guess(at, ada)
    expect(await guess(at, { ...ada, account: 'bob' })).toMatchObject({ passed: 2 })
  })
})

describe('throttle(): a right secret', () => {
  it('gives back what was reserved, so that it may come for ever', async () => {
    const at = stand({ known: false })
    for (let round = 0; round < 1000; round++) await succeed(at, ada)
    expect(await guess(at, ada)).toMatchObject({ passed: 10 })
  })

  it('opens the gate that it went through and does not lengthen the waits', async () => {
    const at = stand({ known: false })
    await guess(at, ada)
    at.time.now += 1
    await succeed(at, ada)
    // The second wait is two seconds; the third would be four.
    expect(await guess(at, ada)).toEqual({ passed: 1, wait: 2 })
  })

  it('gives back once, into its own window only, so that nobody can save up failures', async () => {
    const at = stand({ known: false, account: { windowSeconds: 60 }, address: false, network: false })
    const early = await Promise.all(Array.from({ length: 9 }, () => reserve(at, ada)))
    at.time.now += 61
    for (const reservation of early) if (reservation.ok) await reservation.settle(true)
    expect(await guess(at, ada)).toMatchObject({ passed: 10 })
  })

  it('makes account and address known: a hundred may then be in flight whatever strangers do', async () => {
    const at = stand()
    await succeed(at, ada)
    expect(await guess(at, { ...ada, address: '203.0.113.9' })).toMatchObject({ passed: 10 })
    const inFlight = await Promise.all(Array.from({ length: 100 }, () => reserve(at, ada)))
    expect(inFlight.every(({ ok }) => ok)).toBe(true)
    expect((await reserve(at, ada)).ok).toBe(false)
    for (const reservation of inFlight) if (reservation.ok) await reservation.settle(true)
    expect(await guess(at, ada)).toMatchObject({ passed: 100 })
  })

  it('makes the account known from that address alone, and the address for that account alone', async () => {
    const at = stand()
    await succeed(at, ada)
    expect(await guess(at, { ...ada, address: '192.0.2.2' })).toMatchObject({ passed: 10 })
    expect(await guess(at, { ...ada, account: 'bob' })).toMatchObject({ passed: 10 })
  })

  it('is known for 14 days from its last renewal, which is due in the second half', async () => {
    const at = stand()
    const day = 86_400
    await succeed(at, ada)
    at.time.now += 8 * day
    await succeed(at, ada)
    at.time.now += 13 * day
    expect(await guess(at, ada)).toMatchObject({ passed: 100 })
    at.time.now += 2 * day
    expect(await guess(at, ada)).toMatchObject({ passed: 10 })
  })

  it('is not assumed when the attempt is released, which gives back and makes nobody known', async () => {
    const at = stand()
    for (let round = 0; round < 100; round++) {
      const reservation = await reserve(at, ada)
      if (!reservation.ok) throw new Error('refused')
      await reservation.release()
    }
    expect(await guess(at, ada)).toMatchObject({ passed: 10 })
  })
})

describe('throttle(): a device', () => {
  const context = { now: () => start, random: (bytes: number) => new Uint8Array(bytes).fill(1) }

  async function deviceOf(at: Stand, account: string): Promise<string> {
    const [, field] = (await at.throttle.deviceCookie?.issue(account, context)) ?? ['', '']
    return /=([^;]*)/.exec(field)?.[1] ?? ''
  }

  it('has a budget of its own while strangers at the same address hammer the account', async () => {
    const at = stand({ known: false })
    const device = await deviceOf(at, 'ada')
    await guess(at, ada)
    for (let round = 0; round < 200; round++) await guess(at, { account: `name ${round}`, address: ada.address })
    expect((await reserve(at, ada)).ok).toBe(false)
    await succeed(at, { ...ada, device })
    expect(await guess(at, { ...ada, device })).toMatchObject({ passed: 10 })
  })

  it('is a stranger for another account, when forged, and when there is no cookie', async () => {
    const at = stand({ known: false, address: false, network: false })
    const device = await deviceOf(at, 'bob')
    await guess(at, ada)
    for (const value of [device, `${device}x`, '', undefined]) {
      expect((await reserve(at, { ...ada, device: value })).ok).toBe(false)
    }
  })

  it('makes its address known', async () => {
    const at = stand()
    await succeed(at, { ...ada, device: await deviceOf(at, 'ada') })
    expect(await guess(at, ada)).toMatchObject({ passed: 100 })
  })

  it('does not exist where the cookie is turned off', () => {
    expect(stand({ deviceCookie: false }).throttle.deviceCookie).toBeUndefined()
  })
})

describe('throttle(): the limiter', () => {
  it('sees neither names nor addresses', async () => {
    const seen: string[] = []
    const inner = memoryLimiter()
    const limiter: Limiter = {
      add: (name, points, windowSeconds) => {
        seen.push(name)
        return inner.add(name, points, windowSeconds)
      },
      read: (name) => {
        seen.push(name)
        return inner.read(name)
      },
      remove: (name) => {
        seen.push(name)
        inner.remove(name)
      },
    }
    const at = { ...stand(), throttle: throttle({ limiter, key }) }
    await succeed(at, ada)
    await guess(at, { account: 'ada', address: '198.51.100.1' })
    expect(seen.length).toBeGreaterThan(20)
    for (const text of seen) expect(text).toMatch(/^[\w-]{24}(:\d+:[nw]|:[gk])$/)
  })

  it('that answers at once keeps everything in one tick', () => {
    const at = stand()
    const reservation = at.throttle.reserve(ada, signal)
    expect(reservation).not.toBeInstanceOf(Promise)
    if (reservation instanceof Promise || !reservation.ok) throw new Error('refused')
    expect(reservation.settle(true)).toBeUndefined()
  })
})

describe('throttle(): a limiter that fails', () => {
  const broken = {
    add: () => Promise.reject(new Error('down')),
    read: () => {
      throw new Error('down')
    },
    remove: () => Promise.reject(new Error('down')),
  }

  it('refuses everybody by throwing, unless told otherwise', async () => {
    const at = { ...stand(), throttle: throttle({ limiter: broken, key }) }
    await expect(reserve(at, ada)).rejects.toThrow('down')
    await expect(reserve(at, { ...ada, address: undefined })).rejects.toThrow('down')
  })

  it('lets everybody through by choice, and reports every time', async () => {
    const errors: unknown[] = []
    const options = {
      limiter: broken,
      key,
      onStoreFailure: 'allow',
      onStoreError: (e: unknown) => errors.push(e),
    } as const
    const at = { ...stand(), throttle: throttle(options) }
    for (let round = 0; round < 50; round++) await succeed(at, ada)
    expect(errors).toHaveLength(50)
    expect(errors[0]).toEqual(new Error('down'))
  })

  it('is reported by its class alone where nobody listens', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {})
    const at = { ...stand(), throttle: throttle({ limiter: broken, key, onStoreFailure: 'allow' }) }
    await succeed(at, ada)
    expect(written.mock.calls).toEqual([['becauth: an attempt was not counted: Error']])
    written.mockRestore()
  })

  it.each(['refuse', 'allow'] as const)('while it gives back is an error with "%s" as well', async (onStoreFailure) => {
    const inner = memoryLimiter()
    const errors: unknown[] = []
    let isDown = false
    const limiter: Limiter = {
      ...broken,
      read: (name) => inner.read(name),
      add: (name, points, windowSeconds) =>
        isDown ? Promise.reject(new Error('down')) : inner.add(name, points, windowSeconds),
    }
    const options = { limiter, key, onStoreFailure, onStoreError: (error: unknown) => errors.push(error) }
    const reservation = await throttle(options).reserve(ada, signal)
    isDown = true
    if (!reservation.ok) throw new Error('refused')
    const settled = Promise.resolve(reservation.settle(true))
    if (onStoreFailure === 'allow') await settled
    else await expect(settled).rejects.toThrow('down')
    expect(errors).toHaveLength(onStoreFailure === 'allow' ? 1 : 0)
  })

  describe('by not answering', () => {
    beforeEach(() => vi.useFakeTimers())
    afterEach(() => vi.useRealTimers())

    it('has 250 milliseconds for each call', async () => {
      const silent = () => new Promise<never>(() => {})
      const at = { ...stand(), throttle: throttle({ limiter: { add: silent, read: silent, remove: silent }, key }) }
      const reservation = reserve(at, ada)
      const refused = expect(reservation).rejects.toThrow('within 250 ms')
      await vi.advanceTimersByTimeAsync(249)
      expect(vi.getTimerCount()).toBe(1)
      await vi.advanceTimersByTimeAsync(1)
      await refused
      expect(vi.getTimerCount()).toBe(0)
    })
  })
})

describe('throttle(): what it is told', () => {
  const limiter = memoryLimiter()
  it.each([
    ['"limiter"', { limiter: {} }],
    ['"key"', { key: 'short' }],
    ['"key"', { key: undefined }],
    ['"key"', { key: new Uint8Array(31) }],
    ['"account"', { account: 7 }],
    ['"account.failures"', { account: { failures: 0 } }],
    ['"address.windowSeconds"', { address: { windowSeconds: 24 * 86_400 + 1 } }],
    ['"network.maxWaitSeconds"', { network: { maxWaitSeconds: 2 ** 31 } }],
    ['"known.waitSeconds"', { known: { waitSeconds: 0.5 } }],
    ['"known.ttlSeconds"', { known: { ttlSeconds: 25 * 86_400 } }],
    ['"device.waitSeconds" must not exceed', { device: { waitSeconds: 60, maxWaitSeconds: 30 } }],
    ['one of "account", "address" and "network"', { account: false, address: false, network: false }],
    ['"deviceCookie.keys"', { deviceCookie: { keys: 7 } }],
    ['"deviceCookie.keys.a"', { deviceCookie: { current: 'a', keys: { a: 'short' } } }],
    ['an id in "deviceCookie.keys"', { deviceCookie: { current: 'a.b', keys: { 'a.b': key } } }],
    ['"deviceCookie.current"', { deviceCookie: { keys: { a: key } } }],
    ['"deviceCookie.current"', { deviceCookie: { current: 'b', keys: { a: key } } }],
    ['"deviceCookie.ttlSeconds"', { deviceCookie: { ttlSeconds: 401 * 86_400 } }],
    ['"onStoreFailure"', { onStoreFailure: 'open' }],
    ['"onStoreError"', { onStoreError: 'log' }],
    ['"canonical"', { canonical: 'lower' }],
    ['"clock"', { clock: 7 }],
  ])('%s is a TypeError when it cannot be used: %j', (message, wrong) => {
    const construct = () => Reflect.apply(throttle, undefined, [{ limiter, key, ...wrong }])
    expect(construct).toThrow(TypeError)
    expect(construct).toThrow(`throttle(): ${message}`)
  })
})
