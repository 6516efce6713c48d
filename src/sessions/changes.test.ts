import { describe, expect, it } from 'vitest'
import { ada, Browser, causeOf, cookiesOf, fieldsOf, overriding, START, service } from '../../test/sessions/kit.ts'
import { memorySessionStore } from '../stores/memory/session-store.ts'

describe('rotate()', () => {
  it.each(['step-up', 'privilege-change'] as const)('kills the old key at once after a %s', async (because) => {
    const { login, decide, stored, clock } = service()
    const browser = new Browser()
    const first = await login(browser)
    const old = new Browser()
    old.take(first.headers)
    clock.now += 100
    const change = await stored.rotate(browser.request(), { because })
    browser.take(change?.headers ?? [])
    expect(change?.session).toMatchObject({
      handle: first.session?.handle,
      createdAt: START,
      renewedAt: START + 100,
      authenticatedAt: because === 'step-up' ? START + 100 : START,
    })
    const late = await decide(old)
    expect(causeOf(late)).toEqual({ kind: 'InvalidCredentials', reason: 'revoked', discardable: true })
    expect(cookiesOf(fieldsOf(late))).toEqual([])
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated', principal: ada })
  })

  it('keeps the tag, so that a cluster finds both keys in one place', async () => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    const [, tag, id] = browser.session?.split('.') ?? []
    browser.take((await stored.rotate(browser.request(), { because: 'periodic' }))?.headers ?? [])
    const [, nextTag, nextId] = browser.session?.split('.') ?? []
    expect(nextTag).toBe(tag)
    expect(nextId).not.toBe(id)
  })

  it('lets requests on their way read by the old key, for as long as the grace of a periodic one', async () => {
    const { login, decide, stored, clock } = service()
    const browser = new Browser()
    const old = new Browser()
    old.take((await login(browser)).headers)
    browser.take((await stored.rotate(browser.request(), { because: 'periodic', graceSeconds: 10 }))?.headers ?? [])
    browser.take((await stored.update(browser.request(), { count: 9 }))?.headers ?? [])
    expect(await decide(old)).toMatchObject({ principal: { count: 0 } })
    await expect(stored.update(old.request(), { count: 1 })).rejects.toMatchObject({ code: 'session-rotated' })
    await expect(stored.rotate(old.request(), { because: 'step-up' })).rejects.toMatchObject({
      code: 'session-rotated',
    })
    expect((await stored.rotate(old.request(), { because: 'periodic' }))?.headers).toEqual([])
    clock.now += 10
    expect(causeOf(await decide(old))).toMatchObject({ reason: 'revoked' })
    expect(await decide(browser)).toMatchObject({ principal: { count: 9 } })
  })

  it.each([
    { because: 'step-up', graceSeconds: 30 },
    { because: 'privilege-change', graceSeconds: 1 },
    { because: 'periodic', graceSeconds: 301 },
    { because: 'periodic', graceSeconds: -1 },
    { because: 'whim' },
  ])('refuses %j', async (options) => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    const wrong = options as unknown as { because: 'periodic' }
    await expect(stored.rotate(browser.request(), wrong)).rejects.toThrow(TypeError)
  })

  it('rotates nothing where there is no session', async () => {
    const { stored } = service()
    expect(await stored.rotate(new Browser().request(), { because: 'periodic' })).toBeUndefined()
  })
})

describe('update()', () => {
  it('changes the data, tells nobody but the store, and keeps what the patch leaves out', async () => {
    const { login, decide, stored } = service()
    const browser = new Browser()
    await login(browser)
    const change = await stored.update(browser.request(), { count: 3 })
    expect(change).toMatchObject({ headers: [], session: { data: { name: 'ada', count: 3 } } })
    expect(await decide(browser)).toMatchObject({ principal: { name: 'ada', count: 3 } })
  })

  it('loses none of 200 parallel changes', async () => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    const add = () => stored.update(browser.request(), (data) => ({ ...data, count: data.count + 1 }))
    await Promise.all(Array.from({ length: 200 }, add))
    expect((await stored.current(browser.request()))?.data.count).toBe(200)
  })

  it('tries again with what somebody else wrote, and never overwrites it', async () => {
    const store = memorySessionStore()
    const one = service({ store })
    const two = service({ store })
    const browser = new Browser()
    await one.login(browser)
    let interfered = false
    await one.stored.update(browser.request(), async (data) => {
      if (!interfered) await two.stored.update(browser.request(), { name: 'eve' })
      interfered = true
      return { ...data, count: data.count + 1 }
    })
    expect((await two.stored.current(browser.request()))?.data).toEqual({ name: 'eve', count: 1 })
  })

  it('gives up when others are faster again and again', async () => {
    const store = overriding(memorySessionStore(), { replace: () => false })
    const { login, stored } = service({ store })
    const browser = new Browser()
    await login(browser)
    await expect(stored.update(browser.request(), { count: 1 })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('writes nothing when nothing changed', async () => {
    let writes = 0
    const inner = memorySessionStore()
    const store = overriding(inner, {
      replace: (...call: Parameters<typeof inner.replace>) => {
        writes++
        return inner.replace(...call)
      },
    })
    const { login, stored } = service({ store })
    const browser = new Browser()
    await login(browser)
    await stored.update(browser.request(), (data) => data)
    expect(writes).toBe(0)
  })

  it('hands on what the function throws, and refuses data that does not fit', async () => {
    const { login, stored } = service()
    const browser = new Browser()
    await login(browser)
    const own = new RangeError('own')
    const throwing = stored.update(browser.request(), () => {
      throw own
    })
    await expect(throwing).rejects.toBe(own)
    const misfit = { count: 'x' } as unknown as { count: number }
    await expect(stored.update(browser.request(), misfit)).rejects.toThrow(TypeError)
    expect((await stored.current(browser.request()))?.data).toEqual(ada)
  })

  it('changes nothing where there is no session', async () => {
    const { stored } = service()
    expect(await stored.update(new Browser().request(), { count: 1 })).toBeUndefined()
  })
})

describe('the limits of a session', () => {
  it('end it after the idle time, and delete the cookie', async () => {
    const { login, decide, clock } = service({ idleSeconds: 100, absoluteSeconds: 1000 })
    const browser = new Browser()
    await login(browser)
    clock.now = START + 99.9
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    const idle = new Browser()
    await login(idle)
    clock.now += 100
    const outcome = await decide(idle)
    expect(causeOf(outcome)).toEqual({ kind: 'InvalidCredentials', reason: 'expired', discardable: true })
    expect(idle.session).toBeUndefined()
  })

  it('end it after the absolute time, however often it is used', async () => {
    const { login, decide, clock } = service({ idleSeconds: 100, absoluteSeconds: 250 })
    const browser = new Browser()
    await login(browser)
    for (const at of [60, 120, 180, 240]) {
      clock.now = START + at
      expect(await decide(browser)).toMatchObject({ kind: 'authenticated', expiresAt: START + Math.min(at + 100, 250) })
    }
    clock.now = START + 250
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'expired' })
  })

  it('of today count for the sessions of yesterday', async () => {
    const store = memorySessionStore()
    const browser = new Browser()
    await service({ store }).login(browser)
    const strict = service({ store, idleSeconds: 60 })
    strict.clock.now += 60
    expect(causeOf(await strict.decide(browser))).toMatchObject({ reason: 'expired' })
    expect(await strict.stored.list('ada')).toEqual([])
  })

  it('are renewed once per interval, by one of 1,000 parallel requests, with nothing sent again', async () => {
    const inner = memorySessionStore()
    let touches = 0
    let renewals = 0
    const store = overriding(inner, {
      touch: (...call: Parameters<typeof inner.touch>) => {
        touches++
        const won = inner.touch(...call)
        if (won) renewals++
        return won
      },
    })
    const { login, decide, clock } = service({ store, touchEverySeconds: 300 })
    const browser = new Browser()
    await login(browser)
    clock.now += 299
    await decide(browser)
    expect(touches).toBe(0)
    clock.now += 2
    const outcomes = await Promise.all(Array.from({ length: 1000 }, () => decide(browser)))
    expect(renewals).toBe(1)
    for (const outcome of outcomes) expect(fieldsOf(outcome)).toEqual([])
    clock.now += 299
    await decide(browser)
    expect(renewals).toBe(1)
  })

  it('are renewed by touch() for connections that live long', async () => {
    const { login, stored, clock } = service({ touchEverySeconds: 10, idleSeconds: 100 })
    const browser = new Browser()
    await login(browser)
    const request = browser.request()
    clock.now += 5
    expect(await stored.touch(request)).toMatchObject({ expiresAt: START + 100 })
    clock.now += 50
    expect(await stored.touch(request)).toMatchObject({ renewedAt: START + 55, expiresAt: START + 155 })
    expect(await stored.touch(new Browser().request())).toBeUndefined()
  })

  it('let a request pass, with a fault, when a renewal cannot be written', async () => {
    const store = overriding(memorySessionStore(), {
      touch: () => {
        throw new Error('read only')
      },
    })
    const { login, decide, clock, faults } = service({ store })
    const browser = new Browser()
    await login(browser)
    clock.now += 400
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    expect(faults).toMatchObject([{ fault: 'provider-fault', provider: 'visitor', errorName: 'Error' }])
  })
})
