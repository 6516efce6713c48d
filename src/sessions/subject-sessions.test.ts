import { describe, expect, it } from 'vitest'
import { ada, Browser, causeOf, service } from '../../test/sessions/kit.ts'
import { memoryRememberStore } from '../stores/memory/remember-store.ts'
import { memorySessionStore } from '../stores/memory/session-store.ts'

/** Two browsers of one person, logged in one after the other, and one of somebody else. */
async function three() {
  const made = service()
  const [first, second, other] = [new Browser(), new Browser(), new Browser()]
  const one = await made.login(first)
  made.clock.now += 10
  const two = await made.login(second)
  await made.login(other, 'bob')
  return { ...made, first, second, other, handles: [one.session?.handle ?? '', two.session?.handle ?? ''] as const }
}

describe('the sessions of a person', () => {
  it('are listed, the youngest first, by handles that open nothing', async () => {
    const { stored, handles, first } = await three()
    const listed = await stored.list('ada')
    expect(listed.map(({ handle }) => handle)).toEqual([handles[1], handles[0]])
    expect(listed[0]).toMatchObject({ data: ada, subject: 'ada' })
    expect(JSON.stringify(listed)).not.toContain(first.session?.split('.')[2])
    expect(await stored.list('nobody')).toEqual([])
  })

  it('are ended one by one by their handle, and nobody else’s', async () => {
    const { stored, handles, first, second, decide } = await three()
    expect(await stored.revoke('bob', handles[0])).toBe(false)
    expect(await stored.revoke('ada', handles[0])).toBe(true)
    expect(await stored.revoke('ada', handles[0])).toBe(false)
    expect(causeOf(await decide(first))).toMatchObject({ reason: 'unknown', discardable: true })
    expect(first.session).toBeUndefined()
    expect(await decide(second)).toMatchObject({ kind: 'authenticated' })
  })

  it('are ended everywhere, but here where told so', async () => {
    const { stored, handles, first, second, other, decide } = await three()
    expect(await stored.revokeAll('ada', { except: handles[1] })).toBe(1)
    expect(causeOf(await decide(first))).toMatchObject({ reason: 'unknown' })
    expect(await decide(second)).toMatchObject({ kind: 'authenticated' })
    expect(await stored.revokeAll('ada')).toBe(1)
    expect(await stored.revokeAll('ada')).toBe(0)
    expect(await decide(other)).toMatchObject({ kind: 'authenticated' })
  })

  it('are ended by a tag that login gave them', async () => {
    const { stored, decide } = service()
    const browser = new Browser()
    const options = { subject: 'ada', tags: ['sid 1', 'sid 2'] }
    browser.take((await stored.login(browser.request(), ada, options)).headers)
    expect(await stored.revokeTagged('sid 3')).toBe(0)
    expect(await stored.revokeTagged('sid 2')).toBe(1)
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'unknown' })
    const four = { subject: 'ada', tags: ['1', '2', '3', '4'] }
    await expect(stored.login(browser.request(), ada, four)).rejects.toThrow(TypeError)
  })

  it('are exported as they are stored, and erased', async () => {
    const remember = { store: memoryRememberStore(), restore: () => ada }
    const { stored, login, clock, store } = service({ remember, store: memorySessionStore() })
    const browser = new Browser()
    const { session } = await login(browser, 'ada', { remember: true })
    const { handle, createdAt, renewedAt, expiresAt, authenticatedAt } = session ?? {}
    expect(await stored.exportSubject('ada')).toEqual({
      subject: 'ada',
      sessions: [
        { handle, createdAt, renewedAt, expiresAt, authenticatedAt, acr: null, amr: [], dataVersion: 1, data: ada },
      ],
      rememberedBrowsers: [{ createdAt, expiresAt: (createdAt ?? 0) + 2_592_000 }],
    })
    expect(await stored.eraseSubject('ada')).toBe(1)
    expect(await stored.exportSubject('ada')).toEqual({ subject: 'ada', sessions: [], rememberedBrowsers: [] })
    expect(remember.store.size).toBe(0)
    expect(store.size).toBe(0)
    clock.now += 10_000_000
    expect(await stored.sweep()).toBe(0)
  })

  it('are swept when they are over', async () => {
    const { stored, login, clock } = service()
    for (let made = 0; made < 3; made++) await login(new Browser(), `subject ${made}`)
    expect(await stored.sweep()).toBe(0)
    clock.now += 86_400
    expect(await stored.sweep()).toBe(3)
  })

  it('are shown without data when it cannot be read, so that they can be ended', async () => {
    const store = memorySessionStore()
    const newer = service({ store, dataVersion: 2, migrate: (data) => data as typeof ada })
    await newer.login(new Browser())
    const older = service({ store })
    const [listed] = await older.stored.list('ada')
    expect(listed).toMatchObject({ data: undefined, subject: 'ada' })
    expect(await older.stored.revoke('ada', listed?.handle ?? '')).toBe(true)
  })
})
