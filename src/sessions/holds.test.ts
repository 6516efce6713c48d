import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ada, Browser, causeOf, overriding, START, service } from '../../test/sessions/kit.ts'
import type { SessionStore } from '../core/session-store.ts'
import { memoryRememberStore } from '../stores/memory/remember-store.ts'
import { memorySessionStore } from '../stores/memory/session-store.ts'

const loggedOut = { kind: 'refused', reason: 'logged-out', headers: [] }
const hold = { holdLogins: true }

function loginAt(made: ReturnType<typeof service>, begunAt: number | undefined, tags = ['sid 1']) {
  const browser = new Browser()
  return made.stored
    .login(browser.request(), ada, { subject: 'ada', tags, begunAt })
    .then((result) => ({ result, browser }))
}

describe('a login that was begun before a logout of one of its tags', () => {
  it('is refused, and leaves no session, also not the one that the browser came with', async () => {
    const made = service()
    const { stored, clock, login, decide } = made
    const browser = new Browser()
    await login(browser)
    expect(await stored.revokeTagged('sid 1', hold)).toBe(0)
    clock.now += 5
    const options = { subject: 'ada', tags: ['sub 1', 'sid 1'], begunAt: START }
    expect(await stored.login(browser.request(), ada, options)).toEqual(loggedOut)
    expect(await stored.list('ada')).toEqual([])
    expect(causeOf(await decide(browser))).toMatchObject({ kind: 'InvalidCredentials' })
  })

  it('is refused until no login can be under way any more, wherever eleven minutes begin', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 659 }), async (start, later) => {
        const made = service()
        made.clock.now = START + start
        const begunAt = made.clock.now
        await made.stored.revokeTagged('sid 1', hold)
        made.clock.now += later
        expect((await loginAt(made, begunAt)).result).toEqual(loggedOut)
        expect((await loginAt(made, begunAt + 1)).result.kind).toBe('logged-in')
        made.clock.now = begunAt + 1_321
        expect((await loginAt(made, begunAt)).result.kind).toBe('logged-in')
      }),
      { numRuns: 50 },
    )
  })

  it('is refused by the last of several logouts', async () => {
    const made = service()
    for (const seconds of [0, 1, 1, 7]) {
      made.clock.now += seconds
      await made.stored.revokeTagged('sid 1', hold)
    }
    expect((await loginAt(made, made.clock.now - 1)).result).toEqual(loggedOut)
    made.clock.now += 1
    expect((await loginAt(made, made.clock.now)).result.kind).toBe('logged-in')
  })

  it('is not refused by a logout of another tag, one that holds nothing, or when nobody said when it was begun', async () => {
    const made = service()
    await made.stored.revokeTagged('sid 2', hold)
    await made.stored.revokeTagged('sid 1')
    expect((await loginAt(made, START)).result.kind).toBe('logged-in')
    await made.stored.revokeTagged('sid 1', hold)
    expect((await loginAt(made, undefined)).result.kind).toBe('logged-in')
  })

  it('forgets the browser that it was to remember', async () => {
    const store = memoryRememberStore()
    const made = service({ remember: { store, restore: () => ada } })
    await made.stored.revokeTagged('sid 1', hold)
    const options = { subject: 'ada', tags: ['sid 1'], begunAt: START, remember: true }
    expect(await made.stored.login(new Browser().request(), ada, options)).toEqual(loggedOut)
    expect((await made.stored.exportSubject('ada')).rememberedBrowsers).toEqual([])
  })

  it('loses at whatever step of it the logout comes', async () => {
    for (let step = 0; ; step++) {
      const inner: SessionStore = memorySessionStore()
      const made = service({ store: inner })
      let calls = 0
      const between = async () => {
        if (calls++ === step) await made.stored.revokeTagged('sid 1', hold)
      }
      const slow = service({
        store: overriding(inner, {
          create: async (...call) => {
            await between()
            return inner.create(...call)
          },
          read: async (...call) => {
            await between()
            return inner.read(...call)
          },
          delete: async (...call) => {
            await between()
            return inner.delete(...call)
          },
        }),
      })
      const { browser, result } = await loginAt(slow, START)
      // Whoever was logged in before the logout came is logged out by it.
      browser.take(result.headers)
      if (calls <= step) await made.stored.revokeTagged('sid 1', hold)
      expect(await made.decide(browser)).toMatchObject({ kind: 'rejected' })
      expect(await made.stored.list('ada')).toEqual([])
      if (calls <= step) return expect(step).toBeGreaterThan(2)
    }
  })

  it('has not happened when nobody can tell', async () => {
    const inner: SessionStore = memorySessionStore()
    let created = 0
    const made = service({
      store: overriding(inner, {
        create: (...call) => {
          created++
          return inner.create(...call)
        },
        read: (...call) => {
          if (created > 0) throw new Error('down')
          return inner.read(...call)
        },
      }),
    })
    await expect(loginAt(made, START)).rejects.toMatchObject({ statusCode: 503 })
    expect(created).toBe(1)
    expect(await made.stored.list('ada')).toEqual([])
  })

  it('is no excuse for sessions that are there: they end although nothing can be noted, and the call fails', async () => {
    const inner: SessionStore = memorySessionStore()
    let isFull = false
    const made = service({
      store: overriding(inner, {
        create: (...call) => {
          if (isFull) throw new Error('no room')
          return inner.create(...call)
        },
      }),
    })
    await loginAt(made, undefined)
    isFull = true
    await expect(made.stored.revokeTagged('sid 1', hold)).rejects.toMatchObject({ code: 'store-failed' })
    expect(await made.stored.list('ada')).toEqual([])
  })

  it('says when it was begun by a time, or not at all', async () => {
    const { stored } = service()
    for (const begunAt of [Number.NaN, -1, '7' as never, null as never]) {
      const options = { subject: 'ada', begunAt }
      await expect(stored.login(new Browser().request(), ada, options)).rejects.toThrow(TypeError)
    }
  })
})

describe('a step-up that was begun before a logout of one of its tags', () => {
  it('ends the session', async () => {
    const { stored, login, decide } = service()
    const browser = new Browser()
    await login(browser)
    await stored.revokeTagged('sid 2', hold)
    const options = { because: 'step-up', tags: ['sid 2'], begunAt: START } as const
    expect(await stored.rotate(browser.request(), options)).toBeUndefined()
    expect(causeOf(await decide(browser))).toMatchObject({ kind: 'InvalidCredentials', reason: 'revoked' })
    expect(await stored.list('ada')).toEqual([])
  })

  it('gives the session the tags of the new login', async () => {
    const made = service()
    const { stored, clock, decide } = made
    const { browser, result } = await loginAt(made, undefined)
    browser.take(result.headers)
    const change = await stored.rotate(browser.request(), { because: 'step-up', tags: ['sid 2'], begunAt: clock.now })
    browser.take(change?.headers ?? [])
    expect(await stored.revokeTagged('sid 1', hold)).toBe(0)
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    expect(await stored.revokeTagged('sid 2', hold)).toBe(1)
    expect(await decide(browser)).toMatchObject({ kind: 'rejected' })
  })
})
