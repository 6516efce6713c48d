import { describe, expect, it } from 'vitest'
import { memoryLimiter } from '../../src/stores/memory/limiter.ts'
import { cookieOf, retryAfterOf, service, statusOf, tally, withBasic } from './service.ts'

const start = 1_800_000_000

function stand() {
  const time = { now: start }
  const clock = () => time.now
  return { time, ...service({ limiter: memoryLimiter({ clock }), clock }) }
}

function times<T>(count: number, run: (index: number) => T): Promise<Awaited<T>[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)))
}

describe('a thousand parallel wrong guesses at one account', () => {
  it.each(['basic', 'form'] as const)(
    'of %s are throttled as a thousand: ten passwords are looked at',
    async (name) => {
      const at = stand()
      const statuses = tally(await times(1000, () => at[name]('wrong')))
      console.log(`1,000 parallel wrong guesses by ${name}: ${at.seen.passwords} verified, ${JSON.stringify(statuses)}`)
      expect(at.seen.passwords).toBe(10)
      expect(statuses).toEqual({ 401: 10, 429: 990 })
    },
  )

  it('do not get through by spreading over basic and form, which share the throttle', async () => {
    const at = stand()
    await times(1000, (index) => (index % 2 === 0 ? at.basic('wrong') : at.form('wrong')))
    expect(at.seen.passwords).toBe(10)
  })

  it('do not get through from a thousand networks either', async () => {
    const at = stand()
    await times(1000, (index) => at.basic('wrong', `10.${index >> 8}.${index & 255}.1`))
    expect(at.seen.passwords).toBe(10)
  })

  it('do not get through when the right one is among them', async () => {
    const at = stand()
    const outcomes = await times(1000, (index) => at.basic(index === 500 ? 'right' : 'wrong'))
    expect(outcomes.map(statusOf)).not.toContain(200)
  })
})

describe('waiting', () => {
  it('is asked for in Retry-After, and doubles with every guess that follows', async () => {
    const at = stand()
    await times(10, () => at.form('wrong'))
    const waits: (number | undefined)[] = []
    for (let round = 0; round < 6; round++) {
      const refused = await at.form('wrong')
      expect(statusOf(refused)).toBe(429)
      waits.push(retryAfterOf(refused))
      at.time.now += retryAfterOf(refused) ?? 0
      expect(statusOf(await at.form('wrong'))).toBe(401)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32])
  })

  it('is over for whoever then knows the password', async () => {
    const at = stand()
    await times(20, () => at.form('wrong'))
    at.time.now += 1
    expect(statusOf(await at.form('right'))).toBe(200)
    expect(statusOf(await at.form('right'))).toBe(200)
  })
})

describe('Basic, where every request has the password', () => {
  it('has fifty requests in flight for ever once the first one was right, while strangers guess', async () => {
    const at = stand()
    expect(statusOf(await at.basic('right'))).toBe(200)
    for (let round = 0; round < 20; round++) {
      const strangers = times(50, () => at.basic('wrong', '203.0.113.5'))
      expect(tally(await times(50, () => at.basic('right')))).toEqual({ 200: 50 })
      await strangers
    }
    expect(at.seen.passwords).toBe(1 + 20 * 50 + 10)
  })

  it('sets no cookie and shows none', async () => {
    const at = stand()
    expect(cookieOf(await at.basic('right'))).toBeUndefined()
    const cookie = cookieOf(await at.form('right', { peer: '203.0.113.77' })) ?? ''
    await times(10, () => at.basic('wrong', '203.0.113.5'))
    expect(statusOf(await at.decide(withBasic('ada', 'right', '203.0.113.5', { cookie })))).toBe(429)
  })
})

describe('a stranger who hammers an account', () => {
  it('does not keep out the browser in which its owner logged in before, from whatever address', async () => {
    const at = stand()
    const cookie = cookieOf(await at.form('right', { peer: '198.51.100.1' }))
    expect(cookie).toMatch(/^__Host-device=/)
    for (let round = 0; round < 30; round++) {
      await times(100, (index) => at.form('wrong', { peer: `203.0.113.${index}` }))
      const abroad = { peer: `192.0.2.${round}` }
      expect(statusOf(await at.form('right', abroad)), 'without the cookie').toBe(429)
      expect(statusOf(await at.form('right', { ...abroad, cookie: cookie ?? '' })), 'with the cookie').toBe(200)
      // That success made the address known; strangers have another one.
      expect(statusOf(await at.form('right', abroad)), 'from a known address').toBe(200)
      at.time.now += 60
    }
  })

  it('gains nothing by a cookie for another account, a forged one or two at once', async () => {
    const at = stand()
    const own = cookieOf(await at.form('right', { peer: '198.51.100.1' })) ?? ''
    const peer = '203.0.113.5'
    await times(10, () => at.form('wrong', { account: 'bob', peer }))
    for (const cookie of [own, `${own}; ${own}`, `${own.slice(0, -1)}x`, '__Host-device=1']) {
      expect(statusOf(await at.form('wrong', { account: 'bob', peer, cookie }))).toBe(429)
    }
  })

  it('who has stolen the cookie has ten guesses too', async () => {
    const at = stand()
    const cookie = cookieOf(await at.form('right')) ?? ''
    const before = at.seen.passwords
    await times(1000, (index) => at.form('wrong', { cookie, peer: `203.0.113.${index % 250}` }))
    expect(at.seen.passwords - before).toBe(10)
  })

  it('gets another cookie with every login, and none for a wrong password', async () => {
    const at = stand()
    const cookies = [cookieOf(await at.form('right')), cookieOf(await at.form('right'))]
    expect(new Set(cookies).size).toBe(2)
    expect(cookieOf(await at.form('wrong'))).toBeUndefined()
  })
})

describe('the address that is counted', () => {
  const limits = { account: false, network: false, address: { failures: 3 } } as const
  const forwarded = (index: number) =>
    withBasic(`name ${index}`, 'x', '10.0.0.1', { 'x-forwarded-for': `192.0.2.${index}` })

  it('is the one of the connection, whatever a client says', async () => {
    const at = service({ limiter: memoryLimiter(), ...limits })
    expect(tally(await times(20, (index) => at.decide(forwarded(index))))).toEqual({ 401: 3, 429: 17 })
  })

  it('is the one that a trusted proxy names', async () => {
    const at = service({ limiter: memoryLimiter(), ...limits }, { trustedProxies: ['10.0.0.1'] })
    expect(tally(await times(20, (index) => at.decide(forwarded(index))))).toEqual({ 401: 20 })
    expect(tally(await times(20, () => at.decide(forwarded(1))))).toEqual({ 401: 2, 429: 18 })
  })
})
