import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ada, Browser, causeOf, holding, overriding, START, schema, service } from '../../../test/sessions/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { sessions } from '../../sessions/sessions.ts'
import { memorySessionStore } from '../../stores/memory/session-store.ts'
import { session } from './session.ts'

const unknown = 's1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA'

describe('the data of a session', () => {
  const store = memorySessionStore()
  const now = START + 1

  function versioned(dataVersion: number, migrate?: (data: unknown, from: number) => never) {
    return service({ store, dataVersion, migrate: migrate as never })
  }

  it('is over, with a fault that shows nothing of it, when it fits its schema no more', async () => {
    const browser = new Browser()
    await service({ store }).login(browser, 'ada', { data: { name: 'canary', count: 1 } })
    const strict = service({ store, schema: z.object({ name: z.string(), count: z.number().min(5) }) })
    const outcome = await strict.decide(browser)
    expect(causeOf(outcome)).toEqual({ kind: 'InvalidCredentials', reason: 'malformed-credential', discardable: true })
    expect(browser.session).toBeUndefined()
    expect(strict.faults).toMatchObject([{ fault: 'provider-fault', provider: 'visitor' }])
    expect(JSON.stringify([strict.faults, outcome])).not.toContain('canary')
  })

  it('is migrated when it is older, and over without a migration', async () => {
    const browser = new Browser()
    await versioned(1).login(browser)
    const seen: unknown[] = []
    const migrating = service({
      store,
      dataVersion: 3,
      migrate: (data, from) => {
        seen.push([data, from])
        return { name: 'migrated', count: 3 }
      },
    })
    expect(await migrating.decide(browser)).toMatchObject({ principal: { name: 'migrated', count: 3 } })
    expect(seen).toEqual([[ada, 1]])
    const copy = holding(browser.session ?? '')
    expect(causeOf(await versioned(2).decide(copy))).toMatchObject({ reason: 'expired', discardable: true })
  })

  it('is an error when a migration throws or answers what does not fit', async () => {
    const browser = new Browser()
    await versioned(1).login(browser)
    const throwing = versioned(2, () => {
      throw new Error('no')
    })
    expect(causeOf(await throwing.decide(browser))).toMatchObject({ kind: 'Error', retryable: true })
    const nonsense = versioned(2, () => ({ name: 7 }) as never)
    expect(causeOf(await nonsense.decide(browser))).toMatchObject({ kind: 'Error', code: 'invalid-answer' })
    expect(browser.session).toBeDefined()
  })

  it('of a newer process is a retryable error that keeps the cookie', async () => {
    const browser = new Browser()
    await versioned(2, () => ada as never).login(browser)
    expect(causeOf(await versioned(1).decide(browser))).toEqual({
      kind: 'Error',
      code: 'newer-session',
      retryable: true,
    })
    expect(browser.session).toBeDefined()
  })

  it('in a newer format is a retryable error, and in an unreadable one the session is over', async () => {
    const record = {
      payload: new TextEncoder().encode('?'),
      tags: [],
      createdAt: START,
      renewedAt: START,
      expiresAt: START + 9,
    }
    for (const [format, expected] of [
      [3, { kind: 'Error', code: 'newer-session', retryable: true }],
      [1, { kind: 'InvalidCredentials', reason: 'malformed-credential', discardable: true }],
    ] as const) {
      const odd = overriding(memorySessionStore(), {
        read: () => ({ ...record, format, subject: 'ada', handle: '', version: 1, rotated: false }),
      })
      expect(causeOf(await service({ store: odd }).decide(holding(unknown)))).toEqual(expected)
    }
  })

  it('may be what JSON cannot carry, with encode and decode', async () => {
    const dated = sessions({
      store,
      schema: z.object({ at: z.date() }),
      encode: ({ at }) => ({ at: at.toISOString() }),
      decode: (stored) => ({ at: new Date((stored as { at: string }).at) }),
      clock: () => now,
    })
    const auth = authentication({ visitor: session({ sessions: dated }) }, { clock: () => now })
    const browser = new Browser()
    const at = new Date(1_700_000_000_000)
    browser.take((await dated.login(browser.request(), { at }, { subject: 'ada' })).headers)
    expect(await auth.decide(browser.request(), 'visitor')).toMatchObject({ principal: { at } })
    const plain = sessions({ store, schema: z.object({ at: z.date() }) })
    await expect(plain.login(browser.request(), { at }, { subject: 'ada' })).rejects.toThrow('read again')
  })

  it('may be checked by a schema that takes its time', async () => {
    const slow = schema.refine(async ({ count }) => count < 5)
    const { login, decide } = service({ schema: slow })
    const browser = new Browser()
    await login(browser)
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    await expect(login(browser, 'ada', { data: { name: 'ada', count: 9 } })).rejects.toThrow(TypeError)
  })
})
